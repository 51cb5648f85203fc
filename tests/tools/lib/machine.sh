# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Prepares all that a machine needs: the tool-chain root, the kernel, the module and the agent, each
# built if missing; and exports the variables by which the crate `machine` finds them. Sourced.

# shellcheck source=tests/tools/lib/progress.sh
. "$(dirname "${BASH_SOURCE[0]}")/progress.sh"
# shellcheck source=tests/tools/lib/cache.sh
. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

# Output folder of root/cargo.
binaries=$project/target/root/x86_64-unknown-linux-gnu/debug

# prepare_tools: prepares the root, the kernel and the vendored crates.
prepare_tools() {
    "$project/tests/tools/root/host"
    mkdir -p "$project/build"
    root=$("$project/tests/tools/root/make")
    kernel=$("$project/tests/tools/kernel/build" "$root")
    "$project/tests/tools/vendor" "$root"
}

# www_folder: prints the absolute path of WWW; nothing for www/.
www_folder() {
    [ -n "${WWW-}" ] || return 0
    [ -d "$WWW" ] || die "WWW=$WWW: not a folder"
    (cd "$WWW" && pwd -P)
}

# module_make ARGUMENT...: runs make in the kernel's build tree for the module.
module_make() {
    local www
    www=$(www_folder)
    "$project/tests/tools/root/enter" ${www:+--bind "$www"} "$root" \
        make --directory="$kernel/build" M="$project" LLVM=1 ${www:+"WWW=$www"} \
        --jobs="${JOBS:-$(nproc)}" "$@" modules
}

# prepare_module ARGUMENT...: builds khttpd.ko with these arguments, unless KHTTPD_MODULE is set.
# shellcheck disable=SC2120 # Arguments are optional.
prepare_module() {
    if [ -z "${KHTTPD_MODULE-}" ]; then
        step "building khttpd.ko" "$project/build/module.log" no_measure module_make "$@"
        export KHTTPD_MODULE=$project/khttpd.ko
    fi
}

# prepare_floor: builds floor.ko, the benchmark's module without HTTP.
prepare_floor() {
    step "building floor.ko" "$project/build/floor.log" no_measure \
        module_make M="$project/tests/bench/floor"
    export KHTTPD_FLOOR=$project/tests/bench/floor/floor.ko
}

# prepare_agent: builds the programs of the crate `machine`.
prepare_agent() {
    step "building the machine's agent" "$project/build/agent.log" no_measure make_agent
}

# make_agent: each machine unpacks the agent; nine tenths of it would be debug information.
make_agent() {
    "$project/tests/tools/root/cargo" "$root" build --package machine --bins &&
        "$project/tests/tools/root/enter" "$root" \
            strip -o "$project/build/agent" "$binaries/agent"
}

# prepare_tls_agent: builds khttpd-tls, optimized, because the emulated CPUs are slow, and exports its
# path.
prepare_tls_agent() {
    step "building khttpd-tls" "$project/build/khttpd-tls.log" no_measure \
        "$project/tests/tools/root/cargo" "$root" build --package khttpd-tls --release
    export KHTTPD_TLS_AGENT=${binaries%/*}/release/khttpd-tls
}

# export_machine: exports the variables of the crate `machine`. The guest's root is the tool-chain
# root, unless the caller has set another; /mnt is that without other mounts (see root/enter).
export_machine() {
    export KHTTPD_KERNEL=$kernel KHTTPD_AGENT=$project/build/agent
    export KHTTPD_GUEST_ROOT=${KHTTPD_GUEST_ROOT:-/mnt}
    export KHTTPD_MACHINES=$project/build/machines KHTTPD_CACHE=$cache
    export KHTTPD_FLAVOUR=${FLAVOUR:-plain}
}
