#!/bin/sh
# A CI job: the secret store sets AGENT_KEY. printf is built in, so the key is in no process's
# arguments; all runners share one identity, and with it one binding.
set -eu
export SEKUIRE_DEVICE_ID="${SEKUIRE_DEVICE_ID:-ci-runners}"
printf '%s\n' "$AGENT_KEY" | sekuire login --api-key-stdin --wait 60
unset AGENT_KEY
sekuire auth whoami
trap 'sekuire logout' EXIT
