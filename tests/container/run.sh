#!/bin/sh
# run.sh [FILE]: the static program in images built FROM scratch, which hold nothing else. BACKEND names the development
# backend, linked statically. Its images, containers and networks are named after this process, and gone when it ends.
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

# offline OPTIONS... IMAGE ARGUMENTS...: once, with standard input, on no network.
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
judge "the image is as large as the file" \
    [ "$(docker image inspect --format '{{.Size}}' "$image")" -eq "$(stat -c %s "$file")" ]
run 0 docker image inspect --format '{{len .RootFS.Layers}} layer, {{.Config.Healthcheck.Test}}' "$image"
says "1 layer" "[CMD /sekuire status --quiet]"

section "Read-only, as nobody: logged out, and with a secret mounted as a file"
run 1 offline --read-only --user 65534 "$image" status
says "Not logged in" "Run 'sekuire login' to authenticate"
printf '%s\n' "$KEY" > "$scratch/secret"
chmod 444 "$scratch/secret"
run 0 offline --read-only --user 65534 --volume "$scratch/secret:/run/secrets/key:ro" \
    --env SEKUIRE_API_KEY_FILE=/run/secrets/key "$image" status
says "Authenticated with API Key" "Key: sk_live_abc...xyz"

section "A backend in another container, over TLS, with its CA mounted"
mkdir "$scratch/ca"
run 0 docker network create --internal "$label"
run 0 docker run --detach --name "$label-backend" --network "$label" --network-alias backend.test \
    --user "$(id -u)" --volume "$scratch/ca:/ca" "$label:backend" /ca 0.0.0.0:9300 backend.test
wait_for "$scratch/ca/url"
url=$(cat "$scratch/ca/url")

# online OPTIONS... IMAGE ARGUMENTS...: on the backend's network, trusting its CA.
online() {
    docker run --rm --interactive --network "$label" --env "SEKUIRE_BACKEND_URL=$url" \
        --env SSL_CERT_FILE=/ca.pem --volume "$scratch/ca/ca.pem:/ca.pem:ro" \
        --env SEKUIRE_DEVICE_ID=container-1 "$@"
}

# life OPTIONS...: login, status, doctor, whoami and logout, each in a container of its own.
life() {
    typed=$KEY
    run 0 online "$@" "$image" login
    says "Login successful! API Key verified and bound to this device."
    run 0 online "$@" "$image" status
    says "Authenticated with API Key" "Workspace: ws_abc123"
    run 0 online "$@" "$image" doctor --online
    run 0 online "$@" "$image" whoami
    says "Email: dev@example.com" "Organization: Acme Corp"
    run 0 online "$@" "$image" logout
    says "Logged out successfully!"
    run 1 online "$@" "$image" status --quiet
    silent
}
run 0 docker volume create "$label-home"
life --volume "$label-home:/home" --env HOME=/home
note "
The same as another user, in a folder of the host, read-only otherwise"
mkdir -m 700 "$scratch/home"
# Who may not chown is that user already.
owner=$(id -u)
[ "$owner" -ne 0 ] || { owner=65534 && chown "$owner" "$scratch/home"; }
life --user "$owner" --read-only --volume "$scratch/home:/home" --env HOME=/home

section "HEALTHCHECK CMD [\"/sekuire\",\"status\",\"--quiet\"]"
# reaches STATE: within twenty seconds.
reaches() {
    tries=100
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" = "$1" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.2
    done
}
# lives NAME OPTIONS... IMAGE ARGUMENTS...: a container that stays up until it is told to end.
lives() {
    name=$label-$1
    shift
    run 0 docker run --detach --interactive --name "$name" --network none --health-interval 1s --health-retries 2 "$@"
}
unreachable="--env SEKUIRE_API_KEY=$KEY --env SEKUIRE_BACKEND_URL=http://127.0.0.1:9"
# Up, for the recipe's own command waits for a backend that is not there.
# shellcheck disable=SC2086 # a list of words
lives with-key $unreachable "$image"
judge "healthy with a key" reaches healthy
# Up, for its open standard input says nothing.
lives without-key --tmpfs /home:mode=0700 --env HOME=/home "$image" login --api-key-stdin
judge "unhealthy without one" reaches unhealthy

section "Process 1: the kernel gives it no default actions, and what asks it to end ends it at once"
# ends STATUS COMMAND...: within 3 of the 10 s that docker allows.
ends() {
    code=$1
    shift
    started=$(date +%s)
    run 0 docker "$@" "$name"
    judge "it ends with $code" [ "$(timeout 5 docker wait "$name" || echo 'it goes on')" = "$code" ]
    at_most 3 $(($(date +%s) - started)) "seconds"
}
ends 143 stop
for signal in TERM/143 INT/130 HUP/129 QUIT/131; do
    # shellcheck disable=SC2086 # a list of words
    lives "killed-by-${signal%/*}" $unreachable "$image" whoami --wait 300
    sleep 1
    ends "${signal#*/}" kill --signal "${signal%/*}"
done

section "The agent that is given its key and becomes process 1 (Dockerfile.exec)"
mkdir "$scratch/agent"
cp "$file" "$scratch/agent/sekuire"
cp "$root/tests/recipes/Dockerfile.exec" "$scratch/agent/Dockerfile"
run 0 cc -O -static -Wall -Wextra -Werror -o "$scratch/agent/agent" "$root/tests/boot/agent.c"
run 0 docker build --quiet --tag "$label:agent" "$scratch/agent"
lives agent --volume "$scratch/secret:/run/secrets/sekuire:ro" --env "SEKUIRE_BACKEND_URL=$url" "$label:agent"
sleep 1
run 0 docker logs "$name"
says "agent: started as process 1 with a key of ${#KEY} characters, for $url"
run 0 docker top "$name" -o pid,args
judge "it runs the agent alone" [ "$(sed 1d "$scratch/out" | awk '{$1 = ""; print}')" = " /agent" ]
run 0 docker inspect "$name"
says_not "${KEY#sk_live_}"
# The agent's own: killed, or ended by sekuire, it would be 137 or 143.
ends 0 stop
run 3 offline "$label:agent"
complains "/run/secrets/sekuire" "hint: "

finish
