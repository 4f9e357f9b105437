#!/bin/sh
# wine.sh FILE: the Windows file under wine, against the development backend, in clear.
set -eu
file=$1
wine=/usr/lib/wine/wine64
if [ ! -x "$wine" ]; then
    echo "skipped: wine: $wine is not installed; run: .release/toolchain wine"
    exit 0
fi
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
backend=''
clean_up() {
    # shellcheck disable=SC2086 # a number, or none
    kill $backend 2>/dev/null || true
    # It outlives the programs for a while, and writes into its folder.
    "${wine%wine64}wineserver64" -k -w 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
. tests/transcript.sh
export WINEPREFIX="$scratch/prefix" WINEDEBUG=-all

program=$scratch/sekuire.exe
cp "$file" "$program"
# Wine 8 lacks a library that Rust's std calls; this one is for the test alone.
x86_64-w64-mingw32-gcc -shared -O2 -s tests/static/bcryptprimitives.c -o "$scratch/bcryptprimitives.dll" -ladvapi32
mkdir "$scratch/backend"
target/debug/tools-static backend "$scratch/backend" 127.0.0.1:0 &
backend=$!
wait_for "$scratch/backend/url"

typed=sk_live_abc123def456xyz
run 0 "$wine" "$program" login --api-key-stdin --backend "$(cat "$scratch/backend/url")"
says 'Login successful!'
run 0 "$wine" "$program" status
says 'Authenticated with API Key'
run 0 "$wine" "$program" auth whoami
says 'Email: dev@example.com'
run 0 "$wine" "$program" logout
says 'Logged out successfully!'
run 1 "$wine" "$program" status
says 'Not logged in'
finish
