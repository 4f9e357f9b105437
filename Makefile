# `make demo` and `make test` are the two commands for a fresh machine; the README says what they need. Lines that begin
# with `##` are what `make help` shows.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION  = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
SHARE    = $(DESTDIR)$(PREFIX)/share

# The static files.
STATIC = target/x86_64-unknown-linux-musl/release/sekuire
STATIC_ARM64 = target/aarch64-unknown-linux-musl/release/sekuire
STATIC_ARMV7 = target/armv7-unknown-linux-musleabihf/release/sekuire
STATIC_RISCV64 = target/riscv64gc-unknown-linux-musl/release/sekuire
WINDOWS = target/x86_64-pc-windows-gnu/release/sekuire.exe

# Most of the tests' time is waiting: more threads than processors.
export RUST_TEST_THREADS ?= 8

.PHONY: build help demo test check golden picture install tools backend test-static faults test-install test-installer \
  toolchain static static-arm64 static-armv7 static-riscv64 windows smoke smoke-arm64 smoke-armv7 smoke-riscv64 \
  lint-windows lint-macos dist test-dist sign slow reproducible wine boot container foreign sekuire-cli \
  bench sanitize fuzz mutants clean

## build            target/release/sekuire
build:
	$(CARGO) build --locked --release

help:
	@sed -n 's/^##/make/p' Makefile

## demo             builds, and shows login, status, whoami, a second device and logout, over real TLS
demo: tools
	target/debug/examples/tools demo

## test             all that needs no root and no container engine; names what it skips
test:
	$(CARGO) test --locked

## check            formatting, clippy with warnings denied, licences and sources of the crates
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	.release/deny

## golden           rewrites tests/golden after a change of output that is meant
golden:
	UPDATE_GOLDEN=1 $(CARGO) test --locked golden

## picture          .github/terminal.svg, from a run of the program at a pseudo-terminal
picture: tools
	.github/picture >target/terminal.svg
	mv target/terminal.svg .github/terminal.svg

## install          the program, its man page and its completions below PREFIX
install: build
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 target/release/sekuire '$(DESTDIR)$(PREFIX)/bin/sekuire'
	install -d '$(SHARE)/man/man1' '$(SHARE)/bash-completion/completions' \
	  '$(SHARE)/zsh/site-functions' '$(SHARE)/fish/vendor_completions.d'
	target/release/sekuire man > '$(SHARE)/man/man1/sekuire.1'
	target/release/sekuire completions bash > '$(SHARE)/bash-completion/completions/sekuire'
	target/release/sekuire completions zsh > '$(SHARE)/zsh/site-functions/_sekuire'
	target/release/sekuire completions fish > '$(SHARE)/fish/vendor_completions.d/sekuire.fish'

# The program and what is run beside the suite, in one: tests/tools.
tools:
	$(CARGO) build --locked --bin sekuire --example tools

# The same linked statically, to run in an empty image. Only the last step differs: the rest is shared.
backend:
	$(CARGO) rustc --locked --example tools -- -C target-feature=+crt-static
	cp target/debug/examples/tools target/debug/tools-static

# SEKUIRE_BIN names another program, such as the static one. Needs strace and namespaces.
## faults           every command with each of its system calls failing, login and logout killed at each: minutes
faults: tools
	target/debug/examples/tools faults

# install.sh of a release, against a release of its own: no build is needed.
test-installer:
	sh tests/installer.sh

# The release files. `toolchain` needs Debian 12 and root; .release/toolchain says what it installs.
## toolchain        Debian 12, as root: what builds the static files and the packages
toolchain:
	.release/toolchain static dist

## static           the static file for x86_64; static-arm64, static-armv7, static-riscv64
static:
	.release/build x86_64

static-arm64:
	.release/build aarch64

static-armv7:
	.release/build armv7

static-riscv64:
	.release/build riscv64

# The suite of the built program, on the static file.
test-static: tools
	SEKUIRE_BIN=$(STATIC) $(CARGO) test --locked --test sekuire

