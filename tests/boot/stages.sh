#!/bin/sh
# Each init through three stages: not logged in, logged in, backend away. Called by run.sh.
set -eu
: "${file:?}" "${backend:?}" "${scratch:?}"
root=$(cd "$(dirname "$0")/../.." && pwd)
recipes=$root/tests/recipes

. "$root/tests/transcript.sh"

KEY=sk_live_abc123def456xyz
NAME=agent-1
ip link set lo up
# nspawn's own folder.
mkdir -p /run/systemd/nspawn
mount -t tmpfs none /run/systemd/nspawn

# boots TREE COMMAND...: as process 1, until it powers itself off. Its console, without colours, is in $scratch/out.
boots() {
    rm -f "$1/report"
    run 0 console "$@"
}
console() {
    tree=$1
    shift
    ended=0
    timeout --kill-after=5 100 systemd-nspawn --quiet --register=no --keep-unit --console=read-only \
        --setenv=TERM=dumb --machine="$NAME" --directory="$tree" "$@" > "$scratch/console" 2>&1 || ended=$?
    tr -d '\r' < "$scratch/console" | sed "s/$(printf '\033')\[[0-9;?]*[a-zA-Z]//g"
    return "$ended"
}

# reports: what the last boot left in its tree takes the console's place.
reports() {
    judge "it reports" [ -s "$tree/report" ]
    cat "$tree/report"
    cat "$tree/report" >> "$scratch/out"
    says_not "${KEY#sk_live_}"
}

# backend_comes FOLDER: a new one, whose CA the tree trusts.
backend_comes() {
    rm -rf "$scratch/ca"
    mkdir "$scratch/ca"
    "$backend" backend "$scratch/ca" 127.0.0.1:9300 backend.test &
    backend_process=$!
    wait_for "$scratch/ca/url"
    cp "$scratch/ca/ca.pem" "$1/ca.pem"
    printf '127.0.0.1 localhost backend.test\n' > "$1/etc/hosts"
}

backend_goes() {
    kill "$backend_process"
    # The shell would say that it was terminated.
    wait "$backend_process" 2> /dev/null || true
}

# logs_in TREE VARIABLE=VALUE...: with the tree's own program.
logs_in() {
    tree=$1
    shift
    typed=$KEY
    run 0 env -i PATH="$PATH" SSL_CERT_FILE=/ca.pem SEKUIRE_BACKEND_URL=https://backend.test:9300 "$@" \
        chroot "$tree" /bin/sekuire login --api-key-stdin
}

debian=$scratch/debian
install "$file" "$debian/usr/bin/sekuire"
install "$scratch/agent" "$debian/usr/bin/agent"
printf '%s\n' "$NAME" > "$debian/etc/hostname"
mkdir -m 700 "$debian/etc/sekuire"

section "systemd: $(chroot "$debian" /lib/systemd/systemd --version | head -n 1)"
backend_comes "$debian"
for unit in agent agent-with-credential agent-exec; do
    cp "$recipes/$unit.service" "$debian/etc/systemd/system"
    # What a site adds: its backend, its CA; and a wait that a test can afford.
    mkdir "$debian/etc/systemd/system/$unit.service.d"
    {
        printf '[Service]\n'
        printf 'Environment=SEKUIRE_BACKEND_URL=https://backend.test:9300 SSL_CERT_FILE=/ca.pem\n'
    } > "$debian/etc/systemd/system/$unit.service.d/site.conf"
    chroot "$debian" systemctl --quiet enable "$unit.service"
done
sed -i 's/--wait 120/--wait 3/' "$debian/etc/systemd/system/agent-with-credential.service"
cat > "$debian/usr/bin/report" << 'REPORT'
#!/bin/sh
# Once nothing is being started any more, and what was started has had the time to fail.
tries=100
while systemctl list-jobs --no-legend | grep -q ' agent' && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2
done
sleep 1
exec > /report 2>&1
echo "process 1: $(cat /proc/1/comm)"
for unit in agent agent-with-credential agent-exec; do
    show() {
        systemctl show --value --property="$1" "$unit"
    }
    echo "$unit: $(show ActiveState), $(show SubState), $(show Result), exit status $(show ExecMainStatus)"
    [ "$(show MainPID)" -eq 0 ] || echo "$unit runs $(readlink "/proc/$(show MainPID)/exe")"
    journalctl --quiet --boot --unit "$unit" --output cat
