# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The cache. A part is built beside its final name and renamed at the end, so that a name implies
# completeness, and under a lock, so that two clones do not build it twice. Sourced.

# The PATH of a user may lack chroot and ip.
PATH=$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2034 # Used by the sourcing script.
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/khttpd
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)

# key_of: prints twelve hexadecimal digits computed from stdin.
key_of() {
    sha256sum | cut -c1-12
}

# as_root COMMAND...: runs COMMAND with the rights that own the cache: root's, or those of root in a
# user namespace. In a mount namespace of its own, so that nothing of the host is ever mounted below
# a removed folder, and in a PID namespace, so that its processes end with it.
as_root() {
    local namespaces=(--mount --propagation private --pid --fork --kill-child)
    [ "$(id -u)" = 0 ] || namespaces+=(--user --map-auto --map-root-user)
    setpriv --pdeathsig KILL unshare "${namespaces[@]}" -- "$@"
}

# cache_lock NAME: waits until no other process builds NAME. The lock is fd 9 and ends with this
# process.
cache_lock() {
    exec 9>"$cache/.lock-$1"
    if ! flock --nonblock 9; then
        say "another process is building $1; waiting"
        flock 9
    fi
    sweep_partials "$1"
}

# sweep_partials NAME: removes unfinished results of ended processes.
sweep_partials() {
    local left
    for left in "$cache/$1".partial.*; do
        [ -e "$left" ] || continue
        kill -0 "${left##*.partial.}" 2>/dev/null || as_root rm -rf --one-file-system "$left"
    done
}
