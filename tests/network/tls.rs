//! Certificates: which CAs are trusted, in which files they are read, what is said where a server is refused, and
//! that it was sent nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Asks, Behaviour, Fixture, KEY, SLACK, in_parallel, rows};
use crate::support::backend::{Backend, TlsKind};
use crate::support::command::{TestCommand, binary};
use crate::support::needs;
use crate::support::outcome::Outcome;

const REFUSED: [TlsKind; 6] = [
    TlsKind::UnknownCa,
    TlsKind::WrongHost,
    TlsKind::Expired,
    TlsKind::NotYetValid,
    TlsKind::SelfSignedCa,
    TlsKind::ClientOnly,
];

/// `CAUSE | HINT` of each.
const EXPLAINED: &str = "
    certificate signed by an untrusted CA; trusted: 1 CA of SSL_CERT_FILE=/ | for the backend's own CA set SSL_CERT_FILE=/path/ca.pem; or ask for its missing intermediate
    certificate is not for this host, but for backend.example.org, 192.0.2.1 | check the host and port of the URL
    certificate expired: valid until Tue, 01 Jan 2002 00:00:00 GMT; this machine's clock says | check this machine's clock
    certificate is not valid yet: valid from Sun, 01 Jan 2090 00:00:00 GMT; this machine's clock says | set this machine's clock; --wait SECS waits
    certificate is a CA's own (CA:TRUE), not a server's                      | basicConstraints=CA:FALSE
    TLS failed: invalid purpose                                              | run: sekuire doctor --online
";

#[test]
fn refused_certificates_are_explained_and_sent_nothing() {
    let cases = REFUSED.into_iter().zip(rows(EXPLAINED)).collect();
    in_parallel(cases, |(kind, [cause, hint])| {
        for asks in [Asks::Verify, Asks::Me] {
            let fixture = Fixture::new(kind);
            let outcome = fixture.ask(asks).run();
            let message = format!("error: {}: {cause}", fixture.backend.url());
            outcome
                .exits_with(4)
                .stderr_contains(&message)
                .stderr_contains(&hint);
            fixture.assert_clean_failure(&cause, &outcome);
            assert_eq!(fixture.backend.handshakes(1), [false], "{cause}: once");
        }
    });
}

#[test]
fn other_refusals_of_tls_are_explained() {
    let fixture = Fixture::new(TlsKind::WantsClientCertificate);
    let outcome = fixture.whoami().run();
    outcome
        .exits_with(4)
        .stderr_contains(": it wants a client certificate\nhint: ");
    fixture.assert_clean_failure("client certificate", &outcome);
    // The alert of a server that only has old versions (RFC 8446, 6.2: protocol_version).
    let alert = [21, 3, 1, 0, 2, 2, 70];
    let fixture = Fixture::new(TlsKind::Valid);
    fixture
        .backend
        .behave(Behaviour::SpeakFirst(alert.to_vec()));
    let outcome = fixture.whoami().run();
    outcome
        .exits_with(4)
        .stderr_contains(": it speaks neither TLS 1.2 nor TLS 1.3\nhint: ");
    fixture.assert_clean_failure("old versions", &outcome);
}

/// The second is what the hint for a CA's own certificate advises.
#[test]
fn good_certificates_are_accepted() {
    for kind in [TlsKind::Valid, TlsKind::SelfSigned, TlsKind::Tls12Only] {
        let fixture = Fixture::new(kind);
        fixture.login().run().exits_with(0).stderr_is_empty();
        assert_eq!(fixture.backend.handshakes(2), [true, true], "{kind:?}");
    }
}

