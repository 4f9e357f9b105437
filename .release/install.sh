#!/bin/sh
# Installs sekuire on Linux; `install.sh --help` names the options. The archive for this machine must have the sum that
# SHA256SUMS gives, and hold the program alone; else nothing is installed. Only FOLDER/sekuire is written, by one rename.
# Needs: awk, find, gzip, head, sha256sum and tar, as busybox has them, too; curl or wget for a URL (a key as well where
# that is http, or busybox' wget); minisign for a key.
set -eu

usage="usage: install.sh [--from FOLDER|ARCHIVE|URL] [--to FOLDER] [--public-key KEY] [--downgrade]
  --from        the release's folder or URL, or one archive with its .sha256 beside it (default: this script's folder)
  --to          the program's folder (default: /usr/local/bin for root, else ~/.local/bin)
  --public-key  minisign's key that has signed SHA256SUMS, RW... or a file (default: none; the sums alone are checked)
  --downgrade   replace a newer program, too (default: refuse)"

fail() {
    printf 'error: %s\nnothing was installed\n' "$1" >&2
    exit "${2:-1}"
}

main() {
    from='' to='' key='' downgrade=''
    # A shell that reads this from a pipe has a name of its own there, and the folder is anybody's.
    case $0 in *.sh) from=$(dirname "$0") ;; esac
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) echo "$usage" && exit ;;
        --downgrade) downgrade=1 && shift && continue ;;
        --from | --to | --public-key) ;;
        *) fail "unknown argument $1; run: install.sh --help" 2 ;;
        esac
        # No value, an empty one (a variable that is not set) and another option are no value.
        case ${2-} in '' | -*) fail "$1 needs a value" 2 ;; esac
        case $1 in --from) from=$2 ;; --to) to=$2 ;; *) key=$2 ;; esac
        shift 2
    done
    [ -n "$from" ] || fail "--from is needed: this script is in no folder of a release" 2
    if [ -z "$to" ] && [ "$(id -u)" -eq 0 ]; then to=/usr/local/bin; fi
    to=${to:-${HOME:+$HOME/.local/bin}}
    [ -n "$to" ] || fail "HOME is not set; name a folder by --to" 2

    name=sekuire-linux-$(machine) sums=SHA256SUMS
    case $from in *.tar.gz)
        [ "${from##*/}" = "$name.tar.gz" ] || fail "this machine needs $name.tar.gz, not ${from##*/}"
        from=$(dirname "$from")
        [ -n "$key" ] || sums=$name.tar.gz.sha256
        ;;
    esac
    umask 022
    work=$(mktemp -d) new=''
    trap 'rm -rf "$work" ${new:+"$new"}' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    case $from in http://* | https://*) choose_downloader ;; *) fetch='cat' ;; esac
    get "$sums" 65536
    [ -z "$key" ] || verify_signature
    get "$name.tar.gz" 16777216
    verify_sum "$name.tar.gz"
    unpack "$name"
    echo "installed: $to/sekuire, sekuire $version"
    first=$(command -v sekuire) || first=''
    if [ -z "$first" ]; then
        echo "note: $to is not in PATH"
    elif [ "$(cd "$(dirname "$first")" && pwd -P)" != "$(cd "$to" && pwd -P)" ]; then
        echo "note: $first comes first in PATH, before $to/sekuire"
    fi
}

# The name that the archives have for this processor.
machine() {
    case $(uname -s)/$(uname -m) in
    Linux/x86_64) echo amd64 ;;
    Linux/aarch64 | Linux/arm64) echo arm64 ;;
    Linux/armv7* | Linux/armv8l) echo armv7 ;;
    Linux/riscv64) echo riscv64 ;;
    *) fail "there is no archive for $(uname -s) on $(uname -m)" ;;
    esac
}

