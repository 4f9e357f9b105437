#!/bin/sh
# A site with a backend and a CA of its own: SITE_BACKEND, SITE_WEB, SITE_CA. The key arrives on
# standard input. auth.json remembers the backend; the CA must be named each time, or be in the
# system's store.
set -eu
export SSL_CERT_FILE="$SITE_CA"
sekuire login --api-key-stdin --backend "$SITE_BACKEND" --web-url "$SITE_WEB"
sekuire auth whoami
