//! Servers that people put before a backend, as what the program logs in to: the development backend is behind them.

mod table;

use std::fs;
use std::path::Path;

use super::certificates;
use super::daemon::{Daemon, Place};
use super::program::{find, version};
use super::report::{self, Report};
use super::user::User;
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::Sekuire;
use crate::support::outcome::Outcome;
use crate::support::port::RefusingPort;

use table::{Asks, Case, Server};

/// Where every server speaks TLS 1.3, and the backend is behind it.
const TLS13: &str = "https://localhost:@TLS13@";

/// What is behind the servers: a backend, one that says nothing, one that hangs up, and one that is not there.
struct Backends {
    good: Backend,
    silent: Backend,
    broken: Backend,
    gone: RefusingPort,
}

impl Backends {
    fn new() -> Self {
        let [good, silent, broken] = [(); 3].map(|()| Backend::http());
        silent.behave(Behaviour::Silent(After::Request));
        broken.behave(Behaviour::CloseAfterRequest);
        Self {
            good,
            silent,
            broken,
            gone: RefusingPort::new(),
        }
    }
}

pub(crate) fn check(report: &mut Report) {
    let backends = Backends::new();
    let curl = find("curl", "curl");
    for server in table::SERVERS {
        let Some(program) = find(server.program, server.package) else {
            continue;
        };
        report::section(&format!(
            "{}: {}",
            server.program,
            version(&program, server.version)
        ));
        let behind = |backend: &Backend| backend.address().port();
        let place = Place::new(server.ports)
            .with("BACKEND", &behind(&backends.good))
            .with("SILENT", &behind(&backends.silent))
            .with("BROKEN", &behind(&backends.broken))
            .with("GONE", &backends.gone.address().port())
            .with("LONG", &"x".repeat(1900));
        certificates::make(place.folder());
        gzipped_answer(place.folder());
        place.write("configuration", server.configuration);
        let mut daemon = None;
        report.check("it starts", || {
            daemon = Some(Daemon::start(
                &program,
                server.arguments,
                &place,
                server.ports,
            ));
        });
        let Some(daemon) = daemon else { continue };
        let front = Front {
            server,
            place,
            backend: &backends.good,
        };
        front.check(report);
        if let Some(curl) = &curl {
            front.check_expect(report, curl);
        }
        front.check_end(report, daemon);
    }
}

/// For servers that have such files: an answer that nobody asked for in this form.
fn gzipped_answer(folder: &Path) {
    let folder = folder.join("gzip/api/v1");
    fs::create_dir_all(&folder).expect("a folder");
    // `{}`, as gzip(1) writes it.
    let bytes = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    fs::write(folder.join("me.gz"), bytes).expect("a file");
    fs::write(folder.join("me"), "{}").expect("a file");
}

/// A server that runs.
struct Front<'a> {
    server: &'a Server,
    place: Place,
    backend: &'a Backend,
}

impl Front<'_> {
    fn check(&self, report: &mut Report) {
        for (url, tls) in self.server.good {
            report.check(&format!("login to logout, {url}, {tls}"), || {
                self.user(url).live(tls);
            });
        }
        report.check("an answer in chunks", || {
            self.backend.behave_once(2, Behaviour::Chunked(7));
            self.user(TLS13).login().exits(0).complains_not();
        });
        if self.server.keeps_alive {
            report.check("its connections to the backend are used again", || {
                let before = self.backend.connections();
                let user = self.user(TLS13);
                for _ in 0..4 {
                    user.login().exits(0);
                }
                let made = self.backend.connections() - before;
                assert!(made < 8, "{made} connections for 8 requests");
            });
        }
        for case in self.server.cases {
            report.check(case.what, || self.meet(case));
        }
    }

    /// The program never asks for it: curl does.
    fn check_expect(&self, report: &mut Report, curl: &Path) {
        report.check("curl's Expect: 100-continue gets through", || {
            let outcome = self.post_by_curl(curl);
            outcome.exits(0).complains("HTTP/1.1 100 Continue");
            assert!(outcome.stdout.contains(r#""valid":true"#), "{outcome}");
        });
    }

    /// What is said when the server ends.
    fn check_end(&self, report: &mut Report, daemon: Daemon) {
        drop(daemon);
        let says = "connection refused";
        report.check("the server has ended", || {
            self.meet(&table::case("", TLS13, says));
        });
    }

    fn meet(&self, case: &Case) {
        let says = self.place.fill(case.says);
        let user = match case.url {
            path if path.starts_with('/') => self.user(&format!("{TLS13}{path}")),
            url => self.user(url),
        };
        match (&case.asks, case.code) {
            (Asks::Me, _) => {}
            (_, 0) => {
                user.login().exits(0).complains(&says);
            }
            _ => {
                user.fails_to_log_in(&says);
            }
        }
        if case.asks != Asks::Verify {
            user.whoami().exits(case.code).complains(&says);
        }
    }

    fn user(&self, url: &str) -> User {
        User::new(&self.place.fill(url), &self.place.folder().join("ca.pem"))
    }

    fn post_by_curl(&self, curl: &Path) -> Outcome {
        let body = format!(
            r#"{{"api_key":"{KEY}","device_fingerprint":"f","device_name":"n","device_os":"o"}}"#
        );
        Sekuire::at(curl)
            .args([
                "--silent",
                "--show-error",
                "--verbose",
                "--max-time",
                "5",
                "--http1.1",
                "--cacert",
            ])
            .arg(self.place.folder().join("ca.pem"))
            .args([
                "--header",
                "Expect: 100-continue",
                "--header",
                "Content-Type: application/json",
            ])
            .args(["--data", &body])
            .arg(self.place.fill(TLS13) + "/api/v1/api-keys/verify")
            .run()
    }
}