# Without a key, what comes can only be the server's: curl and GNU's wget look at its certificate, busybox' wget does not,
# and none goes on from https to http. wget can only be kept from following at all.
choose_downloader() {
    case $from in https:*) safe=1 protocols='=https' ;; *) safe='' protocols='=http,https' ;; esac
    if command -v curl >/dev/null; then
        fetch="curl -fsSL --proto $protocols --connect-timeout 20 --max-time 600"
    elif command -v wget >/dev/null; then
        fetch='wget -q -t 1 -O -' # No -T: busybox' wget may crash on it (Debian 12).
        case $(wget --version 2>/dev/null) in 'GNU Wget'*) ;; *) safe='' ;; esac
        [ -n "$key" ] || fetch="$fetch --max-redirect=0"
    else
        fail "a URL needs curl or wget"
    fi
    [ -n "$safe$key" ] || fail "$from: whoever is on the way can replace the files and their sums; give --public-key"
}

# get FILE BYTES: from where the release is into the work folder, at most so many. What is verified is this copy.
get() {
    { $fetch "${from%/}/$1" || : >"$work/failed"; } | head -c "$(($2 + 1))" >"$work/$1" || : >"$work/failed"
    [ "$(wc -c <"$work/$1")" -le "$2" ] || fail "$1 of $from is larger than $2 bytes"
    [ ! -e "$work/failed" ] || fail "can't get $1 from $from"
}

# What begins with RW is a key, whatever file has that name.
verify_signature() {
    command -v minisign >/dev/null || fail "--public-key needs minisign, which is not installed"
    case $key in RW*) given=-P ;; *) given=-p ;; esac
    [ "$given" = -P ] || [ -f "$key" ] || fail "--public-key: $key is neither a key (RW...) nor a file" 2
    get SHA256SUMS.minisig 65536
    comment=$(minisign -V -Q "$given" "$key" -m "$work/SHA256SUMS") || fail "SHA256SUMS is not signed by this key"
    echo "signed: $comment"
}

verify_sum() {
    wanted=$(awk -v file="$1" '$2 == file { print $1 }' "$work/$sums")
    [ -n "$wanted" ] || fail "$sums has no sum for $1"
    sum=$(sha256sum <"$work/$1") || fail "sha256sum does not work here"
    [ "${sum%% *}" = "$wanted" ] || fail "$1 is damaged or was replaced: its SHA-256 is ${sum%% *}, not $wanted"
}

# unpack NAME: the archive's one member becomes $to/sekuire. Only bytes are taken out of the archive, by -O: no path,
# no link and no mode of its.
unpack() {
    members=$(tar -tzf "$work/$1.tar.gz") || fail "$1.tar.gz can't be read"
    [ "$members" = "$1" ] || fail "$1.tar.gz holds something else than $1"
    mkdir -p "$to" || fail "$to can't be made"
    [ "$(id -u)" -ne 0 ] || ours "$to" ||
        fail "$to belongs to another user, who can exchange what root writes there; install as that user"
    new=$(mktemp "$to/.sekuire.XXXXXX") || fail "$to can't be written"
    tar -xzOf "$work/$1.tar.gz" "$1" >"$new" || fail "$1.tar.gz can't be unpacked to $to"
    chmod 755 "$new"
    version=$(number "$new")
    [ -n "$version" ] || fail "the program does not run on this machine from $to"
    [ ! -d "$to/sekuire" ] || fail "$to/sekuire is a folder"
    [ -n "$downgrade" ] || refuse_downgrade
    mv -f "$new" "$to/sekuire" || fail "$to/sekuire can't be replaced"
    new=''
}

# Whether FILE is root's or of whoever installs.
ours() { [ -n "$(find -H "$1" -prune \( -user 0 -o -user "$(id -u)" \))" ]; }

# The version that a program says it has, if any. A shell takes a file that is no program for a script of its own: what
# it says counts, not its exit status.
number() {
    "$1" --version </dev/null | awk 'NR == 1 && $1 == "sekuire" && $2 ~ /^[0-9][-+.0-9A-Za-z]*$/ { print $2 }'
}

# What can't be run, or is another user's, has no version here.
refuse_downgrade() {
    old=$(ours "$to/sekuire" 2>/dev/null && number "$to/sekuire" 2>/dev/null) || old=''
    awk -v a="$old" -v b="$version" 'BEGIN {
        split(a, x, "."); split(b, y, "."); for (i = 1; i < 3 && x[i] == y[i];) i++; exit x[i] + 0 > y[i] + 0 }' ||
        fail "$to/sekuire is $old and this release is older, $version; --downgrade installs it"
}

main "$@"
