#!/bin/sh
# wine.sh FILE: the Windows file under wine, against the development backend: in clear, and over TLS with a CA in the
# user's certificate store. Wine 8 has its own mind about revocation (it refuses what it can't look up, where Windows
# goes on), so the certificate names a list, and the list is there.
set -eu
file=$1
wine=/usr/lib/wine/wine64
if [ ! -x "$wine" ]; then
    echo "skipped: wine: $wine is not installed; run: .release/toolchain wine"
    exit 0
fi
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
backend='' front=''
clean_up() {
    # shellcheck disable=SC2086 # a number, or none
    kill $backend $front 2>/dev/null || true
    # It outlives the programs for a while, and writes into its folder.
    "${wine%wine64}wineserver64" -k -w 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
. tests/transcript.sh
export WINEPREFIX="$scratch/prefix" WINEDEBUG=-all
key=sk_live_abc123def456xyz

program=$scratch/sekuire.exe
cp "$file" "$program"
# Wine 8 lacks a library that Rust's std calls; this one, and the program that fills the store, are for the test alone.
x86_64-w64-mingw32-gcc -shared -O2 -s .release/bcryptprimitives.c -o "$scratch/bcryptprimitives.dll" -ladvapi32
x86_64-w64-mingw32-gcc -O2 -s .release/trust.c -o "$scratch/trust.exe" -lcrypt32

mkdir "$scratch/backend"
target/debug/tools-static backend "$scratch/backend" 127.0.0.1:0 &
backend=$!
wait_for "$scratch/backend/url"
clear=$(cat "$scratch/backend/url")

# pki: a CA, a certificate for localhost which names the port $1 for the CA's list of what it revoked, and that list.
pki() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 9 -subj '/CN=Test CA' \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out request.pem -subj /CN=localhost
    printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\ncrlDistributionPoints=URI:http://127.0.0.1:%s/\n' "$1" >leaf.cnf
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 8 -out certificate.pem -extfile leaf.cnf
    # Sent as well: without it, Wine 8 does not get as far as to miss it.
    cat ca.pem >>certificate.pem
    printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=7\n' >ca.cnf
    : >index
    openssl ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -out crl.pem
    openssl crl -in crl.pem -outform der -out crl.der
}
mkfifo "$scratch/end"
: >"$scratch/ports"
python3 tests/static/tls_front.py "$scratch/certificate.pem" "$scratch/key.pem" "${clear##*:}" "$scratch/crl.der" \
    <"$scratch/end" >"$scratch/ports" &
front=$!
exec 8>"$scratch/end"
tries=100
until read -r revocations tls <"$scratch/ports"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ]
    sleep 0.1
done
(cd "$scratch" && pki "$revocations") >"$scratch/pki.log" 2>&1 || { cat "$scratch/pki.log"; exit 1; }

section 'The file'
judge 'it names no folder of this machine' absent "$PWD" "$program"
judge 'nor where the crates lay' absent "${CARGO_HOME:-$HOME/.cargo}" "$program"

section 'In clear, on loopback'
typed=$key
run 0 "$wine" "$program" login --api-key-stdin --backend "$clear"
says 'Login successful!'
run 0 "$wine" "$program" status
says 'Authenticated with API Key'
run 0 "$wine" "$program" auth whoami
says 'Email: dev@example.com'
run 0 "$wine" "$program" logout
says 'Logged out successfully!'
run 1 "$wine" "$program" status
says 'Not logged in'

section 'Over TLS, by a CA that is not in the store'
typed=$key
run 4 "$wine" "$program" login --api-key-stdin --backend "https://localhost:$tls"
complains 'certificate signed by an untrusted CA' "to the system's certificate store"
run 1 "$wine" "$program" status

section "Over TLS, with the CA in the user's store"
run 0 "$wine" "$scratch/trust.exe" "$scratch/ca.pem"
typed=$key
run 0 "$wine" "$program" login --api-key-stdin --backend "https://localhost:$tls"
says 'Login successful!'
run 0 "$wine" "$program" auth whoami
says 'Email: dev@example.com'
typed=$key
run 4 "$wine" "$program" login --api-key-stdin --backend "https://127.0.0.1:$tls"
complains 'the certificate of 127.0.0.1 is for another name'
run 0 "$wine" "$program" logout
finish
