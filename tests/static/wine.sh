#!/bin/sh
# wine.sh FILE: the Windows file under wine, against the development backend, in clear.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
wine=/usr/lib/wine/wine64
needs "$wine" x86_64-w64-mingw32-gcc
# It outlives the programs for a while, and writes into its folder.
undo() { "${wine%wine64}wineserver64" -k -w 2>/dev/null || :; }
export WINEPREFIX="$scratch/prefix" WINEDEBUG=-all
cp "$1" "$scratch/sekuire.exe"
# Wine 8 lacks a library that Rust's std calls; this one is for the test alone.
x86_64-w64-mingw32-gcc -shared -O2 -s tests/static/bcryptprimitives.c -o "$scratch/bcryptprimitives.dll" -ladvapi32
starts_backend 127.0.0.1:0
export SEKUIRE_BACKEND_URL="$url"
life "$wine" "$scratch/sekuire.exe"
finish
