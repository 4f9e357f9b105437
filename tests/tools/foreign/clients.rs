//! curl and `openssl s_client` against the development backend: whether it is the HTTP server (RFC 9110, 9112) that it
//! stands for.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::program::{find, version};
use super::report::{self, Report};
use crate::support::backend::{ApiKey, Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::outcome::Outcome;

/// To whom the key is bound.
const FINGERPRINT: &str = "f";

const VERIFY_BODY: &str = r#"{"api_key":"sk_live_abc123def456xyz","device_fingerprint":"f","device_name":"n","device_os":"o"}"#;

/// More than a client takes; where it waits for what does not come, it ends with an error.
const LIMIT: &str = "5";

/// What curl tells of each answer.
const TELL: &str = "\n[%{http_code} %{http_version} %{num_connects} %{size_download}]\n";

/// A verification, as curl's arguments.
const POST: [&str; 4] = [
    "--header",
    "Content-Type: application/json",
    "--data",
    VERIFY_BODY,
];

pub(crate) fn check(report: &mut Report) {
    let backend = Backend::https();
    backend.add_key(ApiKey {
        bound: Some(FINGERPRINT.to_owned()),
        ..ApiKey::new(KEY)
    });
    if let Some(curl) = find("curl", "curl") {
        report::section(&version(&curl, "--version"));
        let curl = Curl {
            curl,
            backend: &backend,
        };
        curl.check(report);
        curl.check_bodies(report);
        curl.check_refusals(report);
    }
    if let Some(openssl) = find("openssl", "openssl") {
        report::section(&version(&openssl, "version"));
        let openssl = OpenSsl {
            openssl,
            backend: &backend,
        };
        openssl.check_tls(report);
        openssl.check_messages(report);
    }
}

struct Curl<'a> {
    curl: PathBuf,
    backend: &'a Backend,
}

const ME: &str = "/api/v1/me";
const VERIFY: &str = "/api/v1/api-keys/verify";

