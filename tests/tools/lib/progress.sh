# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Progress of long steps: label, progress, duration. All on stderr: one line, rewritten, on a
# terminal; a line every 15 seconds elsewhere, so that logs stay short. Sourced.

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "khttpd: $*"
    exit 1
}

# took SECONDS: prints a duration, such as "8 s" or "3 min 12 s".
took() {
    if [ "$1" -lt 60 ]; then
        echo "$1 s"
    else
        echo "$(($1 / 60)) min $(($1 % 60)) s"
    fi
}

# tell_until_gone PARENT LABEL MEASURE: prints the progress of a step. MEASURE is a function that
# prints it ("812 of 1640 objects") or nothing.
tell_until_gone() {
    local parent=$1 label=$2 measure=$3 start=$SECONDS pause=15 far never
    [ -t 2 ] && pause=1
    # Reading from a silent pipe waits without starting a process.
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

# step LABEL LOG MEASURE COMMAND...: runs COMMAND with its output in LOG and prints its progress. If
# it fails, prints the end of LOG and exits.
step() {
    local label=$1 log=$2 measure=$3 start=$SECONDS status=0 teller
    shift 3
    say "$label ..."
    tell_until_gone "$$" "$label" "$measure" 9>&- &
    teller=$!
    # shellcheck disable=SC2064 # Expand the process id now.
    trap "end_teller $teller" EXIT
    "$@" >"$log" 2>&1 || status=$?
    end_teller "$teller"
    trap - EXIT
    if [ "$status" != 0 ]; then
        tail -n 25 "$log" >&2
        die "$label: failed with status $status after $(took $((SECONDS - start))); output in $log"
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

# no_measure: for steps of unknown length.
no_measure() {
    :
}
