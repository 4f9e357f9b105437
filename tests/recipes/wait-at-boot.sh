#!/bin/sh
# At boot: up to five minutes for the network, the clock and the backend. 1: log in again; 4: still not
# reachable.
sekuire auth whoami --quiet --wait "${BOOT_WAIT:-300}"
case $? in
    0) echo "the backend confirms the key" ;;
    1) echo "the key was refused, or there is none: see sekuire doctor --online" >&2; exit 1 ;;
    *) echo "the backend can't be asked" >&2; exit 4 ;;
esac
