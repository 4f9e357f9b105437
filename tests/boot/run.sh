#!/bin/sh
# run.sh [FILE]: boots Debian's systemd, Debian's sysvinit and busybox's init as process 1 (systemd-nspawn), with the
# recipes and the static program. Here the Debian is made; stages.sh boots. Leaves nothing behind.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
file=${1:-target/x86_64-unknown-linux-musl/release/sekuire}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
needs systemd-nspawn debootstrap busybox cc unshare ip
unshare --net --mount true 2>/dev/null || skip 'needs namespaces (unshare --net --mount)'

# Mounts of its own, and a file system: sysvinit's shutdown makes its root read-only, and that is a whole file system.
if [ "${inner-}" != yes ]; then
    export scratch inner=yes
    unshare --mount --pid --fork --kill-child --mount-proc tests/boot/run.sh "$file"
    exit
fi
mount -t tmpfs -o size=1g,mode=755 boot "$scratch"
cc -O -static -Wall -Wextra -Werror -o "$scratch/agent" tests/boot/agent.c
# initscripts, too: Debian's first process alone does not boot.
debootstrap --variant=minbase --include=systemd,sysvinit-core,initscripts bookworm "$scratch/debian" \
    >"$scratch/debootstrap" 2>&1 || { tail -n 3 "$scratch/debootstrap"; skip "debootstrap can't reach its mirror"; }

# From here on there is no network but loopback.
export file
unshare --net tests/boot/stages.sh
