# shellcheck shell=sh
# `sekuire doctor` where there is no curl, openssl, dig or shell to look with: for each thing that goes wrong, which
# layer says so, and with what. Sourced by run.sh.

: "${scratch:?}" "${label:?}" "${image:?}" "${url:?}" "${KEY:?}"

# doctor STATUS OPTIONS... -- ARGUMENTS...: as online; what the options say later counts.
doctor() {
    wanted=$1
    shift
    run "$wanted" examined "$@"
    says_not "${KEY#sk_live_}"
}
examined() {
    line=
    while [ "$1" != -- ]; do
        line="$line '$1'"
        shift
    done
    shift
    eval "set -- $line \"\$image\" doctor \"\$@\""
    online "$@"
}
# first_failure LAYER WORDS...: no layer before it fails, and its line and the one below hold the words.
first_failure() {
    layer=$1
    shift
    grep -m 1 -A 1 '^failed ' "$scratch/out" > "$scratch/failure" || true
    judge "the first that fails is $layer" grep -q "^failed  *$layer: " "$scratch/failure"
    for text in "$@"; do
        judge "it says '$text'" grep -qF -e "$text" "$scratch/failure"
    done
}

# warns LAYER WORDS...: its line and the one below hold the words.
warns() {
    layer=$1
    shift
    grep -A 1 "^warning  *$layer: " "$scratch/out" > "$scratch/warning" || true
    for text in "$@"; do
        judge "$layer warns '$text'" grep -qF -e "$text" "$scratch/warning"
    done
}

# sound STATUS OPTIONS... -- ARGUMENTS...: a machine that is logged in, but for what the options spoil.
home="--volume $scratch/sound:/.sekuire --env HOME=/"
sound() {
    status=$1
    shift
    # shellcheck disable=SC2086 # a list of words
    doctor "$status" $home "$@"
}
secret="--volume $scratch/secret:/run/secrets/key:ro --env SEKUIRE_API_KEY_FILE=/run/secrets/key"

section "doctor: a sound machine"
mkdir -m 700 "$scratch/sound" "$scratch/ca-early" "$scratch/ca-clear"
# shellcheck disable=SC2034 # for run
typed=$KEY
# shellcheck disable=SC2086
run 0 online $home "$image" login --api-key-stdin
sound 0 -- --online
says_not "warning "
says_not "failed "

section "doctor: no CA store"
sound 4 --env SSL_CERT_FILE= -- --online
first_failure tls "signed by an untrusted CA" "CAs of Mozilla, in this program" SSL_CERT_FILE

section "doctor: wrong CA, wrong clock"
# server NAME ARGUMENTS...: one more backend.
server() {
    name=$1
    shift
    run 0 docker run --detach --name "$label-$name" --network "$label" --network-alias "$name.test" \
        --user "$(id -u)" --volume "$scratch/ca-$name:/ca" "$label:backend" /ca 0.0.0.0:9300 "$@"
    wait_for "$scratch/ca-$name/url"
}
# Our clock can't be set: a container has its machine's (time_namespaces(7)). So the certificate's is.
server early early.test not-yet-valid
server clear
early="--volume $scratch/ca-early/ca.pem:/early.pem:ro --env SSL_CERT_FILE=/early.pem"
# shellcheck disable=SC2086
sound 4 $early -- --online
first_failure tls "signed by an untrusted CA" "SSL_CERT_FILE=/early.pem"
# shellcheck disable=SC2086
sound 4 $early -- --online --backend-url https://early.test:9300
first_failure tls "not valid before" "this machine's clock says" "set this machine's clock"

section "doctor: wrong name server, one that refuses and one that is silent"
# nameless SERVER: on docker's own bridge, where it puts no server of its own between.
nameless() {
    # shellcheck disable=SC2086
    run 4 docker run --rm $home --dns "$1" "$image" doctor --online --timeout 2 --backend-url https://api.sekuire.test
}
nameless 127.0.0.1
first_failure "name look-up" "api.sekuire.test" "/etc/hosts"
nameless 192.0.2.1
first_failure "name look-up" "timed out while looking up the name" "check the URL and the network"

