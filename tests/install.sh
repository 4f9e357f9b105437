#!/bin/sh
# make install with DESTDIR and PREFIX: every file where it belongs, readable by all, and whole.
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
make --no-print-directory install DESTDIR="$root/a stage" PREFIX=/opt/s
binary="$root/a stage/opt/s/bin/sekuire"
share="$root/a stage/opt/s/share"
"$binary" --version
"$binary" man | cmp - "$share/man/man1/sekuire.1"
"$binary" completions bash | cmp - "$share/bash-completion/completions/sekuire"
"$binary" completions zsh | cmp - "$share/zsh/site-functions/_sekuire"
"$binary" completions fish | cmp - "$share/fish/vendor_completions.d/sekuire.fish"
found=$(find "$root/a stage" -type f | wc -l)
[ "$found" -eq 5 ] || { echo "installed are $found files, not 5" >&2; exit 1; }
unreadable=$(find "$root/a stage" -type f ! -perm -444)
[ -z "$unreadable" ] || { echo "not readable by all: $unreadable" >&2; exit 1; }
echo "install: 5 files under DESTDIR and PREFIX, as the program prints them"
