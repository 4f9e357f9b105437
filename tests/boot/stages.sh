#!/bin/sh
# Each init through three stages: not logged in, logged in, backend away. Called by run.sh.
set -eu
: "${file:?}" "${scratch:?}"
. tests/transcript.sh
NAME=agent-1
ip link set lo up
# nspawn's own folder.
mkdir -p /run/systemd/nspawn
mount -t tmpfs none /run/systemd/nspawn

# boots STAGE COMMAND...: in `tree` as process 1, until it powers itself off. What it says is the console, without colours, and
# the report that it leaves.
boots() {
    section "$1"
    shift
    rm -f "$tree/report"
    run 0 console "$@"
    [ ! -e "$tree/report" ] || tee -a "$scratch/out" <"$tree/report"
    hides "${KEY#sk_live_}"
}
console() {
    ended=0
    timeout --kill-after=5 100 systemd-nspawn --quiet --register=no --keep-unit --console=read-only \
        --setenv=TERM=dumb --machine="$NAME" --directory="$tree" "$@" >"$scratch/console" 2>&1 || ended=$?
    tr -d '\r' <"$scratch/console" | sed "s/$(printf '\033')\[[0-9;?]*[a-zA-Z]//g"
    return "$ended"
}

# A new one, whose CA `tree` trusts.
backend_comes() {
    starts_backend 127.0.0.1:9300 backend.test
    cp "$ca" "$tree/ca.pem"
    echo '127.0.0.1 localhost backend.test' >"$tree/etc/hosts"
}

backend_goes() {
    kill "$backend"
    # The shell would say that it was terminated.
    wait "$backend" 2>/dev/null || true
}

# logs_in VARIABLE=VALUE...: with the tree's own program.
logs_in() {
    typed=$KEY
    run 0 env -i PATH="$PATH" SSL_CERT_FILE=/ca.pem SEKUIRE_BACKEND_URL="$url" "$@" \
        chroot "$tree" /bin/sekuire login --api-key-stdin
}

# script FILE: what standard input holds, to be run.
script() {
    { echo '#!/bin/sh' && cat; } >"$1"
    chmod 755 "$1"
}

tree=$scratch/debian
install "$file" "$tree/usr/bin/sekuire"
install "$scratch/agent" "$tree/usr/bin/agent"
echo "$NAME" >"$tree/etc/hostname"
mkdir -m 700 "$tree/etc/sekuire"
backend_comes
for unit in agent agent-with-credential agent-exec; do
    cp "tests/recipes/$unit.service" "$tree/etc/systemd/system"
    # What a site adds: its backend, its CA; and a wait that a test can afford.
    mkdir "$tree/etc/systemd/system/$unit.service.d"
    printf '[Service]\nEnvironment=SEKUIRE_BACKEND_URL=%s SSL_CERT_FILE=/ca.pem\n' "$url" \
        >"$tree/etc/systemd/system/$unit.service.d/site.conf"
    chroot "$tree" systemctl --quiet enable "$unit.service"
done
sed -i 's/--wait 120/--wait 3/' "$tree/etc/systemd/system/agent-with-credential.service"
script "$tree/usr/bin/report" <<'REPORT'
# Once nothing is being started any more, and what was started has had the time to fail.
tries=100
while systemctl list-jobs --no-legend | grep -q ' agent' && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2
done
sleep 1
exec >/report 2>&1
echo "process 1: $(cat /proc/1/comm)"
for unit in agent agent-with-credential agent-exec; do
    systemctl show --property=ActiveState,SubState,Result,MainPID "$unit" | sort | sed 's/.*=//' | {
        read -r active && read -r pid && read -r result && read -r sub
        echo "$unit: $active, $sub, $result"
        [ "$pid" -eq 0 ] || echo "$unit runs $(readlink "/proc/$pid/exe")"
    }
    journalctl --quiet --boot --unit "$unit" --output cat
