#!/bin/sh
# smoke.sh [FILE [RUNNER]]: the static program in folders that hold nothing else, by chroot, with and without /proc, as
# root and as nobody; and what the file itself is. RUNNER, such as qemu-aarch64-static, runs a file of another processor.
# Needs root and Linux; BACKEND names the development backend, linked statically.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
file=${1:-${SEKUIRE_BIN:-$root/target/x86_64-unknown-linux-musl/release/sekuire}}
runner=${2:-}
backend=${BACKEND:-$root/target/debug/tools-static}

skip() {
    echo "skipped: smoke${runner:+ with $runner}: $*" >&2
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
[ -z "$runner" ] || command -v "$runner" > /dev/null || skip "$runner is not installed"
for tool in unshare chroot python3 readelf setpriv strings; do
    command -v "$tool" > /dev/null || skip "$tool is not installed"
done
unshare --mount true 2> /dev/null || skip "mount namespaces are not allowed here"
[ -x "$file" ] || { echo "smoke: $file is not there; make static" >&2; exit 1; }

scratch=$(mktemp -d)
chmod 755 "$scratch"
backend_process=
clean() {
    # shellcheck disable=SC2086 # a number, or none
    kill $backend_process 2> /dev/null || :
    rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

. "$root/tests/transcript.sh"

KEY=sk_live_abc123def456xyz
nobody=65534

# new_root NAME: a folder that holds the program alone, the backend's CA, a home, and the runner where there is one.
new_root() {
    empty=$scratch/$1
    mkdir -p "$empty/home"
    chmod 755 "$empty"
    chown "$user" "$empty/home"
    cp "$scratch/tls/ca.pem" "$empty"
    install "$file" "$empty/sekuire"
    [ -z "$runner" ] || cp "$(command -v "$runner")" "$empty/runner"
}

# in_root: the program in `empty` as `user`, with these settings and arguments; nothing is inherited.
in_root() {
    settings=
    while [ "${1#*=}" != "$1" ]; do
        settings="$settings $1"
        shift
    done
    # Settings hold no white space here.
    # shellcheck disable=SC2086
    set -- env -i $settings /usr/sbin/chroot --userspec="$user:$user" "$empty" ${runner:+/runner} /sekuire "$@"
    [ "$proc" = yes ] || { "$@"; return; }
    # The mount is gone with its namespace.
    mkdir -p "$empty/proc"
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount sh -c 'mount -t proc proc "$0" && exec "$@"' "$empty/proc" "$@"
}

# life SETTING...: a login's whole life, with the settings given for what talks to the backend.
life() {
    run 1 in_root HOME=/home status
    says "Not logged in"
    typed=$KEY
    run 0 in_root HOME=/home "$@" login
    says "Login successful! API Key verified and bound to this device." "Enter your API Key: sk_live_abc...xyz"
    judge "auth.json is 0600" [ "$(stat -c %a "$empty/home/.sekuire/auth.json")" = 600 ]
    run 0 in_root HOME=/home status
    says "Authenticated with API Key" "Workspace: ws_abc123"
    run 0 in_root HOME=/home "$@" whoami
    says "Email: dev@example.com"
    run 0 in_root HOME=/home auth token
    says "$KEY"
    run 0 in_root HOME=/home logout
    says "Logged out successfully!"
    run 1 in_root HOME=/home status --quiet
    silent
}

section "The file: $file"
ls -l "$file"
machine=$(readelf -h "$file" | sed -n 's/^ *Machine: *//p')
case $machine in
    *X86-64) limit=1200000 ;;
    AArch64) limit=1100000 ;;
    ARM) limit=901000 ;;
    RISC-V) limit=802000 ;;
    *) note "no limit is known for $machine"; exit 1 ;;
esac
at_most "$limit" "$(stat -c %s "$file")" "bytes"
{ readelf -lW "$file" && readelf -dW "$file"; } > "$scratch/headers"
strings -a "$file" > "$scratch/strings"
judge "no interpreter" absent INTERP "$scratch/headers"
judge "no library is needed" absent NEEDED "$scratch/headers"
judge "the stack is not executable" grep -Eq 'GNU_STACK .* RW  ' "$scratch/headers"
judge "a RELRO header" grep -q GNU_RELRO "$scratch/headers"
judge "no segment is writable and executable" absent RWE "$scratch/headers"
for path in "$root" "${CARGO_HOME:-${HOME:-/root}/.cargo}" /root/ /home/ /tmp/ /usr/src; do
    judge "$path is not in the file" absent "$path" "$scratch/strings"
