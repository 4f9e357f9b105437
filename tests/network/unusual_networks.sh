# shellcheck shell=sh
# Runs a login and a whoami in a network namespace whose loopback is as said, against a backend in another
# one, over a pair of virtual interfaces. Exit status 77: this can't be set up here.
#
# usage: unusual_networks.sh SEKUIRE BACKEND FOLDER LOOPBACK ADDRESS HOSTS [OPTION...]
set -u
sekuire=$1 backend=$2 folder=$3 loopback=$4 address=$5 hosts=$6
shift 6
unshare --net sleep 60 &
holder=$!
trap 'kill $holder ${server:-} 2>/dev/null' EXIT
own=$(readlink /proc/self/ns/net)
until [ "$(readlink /proc/$holder/ns/net)" != "$own" ]; do kill -0 $holder || exit 77; sleep 0.01; done
there() { nsenter --target $holder --net "$@"; }
{
    ip link add near type veth peer name far netns $holder &&
        ip address add 10.9.0.1/24 dev near && ip -6 address add fd00:9::1/64 dev near nodad && ip link set near up &&
        there ip address add 10.9.0.2/24 dev far && there ip -6 address add fd00:9::2/64 dev far nodad &&
        there ip link set far up && there ip link set lo up && printf '%b' "$hosts" >"$folder/hosts" &&
        mount --bind "$folder/hosts" /etc/hosts
} || exit 77
case $loopback in
down) ;;
dropped) ip link set lo up && iptables -A INPUT -i lo -j DROP ;;
rejected) ip link set lo up && iptables -A OUTPUT -o lo -j REJECT ;;
without-address) ip link set lo up && ip address delete 127.0.0.1/8 dev lo ;;
esac || exit 77
# Not by the function, whose process would be a shell's: this one becomes the backend, and can be killed.
nsenter --target "$holder" --net "$backend" backend "$folder" "$address" backend.example &
server=$!
until [ -e "$folder/url" ]; do kill -0 $server || exit 78; sleep 0.02; done
export HOME="$folder" SSL_CERT_FILE="$folder/ca.pem" SEKUIRE_DEVICE_ID=runner-1
echo sk_live_abc123def456xyz | "$sekuire" login --api-key-stdin --backend https://backend.example:8443 "$@" &&
    "$sekuire" whoami "$@"
