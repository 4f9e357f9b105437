//! Whoever runs the program: a home, a backend, and what else the program is told.

use std::path::Path;

use crate::support::backend::KEY;
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::outcome::Outcome;

/// The part of the key of which no eight characters in a row may be shown.
const SECRET: &[u8] = b"abc123def456xyz";

pub(crate) struct User {
    pub(crate) home: Home,
    pub(crate) url: String,
    environment: Vec<(&'static str, String)>,
    machine: Option<Machine>,
}

impl User {
    /// One who has not yet logged in, and trusts the CA in this file.
    pub(crate) fn new(url: &str, ca: &Path) -> Self {
        let user = Self {
            home: Home::new(),
            url: url.to_owned(),
            environment: Vec::new(),
            machine: None,
        };
        user.with("SSL_CERT_FILE", &ca.display())
    }

    pub(crate) fn with(mut self, name: &'static str, value: &dyn ToString) -> Self {
        self.environment.push((name, value.to_string()));
        self
    }

    pub(crate) fn on(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    pub(crate) fn login(&self) -> Outcome {
        let login = ["login", "--api-key-stdin", "--backend", &self.url];
        judge(self.sekuire().args(login).stdin(KEY.as_bytes()))
    }

    /// With a key from the environment.
    pub(crate) fn whoami(&self) -> Outcome {
        let whoami = ["whoami", "--backend", &self.url];
        judge(self.sekuire().args(whoami).env("SEKUIRE_API_KEY", KEY))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        judge(self.sekuire().args(arguments))
    }

    /// From login to logout; `doctor --online` must say so of TLS.
    pub(crate) fn live(&self, tls: &str) {
        self.login().exits(0).complains_not();
        self.run(&["status"]).exits(0).complains_not();
        let whoami = self.run(&["whoami"]);
        whoami.exits(0).complains_not();
        assert!(
            whoami.stdout.contains("Email: dev@example.com\n"),
            "{whoami}"
        );
        let doctor = self.run(&["doctor", "--online"]);
        doctor.exits(0).complains_not();
        assert!(doctor.stdout.contains(&format!(" tls: {tls}")), "{doctor}");
        self.run(&["logout"]).exits(0);
        self.run(&["status", "--quiet"]).exits(1);
    }

    /// Nothing is left of a login that fails.
    pub(crate) fn fails_to_log_in(&self, says: &str) -> Outcome {
        let login = self.login();
        login
            .exits(4)
            .prints("")
            .complains(says)
            .complains("\nhint: ");
        assert!(self.home.listing().is_empty(), "{:?}", self.home.listing());
        login
    }

    fn sekuire(&self) -> Sekuire {
        self.dress(Sekuire::new())
    }

    /// The same home, environment and machine for another program.
    pub(crate) fn dress(&self, program: Sekuire) -> Sekuire {
        let program = match &self.machine {
            Some(machine) => program.on(machine.clone()),
            None => program,
        };
        let variables = self.environment.iter();
        variables.fold(program.home(&self.home), |program, (name, value)| {
            // An empty variable counts as unset.
            program.env(name, value)
        })
    }
}

/// Whatever it says, the key is not in it.
fn judge(program: Sekuire) -> Outcome {
    let outcome = program.run();
    for part in SECRET.windows(8) {
        outcome.hides(std::str::from_utf8(part).expect("ASCII"));
    }
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    outcome
}