done
# The section that `cargo auditable` would have written: elf(5).
python3 - "$file" > "$scratch/inside" << 'PYTHON' || :
import json, struct, sys, zlib
data = open(sys.argv[1], "rb").read()
wide = data[4] == 2  # ELFCLASS64
start, = struct.unpack_from("<Q" if wide else "<I", data, 0x28 if wide else 0x20)
size, count, names = struct.unpack_from("<HHH", data, 0x3A if wide else 0x2E)
sections = [struct.unpack_from("<II8x8xQQ" if wide else "<II4x4xII", data, start + size * i) for i in range(count)]
name = lambda s: data[sections[names][2] + s[0] :].split(b"\0", 1)[0]
at, length = next(s[2:] for s in sections if name(s) == b".dep-v0")
print(length, "bytes:", *sorted(p["name"] for p in json.loads(zlib.decompress(data[at : at + length]))["packages"]))
PYTHON
cat "$scratch/inside"
judge "it lists the crates that are inside" grep -qw 'ring .*rustls .*sekuire' "$scratch/inside"

mkdir "$scratch/tls"
"$backend" backend "$scratch/tls" 127.0.0.1:0 localhost &
backend_process=$!
wait_for "$scratch/tls/url"
url=$(cat "$scratch/tls/url")

for proc in no yes; do
    for user in 0 $nobody; do
        section "A folder that holds only the file; user $user, /proc: $proc"
        new_root "$user-proc-$proc"
        [ "$user" -eq 0 ] || {
            run 3 in_root HOME=/ login --api-key-stdin --backend "$url"
            complains "error: " "hint: "
        }
        life SSL_CERT_FILE=/ca.pem "SEKUIRE_BACKEND_URL=$url"
    done
done

proc=no
user=0
if [ "${runner##*/}" = qemu-arm-static ]; then
    section "An ARMv7 without NEON, such as Tegra 2 or Armada XP; over TLS"
    new_root no-neon
    life QEMU_CPU=cortex-a15,neon=off SSL_CERT_FILE=/ca.pem "SEKUIRE_BACKEND_URL=$url"
fi

section "Without any CA store: Mozilla's roots, which do not know this backend's CA"
new_root roots
run 4 in_root HOME=/ "SEKUIRE_API_KEY=$KEY" "SEKUIRE_BACKEND_URL=$url" whoami
complains "untrusted CA" Mozilla SSL_CERT_FILE

[ -z "$runner" ] || { finish; exit; }
command -v strace > /dev/null || { echo "skipped: smoke: system calls and memory: strace is not installed" >&2; finish; exit; }

section "What status costs"
new_root cost
mkdir -p "$empty/etc" "$empty/.sekuire"
echo 0123456789abcdef0123456789abcdef > "$empty/etc/machine-id"
printf '{"api_key":"%s","workspace_id":"ws_abc123"}' "$KEY" > "$empty/.sekuire/auth.json"
chmod 600 "$empty/.sekuire/auth.json"
# Kept for a moment at its end, so that the kernel can be asked for its most memory (VmHWM, proc(5); what wait4(2) says
# counts in what the process held before its exec).
env -i HOME=/ strace -f -e inject=exit_group:delay_enter=1000000 -o "$scratch/trace" \
    /usr/sbin/chroot "$empty" /sekuire status > /dev/null 2>&1 &
tracer=$!
tries=100
until grep -q 'Authentication Status' "$scratch/trace" 2> /dev/null || [ "$tries" -eq 0 ]; do
    tries=$((tries - 1))
    sleep 0.02
done
traced=$(sed -n '1s/ .*//p' "$scratch/trace")
most=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$traced/status" || :)
wait "$tracer" || :
# From the program's own execve on; the rest is chroot(1)'s. The last line is no call.
sed -n '/execve("\/sekuire"/,$p' "$scratch/trace" | grep -v '+++' > "$scratch/own"
cat "$scratch/own"
judge "the calls were traced" grep -q 'Authentication Status' "$scratch/own"
at_most 40 "$(wc -l < "$scratch/own")" "system calls"
# The thread-locals' page and the heap's first 64 KiB.
at_most 2 "$(grep -c mmap "$scratch/own")" "mappings of memory"
# Most of it are pages of the file itself, which every process that runs it shares.
at_most 1280 "$most" "KiB of memory"
finish
