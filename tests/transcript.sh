# shellcheck shell=sh
# Runs commands and shows them with what they said, for people to read, and judges them. Sourced, by
# scripts with `set -eu`; `scratch` names a folder for its files.

: "${scratch:?}"
passed=0
failed=0

section() {
    printf '\n== %s\n' "$*"
}

note() {
    printf '%s\n' "$*"
}

# judge WHAT COMMAND...: counts whether the command succeeds.
judge() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        printf 'ok: %s\n' "$what"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$what"
    fi
}

# run STATUS COMMAND...: the command must end so. Reads from $scratch/input where `typed` left it.
run() {
    wanted=$1
    shift
    printf '\n$ %s%s\n' "${typed:+printf %s KEY | }" "$*"
    if [ -n "${typed:-}" ]; then
        printf '%s\n' "$typed" > "$scratch/input"
    else
        : > "$scratch/input"
    fi
    typed=
    status=0
    "$@" < "$scratch/input" > "$scratch/out" 2> "$scratch/err" || status=$?
    cat "$scratch/out" "$scratch/err"
    judge "exit status $status, wanted $wanted" [ "$status" -eq "$wanted" ]
}

# says TEXT...: the last command's standard output holds each.
says() {
    for text in "$@"; do
        judge "says '$text'" grep -qF -e "$text" "$scratch/out"
    done
}

# complains TEXT...: the same of standard error.
complains() {
    for text in "$@"; do
        judge "complains '$text'" grep -qF -e "$text" "$scratch/err"
    done
}

# says_not TEXT: the last command's standard output does not hold it.
says_not() {
    judge "does not say '$1'" absent "$1" "$scratch/out"
}

absent() {
    ! grep -qF -e "$1" "$2"
}

# silent: the last command said nothing at all.
silent() {
    judge 'says nothing' [ ! -s "$scratch/out" -a ! -s "$scratch/err" ]
}

# at_most LIMIT VALUE WHAT
at_most() {
    judge "$3: $2, at most $1" [ "$2" -le "$1" ]
}

# wait_for FILE: until it is there, ten seconds at most.
wait_for() {
    tries=100
    until [ -e "$1" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { note "$1 did not come"; return 1; }
        sleep 0.1
    done
}

# finish: the sum, as the script's end.
finish() {
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}
