//! Certificates: who is trusted, what is said where nobody is, and that nothing was sent.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use super::{Asks, Fixture, SLACK};
use crate::support::backend::{Backend, TlsKind};
use crate::support::needs;
use crate::support::outcome::Outcome;

#[test]
fn refused_certificates() {
    let cases: [(TlsKind, &[&str]); 13] = [
        (
            TlsKind::UnknownCa,
            &[
                "CA that is not trusted here",
                "an intermediate certificate",
                "hint: if the backend has a CA of its own, name its file in SSL_CERT_FILE",
            ],
        ),
        (
            TlsKind::WrongHost,
            &[
                "not for that name, but for backend.example.org, 192.0.2.1;",
                "hint: check the host",
            ],
        ),
        (
            TlsKind::Expired,
            &[
                "expired on Tue, 01 Jan 2002",
                "this machine's clock says",
                "hint: check this machine's clock",
            ],
        ),
        (
            TlsKind::NotYetValid,
            &[
                "not valid before Sun, 01 Jan 2090",
                "this machine's clock says",
                "--wait SECS",
            ],
        ),
        (
            TlsKind::SelfSignedCa,
            &[
                "is a CA's own (CA:TRUE)",
                "basicConstraints=critical,CA:FALSE",
            ],
        ),
        (
            TlsKind::MissingIntermediate,
            &[
                "does not send an intermediate",
                "somebody may be listening in",
            ],
        ),
        (
            TlsKind::ByServer,
            &["signed with a certificate that may not do so"],
        ),
        (
            TlsKind::ClientOnly,
            &["is not for servers", "extendedKeyUsage=serverAuth"],
        ),
        (
            TlsKind::CriticalExtension,
            &["has an extension that is marked critical"],
        ),
        (
            TlsKind::CommonNameOnly,
            &["names no host", "the subjectAltName 127.0.0.1"],
        ),
        (
            TlsKind::OtherDnsNames,
            &["a name that its CA may not give (name constraints"],
        ),
        (
            TlsKind::OtherAddresses,
            &["a name that its CA may not give (name constraints"],
        ),
        (
            TlsKind::OtherDirectoryNames,
            &["a name that its CA may not give (name constraints; those on directory names"],
        ),
    ];
    for (kind, says) in cases {
        for asks in [Asks::Verify, Asks::Me] {
            let fixture = Fixture::new(kind);
            let outcome = fixture.ask(asks).run();
            outcome.exits(4).takes_at_most(SLACK).complains("\nhint: ");
            for part in says {
                outcome.complains(part);
            }
            let source = format!(
                "trusted are SSL_CERT_FILE={}",
                fixture.backend.ca_file().display()
            );
            outcome.complains(&source).complains(&fixture.backend.url());
            fixture.assert_clean_failure(&format!("{kind:?}"), &outcome);
            assert_eq!(
                fixture.backend.handshake_errors(1),
                1,
                "{kind:?}: tried once"
            );
            assert_eq!(fixture.backend.requests().len(), 0, "{kind:?}: sent");
            assert_eq!(fixture.backend.handshakes(), 0, "{kind:?}: shaken hands");
        }
    }
    eprintln!("refused certificates: {} cases", 2 * cases.len());
}

/// What the hint for a CA's own certificate advises to do instead.
#[test]
fn a_certificate_signed_by_itself() {
    let fixture = Fixture::new(TlsKind::SelfSigned);
    fixture.whoami().run().exits(0).complains_not();
}

#[test]
fn both_versions() {
    for kind in [TlsKind::Valid, TlsKind::Tls12Only] {
        let fixture = Fixture::new(kind);
        fixture.login().run().exits(0).complains_not();
        assert_eq!(fixture.backend.handshakes(), 2, "{kind:?}");
    }
}

/// A CA that another program trusts is of no use here: only the one that the variable names.
#[test]
fn another_ca_than_the_backends() {
    let fixture = Fixture::new(TlsKind::Valid);
    let other = Backend::https();
    let outcome = fixture.whoami().ca(&other.ca_file()).run();
    outcome
        .exits(4)
        .complains("not trusted here")
        .complains(&other.ca_file().display().to_string());
    assert_eq!(fixture.backend.requests().len(), 0);
    assert_eq!(fixture.backend.handshakes(), 0);
}

