//! The existing client, `sekuire-cli` 0.2.11 of crates.io, in the same home: each reads what the other wrote.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::{self, Report};
use super::user::User;
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::outcome::Outcome;

/// The identity of a machine, from which the existing client makes nothing.
const MACHINE_ID: &str = "/etc/machine-id";

pub(crate) fn check(report: &mut Report) {
    let Some(program) = built() else {
        report::skip(
            "sekuire-cli",
            "is not built; make sekuire-cli builds it, in two minutes",
        );
        return;
    };
    report::section("sekuire-cli 0.2.11");
    let backend = Backend::https();
    let clients = Clients { program, backend };
    clients.check_files(report);
    match needs::machine().filter(|_| Path::new(MACHINE_ID).is_file()) {
        Some(machine) => clients.check_host_name(report, &machine),
        None => report::skip(
            "another host name",
            &format!("needs namespaces and {MACHINE_ID}"),
        ),
    }
}

/// Where `make sekuire-cli` leaves it.
fn built() -> Option<PathBuf> {
    let example = env::current_exe().ok()?;
    let program = example.ancestors().nth(3)?.join("foreign/bin/sekuire");
    program.is_file().then_some(program)
}

struct Clients {
    program: PathBuf,
    backend: Backend,
}

impl Clients {
    fn check_files(&self, report: &mut Report) {
        report.check("it logs in: status and whoami read its file", || {
            let user = self.user();
            self.existing_login(&user);
            let status = user.run(&["status"]);
            status.exits(0).complains("chmod 600");
            assert!(
                status.stdout.contains("Key: sk_live_abc...xyz\n"),
                "{status}"
            );
            assert!(
                status.stdout.ends_with("Workspace: ws_abc123\n"),
                "{status}"
            );
            assert_eq!(
                member(&user.run(&["status", "--json"]), "/device/matches"),
                true
            );
            user.run(&["whoami", "--backend", &user.url]).exits(0);
        });
        report.check(
            "it logs in, then we: its fingerprint is kept, and the file is private",
            || {
                let user = self.user();
                self.existing_login(&user);
                let before = fingerprint(&user);
                user.login().exits(0);
                assert_eq!(fingerprint(&user), before);
                assert_eq!(mode(&user), 0o600);
                self.existing_whoami(&user);
            },
        );
        report.check("we log in: it reads our file", || {
            let user = self.user();
            user.login().exits(0);
            let status = self.existing(&user, &["auth", "status"]);
            status.exits(0);
            let fingerprint = fingerprint(&user);
            let shown = fingerprint.get(..16).expect("64 digits");
            for text in ["Authenticated with API Key", "Workspace: ws_abc123", shown] {
                assert!(status.stdout.contains(text), "lacks {text}; {status}");
            }
            self.existing_whoami(&user);
        });
        report.check(
            "we log in, then it: the file stays private, and we read it",
            || {
                let user = self.user();
                user.login().exits(0);
                self.existing_login(&user);
                assert_eq!(mode(&user), 0o600);
                user.run(&["status"]).exits(0).complains_not();
                user.run(&["whoami", "--backend", &user.url])
                    .exits(0)
                    .complains_not();
            },
        );
        report.check("we log out of its login", || {
            let user = self.user();
            self.existing_login(&user);
            user.run(&["logout"]).exits(0);
            let status = self.existing(&user, &["auth", "status"]);
            assert!(status.stdout.contains("Not logged in"), "{status}");
            assert!(user.home.listing().is_empty(), "{:?}", user.home.listing());
        });
        report.check("it logs out of our login", || {
            let user = self.user();
            user.login().exits(0);
            let logout = self.existing(&user, &["logout"]);
            logout.exits(0);
            user.run(&["status"])
                .exits(1)
                .prints("Not logged in\nRun 'sekuire login' to authenticate\n");
        });
    }

    /// Its fingerprint is made of the host name, ours of the machine id.
    fn check_host_name(&self, report: &mut Report, machine: &Machine) {
        let at = |user: User, name: &str| user.on(machine.clone().host_name(name));
        report.check(
            "it logs in, and the host name changes: we say so, and a login mends it",
            || {
                let user = at(self.user(), "alpha.example");
                self.existing_login(&user);
                user.run(&["whoami", "--backend", &user.url]).exits(0);

                let user = at(user, "beta.example");
                user.run(&["status"])
                    .exits(0)
                    .complains("belongs to another device");
                let whoami = user.run(&["whoami", "--backend", &user.url]);
                whoami
                    .exits(1)
                    .complains("API key is not bound to this device");
                // It sends what the file says, wherever it is.
                self.existing_whoami(&user);
                user.login().exits(0);
                user.run(&["status"]).exits(0).complains_not();
                self.existing_whoami(&user);
            },
        );
        report.check(
            "we log in, and the host name changes: nothing is different for either",
            || {
                let user = at(self.user(), "alpha.example");
                user.login().exits(0);
                let user = at(user, "beta.example");
                user.run(&["status"]).exits(0).complains_not();
                user.run(&["whoami"]).exits(0).complains_not();
                self.existing_whoami(&user);
            },
        );
    }

    /// Of this machine, not of a test's identity.
    fn user(&self) -> User {
        let url = self.backend.origin_localhost();
        User::new(&url, &self.backend.ca_file()).with("SEKUIRE_DEVICE_ID", &"")
    }

    fn existing(&self, user: &User, arguments: &[&str]) -> Outcome {
        user.dress(Sekuire::at(&self.program)).args(arguments).run()
    }

    /// It asks a terminal only.
    fn existing_login(&self, user: &User) {
        let login = user.dress(Sekuire::at(&self.program));
        let mut terminal = login.args(["login", "--backend", &user.url]).pty();
        terminal.wait_for("Enter your API Key");
        terminal.send(format!("{KEY}\r").as_bytes());
        terminal.finish().exits(0);
    }

    fn existing_whoami(&self, user: &User) {
        let whoami = self.existing(user, &["auth", "whoami", "--backend-url", &user.url]);
        whoami.exits(0);
        assert!(whoami.stdout.contains("Email: dev@example.com"), "{whoami}");
    }
}

fn fingerprint(user: &User) -> String {
    let auth: Value = serde_json::from_str(&user.home.read_auth()).expect("JSON");
    auth["device_fingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned()
}

fn mode(user: &User) -> u32 {
    let metadata = fs::metadata(user.home.auth_json()).expect("auth.json");
    metadata.permissions().mode() & 0o777
}

fn member(outcome: &Outcome, pointer: &str) -> Value {
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    report.pointer(pointer).expect("it is there").clone()
}
