#!/bin/sh
# smoke.sh [FILE [RUNNER]]: the static program in folders that hold nothing else, by chroot, with and without /proc, as
# root and as nobody; and what the file itself is. RUNNER, such as qemu-aarch64-static, runs a file of another processor.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
file=${1:-target/x86_64-unknown-linux-musl/release/sekuire} runner=${2-}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
# shellcheck disable=SC2086 # a name, or none
needs unshare chroot python3 readelf strings $runner
unshare --mount true 2>/dev/null || skip 'mount namespaces are not allowed here'

section "The file: $file"
ls -l "$file"
case $(readelf -h "$file" | sed -n 's/^ *Machine: *//p') in
*X86-64) limit=1200000 ;;
AArch64) limit=1100000 ;;
ARM) limit=901000 ;;
RISC-V) limit=802000 ;;
esac
at_most "$limit" "$(stat -c %s "$file")" bytes
readelf -ldSW "$file" >"$scratch/headers"
for wrong in INTERP NEEDED RWE; do
    judge "no $wrong: it is static, and no segment is writable and executable" lacks "$wrong" "$scratch/headers"
done
judge 'the stack is not executable' grep -Eq 'GNU_STACK .* RW  ' "$scratch/headers"
judge 'a RELRO header' grep -q GNU_RELRO "$scratch/headers"
strings -a "$file" >"$scratch/strings"
for path in "$root" "${CARGO_HOME:-${HOME:-/root}/.cargo}" /root/ /home/ /tmp/ /usr/src; do
    judge "$path is not in the file" lacks "$path" "$scratch/strings"
done
# As `cargo auditable` would have written it, for scanners.
sed -n 's/.* \.dep-v0 *[A-Z]* *[0-9a-f]* *\([0-9a-f]*\) .*/\1/p' "$scratch/headers" | python3 -c '
import json, sys, zlib
inside = open(sys.argv[1], "rb").read()[int(input(), 16):]
print(*sorted(package["name"] for package in json.loads(zlib.decompressobj().decompress(inside))["packages"]))
' "$file" | tee "$scratch/inside"
judge 'it lists the crates that are inside' grep -qw 'ring .*rustls .*sekuire' "$scratch/inside"

# new_root NAME: a folder that holds the program alone, the backend's CA, a home, and the runner where there is one.
new_root() {
    empty=$scratch/$1
    mkdir -p "$empty/home" "$empty/proc"
    chown "$user" "$empty/home"
    cp "$ca" "$empty"
    install "$file" "$empty/sekuire"
    [ -z "$runner" ] || cp "$(command -v "$runner")" "$empty/runner"
}

# in_root [SETTING...] COMMAND: the program in `empty` as `user`, with nothing inherited. A mount of /proc is gone with its
# namespace.
in_root() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount sh -c '[ "$1" = no ] || mount -t proc proc "$0/proc"; shift; exec "$@"' "$empty" "$proc" \
        env -i SSL_CERT_FILE=/ca.pem SEKUIRE_BACKEND_URL="$url" HOME=/home ${cpu:+QEMU_CPU="$cpu"} \
        /usr/sbin/chroot --userspec="$user:$user" "$empty" ${runner:+/runner} /sekuire "$@"
}

starts_backend 127.0.0.1:0 localhost
cpu=
for proc in no yes; do
    for user in 0 65534; do
        section "A folder that holds only the file; user $user, /proc: $proc"
        new_root "$user-proc-$proc"
        life in_root
    done
done
if [ "${runner##*/}" = qemu-arm-static ]; then
    section 'An ARMv7 without NEON, such as Tegra 2 or Armada XP; over TLS'
    cpu=cortex-a15,neon=off
    new_root no-neon
    life in_root
fi
[ -z "$runner" ] || { finish; exit; }

section 'What status costs'
command -v strace >/dev/null || { echo 'skipped: smoke: system calls: strace is not installed' >&2; finish; exit; }
mkdir -p "$empty/etc"
echo 0123456789abcdef0123456789abcdef >"$empty/etc/machine-id"
run 0 env -i HOME=/ SEKUIRE_API_KEY="$KEY" strace -f -o "$scratch/trace" /usr/sbin/chroot "$empty" /sekuire status
# From the program's own execve on; the rest is chroot(1)'s. The last line is no call.
sed -n '/execve("\/sekuire"/,$p' "$scratch/trace" | grep -v '+++' | tee "$scratch/own"
judge 'the calls were traced' grep -q 'Authentication Status' "$scratch/own"
at_most 40 "$(wc -l <"$scratch/own")" 'system calls'
# The thread-locals' page and the heap's first 64 KiB.
at_most 2 "$(grep -c mmap "$scratch/own")" 'mappings of memory'
finish