fn write(fixture: &Fixture, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = fixture.home.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn folder(fixture: &Fixture, name: &str) -> PathBuf {
    let path = fixture.home.path().join(name);
    fs::create_dir(&path).unwrap();
    path
}

/// A CA certificate that is of no use here: one made anew under the same name.
fn other_ca() -> String {
    fs::read_to_string(Backend::https().ca_file()).unwrap()
}

/// How a file is read: `src/tls/trust.rs`.
#[test]
fn a_ca_file_that_can_not_be_used_is_an_error_of_this_machine() {
    let fixture = Fixture::new(TlsKind::Valid);
    let empty = folder(&fixture, "empty");
    let fifo = fixture.home.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let (missing, special) = ("no such file or directory", "not a regular file");
    let none = "no certificate in PEM form that can be read";
    for (variable, value, cause) in [
        ("SSL_CERT_FILE", "/nonexistent".into(), missing),
        (
            "SSL_CERT_FILE",
            write(&fixture, "der", "0\u{2}\u{1}\u{2}"),
            none,
        ),
        ("SSL_CERT_FILE", empty.clone(), special),
        ("SSL_CERT_FILE", fifo, special),
        ("SSL_CERT_FILE", "/dev/zero".into(), special),
        ("SSL_CERT_DIR", "/nonexistent".into(), missing),
        ("SSL_CERT_DIR", empty.clone(), none),
    ] {
        let call = fixture.whoami().without("SSL_CERT_FILE");
        let outcome = call.env(variable, &value).run();
        let setting = format!("{variable}={}", value.display());
        let error = format!("error: {setting}: {cause}\nhint: correct {variable}, or unset it");
        outcome
            .exits_with(3)
            .stderr_contains(&error)
            .ends_within(SLACK);
        fixture.assert_clean_failure(&setting, &outcome);
    }
    // Beside a good file, too.
    let beside = fixture.whoami().env("SSL_CERT_DIR", &empty);
    beside
        .run()
        .exits_with(3)
        .stderr_contains("error: SSL_CERT_DIR=");
    assert_eq!(fixture.backend.connections(), 0);
}

#[test]
fn both_variables_count_and_are_named() {
    let fixture = Fixture::new(TlsKind::Valid);
    let other = write(&fixture, "other.pem", other_ca());
    let certs = folder(&fixture, "certs");
    let whoami = |folders: &str| fixture.whoami().ca(&other).env("SSL_CERT_DIR", folders);
    let of_folder = certs.display().to_string();
    fs::copy(fixture.backend.ca_file(), certs.join("any-name")).unwrap();
    whoami(&of_folder).run().exits_with(0).stderr_is_empty();
    // As for OpenSSL, one folder of several is enough.
    let several = format!("/nonexistent:{of_folder}");
    whoami(&several).run().exits_with(0).stderr_is_empty();
    fs::write(certs.join("any-name"), other_ca()).unwrap();
    let source = format!(
        "2 CAs of SSL_CERT_FILE={} and SSL_CERT_DIR={of_folder}\n",
        other.display()
    );
    whoami(&of_folder)
        .run()
        .exits_with(4)
        .stderr_contains(&source);
}

/// Where a system may keep its CA certificates.
const STORES: &[&str] = &[
    "/etc",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/ssl",
    "/usr/lib/ssl",
    "/usr/local/ssl",
    "/var/ssl",
];

/// A command on a machine whose only store is a folder of these files, or that has no store at all; None: said to
/// be skipped. What it opens is written to `trace` in its home, where this is root.
fn with_store(fixture: &Fixture, command: &str, files: Option<&[(&str, &str)]>) -> Option<Outcome> {
    let mut machine = needs::machine()?;
    let place = tempfile::tempdir().unwrap();
    let [empty, etc] = ["empty", "etc"].map(|name| place.path().join(name));
    let certs = etc.join("ssl/certs");
    for folder in [&empty, &certs] {
        fs::create_dir_all(folder).unwrap();
    }
    for (name, content) in files.unwrap_or_default() {
        fs::write(certs.join(name), content).unwrap();
    }
    for store in STORES.iter().filter(|store| Path::new(store).is_dir()) {
        let has_files = *store == "/etc" && files.is_some();
        machine = machine.mount(if has_files { &etc } else { &empty }, store);
    }
    let call = if nix::unistd::geteuid().is_root() {
        let strace = needs::strace()?.args(["-f", "-qq", "-e", "trace=openat,open", "-o"]);
        strace.arg(fixture.home.path().join("trace")).arg(binary())
    } else {
        TestCommand::new()
    };
    let call = call.home(&fixture.home).env("SEKUIRE_API_KEY", KEY);
    let call = call.args([command, "--backend", &fixture.backend.url()]);
    Some(call.on(machine).run())
}

/// As curl does: of the folder, what openssl-rehash(1) has named. That takes longer than a handshake.
#[test]
fn the_systems_folder_is_read_only_where_its_bundle_is_not_enough() {
    const BUNDLE: &str = "ca-certificates.crt";
    let fixture = Fixture::new(TlsKind::Valid);
    let ca = &*fs::read_to_string(fixture.backend.ca_file()).unwrap();
    let (other, third) = (&*other_ca(), &*other_ca());
    let whoami = |files: &[(&str, &str)]| with_store(&fixture, "whoami", Some(files));
    let Some(outcome) = whoami(&[(BUNDLE, ca), ("0a1b2c3d.0", other)]) else {
        return;
    };
    outcome.exits_with(0).stderr_is_empty();
    match fs::read_to_string(fixture.home.path().join("trace")) {
        Ok(opened) => assert!(!opened.contains("\"/etc/ssl/certs\""), "{opened}"),
        Err(_) => needs::skip("needs root to see what is opened"),
    }
    for files in [
        &[(BUNDLE, other), ("0a1b2c3d.0", ca)][..],
        &[("0a1b2c3d.0", ca)],
        &[(BUNDLE, ""), ("0a1b2c3d.0", ca)],
    ] {
        let outcome = whoami(files).expect("as before");
        outcome.exits_with(0).stderr_is_empty();
    }

    let requests = fixture.backend.requests().len();
    let refused = [(BUNDLE, other), ("0a1b2c3d.0", third), ("company.pem", ca)];
    let outcome = whoami(&refused).expect("as before");
    let trusted = format!("trusted: 2 CAs of /etc/ssl/certs/{BUNDLE} and /etc/ssl/certs\n");
    outcome.exits_with(4).stderr_contains(&trusted);
    assert_eq!(fixture.backend.requests().len(), requests);
    let doctor = with_store(&fixture, "doctor", Some(&refused)).expect("as before");
    let line = format!("trust: 2 CAs [/etc/ssl/certs/{BUNDLE} and /etc/ssl/certs]\n");
    assert!(doctor.exits_with(0).stdout.contains(&line), "{doctor}");
}

#[test]
fn a_system_store_without_a_certificate_is_an_error_of_this_machine() {
    for (files, place) in [
        (&[][..], "/etc/ssl/certs"),
        (&[("01234567.0", "")], "/etc/ssl/certs"),
        (
            &[("ca-certificates.crt", "")],
            "/etc/ssl/certs/ca-certificates.crt",
        ),
    ] {
        let fixture = Fixture::new(TlsKind::Valid);
        let Some(outcome) = with_store(&fixture, "whoami", Some(files)) else {
            return;
        };
        let none = "no certificate in PEM form that can be read\nhint: install the package ca-certificates, or set SSL_CERT_FILE=";
        outcome
            .exits_with(3)
            .stderr_contains(&format!("error: {place}: {none}"));
        assert_eq!(fixture.backend.connections(), 0);
    }
}

/// As in a container from `scratch`, and only there: a private CA is not among Mozilla's.
#[test]
fn built_in_roots_count_only_without_a_store() {
    let fixture = Fixture::new(TlsKind::Valid);
    if let Some(outcome) = with_store(&fixture, "whoami", None) {
        outcome
            .exits_with(4)
            .stderr_contains(" CAs of Mozilla, in this program\nhint: ");
        assert_eq!(fixture.backend.requests().len(), 0);
    }
}