done
systemctl --no-block poweroff 2>/dev/null
REPORT
printf '[Service]\nType=oneshot\nExecStart=/usr/bin/report\n[Install]\nWantedBy=multi-user.target\n' \
    >"$tree/etc/systemd/system/report.service"
chroot "$tree" systemctl --quiet enable report.service

systemd() { boots "systemd: $1" /lib/systemd/systemd systemd.unit=multi-user.target; }
systemd 'not logged in'
says 'process 1: systemd' 'agent: inactive, dead, exec-condition' 'agent-with-credential: inactive, dead, success' \
    'agent-exec: inactive, dead, success'
logs_in SEKUIRE_CONFIG_DIR=/etc/sekuire
# The key for the units with a credential, bound to the name that theirs has.
logs_in SEKUIRE_CONFIG_DIR=/tmp/once SEKUIRE_DEVICE_ID=$NAME
(umask 077 && echo "$KEY" >"$tree/etc/sekuire/api-key")
systemd 'logged in'
says 'agent: active, running' 'agent-with-credential: active, running' 'agent-exec: active, running' \
    'agent-exec runs /usr/bin/agent' "with a key of ${#KEY} characters, for $url"
backend_goes
systemd 'backend away: what asks only this machine starts, what waits for the backend tries again later'
says 'agent: active, running' 'agent-with-credential: activating, auto-restart' 'agent-exec: active, running' \
    'backend.test:9300: connection refused'

rm -r "$tree/etc/sekuire"
backend_comes
install tests/recipes/agent.init "$tree/etc/init.d/agent"
chroot "$tree" update-rc.d agent defaults
# It has no environment but this file's.
echo 'DAEMON=/usr/bin/agent' >"$tree/etc/default/agent"
sed -i '/getty/d' "$tree/etc/inittab"
script "$tree/etc/rc.local" <<'REPORT'
{
    echo "process 1: $(cat /proc/1/comm), runlevel $(runlevel)"
    status=0
    /etc/init.d/agent status || status=$?
    echo "agent status: $status"
    [ "$status" -ne 0 ] || echo "agent runs $(readlink "/proc/$(cat /run/agent.pid)/exe")"
} >/report 2>&1
init 0
REPORT
sysvinit() { boots "sysvinit: $1" /sbin/init; }
sysvinit 'not logged in'
says 'process 1: init, runlevel N 2' 'agent: not started, sekuire status says 1' 'agent status: 3'
logs_in SEKUIRE_CONFIG_DIR=/etc/sekuire
sysvinit 'logged in'
says 'agent status: 0' 'agent runs /usr/bin/agent'
backend_goes
sysvinit 'backend away: it asks only this machine'
says 'agent status: 0' 'agent runs /usr/bin/agent'

tree=$scratch/bare
mkdir -p "$tree/bin" "$tree/sbin" "$tree/etc/ssl/certs" "$tree/usr" "$tree/tmp"
install "$(command -v busybox)" "$file" "$scratch/agent" "$tree/bin"
ln "$tree/bin/busybox" "$tree/sbin/init"
echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
# No variable is set here: the backend is the login's, and the CA is where a system has its own.
backend_comes
ln "$tree/ca.pem" "$tree/etc/ssl/certs/ca-certificates.crt"
sed 's/--wait 60/--wait 3/' tests/recipes/inittab >"$tree/etc/inittab"
echo '::once:/bin/busybox poweroff -d 2' >>"$tree/etc/inittab"
busybox_init() { boots "busybox: $1" /sbin/init; }
busybox_init 'not logged in'
says 'error: Not logged in'
hides 'agent: started'
logs_in HOME=/
busybox_init 'logged in'
says 'Email: dev@example.com' 'agent: started' "with a key of ${#KEY} characters, for $url"
backend_goes
busybox_init 'backend away: three seconds of waiting, and it starts all the same'
says 'backend.test:9300: connection refused' 'agent: started'
finish
