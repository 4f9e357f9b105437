//! A machine without random numbers: TLS, names and nonces would be guessable, so nothing is begun.

use std::path::Path;

use super::{OLD, strace};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;

#[test]
fn nothing_is_sent_without_random_numbers() {
    for backend in [Backend::http(), Backend::https()] {
        let home = Home::new();
        home.write_auth(OLD);
        let url = backend.url();
        for (arguments, code) in [
            (&["login", "--api-key-stdin", "--backend", &url][..], 3),
            (&["whoami", "--backend", &url], 3),
            // What needs none still works, a logout above all.
            (&["status"], 0),
            (&["logout"], 0),
        ] {
            // Not ENOSYS: then /dev/urandom is read.
            let options = ["-e", "trace=getrandom", "-e", "inject=getrandom:error=EIO"];
            let Some(command) = strace(&home, Path::new("/dev/null"), &options) else {
                return;
            };
            let command = command.args(arguments).ca(&backend.ca_file());
            let outcome = command.stdin(KEY.as_bytes()).run();
            outcome.exits_with(code);
            if code == 3 {
                outcome.stderr_contains(
                    "error: the operating system gives no random numbers\n\
                     hint: allow getrandom(2) here, or provide /dev/urandom",
                );
                assert_eq!(home.read_auth(), OLD);
            }
        }
        assert!(backend.requests().is_empty());
        assert!(home.listing().is_empty());
    }
}
