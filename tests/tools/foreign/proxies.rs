//! Proxies that break TLS open, as companies have them: they show a certificate of the company's CA in place of the
//! backend's.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::certificates;
use super::daemon::{Daemon, Place};
use super::program::{find, version};
use super::report::{self, Report};
use super::user::User;
use crate::support::backend::{Backend, TlsKind};
use crate::support::command::Sekuire;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::port::RefusingPort;

/// Not loopback's, which no proxy is asked for; the proxies find it there all the same.
const NAME: &str = "backend.example";

/// Debian's only, of squid-openssl.
const CERTGEN: &str = "/usr/lib/squid/security_file_certgen";

/// Where Debian's store has its bundle.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(crate) fn check(report: &mut Report) {
    if let Some(program) = find("squid", "squid-openssl") {
        report::section(&version(&program, "-v"));
        match needs::machine() {
            _ if !Path::new(CERTGEN).is_file() => {
                report::skip("squid", "can't open TLS (Debian: squid-openssl)");
            }
            None => report::skip("squid", "needs namespaces"),
            Some(machine) => {
                check_one(report, |place| squid(&program, place, machine.clone()));
            }
        }
    }
    if let Some(program) = find("mitmdump", "mitmproxy") {
        report::section(&version(&program, "--version"));
        check_one(report, |place| mitmproxy(&program, place));
    }
}

fn check_one(report: &mut Report, start: impl Fn(&Place) -> Daemon) {
    let backend = Backend::https();
    let place = Place::new(&["PROXY"]);
    certificates::make(place.folder());
    fs::copy(backend.ca_file(), place.folder().join("backend-ca.pem")).expect("a copy");
    place.write("hosts", &format!("127.0.0.1 localhost {NAME}\n"));
    let mut daemon = None;
    report.check("it starts", || daemon = Some(start(&place)));
    let Some(_daemon) = daemon else { return };
    let behind = |port: u16| format!("https://{NAME}:{port}");
    let proxied = |url: &str, ca: &Path| {
        let proxy = place.fill("http://127.0.0.1:@PROXY@");
        User::new(url, ca).with("HTTPS_PROXY", &proxy)
    };
    let url = behind(backend.address().port());
    let company = place.folder().join("ca.pem");
    report.check("login to logout, the company's CA in SSL_CERT_FILE", || {
        proxied(&url, &company).live("TLS 1.3");
    });
    in_store(report, || proxied(&url, Path::new("")), &company);
    report.check("without the company's CA nothing is sent", || {
        let before = backend.requests().len();
        let user = proxied(&url, &backend.ca_file());
        let login = user.fails_to_log_in("certificate signed by an untrusted CA");
        login.complains("set SSL_CERT_FILE=");
        user.whoami().exits(4).complains("set SSL_CERT_FILE=");
        let doctor =
            proxied(&url, &backend.ca_file()).run(&["doctor", "--online", "--backend", &url]);
        doctor.exits(1);
        assert_eq!(backend.requests().len(), before);
    });
    report.check("the backend is gone", || {
        let gone = RefusingPort::new();
        proxied(&behind(gone.address().port()), &company).fails_to_log_in("(50");
    });
    report.check("the proxy does not trust the backend", || {
        let other = Backend::builder().tls(TlsKind::UnknownCa).start();
        let user = proxied(&behind(other.address().port()), &company);
        user.fails_to_log_in("(50");
        assert_eq!(other.requests().len(), 0);
    });
}

/// As an administrator installs it.
fn in_store(report: &mut Report, user: impl Fn() -> User, company: &Path) {
    let Some(machine) = needs::machine().filter(|_| Path::new(BUNDLE).is_file()) else {
        report::skip(
            "the company's CA in the store",
            &format!("needs namespaces and {BUNDLE}"),
        );
        return;
    };
    report.check("login to logout, the company's CA in the store", || {
        user().on(machine.mount(company, BUNDLE)).live("TLS 1.3");
    });
}

/// `ssl-bump`, <https://wiki.squid-cache.org/Features/SslBump>.
fn squid(program: &Path, place: &Place, machine: Machine) -> Daemon {
    let certificates = place.folder().join("certificates");
    let made = Command::new(CERTGEN)
        .args(["-c", "-s"])
        .arg(&certificates)
        .args(["-M", "1MB"])
        .output()
        .expect("it runs");
    assert!(made.status.success(), "{made:?}");
    // Made by whoever runs this, and nobody writes there.
    for path in [
        certificates.clone(),
        certificates.join("certs"),
        certificates.join("index.txt"),
        certificates.join("size"),
    ] {
        fs::set_permissions(path, Permissions::from_mode(0o777)).expect("chmod");
    }
    place.write("configuration", include_str!("proxies/squid.conf"));
    // Where it keeps what another squid must not find, and leaves it behind.
    let squid = Sekuire::at(program).on(machine.mount(place.folder(), "/dev/shm"));
    Daemon::launch(squid, "-N -f @DIR@/configuration", place, &["PROXY"])
}

/// <https://docs.mitmproxy.org/>: with a CA that it makes itself.
fn mitmproxy(program: &Path, place: &Place) -> Daemon {
    place.write("hosts.py", include_str!("proxies/hosts.py"));
    let arguments = "--quiet --listen-host 127.0.0.1 --listen-port @PROXY@ --scripts @DIR@/hosts.py \
         --set confdir=@DIR@/mitmproxy --set ssl_verify_upstream_trusted_ca=@DIR@/backend-ca.pem";
    let daemon = Daemon::start(program, arguments, place, &["PROXY"]);
    let its: PathBuf = place.folder().join("mitmproxy/mitmproxy-ca-cert.pem");
    fs::copy(its, place.folder().join("ca.pem")).expect("its CA");
    daemon
}