#[test]
fn unusable_ca_files() {
    let fixture = Fixture::new(TlsKind::Valid);
    let place = fixture.home.path();
    let file = |name: &str, content: &[u8]| {
        let path = place.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let certificate =
        |inner: &str| format!("-----BEGIN CERTIFICATE-----\n{inner}-----END CERTIFICATE-----\n");
    let empty_folder = place.join("folder");
    fs::create_dir(&empty_folder).unwrap();
    let empty_folder = empty_folder.display().to_string();
    let missing = place.join("missing").display().to_string();
    let fifo = place.join("fifo").display().to_string();
    nix::unistd::mkfifo(Path::new(&fifo), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let cases = [
        ("missing", "SSL_CERT_FILE", missing.clone()),
        ("empty", "SSL_CERT_FILE", file("empty", b"")),
        ("not PEM", "SSL_CERT_FILE", file("der", &[0x30, 0x82, 1, 2])),
        (
            "a key only",
            "SSL_CERT_FILE",
            file(
                "key",
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            ),
        ),
        (
            "no base64",
            "SSL_CERT_FILE",
            file("base64", certificate("!!!!\n").as_bytes()),
        ),
        (
            "no certificate inside",
            "SSL_CERT_FILE",
            file("zeros", certificate("AAAA\n").as_bytes()),
        ),
        (
            "nothing inside",
            "SSL_CERT_FILE",
            file("nothing", certificate("").as_bytes()),
        ),
        (
            "no end",
            "SSL_CERT_FILE",
            file("no-end", b"-----BEGIN CERTIFICATE-----\nAAAA\n"),
        ),
        ("a folder", "SSL_CERT_FILE", empty_folder.clone()),
        ("a FIFO", "SSL_CERT_FILE", fifo),
        ("a device", "SSL_CERT_FILE", "/dev/zero".to_owned()),
        ("missing folder", "SSL_CERT_DIR", missing),
        ("empty folder", "SSL_CERT_DIR", empty_folder),
        (
            "folder without certificates",
            "SSL_CERT_DIR",
            place.display().to_string(),
        ),
    ];
    let count = cases.len();
    for (name, variable, value) in cases {
        let outcome = fixture
            .whoami()
            .without("SSL_CERT_FILE")
            .env(variable, &value)
            .timeout(Duration::from_secs(10))
            .run();
        outcome
            .complains(&value)
            .complains(variable)
            .complains("hint: ")
            .takes_at_most(SLACK);
        assert_eq!(outcome.code, Some(3), "{name}: {outcome}");
        fixture.assert_clean_failure(name, &outcome);
    }
    assert_eq!(fixture.backend.requests().len(), 0);
    eprintln!("CA files: {count} cases");
}

#[test]
fn a_private_ca_is_taken_from_a_file_or_a_folder_only_where_named() {
    let fixture = Fixture::new(TlsKind::Valid);
    fixture.whoami().run().exits(0).complains_not();
    let folder = fixture.home.path().join("certificates");
    fs::create_dir(&folder).unwrap();
    // OpenSSL's name for a certificate: a hash of its subject (c_rehash(1)).
    for name in ["ca.pem", "01234567.0"] {
        symlink(fixture.backend.ca_file(), folder.join(name)).unwrap();
    }
    let unnamed = || fixture.whoami().without("SSL_CERT_FILE");
    unnamed()
        .env("SSL_CERT_DIR", &folder)
        .run()
        .exits(0)
        .complains_not();
    let requests = fixture.backend.requests().len();
    let outcome = unnamed().run();
    outcome
        .exits(4)
        .complains("\nhint: ")
        .complains("SSL_CERT_FILE");
    fixture.assert_clean_failure("not named", &outcome);
    assert_eq!(fixture.backend.requests().len(), requests);
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

/// `whoami` on a machine whose only store is this bundle, or that has none.
fn with_store(fixture: &Fixture, bundle: Option<&Path>) -> Option<Outcome> {
    let mut machine = needs::machine()?;
    let place = tempfile::tempdir().unwrap();
    let [etc, empty] = ["etc", "empty"].map(|name| place.path().join(name));
    for folder in [&etc.join("ssl/certs"), &empty] {
        fs::create_dir_all(folder).unwrap();
    }
    if let Some(bundle) = bundle {
        fs::copy(bundle, etc.join("ssl/certs/ca-certificates.crt")).unwrap();
    } else {
        fs::remove_dir_all(etc.join("ssl")).unwrap();
    }
    for store in STORES.iter().filter(|store| Path::new(store).is_dir()) {
        let source = if *store == "/etc" { &etc } else { &empty };
        machine = machine.mount(source, store);
    }
    let whoami = fixture.whoami().without("SSL_CERT_FILE");
    Some(whoami.on(machine).run())
}

#[test]
fn the_systems_store_is_trusted() {
    let fixture = Fixture::new(TlsKind::Valid);
    let Some(outcome) = with_store(&fixture, Some(&fixture.backend.ca_file())) else {
        return;
    };
    outcome.exits(0).complains_not();
    let requests = fixture.backend.requests().len();
    let other = Backend::https();
    let outcome = with_store(&fixture, Some(&other.ca_file())).expect("a machine, as before");
    outcome
        .exits(4)
        .complains("trusted are the system's CA store, /etc/ssl/certs/ca-certificates.crt");
    assert_eq!(fixture.backend.requests().len(), requests);
}

/// As in a container from `scratch`, and only there: a private CA is not among Mozilla's.
#[test]
fn built_in_roots_only_without_a_store() {
    let fixture = Fixture::new(TlsKind::Valid);
    if let Some(outcome) = with_store(&fixture, None) {
        outcome
            .exits(4)
            .complains("trusted are the built-in CA certificates of Mozilla");
        assert_eq!(fixture.backend.requests().len(), 0);
    }
}