impl Curl<'_> {
    fn check(&self, report: &mut Report) {
        for version in ["1.2", "1.3"] {
            report.check(&format!("TLS {version}"), || {
                self.get(ME, &["--tlsv1.2", "--tls-max", version, "--verbose"])
                    .tells("200 1.1 1")
                    .notes(&format!("SSL connection using TLSv{version}"));
            });
        }
        report.check("TLS 1.1 is refused", || {
            let ciphers = ["--ciphers", "DEFAULT@SECLEVEL=0"];
            let outcome = self.run(
                ME,
                &[&ciphers[..], &["--tlsv1.1", "--tls-max", "1.1"]].concat(),
            );
            outcome.exits(35);
        });
        report.check("HTTP/1.0", || {
            self.get(ME, &["--http1.0"]).tells("200 1.1 1");
        });
        report.check("keep-alive: two requests, one connection", || {
            let answer = self.get(ME, &[&self.url(ME), "--write-out", TELL]);
            answer.tells("200 1.1 1").tells("200 1.1 0");
        });
        report.check("keep-alive after refusals", || {
            let unknown = self.url("/none");
            let answer = self.get(VERIFY, &[&unknown, &self.url(ME), "--write-out", TELL]);
            answer
                .tells("405 1.1 1")
                .tells("404 1.1 0")
                .tells("200 1.1 0");
        });
        report.check("HEAD: the same head, and no body", || {
            let get = self.get(ME, &["--include"]);
            let head = self.get(ME, &["--head", &self.url(ME), "--write-out", TELL]);
            assert_eq!(
                head.header("content-length"),
                get.header("content-length"),
                "{}",
                head.0
            );
            head.tells("200 1.1 1 0").tells("200 1.1 0 0");
        });
    }

    fn check_bodies(&self, report: &mut Report) {
        report.check("POST", || {
            self.get(VERIFY, &POST)
                .tells("200 1.1 1")
                .says(r#""valid":true"#);
        });
        report.check("POST in chunks", || {
            self.get(
                VERIFY,
                &[&POST[..], &["--header", "Transfer-Encoding: chunked"]].concat(),
            )
            .tells("200 1.1 1")
            .says(r#""valid":true"#);
        });
        report.check("Expect: 100-continue", || {
            self.get(
                VERIFY,
                &[
                    &POST[..],
                    &["--header", "Expect: 100-continue", "--verbose"],
                ]
                .concat(),
            )
            .tells("200 1.1 1")
            .says(r#""valid":true"#)
            .notes("< HTTP/1.1 100 Continue")
            .notes_not("Done waiting for 100-continue");
        });
    }

    fn check_refusals(&self, report: &mut Report) {
        report.check("an expectation that nobody knows", || {
            self.get(ME, &["--header", "Expect: the-unexpected"])
                .tells("417");
        });
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            report.check(
                &format!("{method} is not allowed, and what is, is said"),
                || {
                    let answer = self.get(ME, &["--request", method, "--include"]);
                    answer.tells("405");
                    assert_eq!(answer.header("allow"), "GET, HEAD", "{}", answer.0);
                },
            );
        }
        report.check("a query", || {
            self.get("/api/v1/me?a=b", &[]).tells("200");
        });
        report.check("a target with scheme and host", || {
            self.get(ME, &["--request-target", &self.url(ME)])
                .tells("200");
        });
        report.check("a body that is too long, announced", || {
            let body = format!("@{}", self.large_file().display());
            self.get(VERIFY, &["--data-binary", &body]).tells("413");
        });
        report.check("a body that is too long, in chunks", || {
            let body = format!("@{}", self.large_file().display());
            self.get(
                VERIFY,
                &[
                    "--data-binary",
                    &body,
                    "--header",
                    "Transfer-Encoding: chunked",
                ],
            )
            .tells("413");
        });
        report.check("a head that is too long", || {
            let header = format!("X-Filler: {}", "x".repeat(70_000));
            self.get(ME, &["--header", &header]).tells("431");
        });
        report.check("a target that is too long", || {
            self.get(&format!("/{}", "x".repeat(70_000)), &[])
                .tells("414");
        });
        report.check("the date, and that the connection ends", || {
            let answer = self.get(ME, &["--include", "--header", "Connection: close"]);
            assert!(answer.header("date").ends_with(" GMT"), "{}", answer.0);
            assert_eq!(answer.header("connection"), "close", "{}", answer.0);
        });
    }

    /// Two MiB.
    fn large_file(&self) -> PathBuf {
        let path = self.backend.ca_file().with_file_name("large");
        fs::write(&path, vec![b' '; 2 << 20]).expect("a file");
        path
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.backend.origin_localhost())
    }

    fn get(&self, path: &str, options: &[&str]) -> Answer {
        let outcome = self.run(path, options);
        outcome.exits(0);
        Answer(outcome)
    }

    fn run(&self, path: &str, options: &[&str]) -> Outcome {
        Sekuire::at(&self.curl)
            .args(["--silent", "--show-error", "--max-time", LIMIT, "--cacert"])
            .arg(self.backend.ca_file())
            .args([
                "--header",
                &format!("X-API-Key: {KEY}"),
                "--header",
                "X-Device-Fingerprint: f",
            ])
            .args(["--write-out", TELL])
            .arg(self.url(path))
            .args(options)
            .run()
    }
}

struct Answer(Outcome);

impl Answer {
    /// Status, version, new connections, and length of the body, or the first of these.
    fn tells(&self, what: &str) -> &Self {
        self.says(&format!("\n[{what}"))
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.0.stdout.contains(text), "lacks {text:?}; {}", self.0);
        self
    }

    /// curl's own words.
    fn notes(&self, text: &str) -> &Self {
        self.0.complains(text);
        self
    }

    fn notes_not(&self, text: &str) -> &Self {
        assert!(!self.0.stderr.contains(text), "{text:?}; {}", self.0);
        self
    }

    /// Empty where it is missing.
    fn header(&self, name: &str) -> &str {
        let headers = self
            .0
            .stdout
            .lines()
            .filter_map(|line| line.split_once(": "));
        let mut found = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value.trim())
    }
}

struct OpenSsl<'a> {
    openssl: PathBuf,
    backend: &'a Backend,
}

/// Each is answered so, and the connection ended.
const REFUSED: &[(&str, &str, &str)] = &[
    ("no HTTP", "HELO localhost\r\n\r\n", "400"),
    ("HTTP/0.9", "GET /api/v1/me\r\n\r\n", "400"),
    (
        "HTTP/2.0",
        "GET /api/v1/me HTTP/2.0\r\nHost: a\r\n\r\n",
        "505",
    ),
    (
        "http/1.1",
        "GET /api/v1/me http/1.1\r\nHost: a\r\n\r\n",
        "400",
    ),
    (
        "two blanks",
        "GET  /api/v1/me HTTP/1.1\r\nHost: a\r\n\r\n",
        "400",
    ),
    (
        "a method that is none",
        "G(T /api/v1/me HTTP/1.1\r\nHost: a\r\n\r\n",
        "400",
    ),
    ("no host", "GET /api/v1/me HTTP/1.1\r\n\r\n", "400"),
    (
        "two hosts",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "400",
    ),
    (
        "no colon",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        "400",
    ),
    (
        "a blank before the colon",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        "400",
    ),
    (
        "a folded header",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
        "400",
    ),
    (
        "NUL in a header",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n",
        "400",
    ),
    (
        "CR in a header",
        "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n",
        "400",
    ),
    (
        "a length that is none",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
        "400",
    ),
    (
        "two lengths",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "400",
    ),
    (
        "a length and chunks",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400",
    ),
    (
        "a coding that is not known",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "501",
    ),
    (
        "chunks in HTTP/1.0",
        "POST /api/v1/me HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400",
    ),
    (
        "a chunk's size that is none",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
        "400",
    ),
    (
        "a chunk's size beyond all numbers",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nffffffffffffffff\r\n",
        "413",
    ),
    (
        "a chunk longer than its size",
        "POST /api/v1/me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        "400",
    ),
];