done
systemctl --no-block poweroff 2> /dev/null
REPORT
chmod 755 "$debian/usr/bin/report"
cat > "$debian/etc/systemd/system/report.service" << 'UNIT'
[Service]
Type=oneshot
ExecStart=/usr/bin/report
[Install]
WantedBy=multi-user.target
UNIT
chroot "$debian" systemctl --quiet enable report.service

systemd() {
    boots "$debian" /lib/systemd/systemd systemd.unit=multi-user.target
    reports
    says "process 1: systemd"
}
note "
Not logged in"
systemd
says "agent: inactive, dead, exec-condition" "agent-with-credential: inactive, dead, success" \
    "agent-exec: inactive, dead, success"
note "
Logged in"
logs_in "$debian" SEKUIRE_CONFIG_DIR=/etc/sekuire
# The key for the units with a credential, bound to the name that theirs has.
logs_in "$debian" SEKUIRE_CONFIG_DIR=/tmp/once SEKUIRE_DEVICE_ID=$NAME
(umask 077 && printf '%s\n' "$KEY" > "$debian/etc/sekuire/api-key")
systemd
says "agent: active, running" "agent-with-credential: active, running" "agent-exec: active, running" \
    "agent-exec runs /usr/bin/agent" "with a key of ${#KEY} characters, for https://backend.test:9300"
note "
Backend away: what asks only this machine starts, what waits for the backend tries again later"
backend_goes
systemd
says "agent: active, running" "agent-with-credential: activating, auto-restart" "agent-exec: active, running" \
    "backend.test:9300: connection refused"

section "sysvinit: $(chroot "$debian" dpkg-query --show sysvinit-core)"
rm -r "$debian/etc/sekuire"
backend_comes "$debian"
install "$recipes/agent.init" "$debian/etc/init.d/agent"
chroot "$debian" update-rc.d agent defaults
# It has no environment but this file's.
printf 'DAEMON=/usr/bin/agent\n' > "$debian/etc/default/agent"
sed -i '/getty/d' "$debian/etc/inittab"
cat > "$debian/etc/rc.local" << 'REPORT'
#!/bin/sh
{
    echo "process 1: $(cat /proc/1/comm), runlevel $(runlevel)"
    status=0
    /etc/init.d/agent status || status=$?
    echo "agent status: $status"
    [ "$status" -ne 0 ] || echo "agent runs $(readlink "/proc/$(cat /run/agent.pid)/exe")"
} > /report 2>&1
init 0
REPORT
chmod 755 "$debian/etc/rc.local"
sysvinit() {
    boots "$debian" /sbin/init
    reports
    says "process 1: init, runlevel N 2"
}
note "
Not logged in"
sysvinit
says "agent: not started, sekuire status says 1" "agent status: 3"
note "
Logged in"
logs_in "$debian" SEKUIRE_CONFIG_DIR=/etc/sekuire
sysvinit
says "agent status: 0" "agent runs /usr/bin/agent"
note "
Backend away: it asks only this machine"
backend_goes
sysvinit
says "agent status: 0" "agent runs /usr/bin/agent"

section "busybox: $(busybox | head -n 1)"
bare=$scratch/bare
mkdir -p "$bare/bin" "$bare/sbin" "$bare/etc" "$bare/usr" "$bare/tmp"
install "$(command -v busybox)" "$bare/bin/busybox"
ln "$bare/bin/busybox" "$bare/sbin/init"
install "$file" "$scratch/agent" "$bare/bin"
printf '0123456789abcdef0123456789abcdef\n' > "$bare/etc/machine-id"
# Nobody is told a variable here: the backend is the login's, and the CA is where a system has its own.
backend_comes "$bare"
mkdir -p "$bare/etc/ssl/certs"
ln "$bare/ca.pem" "$bare/etc/ssl/certs/ca-certificates.crt"
sed 's/--wait 60/--wait 3/' "$recipes/inittab" > "$bare/etc/inittab"
printf '::once:/bin/busybox poweroff -d 2\n' >> "$bare/etc/inittab"
busybox_init() {
    boots "$bare" /sbin/init
    says_not "${KEY#sk_live_}"
}
note "
Not logged in"
busybox_init
says "error: Not logged in"
says_not "agent: started"
note "
Logged in"
logs_in "$bare" HOME=/
busybox_init
says "Email: dev@example.com" "agent: started" "with a key of ${#KEY} characters, for https://backend.test:9300"
note "
Backend away: three seconds of waiting, and it starts all the same"
backend_goes
busybox_init
says "backend.test:9300: connection refused" "agent: started"

finish
