#!/bin/sh
# installer.sh: .release/install.sh with the system's tools and curl, with wget, and with busybox alone; it must install,
# or say why not and leave nothing. The program in the archives is a script: what is inside is the smoke tests' matter.
# Needs busybox, curl, minisign, openssl, python3 and wget.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
for tool in busybox curl minisign openssl python3 wget; do
    command -v "$tool" >/dev/null || { echo "skipped: installer: $tool is not installed" >&2; exit 0; }
done
scratch=$(mktemp -d)
chmod 755 "$scratch"
server=
trap 'kill $server 2>/dev/null || :; rm -rf "$scratch"' EXIT
# shellcheck source=tests/transcript.sh
. "$root/tests/transcript.sh"

release=$scratch/release to=$scratch/to home=$scratch/home temporary=$scratch/temporary
mkdir -m 1777 "$temporary"
installer=$release/install.sh
name=sekuire-linux-amd64 archive=sekuire-linux-amd64.tar.gz
path=

# program WORDS NAME: a program that says these words.
program() {
    mkdir -p "$scratch/program"
    printf '#!/bin/sh\necho "%s"\n' "$1" >"$scratch/program/$2"
    chmod 755 "$scratch/program/$2"
}

# pack MEMBER...: they are the archive of the first one's name.
pack() {
    tar -C "$scratch/program" -czf "$release/$1.tar.gz" "$@"
    list_sums
}

