# `make demo` and `make test` are the two commands for a fresh machine; the README says what it needs.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION  = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
SHARE    = $(DESTDIR)$(PREFIX)/share

.PHONY: build tools demo test faults torture foreign sekuire-cli fleet fuzz sanitize mutants check golden install test-install \
  test-installer toolchain \
  static static-arm64 static-armv7 static-riscv64 dist test-dist sign reproducible \
  smoke smoke-arm64 smoke-armv7 smoke-riscv64 vectors container boot bench report cross backend clean

build:
	$(CARGO) build --locked --release

# The program and what the targets below run, in one: tests/tools.
tools:
	$(CARGO) build --locked --bin sekuire --example tools

demo: tools
	target/debug/examples/tools demo

# 300 clients at once against a backend limited to a rate, 150 against another, then 100,000 simulated: about a minute.
fleet: tools
	target/debug/examples/tools fleet

# Most of the tests' time is waiting: more threads than processors.
export RUST_TEST_THREADS ?= 8

test:
	$(CARGO) test --locked

# Slow, and needs strace. SEKUIRE_BIN names another program to sweep, such as the static one.
faults: tools
	target/debug/examples/tools faults

# Too little of everything, and each system call failing: about a minute. As root, limits on processes and
# control groups count, too. SEKUIRE_BIN as above: of 4 MB of address space only a static program makes use.
torture: tools
	target/debug/examples/tools torture

# Clients, servers and proxies that nobody here wrote, as far as they are installed: about a minute.
foreign: tools
	target/debug/examples/tools foreign

# The existing client, which `make foreign` shares a home with: built once, in two minutes, with libssl-dev and pkg-config.
sekuire-cli: target/foreign/bin/sekuire

target/foreign/bin/sekuire:
	$(CARGO) install --locked --debug --version 0.2.11 --root target/foreign --target-dir target/foreign/build sekuire-cli
	rm -rf target/foreign/build

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	.release/deny
	$(CARGO) check --locked --manifest-path tests/fuzz/Cargo.toml --no-default-features --target-dir target/fuzz-check
	$(CARGO) test --locked

golden:
	UPDATE_GOLDEN=1 $(CARGO) test --locked golden

# Four minutes: 20 s for each pure target (a nightly toolchain, a C++ compiler; shell asks dash and bash), a minute for
# the response path over loopback.
FUZZ_SECONDS ?= 20
fuzz:
	tests/fuzz/run $(FUZZ_SECONDS)
	FUZZ_SECONDS=$$((3 * $(FUZZ_SECONDS))) $(CARGO) test --locked --test sekuire -- --ignored --nocapture network::fuzz

# The suite under AddressSanitizer and ThreadSanitizer, a part of it under valgrind: most of an hour. tests/sanitize/run
# says what it needs, and takes the name of one.
sanitize:
	tests/sanitize/run

# Would the tests notice? The program, changed in one place at a time: some 2,300 changes, each a build and seconds of
# tests, so in shards (SHARD=0/50 is the first of 50), or what differs from a git revision (DIFF=main), or a part of src
# (ROOM=store: see .release/mutants). `.release/toolchain mutants` installs what it needs. It ends with a table, and with
# 1 where a change was not noticed. What is the same program is left out by .release/mutants.toml, each with its reason.
mutants:
	.release/mutants $(if $(SHARD),--shard $(SHARD)) $(if $(DIFF),--diff $(DIFF)) $(ROOM)

install: build
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 target/release/sekuire '$(DESTDIR)$(PREFIX)/bin/sekuire'
	install -d '$(SHARE)/man/man1' '$(SHARE)/bash-completion/completions' \
	  '$(SHARE)/zsh/site-functions' '$(SHARE)/fish/vendor_completions.d'
	target/release/sekuire man > '$(SHARE)/man/man1/sekuire.1'
	target/release/sekuire completions bash > '$(SHARE)/bash-completion/completions/sekuire'
	target/release/sekuire completions zsh > '$(SHARE)/zsh/site-functions/_sekuire'
	target/release/sekuire completions fish > '$(SHARE)/fish/vendor_completions.d/sekuire.fish'

