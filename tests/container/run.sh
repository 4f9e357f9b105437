#!/bin/sh
# run.sh [FILE]: the static program in images built FROM scratch, which hold nothing else. Its images, containers and
# networks are named after this process, and gone when it ends.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
file=${1:-target/x86_64-unknown-linux-musl/release/sekuire}
needs docker
docker info >/dev/null 2>&1 || skip "docker's daemon does not answer"

label=sekuire-test-$$
image=$label:client
undo() {
    docker ps -aq --filter "name=^$label" | xargs -r docker rm -f >/dev/null
    docker network ls -q --filter "name=^$label" | xargs -r docker network rm >/dev/null
    docker volume ls -q --filter "name=^$label" | xargs -r docker volume rm >/dev/null
    # By name, for the same content may bear another's name, too.
    docker images --format '{{.Repository}}:{{.Tag}}' "$label" | xargs -r docker rmi >/dev/null
}

section "The images: one file each, and the recipe's HEALTHCHECK"
mkdir "$scratch/client" "$scratch/server" "$scratch/agent"
cp "$file" "$scratch/client/sekuire"
cp tests/recipes/Dockerfile "$scratch/client"
cp target/debug/tools-static "$scratch/server/backend"
printf 'FROM scratch\nCOPY backend /backend\nENTRYPOINT ["/backend", "backend"]\n' >"$scratch/server/Dockerfile"
cp "$file" "$scratch/agent/sekuire"
cp tests/recipes/Dockerfile.exec "$scratch/agent/Dockerfile"
cc -O -static -Wall -Wextra -Werror -o "$scratch/agent/agent" tests/boot/agent.c
for what in client server agent; do
    run 0 docker build --quiet --tag "$label:$what" "$scratch/$what"
done
run 0 docker image inspect --format '{{len .RootFS.Layers}} layer of {{.Size}}, {{.Config.Healthcheck.Test}}' "$image"
says "1 layer of $(stat -c %s "$file")" '[CMD /sekuire status --quiet]'

section 'Read-only, as nobody, on no network: a secret mounted as a file'
echo "$KEY" >"$scratch/secret"
chmod 444 "$scratch/secret"
run 0 docker run --rm --network none --read-only --user 65534 --volume "$scratch/secret:/run/secrets/key:ro" \
    --env SEKUIRE_API_KEY_FILE=/run/secrets/key "$image" status
says 'Authenticated with API Key' 'Key: sk_live_abc...xyz'

section 'A backend in another container, over TLS, with its CA mounted'
mkdir "$scratch/ca"
run 0 docker network create --internal "$label"
run 0 docker run --detach --name "$label-backend" --network "$label" --network-alias backend.test \
    --user "$(id -u)" --volume "$scratch/ca:/ca" "$label:server" /ca 0.0.0.0:9300 backend.test
wait_for "$scratch/ca/url"
url=$(cat "$scratch/ca/url")

# online OPTIONS... IMAGE ARGUMENTS...: on the backend's network, trusting its CA.
online() {
    docker run --rm --interactive --network "$label" --env "SEKUIRE_BACKEND_URL=$url" --env SEKUIRE_DEVICE_ID=container-1 \
        --env SSL_CERT_FILE=/ca.pem --volume "$scratch/ca/ca.pem:/ca.pem:ro" --env HOME=/home "$@"
}
life online --volume "$label-home:/home" "$image"
section 'The same as another user, in a folder of the host, read-only otherwise'
mkdir -m 700 "$scratch/home"
# Who may not chown is that user already.
owner=$(id -u)
[ "$owner" -ne 0 ] || { owner=65534 && chown "$owner" "$scratch/home"; }
life online --user "$owner" --read-only --volume "$scratch/home:/home" "$image"

section 'HEALTHCHECK CMD ["/sekuire","status","--quiet"]'
# stays_up NAME OPTIONS... IMAGE ARGUMENTS...: until it is told to end.
stays_up() {
    name=$label-$1
    shift
    run 0 docker run --detach --interactive --name "$name" --network none --health-interval 1s --health-retries 2 "$@"
}
# reaches STATE: within twenty seconds.
reaches() {
    # shellcheck disable=SC2016 # for the inner shell
    timeout 20 sh -c 'until [ "$(docker inspect --format "{{.State.Health.Status}}" "$0")" = "$1" ]; do sleep 0.2; done' \
        "$name" "$1"
}
unreachable="--env SEKUIRE_API_KEY=$KEY --env SEKUIRE_BACKEND_URL=http://127.0.0.1:9"
# The recipe's own command waits for a backend that is not there.
# shellcheck disable=SC2086 # a list of words
stays_up with-key $unreachable "$image"
judge 'healthy with a key' reaches healthy
# Its open standard input says nothing.
stays_up without-key --tmpfs /home:mode=0700 --env HOME=/home "$image" login --api-key-stdin
judge 'unhealthy without one' reaches unhealthy

section 'Process 1: the kernel gives it no default actions, and what asks it to end ends it at once'
# ends STATUS COMMAND...: within 3 of the 10 s that docker allows.
ends() {
    code=$1
    shift
    started=$(date +%s)
    run 0 docker "$@" "$name"
    judge "it ends with $code" [ "$(timeout 5 docker wait "$name" || echo 'it goes on')" = "$code" ]
    at_most 3 $(($(date +%s) - started)) seconds
}
ends 143 stop
for signal in TERM/143 INT/130 HUP/129 QUIT/131; do
    # shellcheck disable=SC2086 # a list of words
    stays_up "killed-by-${signal%/*}" $unreachable "$image" whoami --wait 300
    sleep 1
    ends "${signal#*/}" kill --signal "${signal%/*}"
done

section 'The agent that is given its key and becomes process 1 (Dockerfile.exec)'
stays_up agent --volume "$scratch/secret:/run/secrets/sekuire:ro" --env "SEKUIRE_BACKEND_URL=$url" "$label:agent"
sleep 1
run 0 docker logs "$name"
says "agent: started as process 1 with a key of ${#KEY} characters, for $url"
run 0 docker top "$name" -o pid,args
judge 'it runs the agent alone' [ "$(sed 1d "$scratch/out" | awk '{$1 = ""; print}')" = ' /agent' ]
run 0 docker inspect "$name"
hides "${KEY#sk_live_}"
# The agent's own: killed, or ended by sekuire, it would be 137 or 143.
ends 0 stop
finish
