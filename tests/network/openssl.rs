//! Certificates and servers that rcgen and rustls can't make, made and run by openssl(1): keys that are too
//! weak or not known here, old algorithms and versions, a server that demands a certificate.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{SLACK, assert_no_panic};
use crate::support::backend::KEY;
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;

/// A kind of key, as arguments of `openssl req`.
const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
const P521: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-521";
const RSA: &str = "-newkey rsa:2048";
const WEAK_RSA: &str = "-newkey rsa:1024";

/// A server, and what is said of it.
struct Case {
    name: &'static str,
    /// The keys of the CA and of the server.
    keys: (&'static str, &'static str),
    /// How the CA signs, as arguments of `openssl x509`.
    signed: &'static str,
    /// Further arguments of `openssl s_server`.
    server: &'static str,
    ciphers: &'static str,
    says: &'static str,
    hint: &'static str,
}

const GOOD: Case = Case {
    name: "good",
    keys: (P256, P256),
    signed: "-sha256 -extfile san.cnf",
    server: "",
    ciphers: "DEFAULT",
    says: "",
    hint: "",
};

const CASES: &[Case] = &[
    Case {
        name: "a weak key of the server's",
        keys: (RSA, WEAK_RSA),
        says: "a key is too weak (RSA below 2048 bits)",
        hint: "have 2048 bits or more",
        ..GOOD
    },
    Case {
        name: "a weak key of the CA's",
        keys: (WEAK_RSA, P256),
        says: "a key is too weak (RSA below 2048 bits)",
        hint: "have 2048 bits or more",
        ..GOOD
    },
    Case {
        name: "SHA-1",
        keys: (RSA, P256),
        signed: "-sha1 -extfile san.cnf",
        says: "is signed with RSA with SHA-1: that can't be checked here",
        hint: "SHA-256",
        ..GOOD
    },
    Case {
        name: "ECDSA with SHA-512",
        signed: "-sha512 -extfile san.cnf",
        says: "is signed with ECDSA with SHA-512: that can't be checked here",
        hint: "SHA-256",
        ..GOOD
    },
    Case {
        name: "a CA with P-521",
        keys: (P521, P256),
        says: "is signed with ECDSA with SHA-256, by a key of the kind P-521",
        hint: "P-256 or P-384",
        ..GOOD
    },
    Case {
        name: "a CA with Ed448",
        keys: ("-newkey ed448", P256),
        signed: "-extfile san.cnf",
        says: "is signed with Ed448: that can't be checked here",
        hint: "P-256 or P-384",
        ..GOOD
    },
    Case {
        name: "a server with P-521",
        keys: (P256, P521),
        says: "no cipher suite, group or signature in common",
        hint: "RSA (2048 bits or more), P-256, P-384 or Ed25519",
        ..GOOD
    },
    Case {
        name: "version 1",
        signed: "-sha256",
        says: "is of an old form (not X.509 version 3)",
        hint: "subjectAltName",
        ..GOOD
    },
    Case {
        name: "TLS 1.1",
        server: "-tls1_1",
        says: "speaks neither TLS 1.2 nor 1.3",
        hint: "RFC 8996",
        ..GOOD
    },
    Case {
        name: "no cipher suite in common",
        keys: (RSA, RSA),
        server: "-tls1_2",
        ciphers: "AES128-SHA",
        says: "no cipher suite, group or signature in common",
        hint: "AES-GCM or ChaCha20-Poly1305",
        ..GOOD
    },
    Case {
        name: "a certificate demanded, TLS 1.3",
        server: "-tls1_3 -Verify 1",
        says: "demands a certificate of this program",
        hint: "this program has none",
        ..GOOD
    },
    Case {
        name: "a certificate demanded, TLS 1.2",
        server: "-tls1_2 -Verify 1",
        says: "or demands a certificate of it",
        hint: "ask whoever runs the backend",
        ..GOOD
    },
];

#[test]
fn servers_of_openssls() {
    if needs::tool("openssl").is_none() {
        return;
    }
    for case in CASES {
        let home = Home::new();
        let server = Server::start(home.path(), case);
        let outcome = whoami(&home, &server);
        outcome
            .exits(4)
            .complains(case.says)
            .complains("\nhint: ")
            .complains(case.hint)
            .takes_at_most(SLACK);
        assert_no_panic(case.name, &outcome);
        for debug in ["Other(", "Error", "Context", "[", "{"] {
            assert!(!outcome.stderr.contains(debug), "{}: {outcome}", case.name);
        }
    }
}

/// Without this, the others could fail for any reason.
#[test]
fn a_good_server_of_openssls() {
    if needs::tool("openssl").is_none() {
        return;
    }
    let home = Home::new();
    let server = Server::start(home.path(), &GOOD);
    // It speaks TLS, but not HTTP: it hangs up.
    let outcome = whoami(&home, &server);
    outcome.exits(4);
    assert!(!outcome.stderr.contains("certificate"), "{outcome}");
    assert!(!outcome.stderr.contains("TLS"), "{outcome}");
}

fn whoami(home: &Home, server: &Server) -> crate::support::outcome::Outcome {
    Sekuire::new()
        .home(home)
        .ca(&home.path().join("ca.pem"))
        .env("SEKUIRE_API_KEY", KEY)
        .args(["whoami", "--timeout", "2", "--backend"])
        .arg(format!("https://localhost:{}", server.port))
        .run()
}

/// `openssl s_server` for one connection.
struct Server {
    process: Child,
    port: String,
    /// It would end where nobody reads it.
    _output: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path, case: &Case) -> Server {
        let run = |arguments: String| {
            let output = Command::new("openssl")
                .current_dir(folder)
                .args(arguments.split_whitespace())
                .output()
                .expect("openssl runs");
            assert!(output.status.success(), "{}: {output:?}", case.name);
        };
        fs::write(folder.join("san.cnf"), "subjectAltName=DNS:localhost").expect("a file");
        run(format!(
            "req -x509 {} -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=test-CA \
             -addext basicConstraints=critical,CA:TRUE",
            case.keys.0
        ));
        run(format!(
            "req {} -nodes -keyout key.pem -out request.pem -subj /CN=localhost",
            case.keys.1
        ));
        run(format!(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -out cert.pem {}",
            case.signed
        ));
        let mut process = Command::new("openssl")
            .current_dir(folder)
            .args("s_server -accept 127.0.0.1:0 -naccept 1 -cert cert.pem -key key.pem".split(' '))
            .args(case.server.split_whitespace())
            // Old versions, keys and algorithms, which openssl has given up, too.
            .args(["-cipher", &format!("{}:@SECLEVEL=0", case.ciphers)])
            // It ends with its input.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let port = output
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:").map(str::to_owned))
            .expect("it listens");
        Server {
            process,
            port,
            _output: output,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