test-install:
	sh tests/install.sh

# install.sh of a release, against a release of its own: no build is needed.
test-installer:
	sh tests/installer.sh

# The release files. Debian and root are needed for the toolchain alone.
toolchain:
	.release/toolchain static dist

static:
	.release/build-static x86_64

static-arm64:
	.release/build-static aarch64

static-armv7:
	.release/build-static armv7

static-riscv64:
	.release/build-static riscv64

# MAINTAINER='NAME <ADDRESS>' is for the packages.
dist: static static-arm64 static-armv7 static-riscv64
	.release/dist

# dist/ as those who take it meet it: sums, packages, images, what is said to be inside.
test-dist:
	tests/static/dist.sh

# MINISIGN_KEY is the file of the secret half of a key made by `minisign -G`. It signs what was not changed since `make dist`.
sign:
	@test -n '$(MINISIGN_KEY)' || { echo 'usage: make sign MINISIGN_KEY=FILE' >&2; exit 2; }
	cd dist && sha256sum --quiet -c SHA256SUMS
	minisign -S -s '$(MINISIGN_KEY)' -t 'sekuire $(VERSION)' -m dist/SHA256SUMS

# The static files where there is nothing else: alone in a folder, by chroot (root), and in a container (docker).
STATIC = target/x86_64-unknown-linux-musl/release/sekuire
STATIC_ARM64 = target/aarch64-unknown-linux-musl/release/sekuire
STATIC_ARMV7 = target/armv7-unknown-linux-musleabihf/release/sekuire
STATIC_RISCV64 = target/riscv64gc-unknown-linux-musl/release/sekuire

smoke: backend
	tests/static/smoke.sh $(STATIC)
	tests/static/tls.sh $(STATIC)

smoke-arm64: backend
	tests/static/smoke.sh $(STATIC_ARM64) qemu-aarch64-static
	tests/static/tls.sh $(STATIC_ARM64) qemu-aarch64-static

smoke-armv7: backend
	tests/static/smoke.sh $(STATIC_ARMV7) qemu-arm-static
	tests/static/tls.sh $(STATIC_ARMV7) qemu-arm-static

smoke-riscv64: backend
	tests/static/smoke.sh $(STATIC_RISCV64) qemu-riscv64-static
	tests/static/tls.sh $(STATIC_RISCV64) qemu-riscv64-static

# Wycheproof's vectors on the cryptography as a release links it, on 13 processors by qemu.
vectors:
	tests/vectors/run.sh

container: backend
	tests/container/run.sh $(STATIC)

# Debian's systemd, its sysvinit and busybox's init as process 1, with the recipes (root, systemd-nspawn, debootstrap).
boot: backend
	tests/boot/run.sh $(STATIC)

# The same program linked statically, to run in an empty image. Only the last step is told: the rest is shared.
backend:
	$(CARGO) rustc --locked --example tools -- -C target-feature=+crt-static
	cp target/debug/examples/tools target/debug/tools-static

# The same commit, built in another folder, gives the same bits. .release/reproducible takes other processors, too.
reproducible: dist
	.release/reproducible

bench:
	$(CARGO) build --locked --release --example tools
	.release/bench

# What a release claims, each figure with its command: target/report/report.md. It runs what was not run on this commit by
# .release/kept, as .ci/run does; for the slowest (mutants, vectors, fuzz, sanitize) it only says so.
report:
	.release/report check faults torture foreign fleet test-install test-installer dist test-dist \
	  smoke smoke-arm64 smoke-armv7 smoke-riscv64 reproducible container boot bench

# macOS and Windows: clippy for each; the Windows file logs in under wine where that is installed.
cross: backend
	.release/toolchain windows apple
	.release/cross

clean:
	$(CARGO) clean
	rm -rf dist
