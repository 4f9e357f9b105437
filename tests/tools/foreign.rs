//! `make foreign`: what nobody here wrote, on loopback: nginx before the development backend, mitmproxy, which opens TLS as a
//! company's proxy does, and the existing client in the same home. What is not installed is skipped, and said.

mod existing_client;
mod mitmproxy;
mod nginx;

use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::backend::KEY;
use crate::support::command::{Running, Sekuire};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// More than a busy machine takes to start a server.
const START: Duration = Duration::from_secs(30);

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let mut report = Report { failed: 0 };
    nginx::check(&mut report);
    mitmproxy::check(&mut report);
    existing_client::check(&mut report);
    match report.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} failed").into()),
    }
}

struct Report {
    failed: usize,
}

impl Report {
    /// A check fails by panicking, which says why on standard error.
    fn check(&mut self, what: &str, check: impl FnOnce()) {
        let passed = catch_unwind(AssertUnwindSafe(check)).is_ok();
        self.failed += usize::from(!passed);
        let word = if passed { "ok" } else { "FAILED" };
        // Nobody is left to tell should standard output be closed.
        let _ = writeln!(io::stdout(), "{word}: {what}");
    }
}

/// Starts a server in a folder and waits until it listens on this port. It is killed when dropped.
fn start(program: &Path, arguments: &str, folder: &Home, port: u16) -> Running {
    let arguments = arguments.replace("@DIR@", &folder.path().display().to_string());
    let mut running = Sekuire::at(program)
        .home(folder)
        .args(arguments.split_whitespace())
        .timeout(Duration::ZERO)
        .spawn();
    let started = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let waits = started.elapsed() < START;
        assert!(waits, "it does not listen: {}", running.finish());
        thread::sleep(Duration::from_millis(20));
    }
    running
}

/// Whoever runs the program: a home, a backend, and an environment.
struct User {
    home: Home,
    url: String,
    ca: PathBuf,
    variable: (&'static str, String),
}

impl User {
    /// One who has not logged in, trusts the CA in this file, and has this variable.
    fn new(url: &str, ca: &Path, variable: (&'static str, &str)) -> Self {
        Self {
            home: Home::new(),
            url: url.to_owned(),
            ca: ca.to_owned(),
            variable: (variable.0, variable.1.to_owned()),
        }
    }

    fn login(&self) -> Outcome {
        let login = ["login", "--api-key-stdin", "--backend", &self.url];
        self.dress(Sekuire::new())
            .args(login)
            .stdin(KEY.as_bytes())
            .run()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.dress(Sekuire::new()).args(arguments).run()
    }

    /// From login to logout; `doctor --online` must say so of TLS.
    fn live(&self, tls: &str) {
        self.login().exits(0).complains_not();
        let whoami = self.run(&["whoami"]);
        whoami.exits(0).complains_not();
        let email = "Email: dev@example.com\n";
        assert!(whoami.stdout.contains(email), "{whoami}");
        let doctor = self.run(&["doctor", "--online"]);
        doctor.exits(0);
        assert!(doctor.stdout.contains(&format!(" tls: {tls}")), "{doctor}");
        self.run(&["logout"]).exits(0);
    }

    /// Nothing is left of a login that fails, and the key is not shown.
    fn fails_to_log_in(&self, says: &str) {
        let login = self.login();
        login.exits(4).prints("").complains(says).hides(KEY);
        assert!(self.home.listing().is_empty(), "{:?}", self.home.listing());
    }

    /// The same home and environment for another program.
    fn dress(&self, program: Sekuire) -> Sekuire {
        let (name, value) = &self.variable;
        program.home(&self.home).ca(&self.ca).env(name, value)
    }
}