list_sums() {
    (cd "$release" && sha256sum ./*.tar.gz | sed 's,\./,,' >SHA256SUMS)
}

sign() {
    minisign -S -s "$scratch/$1.key" -t "sekuire 0.0.1" -m "$release/SHA256SUMS" >/dev/null
}

# Everything that a case may have changed is as it was.
fresh() {
    rm -rf "$release" "$to" "$home" "$scratch/program"
    mkdir -p "$release" "$to" "$home"
    cp "$root/.release/install.sh" "$installer"
    for processor in amd64 arm64 armv7 riscv64; do
        program "sekuire 0.0.1 for $processor" "sekuire-linux-$processor"
        pack "sekuire-linux-$processor"
    done
    sign ours
}

# tools FOLDER BUSYBOX DOWNLOADER: the tools that the installer names, and no others, are PATH from here on.
tools() {
    tools=$scratch/$1
    busybox=$2
    mkdir "$tools"
    for tool in awk cat chmod dirname find gzip head id mkdir mktemp mv rm sha256sum tar wc "$3"; do
        ln -s "$(command -v "${busybox:-$tool}")" "$tools/$tool"
    done
    ln -s "$(command -v minisign)" "$tools/minisign"
    machine x86_64
}

# machine PROCESSOR [SYSTEM]: what uname says.
machine() {
    # shellcheck disable=SC2016 # $1 is uname's
    printf '#!/bin/sh\n[ "$1" = -s ] && echo %s || echo %s\n' "${2:-Linux}" "$1" >"$tools/uname"
    chmod 755 "$tools/uname"
}

# install [ARGUMENT]...
install() {
    # shellcheck disable=SC2086 # two words for busybox
    env -i HOME="$home" PATH="$tools${path:+:$path}" TMPDIR="$temporary" $shell "$installer" --to "$to" "$@"
}

# The same by a shell that reads it from a pipe, in the release's folder.
piped() {
    # shellcheck disable=SC2086 # two words for busybox
    (cd "$release" && env -i HOME="$home" PATH="$tools" TMPDIR="$temporary" $shell -s -- --to "$to" "$@" <"$installer")
}

files() {
    find "$1" ! -type d | sort
}

# refuses STATUS WORDS [ARGUMENT]...: nothing is installed, nothing is left, and it says why.
refuses() {
    status=$1 words=$2
    shift 2
    files "$to" >"$scratch/before"
    run "$status" "${way:-install}" "$@"
    complains "error: $words" 'nothing was installed'
    files "$to" >"$scratch/after"
    judge 'nothing was installed' cmp "$scratch/before" "$scratch/after"
    judge 'nothing is left in TMPDIR' [ -z "$(ls -A "$temporary")" ]
}

# serve [PART [CERTIFICATE [URL]]]: the release over HTTP, in `url`. PART is a number of bytes, where each file ends early,
# or the name of a file that never ends. Over TLS with this certificate and its key, if one is named; redirected to URL.
serve() {
    kill $server 2>/dev/null || :
    rm -f "$scratch/url"
    python3 - "$release" "${1:-}" "${2:-}" "${3:-}" >"$scratch/url" <<'PYTHON' 2>/dev/null &
import functools, http.server, ssl, sys
folder, part, certificate, redirect = sys.argv[1:]
class Handler(http.server.SimpleHTTPRequestHandler):
    def endless(self):
        return self.path.endswith("/" + part)
    def send_head(self):
        if not redirect:
            return super().send_head()
        self.send_response(302)
        self.send_header("Location", redirect + self.path)
        self.end_headers()
    def send_header(self, name, value):
        if name != "Content-Length" or not self.endless():
            super().send_header(name, value)
    def copyfile(self, source, output):
        while self.endless():
            output.write(bytes(1 << 16))
        output.write(source.read(int(part) if part.isdigit() else -1))
server = http.server.HTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")  # What busybox' wget speaks is old.
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
PYTHON
    server=$!
    until [ -s "$scratch/url" ]; do sleep 0.05; done
    url=$(cat "$scratch/url")
}

installs() {
    section "$1: it installs"
    fresh
    run 0 install
    says "installed: $to/sekuire, sekuire 0.0.1" "note: $to is not in PATH"
    judge 'its mode is 0755' [ "$(stat -c %a "$to/sekuire")" = 755 ]
    judge 'and nothing else' [ "$(files "$to")" = "$to/sekuire" ]
    ln "$to/sekuire" "$scratch/running"
    run 0 install --from "$release" --public-key "$public"
    says 'signed: sekuire 0.0.1'
    judge 'by a rename: the old file is whole' cmp "$scratch/running" "$to/sekuire"
    judge 'and another file' [ ! "$scratch/running" -ef "$to/sekuire" ]
    rm "$scratch/running"
    serve
    run 0 install --from "$url/" --public-key "$public"
    mkdir -p "$scratch/cargo"
    program 'sekuire 0.0.1' sekuire && mv "$scratch/program/sekuire" "$scratch/cargo"
    path=$scratch/cargo:$to
    run 0 install
    says "note: $scratch/cargo/sekuire comes first in PATH, before $to/sekuire"
    path=
    umask 077
    run 0 install --to "$to/a b/c" --public-key "$scratch/ours.pub"
    umask 022
    judge 'the folders that it makes are for everybody' [ "$(stat -c %a "$to/a b" "$to/a b/c" | sort -u)" = 755 ]

    section "$1: one archive with its sum beside it"
    fresh && rm "$release/SHA256SUMS"
    (cd "$release" && sha256sum "$archive" >"$archive.sha256")
    run 0 install --from "$release/$archive"
    refuses 1 "can't get SHA256SUMS from $release" --from "$release/$archive" --public-key "$public"
    refuses 1 "this machine needs $archive, not sekuire-linux-mips.tar.gz" --from "$scratch/sekuire-linux-mips.tar.gz"
}

# What uname says; busybox' shell has one of its own.
picks_its_archive() {
    section 'The archive for each processor'
    fresh
    for pair in x86_64:amd64 aarch64:arm64 armv7l:armv7 armv8l:armv7 riscv64:riscv64; do
        machine "${pair%:*}"
        run 0 install
        judge "it is ${pair#*:}'s" [ "$("$to/sekuire")" = "sekuire 0.0.1 for ${pair#*:}" ]
    done
    machine armv6l
    refuses 1 "there is no archive for Linux on armv6l"
    machine arm64 Darwin
    refuses 1 "there is no archive for Darwin on arm64"
    machine x86_64
}

# installed WORDS: what the program there says.
installed() {
    program "$1" sekuire && mv "$scratch/program/sekuire" "$to"
}

refuses_downgrades() {
    section "$1: an older release than the program there"
    fresh && program 'sekuire 0.9.1' $name && pack $name
    installed 'sekuire 0.10.0'
    refuses 1 "$to/sekuire is 0.10.0 and this release is older, 0.9.1; --downgrade installs it"
    run 0 install --downgrade
    for words in 'sekuire 0.9.1' 'sekuire next' ''; do
        installed "$words"
        run 0 install
    done
}

refuses_archives() {
    section "$1: an archive that is not the one of SHA256SUMS"
    fresh && rm "$release/SHA256SUMS"
    refuses 1 "can't get SHA256SUMS from $release"
    fresh && sed -i '/amd64/d' "$release/SHA256SUMS"
    refuses 1 "SHA256SUMS has no sum for $archive"
    fresh && sed -i '/amd64/{p;s/^......../00000000/}' "$release/SHA256SUMS"
    refuses 1 "$archive is damaged or was replaced"
    fresh && echo >>"$release/$archive"
    refuses 1 "$archive is damaged or was replaced"
    fresh && rm "$release/$archive"
    refuses 1 "can't get $archive from $release"

    section "$1: an archive with the right sum that holds something else"
    fresh && program other other && pack $name other
    refuses 1 "$archive holds something else than $name"
    fresh && ln -sf "$root/LICENSE" "$scratch/program/$name" && pack $name
    refuses 1 ""
    fresh && truncate -s 100 "$release/$archive" && list_sums
    refuses 1 "$archive can't be"
    fresh && printf 'no program' >"$scratch/program/$name" && pack $name
    refuses 1 "the program does not run on this machine"
}

refuses_signatures() {
    section "$1: a signature is wanted"
    fresh && rm "$release/SHA256SUMS.minisig"
    refuses 1 "can't get SHA256SUMS.minisig from $release" --public-key "$public"
    fresh && program changed $name && pack $name
    refuses 1 "SHA256SUMS is not signed by this key" --public-key "$public"
    # A key's text is no path, whatever lies in the folder. It may have slashes.
    fresh && sign another
    mkdir -p "$(dirname "$release/$public")" && cp "$scratch/another.pub" "$release/$public"
    cd "$release"
    refuses 1 "SHA256SUMS is not signed by this key" --public-key "$public"
    cd "$root"
    refuses 2 "--public-key: $scratch/no.pub is neither a key (RW...) nor a file" --public-key "$scratch/no.pub"
    rm "$tools/minisign"
    refuses 1 "--public-key needs minisign, which is not installed" --public-key "$public"
    ln -s "$(command -v minisign)" "$tools/minisign"
}

refuses_the_rest() {
    section "$1: arguments and folders"
    fresh
    refuses 2 "unknown argument --prefix" --prefix "$to"
    refuses 2 "--public-key needs a value" --public-key --downgrade
    refuses 2 "--from needs a value" --from ''
    way=piped
    refuses 2 "--from is needed: this script is in no folder of a release"
    way=
    run 0 piped --from "$release"
    rm "$to/sekuire"
    refuses 1 "$installer/bin can't be made" --to "$installer/bin"
    mkdir "$to/sekuire"
    refuses 1 "$to/sekuire is a folder"
}

refuses_network() {
    section "$1: over the network"
    fresh && serve
    refuses 1 "$url: whoever is on the way can replace the files" --from "$url"
    rm "$release/$archive"
    refuses 1 "can't get $archive from $url" --from "$url" --public-key "$public"
    # Whoever is on the way, with a certificate of their own. busybox' wget takes it.
    fresh && serve '' "$scratch/stranger.pem"
    if [ -n "$busybox" ]; then
        refuses 1 "$url: whoever is on the way can replace the files" --from "$url"
        run 0 install --from "$url" --public-key "$public"
    else
        refuses 1 "can't get SHA256SUMS from $url" --from "$url"
        redirects
    fi
    fresh && serve 50
    refuses 1 "" --from "$url" --public-key "$public"
    fresh && serve "$archive"
    refuses 1 "$archive of $url is larger than" --from "$url" --public-key "$public"
}

# From a server whose certificate is trusted to one that anybody can be: not without a key.
redirects() {
    echo "cacert = $scratch/stranger.pem" >"$home/.curlrc"
    echo "ca_certificate = $scratch/stranger.pem" >"$home/.wgetrc"
    run 0 install --from "$url"
    rm "$to/sekuire"
    serve
    clear=$server
    server=
    serve '' "$scratch/stranger.pem" "$url"
    refuses 1 "can't get SHA256SUMS from $url" --from "$url"
    kill "$clear"
}

# A disk that becomes full while the program is written.
refuses_full_disk() {
    section "A full disk"
    fresh && head -c 300000 /dev/urandom >>"$scratch/program/$name" && pack $name
    # shellcheck disable=SC2016,SC2086 # $0 and "$@" are for the inner shell
    run 1 unshare --mount sh -c 'mount -t tmpfs -o size=64k none "$0"; "$@"; status=$?; ls -A "$0"; exit $status' "$to" \
        env -i HOME="$home" PATH="$tools" TMPDIR="$temporary" $shell "$installer" --to "$to"
    complains "error: $archive can't be unpacked to $to" 'nothing was installed'
    judge 'nothing is left there' [ ! -s "$scratch/out" ]
}

# shellcheck disable=SC2086 # $shell is one word or two
as_nobody() {
    setpriv --reuid=nobody --regid=nogroup --clear-groups \
        env -i ${home:+HOME="$home"} PATH="$tools" TMPDIR="$temporary" $shell "$installer" "$@"
}

other_users() {
    section "An ordinary user, without arguments"
    fresh && chown nobody "$home"
    run 0 as_nobody
    says "installed: $home/.local/bin/sekuire"
    judge 'the home holds the program alone' [ "$(files "$home")" = "$home/.local/bin/sekuire" ]
    run 1 as_nobody --to "$to"
    complains "error: $to can't be written" 'nothing was installed'
    judge 'nothing is left in TMPDIR' [ -z "$(ls -A "$temporary")" ]

    section "Root, and what belongs to another user, who can exchange it"
    fresh && chown nobody "$to"
    refuses 1 "$to belongs to another user, who can exchange what root writes there; install as that user"
    fresh
    # shellcheck disable=SC2016 # $0 is the program's
    printf '#!/bin/sh\n: >"${0%%/*}/ran"\n' >"$to/sekuire"
    chmod 755 "$to/sekuire"
    chown nobody "$to/sekuire"
    run 0 install
    judge 'the program of another user was not run' [ ! -e "$to/ran" ]
}

# A server that does not answer, and somebody who does not want to wait (Ctrl-C is for the whole group, too).
breaks_off() {
    section 'Broken off'
    fresh && serve
    kill -STOP "$server"
    # shellcheck disable=SC2086 # $shell is one word or two
    setsid env -i HOME="$home" PATH="$tools" TMPDIR="$temporary" $shell "$installer" \
        --from "$url" --to "$to" --public-key "$public" &
    until [ -n "$(ls -A "$temporary")" ]; do sleep 0.05; done
    kill -- "-$!"
    status=0
    wait "$!" || status=$?
    kill -CONT "$server"
    judge "exit status $status" [ "$status" = 143 ]
    judge 'nothing was installed' [ -z "$(files "$to")" ]
    judge 'nothing is left in TMPDIR' [ -z "$(ls -A "$temporary")" ]
}

suite() {
    for part in installs refuses_downgrades refuses_archives refuses_signatures refuses_the_rest refuses_network; do
        $part "$1"
    done
}

for key in ours another; do
    minisign -G -W -p "$scratch/$key.pub" -s "$scratch/$key.key" >/dev/null
done
public=$(sed -n 2p "$scratch/ours.pub")
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$scratch/stranger.key" -out "$scratch/stranger.pem" 2>/dev/null
cat "$scratch/stranger.key" >>"$scratch/stranger.pem"

tools with-curl '' curl
shell=/bin/sh
suite 'the tools of the system, curl'
picks_its_archive
breaks_off
if unshare --mount true 2>/dev/null; then
    other_users
    refuses_full_disk
else
    echo 'skipped: installer: another user and a full disk need root' >&2
fi
rm "$tools/curl"
section 'Neither curl nor wget'
refuses 1 "a URL needs curl or wget" --from https://127.0.0.1:1 --public-key "$public"
tools with-wget '' wget
refuses_network 'the tools of the system, wget'
if [ "$(uname -m)" = x86_64 ]; then
    tools with-busybox busybox wget
    shell="$(command -v busybox) sh"
    suite 'busybox'
else
    echo 'skipped: installer: with busybox on another processor than x86_64' >&2
fi
finish