## smoke            the static file alone in a folder, by chroot (root); its TLS; smoke-arm64, -armv7, -riscv64 by qemu
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

# clippy for another system: `.release/toolchain windows`, `.release/toolchain apple`.
lint-windows:
	.release/lint windows

lint-macos:
	.release/lint macos

# `.release/toolchain windows`.
windows:
	.release/build windows

# MAINTAINER='NAME <ADDRESS>' is for the packages.
## dist             dist/: archives, packages, image, installer, what is inside, licences, sums (make toolchain)
dist: static static-arm64 static-armv7 static-riscv64
	.release/dist

# MINISIGN_KEY is the file of the secret half of a key made by `minisign -G`. It signs what was not changed since `make dist`.
sign:
	@test -n '$(MINISIGN_KEY)' || { echo 'usage: make sign MINISIGN_KEY=FILE' >&2; exit 2; }
	cd dist && sha256sum --quiet -c SHA256SUMS
	minisign -S -s '$(MINISIGN_KEY)' -t 'sekuire $(VERSION)' -m dist/SHA256SUMS

# Before a release: the targets from here on, the files above, and the smoke tests. It installs what they need, but for
# rustup's nightly toolchain (fuzz) and a docker that runs (container).
## slow             what a release must pass beside .ci/run, for hours: Debian 12, root; PARTS='boot wine' are two of it
slow:
	.ci/slow $(PARTS)

# dist/ as those who take it meet it: sums, packages, images, what is said to be inside. Needs `make dist`.
test-dist:
	tests/static/dist.sh

# The same commit, built in another folder, gives the same bits.
reproducible: dist
	.release/reproducible

# The Windows file logs in under wine, in clear (`.release/toolchain windows wine`).
wine: windows backend
	tests/static/wine.sh $(WINDOWS)

# `make install` below a folder of its own.
test-install:
	sh tests/install.sh

# Debian's systemd, its sysvinit and busybox's init as process 1, with the recipes, on the static file (root; `.release/toolchain boot`).
boot: backend
	tests/boot/run.sh $(STATIC)

# The static file alone in a container (docker).
container: backend
	tests/container/run.sh $(STATIC)

# nginx, mitmproxy and the existing client, as far as they are installed: seconds (`.release/toolchain foreign`).
foreign: tools
	PATH="$$PATH:/usr/sbin" target/debug/examples/tools foreign

# The existing client, which `make foreign` shares a home with: built once, in two minutes (`.release/toolchain foreign`).
sekuire-cli: target/foreign/bin/sekuire

target/foreign/bin/sekuire:
	$(CARGO) install --locked --debug --version 0.2.11 --root target/foreign --target-dir target/foreign/build sekuire-cli
	rm -rf target/foreign/build

# `whoami` of the static file against curl, on an idle machine (`.release/toolchain bench`).
bench:
	$(CARGO) build --locked --release --example tools
	tests/static/bench.sh $(STATIC)

# The suite under AddressSanitizer: minutes (`.release/toolchain sanitize`).
sanitize:
	tests/sanitize/run

# 20 s for each target (`.release/toolchain fuzz`, and rustup's nightly toolchain).
FUZZ_SECONDS ?= 20
fuzz:
	tests/fuzz/run $(FUZZ_SECONDS)

# Would the tests notice? The program, changed in one place at a time: each change is a build and seconds of tests, so all
# of them take two hours. MUTANTS is for cargo-mutants: '--shard 0/50', '--file src/store.rs'. DIFF=main changes only what
# differs from that git revision. `.release/toolchain mutants` installs it; .cargo/mutants.toml says what is left out, and why.
mutants:
	mkdir -p target
	$(if $(DIFF),git diff $(DIFF) -- src > target/mutants.diff)
	PATH="$$PATH:$(CURDIR)/target/tools/bin" $(CARGO) mutants --jobs 3 $(if $(DIFF),--in-diff target/mutants.diff) $(MUTANTS)

clean:
	$(CARGO) clean
	rm -rf dist