section "doctor: blocked port, one that refuses and one that is silent"
sound 4 -- --online --backend-url https://backend.test:9
first_failure connection "https://backend.test:9: connection refused"
address=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$label\").IPAddress}}" "$label-backend")
sound 4 --add-host "silent.test:${address%.*}.250" -- --online --timeout 2 --backend-url https://silent.test:9300
first_failure connection "https://silent.test:9300: timed out while connecting"

section "doctor: proxy that refuses to connect, is closed, does not exist"
sound 4 --env HTTPS_PROXY=http://clear.test:9300 -- --online
first_failure tunnel "the proxy refused to connect" "NO_PROXY"
sound 4 --env HTTPS_PROXY=http://clear.test:9 -- --online
first_failure connection "through proxy clear.test:9: connection refused"
sound 4 --env HTTPS_PROXY=http://proxy.invalid:9 -- --online
first_failure "name look-up" "through proxy proxy.invalid:9" "/etc/hosts"

section "doctor: read-only home, no home; a key that is no file's needs none"
doctor 3 --read-only --env HOME=/ -- --online
first_failure configuration "Read-only file system" "SEKUIRE_CONFIG_DIR" "SEKUIRE_API_KEY_FILE"
# shellcheck disable=SC2086
doctor 0 --read-only --env HOME=/ $secret -- --online
warns configuration "Read-only file system" "only a login needs it: the key is SEKUIRE_API_KEY_FILE's"
# runc sets HOME where it is unset, be it to /.
doctor 3 --env HOME=none -- --online
first_failure configuration "absolute" "SEKUIRE_CONFIG_DIR"
# shellcheck disable=SC2086
doctor 0 --env HOME=none $secret -- --online
warns configuration "only a login needs it"

section "doctor: foreign owner"
if [ "$(id -u)" -eq 0 ]; then
    chown -R 4711 "$scratch/sound"
    sound 0 -- --online
    warns configuration "owner uid 4711" "/.sekuire/auth.json belongs to uid 4711"
    sound 3 --user 4712 -- --online
    first_failure configuration "can't read /.sekuire/auth.json" "owner uid 4711, mode 0700; you are uid 4712"
    chown -R 0 "$scratch/sound"
else
    note "skipped: container: a foreign owner needs root"
fi

section "doctor: damaged file"
mkdir -m 700 "$scratch/damaged"
printf '{"api_key": "%s' "$KEY" > "$scratch/damaged/auth.json"
chmod 600 "$scratch/damaged/auth.json"
doctor 3 --volume "$scratch/damaged:/.sekuire" --env HOME=/ -- --online
first_failure configuration "/.sekuire/auth.json is damaged: it is cut short" "sekuire login"

section "doctor: key in two places"
# shellcheck disable=SC2086
sound 0 $secret -- --online
warns key "SEKUIRE_API_KEY_FILE takes precedence over the key in auth.json"

section "doctor: foreign fingerprint"
sound 1 --env SEKUIRE_DEVICE_ID=container-2 -- --online
warns device "belongs to another device" "sekuire login"
first_failure account "not bound to this device" "sekuire login"

section "doctor: http not allowed"
sound 2 -- --online --backend-url http://clear.test:9300
first_failure backend "is not https" "SEKUIRE_ALLOW_HTTP=http://clear.test:9300"
sound 2 --env SEKUIRE_ALLOW_HTTP=http://other.test:9300 -- --online --backend-url http://clear.test:9300
first_failure backend "SEKUIRE_ALLOW_HTTP holds http://other.test:9300"

section "doctor: key refused"
sound 1 --env SEKUIRE_API_KEY=sk_live_revoked-key-of-mine -- --online
first_failure account "refused the API key: Invalid API key" "sekuire login"
says_not "revoked-key"