impl OpenSsl<'_> {
    fn check_tls(&self, report: &mut Report) {
        for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            report.check(version, || {
                let outcome = self.connect(&["-brief", option]).run();
                outcome.exits(0);
                outcome.complains(&format!("Protocol version: {version}"));
                outcome.complains("Verification: OK");
            });
            report.check(&format!("{version}: a session is taken up again"), || {
                let session = self.backend.ca_file().with_file_name(version);
                let path = session.to_str().expect("a path");
                let request = b"GET /api/v1/me HTTP/1.0\r\n\r\n";
                let first = self
                    .connect(&[option, "-quiet", "-sess_out", path])
                    .stdin(request)
                    .run();
                first.exits(0);
                let again = self
                    .connect(&[option, "-ign_eof", "-sess_in", path])
                    .stdin(request)
                    .run();
                assert!(again.stdout.contains("Reused, "), "{again}");
            });
        }
        report.check("TLS 1.1 is refused", || {
            let outcome = self
                .connect(&["-brief", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
                .run();
            outcome.exits(1);
        });
    }

    fn check_messages(&self, report: &mut Report) {
        let me = format!(
            "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX-API-Key: {KEY}\r\nX-Device-Fingerprint: f\r\n"
        );
        report.check("requests in a pipeline are answered in their order", || {
            let unknown = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n";
            let post = format!(
                "POST /api/v1/api-keys/verify HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{VERIFY_BODY}",
                VERIFY_BODY.len()
            );
            let said = self.say(&format!("{me}\r\n{unknown}{post}{me}Connection: close\r\n\r\n"));
            assert_eq!(statuses(&said), ["200", "404", "200", "200"], "{said}");
        });
        let old = me.replace("1.1\r\nHost: a", "1.0");
        report.check("HTTP/1.0 ends after one answer", || {
            let said = self.say(&format!("{old}\r\n"));
            assert_eq!(statuses(&said), ["200"], "{said}");
        });
        report.check("HTTP/1.0 goes on where that is asked for", || {
            let first = format!("{old}Connection: keep-alive\r\n\r\n");
            let said = self.say(&format!("{first}{me}Connection: x, Close\r\n\r\n"));
            assert_eq!(statuses(&said), ["200", "200"], "{said}");
        });
        report.check("line ends without CR, and an empty line before", || {
            let said = self.say(&format!("\r\n{me}Connection: close\r\n\r\n").replace('\r', ""));
            assert_eq!(statuses(&said), ["200"], "{said}");
        });
        for (what, request, status) in REFUSED {
            report.check(&format!("{status}: {what}"), || {
                let said = self.say(request);
                assert_eq!(statuses(&said), [*status], "{said}");
                assert!(said.contains("\r\nConnection: close\r\n"), "{said}");
            });
        }
    }

    fn connect(&self, options: &[&str]) -> Sekuire {
        Sekuire::at(&self.openssl)
            .args(["s_client", "-connect", &self.backend.address().to_string()])
            .args([
                "-servername",
                "localhost",
                "-verify_return_error",
                "-CAfile",
            ])
            .arg(self.backend.ca_file())
            .args(options)
            .timeout(Duration::from_secs(5))
    }

    /// What comes until the backend ends the connection.
    fn say(&self, bytes: &str) -> String {
        let outcome = self.connect(&["-quiet"]).stdin(bytes.as_bytes()).run();
        outcome.stdout
    }
}

/// Of each answer; a body's last line may lack its end.
fn statuses(said: &str) -> Vec<&str> {
    let answers = said.split("HTTP/1.1 ").skip(1);
    answers.filter_map(|answer| answer.get(..3)).collect()
}
