#!/bin/sh
# bench.sh [FILE]: `auth whoami` over TLS by FILE (the static x86_64 build) against curl with the same request and CA file, by
# hyperfine. Fails where it takes more than 0.22 of curl's time. `make bench` builds the backend, of which both take the same.
set -eu
cd "$(dirname "$0")/../.."
file=${1:-target/x86_64-unknown-linux-musl/release/sekuire}
key=sk_live_abc123def456xyz
work=$(mktemp -d)
target/release/examples/tools backend "$work" 127.0.0.1:0 localhost &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until [ -e "$work/url" ]; do sleep 0.1; done
url=$(cat "$work/url")

# Nothing of the caller's: no proxy, and no folder of CA certificates, which sekuire alone would read.
clean() { env -i PATH="$PATH" HOME="$work" SSL_CERT_FILE="$work/ca.pem" "$@"; }
echo "$key" | clean "$file" login --api-key-stdin --backend "$url" >/dev/null
fingerprint=$(clean "$file" status --get device.fingerprint)
clean hyperfine --shell=none --warmup 10 --runs 200 --export-json "$work/times" \
    "curl -sS --fail --cacert $work/ca.pem -H 'X-API-Key: $key' -H 'X-Device-Fingerprint: $fingerprint' $url/api/v1/me" \
    "$file auth whoami"
awk '/"median"/ { gsub(/[^0-9.e-]/, "", $2); median[++count] = $2 }
    END { ratio = median[2] / median[1]; print "ratio of medians " ratio ", at most 0.22"; exit !(ratio <= 0.22) }' "$work/times"
