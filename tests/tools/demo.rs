//! `make demo`: one key and two devices, with the real program, a real pseudo-terminal and real TLS. With `--serve` only the
//! backend, to try by hand.

use std::io;

use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// Until Enter.
pub(crate) fn serve() {
    let backend = Backend::https();
    println!("# A development backend is listening. In another terminal:");
    println!("export SEKUIRE_BACKEND_URL={}", backend.url());
    println!("export SSL_CERT_FILE={}", backend.ca_file().display());
    println!("export SEKUIRE_CONFIG_DIR=$(mktemp -d)   # leaves your own login alone");
    println!("# then `sekuire login` with the key {KEY}\n# Enter ends it.");
    let _ = io::stdin().read_line(&mut String::new());
}

pub(crate) fn run() {
    let backend = &Backend::https();
    println!(
        "# The real program against a development backend: {}, real TLS, a private CA, loopback only.",
        backend.url()
    );
    let [first, second] = ["", "SEKUIRE_DEVICE_ID=laptop-2"].map(|variable| Device {
        backend,
        variable,
        home: Home::new(),
    });
    first.log_in_at_terminal();
    first.run("status", 0, "Authenticated with API Key\n");
    first.run("auth whoami", 0, "Email: dev@example.com\n");
    let bound = backend.bound(KEY);
    assert!(bound.is_some(), "the backend has bound the key");

    println!("# auth.json is copied to a second device");
    second.home.write_auth(&first.home.read_auth());
    second.run("status", 0, "belongs to another device");
    second.run("login --api-key-stdin", 0, "Login successful!");
    assert_ne!(
        backend.bound(KEY),
        bound,
        "it is bound to the second device"
    );
    second.run("logout", 0, "Logged out successfully!");
    assert!(
        second.home.listing().is_empty(),
        "nothing is left in ~/.sekuire"
    );
    second.run("status", 1, "Not logged in\n");
}

struct Device<'a> {
    backend: &'a Backend,
    /// `SEKUIRE_DEVICE_ID=`; empty: this machine's own identity.
    variable: &'static str,
    home: Home,
}

impl Device<'_> {
    fn sekuire(&self) -> TestCommand {
        let (_, id) = self.variable.split_once('=').unwrap_or_default();
        TestCommand::new()
            .home(&self.home)
            .ca(&self.backend.ca_file())
            .env("SEKUIRE_BACKEND_URL", self.backend.url())
            .env("SEKUIRE_DEVICE_ID", id)
    }

    fn log_in_at_terminal(&self) {
        println!(
            "$ sekuire login                      # at a pseudo-terminal: the key is typed, unseen"
        );
        let mut terminal = self.sekuire().arg("login").pty();
        terminal.wait_for("Enter your API Key:");
        assert!(!terminal.echo_on(), "echo is off at the prompt");
        terminal.send(format!("{KEY}\r").as_bytes());
        let login = terminal.finish();
        assert!(terminal.echo_on(), "echo is on again after it");
        login.never_shows(KEY);
        check(&login, 0, "Login successful!");
    }

    /// The key waits on standard input, for a login.
    fn run(&self, words: &str, code: i32, says: &str) {
        let key = words.starts_with("login").then_some("< key");
        let line = [self.variable, "sekuire", words, key.unwrap_or_default()].join(" ");
        println!("$ {}", line.trim());
        let command = self.sekuire().args(words.split(' '));
        let outcome = command.stdin(format!("{KEY}\n").as_bytes()).run();
        check(&outcome, code, says);
    }
}

/// Shows what it said.
fn check(outcome: &Outcome, code: i32, says: &str) {
    let said = [&*outcome.stdout, &outcome.stderr, &outcome.terminal].concat();
    print!("{}", said.replace("\r\n", "\n"));
    if code != 0 {
        println!("[exit status {code}]");
    }
    outcome.exits_with(code);
    assert!(said.contains(says), "{says:?} is said: {outcome}");
}
