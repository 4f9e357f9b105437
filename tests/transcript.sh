# shellcheck shell=sh
# Runs commands and shows them with what they said, for people to read, and judges them. Sourced by scripts with `set -eu`
# in the repository's folder; `scratch` is a folder for their files, gone when they end.
root=$PWD KEY=sk_live_abc123def456xyz passed=0 failed=0 typed='' backend=''

# What a script has to undo: it may define its own.
undo() { :; }

if [ -z "${scratch-}" ]; then
    scratch=$(mktemp -d)
    chmod 755 "$scratch"
    # shellcheck disable=SC2086 # a number, or none
    trap 'kill $backend 2>/dev/null || :; undo; rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
fi

section() { printf '\n== %s\n' "$*"; }

skip() {
    echo "skipped: ${0#"$root"/}: $*" >&2
    exit 0
}

# needs TOOL...: else the script is skipped.
needs() {
    for tool; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

# judge WHAT COMMAND...: counts whether the command succeeds.
judge() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
    fi
}

# run STATUS COMMAND...: the command must end so. It reads what `typed` holds, once.
run() {
    wanted=$1
    shift
    printf '\n$ %s%s\n' "${typed:+printf %s KEY | }" "$*"
    { [ -z "$typed" ] || echo "$typed"; } >"$scratch/input"
    typed='' status=0
    "$@" <"$scratch/input" >"$scratch/out" 2>"$scratch/err" || status=$?
    cat "$scratch/out" "$scratch/err"
    judge "exit status $status, wanted $wanted" [ "$status" -eq "$wanted" ]
}

# says TEXT...: the last command's standard output holds each.
says() {
    for text; do
        judge "says '$text'" grep -qF -e "$text" "$scratch/out"
    done
}

# complains TEXT...: the same of standard error.
complains() {
    for text; do
        judge "complains '$text'" grep -qF -e "$text" "$scratch/err"
    done
}

# hides TEXT: standard output does not hold it.
hides() { judge "hides '$1'" lacks "$1" "$scratch/out"; }

# lacks TEXT FILE...: none of them holds it.
lacks() { ! grep -lF -e "$@"; }

# silent: the last command said nothing at all.
silent() { judge 'says nothing' [ ! -s "$scratch/out" -a ! -s "$scratch/err" ]; }

# at_most LIMIT VALUE WHAT
at_most() { judge "$3: $2, at most $1" [ "$2" -le "$1" ]; }

# wait_for FILE: until it is there, ten seconds at most.
wait_for() {
    tries=100
    until [ -e "$1" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "$1 did not come"; return 1; }
        sleep 0.1
    done
}

# starts_backend ADDRESS:PORT [NAME]: the development backend, by `make backend`; `url` and `ca` lead to it.
starts_backend() {
    rm -rf "$scratch/backend"
    mkdir "$scratch/backend"
    "$root/target/debug/tools-static" backend "$scratch/backend" "$@" &
    backend=$!
    wait_for "$scratch/backend/url"
    # shellcheck disable=SC2034 # for the script
    url=$(cat "$scratch/backend/url") ca=$scratch/backend/ca.pem
}

# life COMMAND...: from login to logout, by this command of the program.
life() {
    run 1 "$@" status
    says 'Not logged in'
    typed=$KEY
    run 0 "$@" login
    says 'Login successful! API Key verified and bound to this device.'
    run 0 "$@" status
    says 'Authenticated with API Key' 'Workspace: ws_abc123'
    run 0 "$@" whoami
    says 'Email: dev@example.com' 'Organization: Acme Corp'
    run 0 "$@" logout
    says 'Logged out successfully!'
    run 1 "$@" status --quiet
    silent
}

# finish: the sum, as the script's end.
finish() {
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}
