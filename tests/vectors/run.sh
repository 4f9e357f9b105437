#!/bin/sh
# run.sh [x86_64|aarch64|armv7|riscv64]...: Wycheproof's vectors on what a release links. For each of these processors (default:
# all) it builds the program and vectors as a release is built, compares the code of the two, and runs vectors on this
# machine and by qemu, with and without what ring chooses its code by. Needs what `toolchain static` installs.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- x86_64 aarch64 armv7 riscv64
[ -x "${TOOLS:-target/tools}/bin/zig" ] || { echo "skipped: vectors: there is no zig; make toolchain" >&2; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed='' started=''

build() { # PROCESSOR
    for program in '' vectors; do
        # shellcheck disable=SC2086 # no word or one
        .release/build-static "$1" $program --message-format=json-render-diagnostics >"$work/${program:-sekuire}.json"
    done
    printf '\n%s: ' "$1"
    tests/vectors/same_code.py .release/static.ld "$work/sekuire.json" "$work/vectors.json" || failed="$failed $1"
    file=$(echo target/"$1"*-linux-musl*/release/vectors)
}

on() { # NAME RUNNER OPTIONS OF vectors: in the background
    name=$1 runner=$2
    shift 2
    if [ -n "$runner" ] && ! command -v "${runner%% *}" >/dev/null; then
        echo "skipped: vectors on $name: ${runner%% *} is not installed" >&2
        return
    fi
    # shellcheck disable=SC2086 # a list of words, which may be empty
    $runner "$file" "$name" "$@" >"$work/$name" 2>&1 &
    started="$started $!:$name"
}

finish() {
    for job in $started; do
        wait "${job%%:*}" || failed="$failed ${job#*:}"
        cat "$work/${job#*:}"
    done
}

# With a bit of every answer flipped no valid vector may pass, and the end must be 1.
can_fail() {
    status=0
    "$file" broken --break >"$work/broken" || status=$?
    if [ "$status" != 1 ] || grep -v ': 0 valid accepted,\|WRONG:\|^broken: [a-z]' "$work/broken"; then
        echo "vectors: with a bit of every answer flipped: exit status $status, and see above" >&2
        failed="$failed broken"
    fi
}

vectors() { # PROCESSOR
    case $1 in
    x86_64)
        if [ "$(uname -m)" = x86_64 ]; then
            can_fail
            on x86_64 ''
        fi
        qemu='qemu-x86_64-static -cpu'
        on x86_64-qemu "$qemu max" --with aes,pclmulqdq,movbe,avx2,bmi2,adx
        on x86_64-no-adx-bmi2 "$qemu max,-adx,-bmi2" --with aes,avx2 --without adx,bmi2
        on x86_64-no-avx2 "$qemu max,-adx,-bmi2,-avx2,-movbe,-vaes" --with aes,avx --without adx,bmi2,avx2,movbe
        on x86_64-no-avx "$qemu max,-adx,-bmi2,-avx2,-avx,-vaes" --with aes,pclmulqdq,sse4.1 --without avx,avx2
        on x86_64-no-aes "$qemu max,-adx,-bmi2,-avx2,-avx,-vaes,-aes,-pclmulqdq" --with ssse3,sse4.1 --without aes,pclmulqdq
        on x86_64-sse2 "$qemu qemu64" --without ssse3,sse4.1,aes,pclmulqdq,avx
        ;;
    aarch64)
        on aarch64 'qemu-aarch64-static -cpu max' --with aes,pmull,sha2,sha512
        on aarch64-no-sha512 'qemu-aarch64-static -cpu cortex-a53' --with aes,pmull,sha2 --without sha512
        # As in a Raspberry Pi 4. qemu has no such processor.
        on aarch64-no-crypto 'qemu-aarch64-static -cpu cortex-a72' --without aes,pmull,sha2,sha512
        ;;
    armv7)
        on armv7 'qemu-arm-static -cpu cortex-a15' --with neon
        on armv7-no-neon 'qemu-arm-static -cpu cortex-a15,neon=off' --without neon
        ;;
    riscv64) on riscv64 qemu-riscv64-static ;;
    *) echo "vectors: unknown processor $1" >&2; exit 2 ;;
    esac
}

for processor in "$@"; do
    build "$processor"
    vectors "$processor"
done
finish
[ -z "$failed" ] || { echo "vectors: failed:$failed" >&2; exit 1; }
