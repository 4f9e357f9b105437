#!/bin/sh
# install.sh [--from FOLDER|URL] [--to FOLDER] [--public-key KEY]: installs sekuire on Linux.
#
#   --from        where the release's files are; without it, the folder of this script
#   --to          where the program goes; without it, /usr/local/bin for root, else ~/.local/bin
#   --public-key  minisign's public key (RW..., or a file that holds it): SHA256SUMS must be signed by it
#
# The archive for this machine must have the sum that SHA256SUMS gives, and hold the program alone; else nothing is
# installed. Only FOLDER/sekuire is written, by one rename. Needs: sha256sum, tar, gzip, awk, as busybox has them, too;
# curl or wget for a URL (a key as well where that is http, or busybox' wget); minisign for a key.
set -eu

fail() {
    printf 'error: %s\nnothing was installed\n' "$1" >&2
    exit "${2:-1}"
}

main() {
    from=$(dirname "$0") to='' key=''
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) echo "usage: install.sh [--from FOLDER|URL] [--to FOLDER] [--public-key KEY]" && exit ;;
        --from | --to | --public-key) ;;
        *) fail "unknown argument $1; known are --from, --to and --public-key" 2 ;;
        esac
        # No value, an empty one (a variable that is not set) and another option are no value.
        case ${2-} in '' | -*) fail "$1 needs a value" 2 ;; esac
        case $1 in --from) from=${2%/} ;; --to) to=$2 ;; *) key=$2 ;; esac
        shift 2
    done
    if [ -z "$to" ] && [ "$(id -u)" -eq 0 ]; then to=/usr/local/bin; fi
    to=${to:-${HOME:?}/.local/bin}

    name=sekuire-linux-$(machine)
    work=$(mktemp -d) new=''
    trap 'rm -rf "$work" ${new:+"$new"}' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    get SHA256SUMS
    [ -z "$key" ] || verify_signature
    get "$name.tar.gz"
    verify_sum "$name.tar.gz"
    unpack "$name"
    echo "installed: $to/sekuire, $version"
    case :$PATH: in *:"$to":*) ;; *) echo "note: $to is not in PATH" ;; esac
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

# get FILE: from where the release is into the work folder. What is verified is this copy.
get() {
    case $from in
    https://* | http://*) download "$1" ;;
    *) cp "$from/$1" "$work/$1" ;;
    esac || fail "there is no $1 to be had from $from"
}

download() {
    command -v curl >/dev/null || command -v wget >/dev/null || fail "a URL needs curl or wget"
    [ -n "$key" ] || verifies_server ||
        fail "$from: whoever is on the way can replace the files and their sums; give --public-key"
    if command -v curl >/dev/null; then
        case $from in https:*) protocols='=https' ;; *) protocols='=http,https' ;; esac
        curl -fsSL --proto "$protocols" --connect-timeout 20 --max-time 600 -o "$work/$1" "$from/$1"
    else
        # No -T: busybox' wget may crash on it (Debian 12).
        wget -q -t 1 -O "$work/$1" "$from/$1"
    fi
}

# Whether what is downloaded can only be the server's: curl and GNU's wget look at its certificate, busybox' wget does not.
verifies_server() {
    case $from in http:*) return 1 ;; esac
    command -v curl >/dev/null && return
    case $(wget --version 2>/dev/null) in 'GNU Wget'*) ;; *) return 1 ;; esac
}

verify_signature() {
    command -v minisign >/dev/null || fail "--public-key needs minisign, which is not installed"
    get SHA256SUMS.minisig
    if [ -f "$key" ]; then set -- -p "$key"; else set -- -P "$key"; fi
    comment=$(minisign -V -Q "$@" -m "$work/SHA256SUMS") || fail "SHA256SUMS is not signed by this key"
    echo "signed: $comment"
}

verify_sum() {
    wanted=$(awk -v file="$1" '$2 == file { print $1 }' "$work/SHA256SUMS")
    [ -n "$wanted" ] || fail "SHA256SUMS has no sum for $1"
    sum=$(sha256sum <"$work/$1") || fail "sha256sum does not work here"
    [ "${sum%% *}" = "$wanted" ] || fail "$1 is damaged or was replaced: its SHA-256 is ${sum%% *}, not $wanted"
}

# unpack NAME: the archive's one member becomes $to/sekuire. Only bytes are taken out of the archive, by -O: no path,
# no link and no mode of its.
unpack() {
    members=$(tar -tzf "$work/$1.tar.gz") || fail "$1.tar.gz can't be read"
    [ "$members" = "$1" ] || fail "$1.tar.gz holds something else than $1"
    mkdir -p "$to" || fail "$to can't be made"
    new=$(mktemp "$to/.sekuire.XXXXXX") || fail "$to can't be written"
    tar -xzOf "$work/$1.tar.gz" "$1" >"$new" || fail "$1.tar.gz can't be unpacked to $to"
    chmod 755 "$new"
    # A shell takes a file that is no program for a script of its own: what it says counts, not its exit status.
    version=$("$new" --version) || version=''
    [ "${version#sekuire }" != "$version" ] || fail "the program does not run on this machine from $to"
    [ ! -d "$to/sekuire" ] || fail "$to/sekuire is a folder"
    mv -f "$new" "$to/sekuire" || fail "$to/sekuire can't be replaced"
    new=''
}

main "$@"
