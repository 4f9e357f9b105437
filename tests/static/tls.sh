#!/bin/sh
# tls.sh FILE [RUNNER]: FILE against openssl's server with every kind of key, group and cipher suite that it offers.
# RUNNER runs a file of another processor.
set -eu
file=$1 runner=${2-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

authority() { # NAME OPTIONS
    name=$1
    shift
    openssl req -x509 "$@" -nodes -keyout "$work/$name.key" -out "$work/$name.pem" -days 30 -subj "/CN=$name" \
        -addext basicConstraints=critical,CA:TRUE 2>/dev/null
}

leaf() { # NAME AUTHORITY OPTIONS
    name=$1 by=$2
    shift 2
    openssl req "$@" -nodes -keyout "$work/$name.key" -out "$work/$name.csr" -subj /CN=localhost 2>/dev/null
    echo subjectAltName=DNS:localhost >"$work/names"
    openssl x509 -req -in "$work/$name.csr" -CA "$work/$by.pem" -CAkey "$work/$by.key" -CAcreateserial -days 20 \
        -out "$work/$name.pem" -extfile "$work/names" 2>/dev/null
}

authority ca-rsa -newkey rsa:2048
authority ca-p256 -newkey ec -pkeyopt ec_paramgen_curve:P-256
leaf p256 ca-rsa -newkey ec -pkeyopt ec_paramgen_curve:P-256
leaf p256-by-p256 ca-p256 -newkey ec -pkeyopt ec_paramgen_curve:P-256
leaf p384 ca-rsa -newkey ec -pkeyopt ec_paramgen_curve:P-384
leaf rsa ca-rsa -newkey rsa:2048
leaf ed25519 ca-rsa -newkey ed25519
cat "$work/ca-rsa.pem" "$work/ca-p256.pem" >"$work/cas.pem"

# One request to one server on a free port, which it prints.
try() { # KEY OPTIONS OF openssl s_server
    key=$1
    shift
    mkfifo "$work/answer"
    openssl s_server -naccept 1 -accept 127.0.0.1:0 -cert "$work/$key.pem" -key "$work/$key.key" "$@" \
        <"$work/answer" >"$work/log" 2>&1 &
    server=$!
    exec 8>"$work/answer"
    port='' waited=0
    until [ -n "$port" ] || [ "$waited" -ge 500 ]; do
        sleep 0.02
        port=$(sed -n 's/^ACCEPT.*:\([0-9][0-9]*\)$/\1/p' "$work/log")
        waited=$((waited + 1))
    done
    printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}' >&8
    # shellcheck disable=SC2086 # RUNNER may be empty
    if SEKUIRE_API_KEY=sk_test_abc SSL_CERT_FILE="$work/cas.pem" HOME="$work" \
        $runner "$file" whoami --quiet --backend-url "https://localhost:$port" 2>"$work/error"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $key $*: $(cat "$work/error")"
    fi
    exec 8>&-
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm "$work/answer"
}

for key in p256 p256-by-p256 p384 rsa ed25519; do
    for group in X25519 P-256 P-384; do
        try "$key" -groups "$group" -tls1_3
        try "$key" -groups "$group" -tls1_2
    done
done
for suite in TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256 TLS_CHACHA20_POLY1305_SHA256; do
    try p256 -tls1_3 -ciphersuites "$suite"
done
for suite in AES256-GCM-SHA384 AES128-GCM-SHA256 CHACHA20-POLY1305; do
    try rsa -tls1_2 -cipher "ECDHE-RSA-$suite"
    try p256 -tls1_2 -cipher "ECDHE-ECDSA-$suite"
done
echo "TLS with $file: $passed passed, $failed failed"
[ "$failed" = 0 ]
