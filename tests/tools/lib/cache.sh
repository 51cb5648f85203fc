# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Where the cache lies and how a thing gets into it: built beside its final
# name and renamed at the end, so that what has its name is complete, and under
# a lock, so that two clones do not build the same thing twice. Sourced.

# A user's PATH lacks chroot and ip.
PATH=$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2034 # Whoever sources this uses it.
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/khttpd
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)

# key_of: twelve hexadecimal digits made from what is read on stdin.
key_of() {
    sha256sum | cut -c1-12
}

# as_root COMMAND...: runs COMMAND with the rights that own the cache: root's, or
# those of root in a user namespace. What it mounts is its own, so that nothing
# of the host's can ever lie below a folder that is removed; and both its mounts
# and its processes go with it, however it ends.
as_root() {
    local namespaces=(--mount --propagation private --pid --fork --kill-child)
    [ "$(id -u)" = 0 ] || namespaces+=(--user --map-auto --map-root-user)
    setpriv --pdeathsig KILL unshare "${namespaces[@]}" -- "$@"
}

# cache_lock NAME: waits until no other process makes NAME. The lock is fd 9
# and goes with this process.
cache_lock() {
    exec 9>"$cache/.lock-$1"
    if ! flock --nonblock 9; then
        say "another process is making $1; waiting for it"
        flock 9
    fi
    sweep_partials "$1"
}

# sweep_partials NAME: removes what a process that is gone left half made.
sweep_partials() {
    local left
    for left in "$cache/$1".partial.*; do
        [ -e "$left" ] || continue
        kill -0 "${left##*.partial.}" 2>/dev/null || as_root rm -rf --one-file-system "$left"
    done
}
