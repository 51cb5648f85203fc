# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a long step tells while it goes on: what is being done, how far it is,
# how long it took. All on stderr: one line written anew on a terminal, a line
# every 15 seconds elsewhere, so that a log stays short. Sourced.

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "khttpd: $*"
    exit 1
}

# took SECONDS: "8 s", "3 min 12 s".
took() {
    if [ "$1" -lt 60 ]; then
        echo "$1 s"
    else
        echo "$(($1 / 60)) min $(($1 % 60)) s"
    fi
}

# tell_until_gone PARENT LABEL MEASURE: the line that tells how far a step is.
# MEASURE is a function that prints it ("812 of 1640 objects") or nothing.
tell_until_gone() {
    local parent=$1 label=$2 measure=$3 start=$SECONDS pause=15 far never
    [ -t 2 ] && pause=1
    # A pipe on which nothing ever comes: waiting on it starts no process.
    exec {never}<> <(:)
    while kill -0 "$parent" 2>/dev/null; do
        read -r -t "$pause" -u "$never" || true
        far=$("$measure" 2>/dev/null || true)
        if [ -t 2 ]; then
            printf '\r\033[K%s: %s%s' "$label" "${far:+$far, }" "$(took $((SECONDS - start)))" >&2
        else
            say "$label: ${far:+$far, }$(took $((SECONDS - start)))"
        fi
    done
}

# step LABEL LOG MEASURE COMMAND...: runs COMMAND with its output in LOG and
# tells how far it is. When it fails, prints the end of LOG and stops.
step() {
    local label=$1 log=$2 measure=$3 start=$SECONDS status=0 teller
    shift 3
    say "$label ..."
    tell_until_gone "$$" "$label" "$measure" 9>&- &
    teller=$!
    # shellcheck disable=SC2064 # The process id is known now.
    trap "end_teller $teller" EXIT
    "$@" >"$log" 2>&1 || status=$?
    end_teller "$teller"
    trap - EXIT
    if [ "$status" != 0 ]; then
        tail -n 25 "$log" >&2
        die "$label: failed with status $status after $(took $((SECONDS - start))); all it said is in $log"
    fi
    say "$label: done in $(took $((SECONDS - start)))"
}

end_teller() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    if [ -t 2 ]; then
        printf '\r\033[K' >&2
    fi
}

# no_measure: for a step of which nobody knows how long it is.
no_measure() {
    :
}
