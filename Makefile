# `make demo` and `make test` are the two commands for a fresh machine; the README says what it needs.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=
SHARE    = $(DESTDIR)$(PREFIX)/share

.PHONY: build demo test faults fleet fuzz check golden install test-install \
  toolchain static static-arm64 dist reproducible bench cross clean

build:
	$(CARGO) build --locked --release

demo:
	$(CARGO) build --locked --bin sekuire --example demo
	target/debug/examples/demo

# 300 clients at once against a backend limited to a rate, then 100,000 simulated: about a minute.
fleet: build
	$(CARGO) build --locked --release --example fleet
	SEKUIRE_BIN=target/release/sekuire target/release/examples/fleet

test:
	$(CARGO) test --locked

# Slow, and needs strace. SEKUIRE_BIN names another program to sweep, such as the static one.
faults:
	$(CARGO) build --locked --bin sekuire --example faults
	target/debug/examples/faults

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked

golden:
	UPDATE_GOLDEN=1 $(CARGO) test --locked golden

# Two minutes: 20 s for each pure target (a nightly toolchain, a C++ compiler), a minute for the
# response path over loopback.
FUZZ_SECONDS ?= 20
fuzz:
	tests/fuzz/run $(FUZZ_SECONDS)
	FUZZ_SECONDS=$$((3 * $(FUZZ_SECONDS))) $(CARGO) test --locked --test sekuire -- --ignored --nocapture network::fuzz

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

# The release files. Debian and root are needed for the toolchain alone.
toolchain:
	.release/toolchain static arm

static:
	.release/build-static x86_64

static-arm64:
	.release/build-static aarch64

dist: static static-arm64
	.release/dist

# The same commit, built in another folder, gives the same bits.
reproducible: static
	.release/reproducible

bench:
	$(CARGO) build --locked --example demo
	.release/bench

# macOS and Windows: clippy for each; the Windows file logs in under wine where that is installed.
cross:
	.release/toolchain windows apple
	$(CARGO) build --locked --example backend
	.release/cross

clean:
	$(CARGO) clean
	rm -rf dist
