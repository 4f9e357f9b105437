# `make demo` and `make test` are the two commands for a fresh machine; the README says what it needs.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=

.PHONY: build demo test faults check golden install clean

build:
	$(CARGO) build --locked --release

demo:
	$(CARGO) build --locked --bin sekuire --example demo
	target/debug/examples/demo

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

install: build
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 target/release/sekuire '$(DESTDIR)$(PREFIX)/bin/sekuire'

clean:
	$(CARGO) clean
	rm -rf dist
