# `make demo` and `make test` are the two commands for a fresh machine; the README says what it needs.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=

.PHONY: build demo test check golden fuzz install clean

build:
	$(CARGO) build --locked --release

demo:
	$(CARGO) build --locked --bin sekuire --example demo
	target/debug/examples/demo

test:
	$(CARGO) test --locked

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

clean:
	$(CARGO) clean
	rm -rf dist
