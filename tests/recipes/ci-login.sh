#!/bin/sh
# A CI job: the secret store sets AGENT_KEY. printf is built in, so the key is in no process's
# arguments; all runners share one identity, and with it one binding. The folder is this job's alone,
# for jobs may share a home. The traps come first: whatever fails, or ends the job, no key stays on
# the runner. (A shell that a signal ends runs no EXIT trap.)
set -eu
SEKUIRE_CONFIG_DIR=$(mktemp -d)
export SEKUIRE_CONFIG_DIR SEKUIRE_DEVICE_ID="${SEKUIRE_DEVICE_ID:-ci-runners}"
trap 'rm -rf "$SEKUIRE_CONFIG_DIR"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
printf '%s\n' "$AGENT_KEY" | sekuire login --api-key-stdin --wait 60
unset AGENT_KEY
sekuire auth whoami
