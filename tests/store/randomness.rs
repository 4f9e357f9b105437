//! A machine without random numbers: TLS, names and nonces would be guessable, so nothing is begun.

use std::path::Path;

use super::{OLD, skip};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;

/// The program with getrandom(2) failing. Not ENOSYS: then /dev/urandom is read.
fn without_randomness(home: &Home) -> Sekuire {
    Sekuire::at(Path::new("/usr/bin/strace"))
        .home(home)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=getrandom"])
        .args(["-e", "inject=getrandom:error=EIO"])
        .arg(binary())
}

#[test]
fn nothing_is_sent_without_random_numbers() {
    if !Path::new("/usr/bin/strace").exists() {
        return skip("no random numbers", "needs strace");
    }
    for backend in [Backend::http(), Backend::https()] {
        let home = Home::new();
        home.write_auth(OLD);
        let outcomes = [
            without_randomness(&home)
                .args(["login", "--api-key-stdin", "--backend", &backend.url()])
                .ca(&backend.ca_file())
                .stdin(KEY.as_bytes())
                .run(),
            without_randomness(&home)
                .args(["whoami", "--backend", &backend.url()])
                .ca(&backend.ca_file())
                .run(),
        ];
        for outcome in outcomes {
            outcome
                .exits(3)
                .complains("error: the operating system gives no random numbers")
                .complains("hint: see that getrandom(2) is allowed");
        }
        assert!(backend.requests().is_empty());
        assert_eq!(home.read_auth(), OLD);
        // What needs none still works, a logout above all.
        without_randomness(&home).arg("status").run().exits(0);
        without_randomness(&home).arg("logout").run().exits(0);
        assert!(home.listing().is_empty());
    }
}
