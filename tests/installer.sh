#!/bin/sh
# installer.sh: .release/install.sh with the system's tools and curl, with wget, and with busybox alone; it must install,
# or say why not and leave nothing. The program in the archives is a script: what is inside is the smoke tests' matter.
set -eu

cd "$(dirname "$0")/.."
. tests/transcript.sh
needs busybox curl minisign openssl python3 wget
release=$scratch/release to=$scratch/to home=$scratch/home temporary=$scratch/temporary path=
mkdir -m 1777 "$temporary"
installer=$release/install.sh
name=sekuire-linux-amd64 archive=sekuire-linux-amd64.tar.gz

# program WORDS FILE: a program that says these words.
program() {
    printf '#!/bin/sh\necho "%s"\n' "$1" >"$2"
    chmod 755 "$2"
}

# pack MEMBER: this file of the folder `program`, alone, is the archive for amd64.
pack() {
    tar -C "$scratch/program" -czf "$release/$archive" "$1"
    list_sums
}

list_sums() { (cd "$release" && sha256sum ./*.tar.gz | sed 's,\./,,' >SHA256SUMS); }

sign() { minisign -S -s "$scratch/$1.key" -t "sekuire 0.0.1" -m "$release/SHA256SUMS" >/dev/null; }

# Everything that a case may have changed is as it was.
fresh() {
    rm -rf "$release" "$to" "$home" "$scratch/program"
    mkdir -p "$release" "$to" "$home" "$scratch/program"
    cp "$root/.release/install.sh" "$installer"
    for processor in arm64 armv7 riscv64 amd64; do
        program "sekuire 0.0.1 for $processor" "$scratch/program/sekuire-linux-$processor"
        tar -C "$scratch/program" -czf "$release/sekuire-linux-$processor.tar.gz" "sekuire-linux-$processor"
    done
    list_sums
    sign ours
}

# use_tools FOLDER BUSYBOX DOWNLOADER: the tools that the installer names, and no others, are PATH from here on.
use_tools() {
    tools=$scratch/$1
    mkdir "$tools"
    for tool in awk cat chmod dirname find gzip head id mkdir mktemp mv rm sha256sum tar wc "$3"; do
        ln -s "$(command -v "${2:-$tool}")" "$tools/$tool"
    done
    ln -s "$(command -v minisign)" "$tools/minisign"
    machine x86_64
    shell=${2:+$(command -v busybox) sh}
}

# machine PROCESSOR [SYSTEM]: what uname says.
machine() {
    # shellcheck disable=SC2016 # $1 is uname's
    printf '#!/bin/sh\n[ "$1" = -s ] && echo %s || echo %s\n' "${2:-Linux}" "$1" >"$tools/uname"
    chmod 755 "$tools/uname"
}

# clean COMMAND...: with nothing of the caller's.
clean() { env -i HOME="$home" PATH="$tools${path:+:$path}" TMPDIR="$temporary" "$@"; }

# install [ARGUMENT]...
# shellcheck disable=SC2086 # two words for busybox
install() { clean ${shell:-/bin/sh} "$installer" --to "$to" "$@"; }

# The same by a shell that reads it from a pipe, in the release's folder.
# shellcheck disable=SC2086 # two words for busybox
piped() { (cd "$release" && clean ${shell:-/bin/sh} -s -- --to "$to" "$@" <"$installer"); }

files() { find "$1" ! -type d | sort; }

nothing_is_left() { judge 'nothing is left in TMPDIR' [ -z "$(ls -A "$temporary")" ]; }

# refuses STATUS WORDS COMMAND...: nothing is installed, nothing is left, and it says why.
refuses() {
    before=$(files "$to") code=$1 words=$2
    shift 2
    run "$code" "$@"
    complains "error: $words" 'nothing was installed'
    judge 'nothing was installed' [ "$before" = "$(files "$to")" ]
    nothing_is_left
}

# serve [CERTIFICATE [URL]]: the release over HTTP, in `url`, over TLS with this certificate and its key. Or it redirects.
serve() {
    kill $backend 2>/dev/null || :
    rm -f "$scratch/url"
    python3 - "$release" "${1:-}" "${2:-}" >"$scratch/url" <<'PYTHON' 2>/dev/null &
import functools, http.server, ssl, sys
folder, certificate, redirect = sys.argv[1:]
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not redirect:
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", redirect + self.path)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")  # What busybox' wget speaks is old.
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
PYTHON
    backend=$!
    until [ -s "$scratch/url" ]; do sleep 0.05; done
    url=$(cat "$scratch/url")
}

# suite NAME VERIFIES: with the tools of now, whose downloader looks at certificates or not.
suite() {
    section "$1: it installs"
    fresh
    run 0 install
    says "installed: $to/sekuire, sekuire 0.0.1" "note: $to is not in PATH"
    judge 'its mode is 0755, and it is alone' [ "$(stat -c '%a %n' "$to"/* "$to"/.[!.]* 2>/dev/null)" = "755 $to/sekuire" ]
    ln "$to/sekuire" "$scratch/running"
    run 0 install --from "$release" --public-key "$public"
    says 'signed: sekuire 0.0.1'
    judge 'by a rename: the old file is whole' cmp "$scratch/running" "$release/../program/$name"
    judge 'and another file' [ ! "$scratch/running" -ef "$to/sekuire" ]
    rm "$scratch/running"
    mkdir -p "$scratch/cargo"
    program 'sekuire 0.0.1' "$scratch/cargo/sekuire"
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
    refuses 1 "can't get SHA256SUMS from $release" install --from "$release/$archive" --public-key "$public"
    refuses 1 "this machine needs $archive, not sekuire-linux-mips.tar.gz" install --from "$scratch/sekuire-linux-mips.tar.gz"

    section "$1: an older release than the program there"
    fresh && program 'sekuire 0.9.1' "$scratch/program/$name" && pack $name
    program 'sekuire 0.10.0' "$to/sekuire"
    refuses 1 "$to/sekuire is 0.10.0 and this release is older, 0.9.1; --downgrade installs it" install
    run 0 install --downgrade
    for words in 'sekuire 0.9.1' 'sekuire next' ''; do
        program "$words" "$to/sekuire"
        run 0 install
    done

    section "$1: an archive that is not the one of SHA256SUMS"
    fresh && rm "$release/SHA256SUMS"
    refuses 1 "can't get SHA256SUMS from $release" install
    fresh && sed -i '/amd64/d' "$release/SHA256SUMS"
    refuses 1 "SHA256SUMS has no sum for $archive" install
    fresh && echo >>"$release/$archive"
    refuses 1 "$archive is damaged or was replaced" install

    section "$1: an archive with the right sum that holds something else"
    fresh && program other "$scratch/program/other" && pack other
    refuses 1 "$archive holds something else than $name" install
    fresh && ln -sf "$root/LICENSE" "$scratch/program/$name" && pack $name
    refuses 1 "" install
    fresh && printf 'no program' >"$scratch/program/$name" && pack $name
    refuses 1 "the program does not run on this machine" install

    section "$1: a signature is wanted"
    fresh && rm "$release/SHA256SUMS.minisig"
    refuses 1 "can't get SHA256SUMS.minisig from $release" install --public-key "$public"
    fresh && echo >>"$release/SHA256SUMS"
    refuses 1 "SHA256SUMS is not signed by this key" install --public-key "$public"
    # A key's text is no path, whatever lies in the folder. It may have slashes.
    fresh && sign another
    mkdir -p "$(dirname "$release/$public")" && cp "$scratch/another.pub" "$release/$public"
    cd "$release"
    refuses 1 "SHA256SUMS is not signed by this key" install --public-key "$public"
    cd "$root"
    refuses 2 "--public-key: $scratch/no.pub is neither a key (RW...) nor a file" install --public-key "$scratch/no.pub"
    mv "$tools/minisign" "$scratch"
    refuses 1 "--public-key needs minisign, which is not installed" install --public-key "$public"
    mv "$scratch/minisign" "$tools"

    section "$1: arguments and folders"
    fresh
    refuses 2 "unknown argument --prefix" install --prefix "$to"
    refuses 2 "--public-key needs a value" install --public-key --downgrade
    refuses 2 "--from needs a value" install --from ''
    refuses 2 "--from is needed: this script is in no folder of a release" piped
    run 0 piped --from "$release"
    rm "$to/sekuire"
    refuses 1 "$installer/bin can't be made" install --to "$installer/bin"
    mkdir "$to/sekuire"
    refuses 1 "$to/sekuire is a folder" install

    section "$1: over the network"
    fresh && serve
    run 0 install --from "$url/" --public-key "$public"
    rm "$to/sekuire"
    refuses 1 "$url: whoever is on the way can replace the files" install --from "$url"
    truncate -s 17000000 "$release/$archive"
    refuses 1 "$archive of $url is larger than" install --from "$url" --public-key "$public"
    rm "$release/$archive"
    refuses 1 "can't get $archive from $url" install --from "$url" --public-key "$public"
    # Whoever is on the way, with a certificate of their own.
    fresh && serve "$scratch/stranger.pem"
    if [ "$2" = no ]; then
        refuses 1 "$url: whoever is on the way can replace the files" install --from "$url"
        run 0 install --from "$url" --public-key "$public"
        return
    fi
    refuses 1 "can't get SHA256SUMS from $url" install --from "$url"
    # From a server whose certificate is trusted to one that anybody can be: not without a key.
    echo "cacert = $scratch/stranger.pem" >"$home/.curlrc"
    echo "ca_certificate = $scratch/stranger.pem" >"$home/.wgetrc"
    run 0 install --from "$url"
    rm "$to/sekuire"
    serve
    clear=$backend backend=
    serve "$scratch/stranger.pem" "$url"
    refuses 1 "can't get SHA256SUMS from $url" install --from "$url"
    kill "$clear"
}

for key in ours another; do
    minisign -G -W -p "$scratch/$key.pub" -s "$scratch/$key.key" >/dev/null
done
public=$(sed -n 2p "$scratch/ours.pub")
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$scratch/stranger.key" -out "$scratch/stranger.pem" 2>/dev/null
cat "$scratch/stranger.key" >>"$scratch/stranger.pem"

use_tools with-wget '' wget
suite 'the tools of the system, wget' yes
# On other processors uname is busybox' own.
if [ "$(uname -m)" = x86_64 ]; then
    use_tools with-busybox busybox wget
    suite busybox no
else
    echo 'skipped: installer: with busybox on another processor than x86_64' >&2
fi
use_tools with-curl '' curl
suite 'the tools of the system, curl' yes

section 'The archive for each processor'
fresh
for pair in x86_64:amd64 aarch64:arm64 armv7l:armv7 armv8l:armv7 riscv64:riscv64; do
    machine "${pair%:*}"
    run 0 install
    judge "it is ${pair#*:}'s" [ "$("$to/sekuire")" = "sekuire 0.0.1 for ${pair#*:}" ]
done
machine armv6l
refuses 1 "there is no archive for Linux on armv6l" install
machine arm64 Darwin
refuses 1 "there is no archive for Darwin on arm64" install
machine x86_64

section 'Broken off while a server does not answer (Ctrl-C is for the whole group, too)'
fresh && serve
kill -STOP "$backend"
setsid env -i HOME="$home" PATH="$tools" TMPDIR="$temporary" /bin/sh "$installer" \
    --from "$url" --to "$to" --public-key "$public" &
until [ -n "$(ls -A "$temporary")" ]; do sleep 0.05; done
kill -- "-$!"
status=0
wait "$!" || status=$?
kill -CONT "$backend"
judge "exit status $status" [ "$status" = 143 ]
judge 'nothing was installed' [ -z "$(files "$to")" ]
nothing_is_left

if unshare --mount true 2>/dev/null; then
    section "A disk that becomes full while the program is written"
    fresh && head -c 300000 /dev/urandom >>"$scratch/program/$name" && pack $name
    # shellcheck disable=SC2016 # $0 and "$@" are for the inner shell
    run 1 unshare --mount sh -c 'mount -t tmpfs -o size=64k none "$0"; "$@"; status=$?; ls -A "$0"; exit $status' "$to" \
        env -i HOME="$home" PATH="$tools" TMPDIR="$temporary" /bin/sh "$installer" --to "$to"
    complains "error: $archive can't be unpacked to $to" 'nothing was installed'
    judge 'nothing is left there' [ ! -s "$scratch/out" ]

    section "An ordinary user, without arguments"
    as_nobody() {
        clean "$(command -v setpriv)" --reuid=nobody --regid=nogroup --clear-groups /bin/sh "$installer" "$@"
    }
    fresh && chown nobody "$home"
    run 0 as_nobody
    says "installed: $home/.local/bin/sekuire"
    judge 'the home holds the program alone' [ "$(files "$home")" = "$home/.local/bin/sekuire" ]
    refuses 1 "$to can't be written" as_nobody --to "$to"

    section "Root, and what belongs to another user, who can exchange it"
    fresh && chown nobody "$to"
    refuses 1 "$to belongs to another user, who can exchange what root writes there; install as that user" install
    fresh
    # shellcheck disable=SC2016 # $0 is the program's
    printf '#!/bin/sh\n: >"${0%%/*}/ran"\n' >"$to/sekuire"
    chmod 755 "$to/sekuire"
    chown nobody "$to/sekuire"
    run 0 install
    judge 'the program of another user was not run' [ ! -e "$to/ran" ]
else
    echo 'skipped: installer: another user and a full disk need root' >&2
fi

section 'Neither curl nor wget'
rm "$tools/curl"
refuses 1 "a URL needs curl or wget" install --from https://127.0.0.1:1 --public-key "$public"
finish
