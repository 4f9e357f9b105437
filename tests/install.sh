#!/bin/sh
# make install with DESTDIR and PREFIX: every file where it belongs, readable by all, and whole.
set -eu
cd "$(dirname "$0")/.."
. tests/transcript.sh
umask 022
stage="$scratch/a stage/opt/s"
run 0 make --no-print-directory install DESTDIR="$scratch/a stage" PREFIX=/opt/s
judge '5 files are installed' [ "$(find "$stage" -type f | wc -l)" -eq 5 ]
judge 'all of them can be read by all' [ -z "$(find "$stage" ! -perm -444)" ]
while read -r file words; do
    # shellcheck disable=SC2086 # a list of words
    run 0 "$stage/bin/sekuire" $words
    judge "$file is what '$words' prints" cmp "$scratch/out" "$stage/share/$file"
done <<FILES
man/man1/sekuire.1 man
bash-completion/completions/sekuire completions bash
zsh/site-functions/_sekuire completions zsh
fish/vendor_completions.d/sekuire.fish completions fish
FILES
finish
