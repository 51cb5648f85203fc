# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Linux by Debian's packages, verified by apt. Sourced by scripts that have set `root`, the
# tool-chain root, `arch`, `flavour`, `key`, and `partial`, the folder that becomes the kernel's in
# the cache.
# shellcheck disable=SC2034,SC2154 # Variables of the sourcing script.

# Version of the files that are kept of a kernel. Increment when they change.
layout=2

# inside COMMAND...: runs COMMAND in the root, in $partial.
inside() {
    "$project/tests/tools/root/enter" --in "$partial" "$root" "$@"
}

# in_tree [ARGUMENT...]: runs make in the source tree, with $tools to choose compilers.
in_tree() {
    inside make --directory=linux ARCH="$arch" "${tools[@]}" --jobs="${JOBS:-$(nproc)}" "$@"
}

# give_cached VERSION: prints the newest kernel of that version or series with $flavour and $key in
# the cache and exits.
give_cached() {
    local found release
    found=$(printf '%s\n' "$cache/kernel-$1"{,.*}"-$flavour-$key" | sort --version-sort |
        while read -r dir; do [ ! -d "$dir" ] || echo "$dir"; done | tail -n 1)
    if [ -n "$found" ]; then
        release=$(cat "$found/build/include/config/kernel.release")
        [ -n "${KHTTPD_QUIET-}" ] || say "kernel: Linux $release ($arch, $flavour) from the cache"
        echo "$found"
        exit
    fi
}

# read_index LOG: reads the current index, not that of the root.
read_index() {
    mkdir -p "$partial/lists/partial" "$partial/archives/partial" "$partial/linux"
    apt=(-o "Dir::State::lists=$partial/lists" -o "Dir::Cache::archives=$partial/archives"
        -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
        -o APT::Update::Error-Mode=any -o Acquire::AllowInsecureRepositories=false)
    step "reading Debian's package index" "$1" no_measure inside apt-get "${apt[@]}" update
}

# names PATTERN: prints the names of the packages in the index that match, oldest version first.
names() {
    inside apt-cache "${apt[@]}" search --names-only "$1" | cut -d ' ' -f 1 | sort --version-sort
}

# fetch LOG PACKAGE...: downloads packages to $partial.
fetch() {
    local log=$1
    shift
    size=$(inside apt-get "${apt[@]}" --print-uris download "$@" |
        awk '{ all += $3 } END { print all }')
    step "fetching $*" "$log" fetched inside apt-get "${apt[@]}" download "$@"
}

fetched() {
    local now
    now=$(du --bytes --total "$partial"/*.deb "$partial/archives" | tail -n 1 | cut -f 1)
    echo "$((now / 1000000)) of $((size / 1000000)) MB"
}

# unpack LOG PACKAGE: unpacks the source tree of a fetched linux-source package to $partial/linux.
unpack() {
    # shellcheck disable=SC2016 # The shell inside expands it.
    step "unpacking $2" "$1" unpacked inside bash -euc -o pipefail \
        'dpkg-deb --fsys-tarfile "$1"_*.deb |
            tar --extract --to-stdout "./usr/src/$1.tar.xz" | xz --decompress --threads=0 |
            tar --extract --strip-components=1 --directory=linux' - "$2"
}

unpacked() {
    echo "$(du --summarize --block-size=1MB "$partial/linux" | cut -f 1) MB on disk"
}

# keep LOG IMAGE...: moves these files of the source tree to $partial, and replaces the source tree
# by a small one to build modules against. The kernel's script makes it; it lacks the metadata of
# Rust crates, the settings of clippy and the key that signs modules.
keep() {
    step "keeping the tree to build modules against" "$1" no_measure keep_tree "${@:2}"
}

keep_tree() {
    # shellcheck disable=SC2016 # make expands it.
    in_tree run-command \
        KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$partial/build" &&
        cd "$partial/linux" &&
        find rust certs -maxdepth 2 \( -name '*.rmeta' -o -name '*.so' -o \
            -path 'rust/helpers/*.bc' -o -name 'signing_key.*' \) -print0 |
        tar --create --null --files-from=- .config .clippy.toml |
            tar --extract --directory="$partial/build" &&
        { [ $# = 0 ] || mv "$@" "$partial/"; } &&
        cd "$partial" && rm -rf linux lists archives ./*.deb
}
