#!/bin/sh
# run.sh [FILE]: boots Debian's systemd, Debian's sysvinit and busybox's init as process 1 (systemd-nspawn), with the
# recipes and the static program. Here the Debian is made; stages.sh boots. Leaves nothing behind.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
file=${1:-${SEKUIRE_BIN:-$root/target/x86_64-unknown-linux-musl/release/sekuire}}
backend=${BACKEND:-$root/target/debug/tools-static}
mirror=${MIRROR:-} # debootstrap's own choice where empty

skip() {
    echo "skipped: boot: $*" >&2
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
for tool in systemd-nspawn:systemd-container debootstrap:debootstrap busybox:busybox-static cc:gcc unshare:util-linux \
    ip:iproute2; do
    command -v "${tool%:*}" > /dev/null || skip "${tool%:*} is not installed (Debian: ${tool#*:})"
done
unshare --net --mount true 2> /dev/null || skip "needs namespaces (unshare --net --mount)"
[ -x "$file" ] || { echo "boot: $file is not there; make static" >&2; exit 1; }
[ -x "$backend" ] || { echo "boot: $backend is not there; make backend" >&2; exit 1; }

# Mounts of its own, and a file system: sysvinit's shutdown makes its root read-only, and that is a whole file system.
if [ -z "${scratch-}" ]; then
    scratch=$(mktemp -d)
    export scratch
    trap 'rmdir "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
    exit
fi
mount -t tmpfs -o size=1g,mode=755 boot "$scratch"

cc -O -static -Wall -Wextra -Werror -o "$scratch/agent" "$root/tests/boot/agent.c"
# initscripts, too: Debian's first process alone does not boot.
debootstrap --variant=minbase --include=systemd,sysvinit-core,initscripts bookworm "$scratch/debian" ${mirror:+"$mirror"} \
    > "$scratch/debootstrap" 2>&1 || { tail -n 3 "$scratch/debootstrap"; skip "debootstrap can't reach ${mirror:-its mirror}"; }

# From here on there is no network but loopback.
export file backend
unshare --net "$root/tests/boot/stages.sh"
