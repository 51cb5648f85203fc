# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Prepares all that a machine needs: the tool-chain root, the kernel, the module and the agent, each
# built if missing; and exports the variables by which the crate `machine` finds them. Sourced.

# shellcheck source=tests/tools/lib/progress.sh
. "$(dirname "${BASH_SOURCE[0]}")/progress.sh"
# shellcheck source=tests/tools/lib/cache.sh
. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

# The kernel's name for the guest's architecture.
arch=${KHTTPD_ARCH:-x86_64}
# Output folders of root/cargo, for the host and for the guest.
# shellcheck disable=SC2034 # Used by the sourcing script.
binaries=$project/target/root/x86_64-unknown-linux-gnu/debug
guest_binaries=$project/target/root/$("$project/tests/tools/root/target")/debug

# prepare_tools: prepares the root, the kernel and the vendored crates.
prepare_tools() {
    "$project/tests/tools/root/host"
    mkdir -p "$project/build"
    local make=$project/tests/tools/root/make
    case $arch-${FLAVOUR-} in
    x86_64-debian) root=$("$make" packages packages-guest packages-debian) ;;
    arm64-*) root=$("$make" packages packages-guest packages-arm64) ;;
    *) root=$("$make") ;;
    esac
    kernel=$("$project/tests/tools/kernel/build" "$root")
    "$project/tests/tools/vendor" "$root"
}

# www_folder: prints the absolute path of WWW; nothing for www/.
www_folder() {
    [ -n "${WWW-}" ] || return 0
    [ -d "$WWW" ] || die "WWW=$WWW: not a folder"
    (cd "$WWW" && pwd -P)
}

# compilers: prints the argument of make that selects the kernel's compiler.
compilers() {
    local settings=$kernel/build/include/config/auto.conf
    if grep -qx CONFIG_CC_IS_CLANG=y "$settings"; then
        echo LLVM=1
    else
        sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\).*/CC=\1/p' "$settings"
    fi
}

# module_make ARGUMENT...: runs make in the kernel's build tree for the module.
module_make() {
    local www
    www=$(www_folder)
    "$project/tests/tools/root/enter" ${www:+--bind "$www"} "$root" \
        make --directory="$kernel/build" M="$project" ARCH="$arch" "$(compilers)" \
        ${www:+"WWW=$www"} --jobs="${JOBS:-$(nproc)}" "$@" modules
}

# user_make ARGUMENT...: the same by the command that README.md gives to administrators.
user_make() {
    "$project/tests/tools/root/enter" "$root" \
        make --directory="$project" KDIR="$kernel/build" ARCH="$arch" "$(compilers)" \
        --jobs="${JOBS:-$(nproc)}" "$@"
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

# make_agent: each machine unpacks the agent; nine tenths of it would be debug information. A
# machine that starts meanwhile gets a whole one.
make_agent() {
    local new=$project/build/agent.new.$BASHPID
    "$project/tests/tools/root/cargo" "$root" build --package machine --bin machine &&
        "$project/tests/tools/root/cargo" --guest "$root" build --package machine --bin agent &&
        "$project/tests/tools/root/enter" "$root" llvm-strip -o "$new" "$guest_binaries/agent" &&
        mv "$new" "$project/build/agent"
}

# prepare_tls_agent: builds khttpd-tls, optimized, because the emulated CPUs are slow, and exports its
# path.
prepare_tls_agent() {
    step "building khttpd-tls" "$project/build/khttpd-tls.log" no_measure \
        "$project/tests/tools/root/cargo" --guest "$root" build --package khttpd-tls --release
    export KHTTPD_TLS_AGENT=${guest_binaries%/*}/release/khttpd-tls
}

# export_machine: exports the variables of the crate `machine`. The guest's root is the tool-chain
# root, unless the caller has set another or the guest has another architecture; /mnt is that without
# other mounts (see root/enter).
export_machine() {
    if [ "$arch" != x86_64 ] && [ -z "${KHTTPD_GUEST_ROOT-}" ]; then
        KHTTPD_GUEST_ROOT=$(guest_root)
    fi
    export KHTTPD_KERNEL=$kernel KHTTPD_AGENT=$project/build/agent
    export KHTTPD_GUEST_ROOT=${KHTTPD_GUEST_ROOT:-/mnt}
    export KHTTPD_MACHINES=$project/build/machines KHTTPD_CACHE=$cache
    export KHTTPD_FLAVOUR=${FLAVOUR:-plain}
}

# guest_root: prints a root of the guest's architecture with the packages of the guest.
guest_root() {
    local native
    native=$("$project/tests/tools/root/make")
    "$project/tests/tools/root/make" --unpacked "$arch" "$native" packages-guest \
        "packages-guest-$arch"
}
