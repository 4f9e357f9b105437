#!/bin/sh
# dist.sh: dist/ as those who take it meet it: sums, the installer, packages, the image, and what is said to be inside.
# Needs what `make dist` left; says what it skips where lintian, rpm, docker, skopeo or minisign is missing.
set -eu
cd "$(dirname "$0")/../.."
. tests/transcript.sh
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
cd dist

has() {
    command -v "$1" >/dev/null || { echo "skipped: dist: $1 is not installed" >&2; false; }
}

# every_line_has EXPRESSION: in what the last command said.
every_line_has() { ! grep -v -e "$1" "$scratch/out"; }

# is_gone_from FOLDER: nothing below it bears the program's name.
is_gone_from() { [ -z "$(find "$1" -name '*sekuire*')" ]; }

section 'The sums'
ls -l
run 0 sha256sum -c SHA256SUMS
judge 'every file has its line' [ "$(find . -type f ! -name 'SHA256SUMS*' | wc -l)" = "$(wc -l <SHA256SUMS)" ]
judge 'the archives have one each, as the existing installer wants it' sh -c 'cat sekuire-*.tar.gz.sha256 | sha256sum --quiet -c'
run 0 tar -tzf sekuire-doc.tar.gz
says ./README.md ./SECURITY.md ./recipes/agent.service ./sekuire.1 ./sekuire.bash ./sekuire.fish ./sekuire.zsh

section 'No folder of this machine'
mkdir "$scratch/programs"
for archive in sekuire-linux-*.tar.gz; do
    tar -xzf "$archive" -C "$scratch/programs"
done
if [ -e sekuire-windows-amd64.zip ]; then
    python3 -m zipfile -e sekuire-windows-amd64.zip "$scratch/programs"
    judge 'beside the Windows program lies its licence' cmp LICENSE "$scratch/programs/LICENSE"
else
    echo 'skipped: dist: no Windows file; make windows builds it' >&2
fi
for folder in "$root" "${CARGO_HOME:-$HOME/.cargo}" registry/src /usr/lib/rustlib; do
    judge "no program names $folder" lacks "$folder" "$scratch/programs"/sekuire*
done
judge "nothing names $root" lacks "$root" ./*

section 'The installer'
run 0 sh install.sh --to "$scratch/bin"
says "installed: $scratch/bin/sekuire, sekuire $version"
if has minisign; then
    cp -r . "$scratch/signed"
    minisign -G -W -p "$scratch/key.pub" -s "$scratch/key" >/dev/null
    minisign -S -s "$scratch/key" -t "sekuire $version" -m "$scratch/signed/SHA256SUMS" >/dev/null
    run 0 sh "$scratch/signed/install.sh" --to "$scratch/bin" --public-key "$scratch/key.pub"
    says "signed: sekuire $version"
fi

section 'What is said to be inside'
for list in *.cdx.json; do
    texts=THIRD-PARTY-LICENSES.txt
    case $list in *windows*) texts=$scratch/programs/$texts ;; esac
    judge "$list: crates, std and C library, each with its licence in the texts" python3 - "$list" "$texts" <<'PYTHON'
import json, sys
bom, texts = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
names = {c["name"] for c in bom["components"]}
assert {"rustls", "ring", "rust-std"} <= names and names & {"musl", "mingw-w64's run-time parts"}, names
assert not names & {"cc", "nanoserde-derive"}, names
known = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
assert all(set(d["dependsOn"]) <= known for d in bom["dependencies"])
missing = [c["name"] for c in bom["components"] if f"\n{c['name']} {c['version']} (" not in texts]
assert not missing, missing
PYTHON
done

# Beside what each family has in places of its own.
packaged='/usr/bin/sekuire /usr/share/man/man1/sekuire.1.gz /usr/share/bash-completion/completions/sekuire
    /usr/share/fish/vendor_completions.d/sekuire.fish /usr/share/doc/sekuire/README.md /usr/share/doc/sekuire/SECURITY.md
    /usr/share/doc/sekuire/recipes/agent.service'
# installs FOLDER FILE REMOVAL TOOL...: the package in a system of its own.
installs() {
    folder=$1 file=$2 removal=$3
    shift 3
    run 0 "$@" --install "$file"
    run 0 "$folder/usr/bin/sekuire" --version
    says "sekuire $version"
    run 0 "$@" --verify sekuire
    silent
    run 0 "$@" "$removal" sekuire
    judge 'nothing of it is left' is_gone_from "$folder"
}

section "Debian's package"
for package in *.deb; do
    run 0 dpkg-deb -c "$package"
    # shellcheck disable=SC2086 # a list of words
    says $packaged /usr/share/zsh/vendor-completions/_sekuire /usr/share/doc/sekuire/copyright \
        /usr/share/doc/sekuire/THIRD-PARTY-LICENSES.txt.gz
    judge "all of it is root's" every_line_has ' root/root '
    judge 'no dependency' [ -z "$(dpkg-deb -f "$package" Depends Pre-Depends Recommends)" ]
    judge 'maintained by who was named, else by nobody who can be written to' [ "$(dpkg-deb -f "$package" Maintainer)" = \
        "${MAINTAINER:-The sekuire maintainers <maintainers@sekuire.invalid>}" ]
done
if has lintian; then
    run 0 lintian --fail-on error,warning --allow-root ./*.deb
fi
if [ "$(id -u)" = 0 ]; then
    machine=$scratch/debian
    mkdir -p "$machine/var/lib/dpkg/updates" "$machine/var/lib/dpkg/info" "$machine/var/lib/dpkg/triggers"
    : >"$machine/var/lib/dpkg/status"
    installs "$machine" "sekuire_${version}_amd64.deb" --purge dpkg --root="$machine"
else
    echo "skipped: dist: dpkg --install: needs root" >&2
fi

section "Red Hat's package"
if has rpm; then
    for package in *.rpm; do
        run 0 rpm --query --package --list "$package"
        # shellcheck disable=SC2086 # a list of words
        says $packaged /usr/share/zsh/site-functions/_sekuire /usr/share/licenses/sekuire/LICENSE \
            /usr/share/licenses/sekuire/THIRD-PARTY-LICENSES.txt
        run 0 rpm --query --package --requires "$package"
        judge 'no dependency but on rpm itself' every_line_has '^rpmlib('
    done
    mkdir "$scratch/red-hat"
    installs "$scratch/red-hat" "$PWD/sekuire-$version-1.x86_64.rpm" --erase \
        rpm --dbpath /rpmdb --root "$scratch/red-hat" --nosignature
fi

section 'The image'
if has skopeo; then
    for architecture in amd64 arm64; do
        run 0 skopeo inspect --override-arch "$architecture" --config oci-archive:sekuire-image.tar
        says "\"architecture\": \"$architecture\"" '"User": "65532:65532"' '"org.opencontainers.image.version"'
    done
fi
if has docker && docker info >/dev/null 2>&1; then
    image=sekuire:$version-amd64
    run 0 docker load -i sekuire-image.tar
    says "Loaded image: $image"
    run 1 docker run --rm --read-only "$image" status
    says 'Not logged in'
    printf 'FROM scratch\nCOPY --from=%s /sekuire /sekuire\nENTRYPOINT ["/sekuire"]\n' "$image" >"$scratch/Dockerfile"
    run 0 docker build -q -t "sekuire-test-$$" -f "$scratch/Dockerfile" "$scratch/bin"
    run 0 docker run --rm "sekuire-test-$$" --version
    docker rmi "sekuire-test-$$" "$image" "sekuire:$version-arm64" >/dev/null
fi
finish
