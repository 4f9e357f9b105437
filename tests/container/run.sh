#!/bin/sh
# run.sh [FILE]: the static program in images built FROM scratch, which hold nothing else. BACKEND names
# the development backend, linked statically. Its images, containers and networks are named after this
# process, and gone when it ends.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
file=${1:-${SEKUIRE_BIN:-$root/target/x86_64-unknown-linux-musl/release/sekuire}}
backend=${BACKEND:-$root/target/debug/tools-static}

skip() {
    echo "skipped: container: $*" >&2
    exit 0
}

command -v docker > /dev/null || skip "docker is not installed"
docker info > /dev/null 2>&1 || skip "docker's daemon does not answer"
[ -x "$file" ] || { echo "container: $file is not there; make static" >&2; exit 1; }

scratch=$(mktemp -d)
chmod 755 "$scratch"
label=sekuire-test-$$
image=$label:client
clean() {
    docker ps -aq --filter "name=^$label" | xargs -r docker rm -f > /dev/null
    docker network ls -q --filter "name=^$label" | xargs -r docker network rm > /dev/null
    docker volume ls -q --filter "name=^$label" | xargs -r docker volume rm > /dev/null
    # By name, for the same content may bear another's name, too.
    docker images --format '{{.Repository}}:{{.Tag}}' "$label" | xargs -r docker rmi > /dev/null
    rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

. "$root/tests/transcript.sh"

KEY=sk_live_abc123def456xyz
logged_in='{"api_key": "sk_live_abc123def456xyz", "workspace_id": "ws_abc123"}'

# offline OPTIONS... IMAGE ARGUMENTS...: once, with standard input, on no network unless told.
offline() {
    docker run --rm --interactive --network none "$@"
}

section "The images: one file each, and the recipe's HEALTHCHECK"
mkdir "$scratch/client" "$scratch/server"
cp "$file" "$scratch/client/sekuire"
cp "$root/tests/recipes/Dockerfile" "$scratch/client"
cp "$backend" "$scratch/server/backend"
printf 'FROM scratch\nCOPY backend /backend\nENTRYPOINT ["/backend", "backend"]\n' > "$scratch/server/Dockerfile"
run 0 docker build --quiet --tag "$image" "$scratch/client"
run 0 docker build --quiet --tag "$label:backend" "$scratch/server"
size=$(docker image inspect --format '{{.Size}}' "$image")
note "image size: $size bytes"
judge "the image is as large as the file" [ "$size" -eq "$(stat -c %s "$file")" ]
run 0 docker image inspect --format '{{len .RootFS.Layers}} layer, {{.Config.Healthcheck.Test}}' "$image"
says "1 layer" "[CMD /sekuire status --quiet]"

section "As root, as nobody, read-only, with a home in memory"
for options in "" "--user 65534:65534" "--read-only" "--read-only --user 65534:65534" \
    "--read-only --tmpfs /home:mode=0700 --env HOME=/home"; do
    # shellcheck disable=SC2086
    run 1 offline $options "$image" status
    says "Not logged in" "Run 'sekuire login' to authenticate"
done
run 0 offline "$image" --version
says "sekuire "

section "A secret mounted as a file"
printf '%s\n' "$KEY" > "$scratch/secret"
chmod 444 "$scratch/secret"
for user in 0 65534; do
    run 0 offline --read-only --user "$user" --volume "$scratch/secret:/run/secrets/key:ro" \
        --env SEKUIRE_API_KEY_FILE=/run/secrets/key "$image" status
    says "Authenticated with API Key" "Key: sk_live_abc...xyz"
done

section "A backend in another container, over TLS, with its CA mounted"
mkdir "$scratch/ca"
run 0 docker network create --internal "$label"
run 0 docker run --detach --name "$label-backend" --network "$label" --network-alias backend.test \
    --user "$(id -u)" --volume "$scratch/ca:/ca" "$label:backend" /ca 0.0.0.0:9300 backend.test
wait_for "$scratch/ca/url"
url=$(cat "$scratch/ca/url")
note "$url"

# online OPTIONS... IMAGE ARGUMENTS...: on the backend's network, trusting its CA.
online() {
    docker run --rm --interactive --network "$label" --env "SEKUIRE_BACKEND_URL=$url" \
        --env SSL_CERT_FILE=/ca.pem --volume "$scratch/ca/ca.pem:/ca.pem:ro" \
        --env SEKUIRE_DEVICE_ID=container-1 "$@"
}

# life OPTIONS...: login, status, whoami and logout, each in a container of its own.
life() {
    typed=$KEY
    run 0 online "$@" "$image" login
    says "Login successful! API Key verified and bound to this device."
    run 0 online "$@" "$image" status
    says "Authenticated with API Key" "Workspace: ws_abc123"
    run 0 online "$@" "$image" whoami
    says "Email: dev@example.com" "Organization: Acme Corp"
    run 0 online "$@" "$image" logout
    says "Logged out successfully!"
    run 1 online "$@" "$image" status --quiet
    silent
}
run 0 docker volume create "$label-home"
life --volume "$label-home:/home" --env HOME=/home
mkdir "$scratch/home"
chmod 700 "$scratch/home"
note "
The same as another user, in a folder of the host, read-only otherwise"
# Who may not chown is that user already.
owner=$(id -u)
if [ "$owner" -eq 0 ]; then
    owner=65534
    chown "$owner" "$scratch/home"
fi
life --user "$owner" --read-only --volume "$scratch/home:/home" --env HOME=/home
note "
A home in memory ends with its container: the login works, and nothing stays"
typed=$KEY
run 0 online --read-only --tmpfs /home:mode=0700 --env HOME=/home "$image" login --api-key-stdin
says "Login successful!"

section "auth.json mounted alone"
# The file's mode may differ between user namespaces; its content is what counts.
for options in "" "--read-only"; do
    auth=$scratch/auth.json
    printf '%s\n' "$logged_in" > "$auth"
    chmod 600 "$auth"
    inode=$(stat -c %i "$auth")
    mount="$auth:/.sekuire/auth.json"
    for step in "status|Authenticated with API Key" "logout|Logged out successfully!"; do
        # shellcheck disable=SC2086
        run 0 offline $options --user "$(id -u)" --env HOME=/ --volume "$mount" "$image" "${step%|*}"
        says "${step#*|}"
    done
    judge "it holds an empty object" [ "$(tr -d ' \n' < "$auth")" = '{}' ]
    typed=$KEY
    # shellcheck disable=SC2086
    run 0 online $options --user "$(id -u)" --env HOME=/ --volume "$mount" "$image" login --api-key-stdin
    says "Login successful!"
    judge "it holds the key" grep -qF "\"$KEY\"" "$auth"
    judge "it is 0600 and the same file" [ "$(stat -c '%a %i' "$auth")" = "600 $inode" ]
done
note "
Mounted read-only, a login is refused before the first request"
cp "$auth" "$scratch/before"
typed=$KEY
# The network is none: a request could only end in exit status 4.
run 3 offline --read-only --user "$(id -u)" --env HOME=/ --volume "$mount:ro" \
    --env "SEKUIRE_BACKEND_URL=$url" "$image" login --api-key-stdin
complains "error: " "/.sekuire" "hint: "
judge "it is as it was" cmp -s "$auth" "$scratch/before"
run 0 offline --read-only --user "$(id -u)" --env HOME=/ --volume "$mount:ro" "$image" status
says "Authenticated with API Key"

section "Without any CA store and without SSL_CERT_FILE: Mozilla's roots, not this backend's CA"
run 4 docker run --rm --network "$label" --env "SEKUIRE_API_KEY=$KEY" \
    --env "SEKUIRE_BACKEND_URL=$url" "$image" whoami
complains "CAs of Mozilla, in this program" "hint: " "SSL_CERT_FILE"

section "HEALTHCHECK CMD [\"/sekuire\",\"status\",\"--quiet\"]"
# reaches STATE CONTAINER: within twenty seconds.
reaches() {
    tries=100
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$2")" = "$1" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.2
    done
}
# beats NAME OPTIONS...: a container that stays up, its health asked every second.
beats() {
    name=$label-$1
    shift
    run 0 docker run --detach --interactive --name "$name" --network none --health-interval 1s \
        --health-retries 2 "$@"
}
# Up, for the recipe's own command waits for a backend that is not there.
beats with-key --env "SEKUIRE_API_KEY=$KEY" --env SEKUIRE_BACKEND_URL=http://127.0.0.1:9 "$image"
judge "healthy with a key" reaches healthy "$name"
# Up, for its open standard input says nothing.
beats without-key "$image" login --api-key-stdin
judge "unhealthy without one" reaches unhealthy "$name"

section "Process 1: the kernel gives it no default actions, and what asks it to end ends it at once"
# lives NAME OPTIONS... IMAGE ARGUMENTS...: a container that stays up until it is told to end.
lives() {
    name=$label-$1
    shift
    run 0 docker run --detach --interactive --name "$name" --network none "$@"
    sleep 1
}
# ended STATUS: the container's own, and how long `docker stop` or `docker kill` took, of the 10 s that it allows.
ended() {
    judge "it ends with $1" [ "$(timeout 5 docker wait "$name" || echo 'it goes on')" = "$1" ]
    at_most 3 $(($(date +%s) - started)) "seconds"
}
unreachable="--env SEKUIRE_API_KEY=$KEY --env SEKUIRE_BACKEND_URL=http://127.0.0.1:9"
# shellcheck disable=SC2086 # a list of words
lives stopped-in-a-pause $unreachable "$image" whoami --wait 300
started=$(date +%s)
run 0 docker stop "$name"
ended 143
lives stopped-at-a-pipe --tmpfs /home:mode=0700 --env HOME=/home "$image" login --api-key-stdin
started=$(date +%s)
run 0 docker stop "$name"
ended 143
for signal in INT/130 HUP/129 QUIT/131; do
    # shellcheck disable=SC2086 # a list of words
    lives "killed-by-${signal%/*}" $unreachable "$image" whoami --wait 300
    started=$(date +%s)
    run 0 docker kill --signal "${signal%/*}" "$name"
    ended "${signal#*/}"
done

# at_terminal KEY: pressed at the prompt of a container that has a terminal (script(1)).
at_terminal() {
    name=$label-terminal
    : > "$scratch/screen"
    {
        tries=100
        until grep -qF 'Enter your API Key: ' "$scratch/screen" || [ "$tries" -eq 0 ]; do
            tries=$((tries - 1))
            sleep 0.1
        done
        # shellcheck disable=SC2059 # an escape
        printf "$1"
        date +%s > "$scratch/pressed"
        # The end of what is typed would be typed, too, as Ctrl-D.
        tries=50
        while docker inspect "$name" > /dev/null 2>&1 && [ "$tries" -gt 0 ]; do
            tries=$((tries - 1))
            sleep 0.1
        done
    } | script --quiet --flush --return "$scratch/screen" --command \
        "docker run --interactive --tty --rm --name $name --network none --tmpfs /home:mode=0700 --env HOME=/home $image login"
}
if command -v script > /dev/null; then
    for key in '\003/130' '\034/131'; do
        run "${key#*/}" at_terminal "${key%/*}"
        at_most 3 $(($(date +%s) - $(cat "$scratch/pressed"))) "seconds"
    done
else
    note "skipped: at a terminal: script(1) is not installed"
fi

section "The agent that is given its key and becomes process 1 (Dockerfile.exec)"
mkdir "$scratch/agent"
cp "$file" "$scratch/agent/sekuire"
cp "$root/tests/recipes/Dockerfile.exec" "$scratch/agent/Dockerfile"
run 0 cc -O -static -Wall -Wextra -Werror -o "$scratch/agent/agent" "$root/tests/boot/agent.c"
run 0 docker build --quiet --tag "$label:agent" "$scratch/agent"
lives agent --volume "$scratch/secret:/run/secrets/sekuire:ro" --env "SEKUIRE_BACKEND_URL=$url" "$label:agent"
run 0 docker logs "$name"
says "agent: started as process 1 with a key of ${#KEY} characters, for $url"
run 0 docker top "$name" -o pid,args
judge "it runs the agent alone" [ "$(sed 1d "$scratch/out" | awk '{$1 = ""; print}')" = " /agent" ]
started=$(date +%s)
run 0 docker stop "$name"
# The agent's own: killed, or ended by sekuire, it would be 137 or 143.
ended 0
run 0 docker inspect "$name"
says_not "${KEY#sk_live_}"
note "
Without the secret, and with an empty one"
run 3 offline "$label:agent"
complains "/run/secrets/sekuire" "hint: "
: > "$scratch/empty"
run 2 offline --volume "$scratch/empty:/run/secrets/sekuire:ro" "$label:agent"
complains "SEKUIRE_API_KEY_FILE"

. "$root/tests/container/doctor.sh"

finish
