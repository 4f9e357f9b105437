#!/bin/sh
# A CI job in which no step ever prints a key, not even traced: the secret store mounts a file, SEKUIRE_API_KEY_FILE
# (GitLab calls it a variable of type file), and the one step that needs the key, "$@", is started with it.
set -eux
export SEKUIRE_API_KEY_FILE SEKUIRE_DEVICE_ID="${SEKUIRE_DEVICE_ID:-ci-runners}"
sekuire status
sekuire auth whoami --quiet --wait 60 || { sekuire doctor --online; exit 1; }
sekuire auth exec -- "$@"
