//! nginx, as what the program logs in to: the development backend is behind it.

use std::fs;

use super::{Report, User, start};
use crate::support::backend::{After, Backend, Behaviour};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::port::RefusingPort;

const NO_PROXY: (&str, &str) = ("HTTPS_PROXY", "");

/// A base URL where something is wrong, and what is said of it.
const CASES: [(&str, &str); 10] = [
    ("https://localhost:@TLS13@/gone", "returned 502 "),
    ("https://localhost:@TLS13@/silent", "returned 504 "),
    ("https://localhost:@TLS13@/small", "returned 413 "),
    ("https://localhost:@TLS13@/@LONG@", "returned 414 "),
    ("https://localhost:@TLS13@/misdirected", "returned 421"),
    ("http://localhost:@CLEAR@", "redirects to https://localhost"),
    (
        "http://localhost:@TLS13@",
        "The plain HTTP request was sent",
    ),
    ("https://localhost:@CLEAR@", "it does not speak TLS"),
    ("https://localhost:@CLIENT@", "No required SSL certificate"),
    ("https://localhost:@GONE@", "connection refused"),
];

pub(super) fn check(report: &mut Report) {
    let Some(program) = needs::tool("nginx") else {
        return;
    };
    let [backend, silent] = [(); 2].map(|()| Backend::http());
    silent.behave(Behaviour::Silent(After::Request));
    let folder = Home::new();
    let path = folder.path();
    let own = ["TLS12", "TLS13", "CLIENT", "CLEAR", "GONE"].map(|name| (name, RefusingPort::new()));
    let behind = [("BACKEND", backend.address()), ("SILENT", silent.address())];
    let addresses = own.iter().map(|(name, port)| (*name, port.address()));
    let ports = addresses
        .chain(behind)
        .map(|(name, address)| (name, address.port().to_string()));
    let long = ("LONG", "x".repeat(1900));
    let texts: Vec<_> = ports
        .chain([("DIR", path.display().to_string()), long])
        .collect();
    let fill = |text: &str| {
        texts.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("@{name}@"), value)
        })
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let ca = path.join("server.pem");
    fs::write(&ca, made.cert.pem()).expect("a file");
    fs::write(path.join("server.key"), made.signing_key.serialize_pem()).expect("a file");
    let configuration = path.join("configuration");
    fs::write(configuration, fill(include_str!("nginx.conf"))).expect("a file");
    let arguments = "-e @DIR@/error.log -p @DIR@ -c @DIR@/configuration";
    let _running = start(&program, arguments, &folder, own[0].1.address().port());

    for (name, tls) in [("@TLS12@", "TLS 1.2"), ("@TLS13@", "TLS 1.3")] {
        report.check(&format!("nginx: login to logout, {tls}"), || {
            User::new(&fill(&format!("https://localhost:{name}")), &ca, NO_PROXY).live(tls);
        });
    }
    for (url, says) in CASES {
        report.check(&format!("nginx: {url}: {says}"), || {
            User::new(&fill(url), &ca, NO_PROXY).fails_to_log_in(says);
        });
    }
}
