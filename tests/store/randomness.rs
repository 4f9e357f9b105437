//! A machine without random numbers: TLS, names and nonces would be guessable, so nothing is begun.

use super::OLD;
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

/// The program with getrandom(2) failing. Not ENOSYS: then /dev/urandom is read.
fn without_randomness(home: &Home) -> Option<Sekuire> {
    let command = needs::strace()?
        .home(home)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=getrandom"])
        .args(["-e", "inject=getrandom:error=EIO"])
        .arg(binary());
    Some(command)
}

#[test]
fn nothing_is_sent_without_random_numbers() {
    for backend in [Backend::http(), Backend::https()] {
        let home = Home::new();
        home.write_auth(OLD);
        if without_randomness(&home).is_none() {
            return;
        }
        let there = || without_randomness(&home).expect("strace, as before");
        let outcomes = [
            there()
                .args(["login", "--api-key-stdin", "--backend", &backend.url()])
                .ca(&backend.ca_file())
                .stdin(KEY.as_bytes())
                .run(),
            there()
                .args(["whoami", "--backend", &backend.url()])
                .ca(&backend.ca_file())
                .run(),
        ];
        for outcome in outcomes {
            outcome
                .exits(3)
                .complains("error: the operating system gives no random numbers")
                .complains("hint: see that getrandom(2) is allowed")
                .hides("doctor");
        }
        assert!(backend.requests().is_empty());
        assert_eq!(home.read_auth(), OLD);
        // What needs none still works, a logout above all.
        there().arg("status").run().exits(0);
        there().arg("logout").run().exits(0);
        assert!(home.listing().is_empty());
    }
}
