# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Prepares the tests of `protocol` for use over TCP against the module: their site and their
# programs, in build/wire, which is /share in the guest. Sourced.

# shellcheck source=tests/tools/lib/machine.sh
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

wire=$project/build/wire

# Tests with cases over TCP.
wire_tests=(conditional negotiation properties range request session target)

# prepare_wire: prepares both and exports KHTTPD_WIRE.
prepare_wire() {
    step "preparing the protocol's tests for TCP" "$project/build/wire.log" no_measure make_wire
    export KHTTPD_WIRE=$wire
}

# `step` runs it in a context without `set -e`.
make_wire() {
    write_wire_site && build_wire_tests
}

# The packages are those of `check host`, so that cargo chooses the same features and compiles once.
wire_packages=(--workspace --exclude machine)

write_wire_site() {
    rm -rf "$wire/site" &&
        "$project/tests/tools/root/cargo" "$root" build "${wire_packages[@]}" --example site &&
        "$project/tests/tools/root/enter" "$root" "$binaries/examples/site" "$wire/site"
}

build_wire_tests() {
    local binary name binaries
    mkdir -p "$wire/tests"
    binaries=$("$project/tests/tools/root/cargo" --guest "$root" test "${wire_packages[@]}" \
        "${wire_tests[@]/#/--test=}" --no-run --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p') || return
    while IFS= read -r binary; do
        name=$(basename "$binary")
        # Without debug information, which is most of it.
        "$project/tests/tools/root/enter" "$root" \
            llvm-strip -o "$wire/tests/${name%-*}" "$binary" || return
    done <<<"$binaries"
}
