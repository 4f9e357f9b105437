#!/bin/sh
# tls.sh [FILE [RUNNER]]: the static program against openssl's server with every kind of key, group and cipher suite that it
# offers. RUNNER, such as qemu-aarch64-static, runs a file of another processor.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
file=$(realpath "${1:-target/x86_64-unknown-linux-musl/release/sekuire}") runner=${2-}
# shellcheck disable=SC2086 # a name, or none
needs openssl $runner
cd "$scratch"

# certificate NAME ALGORITHM OPTIONS OF openssl req: by itself, with its key.
certificate() {
    name=$1
    shift
    openssl req -x509 -nodes -keyout "$name.key" -out "$name.pem" -subj "/CN=$name" -newkey "$@" 2>/dev/null
}
# leaf NAME CA ALGORITHM OPTIONS: by this CA, for localhost.
leaf() {
    name=$1 ca=$2
    shift 2
    certificate "$name" "$@" -CA "$ca.pem" -CAkey "$ca.key" -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE
}
certificate ca-rsa rsa:2048
certificate ca-p256 ec -pkeyopt ec_paramgen_curve:P-256
leaf p256 ca-rsa ec -pkeyopt ec_paramgen_curve:P-256
leaf p256-by-p256 ca-p256 ec -pkeyopt ec_paramgen_curve:P-256
leaf p384 ca-rsa ec -pkeyopt ec_paramgen_curve:P-384
leaf rsa ca-rsa rsa:2048
leaf ed25519 ca-rsa ed25519
cat ca-rsa.pem ca-p256.pem >cas.pem
# What the server sends, whole.
mkdir -p api/v1
printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}' >api/v1/me

# answers KEY OPTIONS OF openssl s_server: one request to one server, on a free port, which it prints.
answers() {
    rm -f log
    # shellcheck disable=SC2086 # a list of words
    openssl s_server -HTTP -naccept 1 -accept 127.0.0.1:0 -cert "$1.pem" -key "$1.key" $2 >log 2>&1 &
    backend=$!
    wait_for log
    until port=$(grep -o '^ACCEPT.*[0-9]$' log); do
        kill -0 "$backend" || return
        sleep 0.02
    done
    # shellcheck disable=SC2086 # RUNNER may be empty
    SEKUIRE_API_KEY=sk_test_abc SSL_CERT_FILE=cas.pem HOME=$scratch $runner "$file" whoami --quiet \
        --backend-url "https://localhost:${port##*:}"
}
try() {
    judge "$*" answers "$@"
    kill "$backend" 2>/dev/null || :
}

for key in p256 p256-by-p256 p384 rsa ed25519; do
    for group in X25519 P-256 P-384; do
        try $key "-groups $group -tls1_3"
        try $key "-groups $group -tls1_2"
    done
done
for suite in TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256 TLS_CHACHA20_POLY1305_SHA256; do
    try p256 "-tls1_3 -ciphersuites $suite"
done
for suite in AES256-GCM-SHA384 AES128-GCM-SHA256 CHACHA20-POLY1305; do
    try rsa "-tls1_2 -cipher ECDHE-RSA-$suite"
    try p256 "-tls1_2 -cipher ECDHE-ECDSA-$suite"
done
finish
