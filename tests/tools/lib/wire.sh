# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the protocol's own tests need to talk to the module over TCP, in
# build/wire, which the guest sees at /share: the site that they ask for, and
# the tests. Sourced.

# shellcheck source=tests/tools/lib/machine.sh
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

wire=$project/build/wire

# The tests whose cases go over TCP.
wire_tests=(conditional negotiation properties range request session target)

# prepare_wire: all of it; KHTTPD_WIRE says where.
prepare_wire() {
    step "preparing the protocol's tests for TCP" "$project/build/wire.log" no_measure make_wire
    export KHTTPD_WIRE=$wire
}

# `step` runs it where an error would not end it.
make_wire() {
    write_wire_site && build_wire_tests
}

write_wire_site() {
    rm -rf "$wire/site" &&
        "$project/tests/tools/root/cargo" "$root" run --package protocol --example site -- "$wire/site"
}

build_wire_tests() {
    local binary name binaries
    mkdir -p "$wire/tests"
    binaries=$("$project/tests/tools/root/cargo" "$root" test --package protocol "${wire_tests[@]/#/--test=}" \
        --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p') || return
    while IFS= read -r binary; do
        name=$(basename "$binary")
        # Without what debuggers read, which is most of it.
        "$project/tests/tools/root/enter" "$root" strip -o "$wire/tests/${name%-*}" "$binary" || return
    done <<<"$binaries"
}
