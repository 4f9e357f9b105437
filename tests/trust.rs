//! Which certificates are trusted, and which are not (SPEC.md, section 5).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use crate::fixtures::{has_tool, log_in, sekuire, skipped};
use crate::support::backend::{Backend, KEY, TlsKind};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;

fn login(home: &Home, backend: &Backend) -> Sekuire {
    sekuire(home)
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
}

#[test]
fn bad_certificates_are_refused_and_no_key_is_sent() {
    for (kind, part) in [
        (TlsKind::UnknownCa, "certificate"),
        (TlsKind::WrongHost, "certificate"),
        (TlsKind::Expired, "expired"),
        (TlsKind::NotYetValid, "not valid before"),
    ] {
        let backend = Backend::builder().tls(kind).start();
        let home = Home::new();
        let ca = backend.ca_file();
        let outcome = login(&home, &backend).ca(&ca).run();
        assert_eq!(outcome.code, Some(4), "{kind:?}; {outcome}");
        let stderr = outcome.stderr.to_lowercase();
        assert!(stderr.contains(part), "{kind:?} lacks {part:?}; {outcome}");
        outcome
            .prints("")
            .complains(&backend.url())
            .complains("\nhint: ");
        assert!(backend.requests().is_empty(), "{kind:?}");
        assert!(!home.auth_json().exists(), "{kind:?}");
    }
}

#[test]
fn tls_1_2_and_1_3_are_spoken() {
    for kind in [TlsKind::Valid, TlsKind::Tls12Only] {
        let backend = Backend::builder().tls(kind).start();
        log_in(&Home::new(), &backend);
        assert_eq!(backend.handshakes(), 2, "{kind:?}");
    }
}

#[test]
fn a_private_ca_is_taken_from_a_file_or_a_folder_only_where_named() {
    let backend = Backend::https();
    let home = Home::new();
    login(&home, &backend).ca(&backend.ca_file()).run().exits(0);
    let folder = home.path().join("certs");
    fs::create_dir(&folder).expect("a folder");
    // Folders are read by the names that c_rehash gives.
    symlink(backend.ca_file(), folder.join("ca.pem")).expect("a link");
    symlink(backend.ca_file(), folder.join("0a1b2c3d.0")).expect("a link");
    login(&home, &backend)
        .env("SSL_CERT_DIR", &folder)
        .run()
        .exits(0);
    let requests = backend.requests().len();
    let outcome = login(&home, &backend).run();
    outcome
        .exits(4)
        .prints("")
        .complains("error: ")
        .complains("\nhint: ")
        .complains("SSL_CERT_FILE");
    assert_eq!(backend.requests().len(), requests);
}

/// Never the system's store in its place: whoever names a file wants no other.
#[test]
fn a_ca_file_that_can_not_be_used_is_exit_status_three() {
    let backend = Backend::https();
    let home = Home::new();
    let empty = home.path().join("empty.pem");
    fs::write(&empty, "").expect("an empty file");
    let junk = home.path().join("junk.pem");
    fs::write(&junk, "no certificate").expect("a file");
    let damaged = home.path().join("damaged.pem");
    let frame = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(&damaged, frame).expect("a file");
    let missing = Path::new("/nonexistent/ca.pem");
    for path in [missing, &empty, &junk, &damaged, home.path()] {
        let outcome = login(&home, &backend).ca(path).run();
        assert_eq!(outcome.code, Some(3), "{}; {outcome}", path.display());
        outcome
            .prints("")
            .complains(&path.display().to_string())
            .complains("SSL_CERT_FILE")
            .complains("\nhint: ");
    }
    assert_eq!(backend.connections(), 0);
    assert!(!home.auth_json().exists());
}

/// Runs a login after this change to the file systems, in a mount namespace; 77 in the script: skipped.
fn after(test: &str, change: &str, home: &Home, backend: &Backend) -> Option<Output> {
    if !nix::unistd::geteuid().is_root() {
        skipped(test, "needs root for unshare(1)");
        return None;
    }
    if !has_tool(test, "unshare") {
        return None;
    }
    let script = format!(
        "({change}) || exit 77; echo {KEY} | \"$1\" login --api-key-stdin --backend \"$2\""
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(binary())
        .arg(backend.url())
        .arg(backend.ca_file())
        .env("HOME", home.path())
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR")
        .output()
        .expect("unshare");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || stderr.contains("unshare failed") {
        skipped(test, stderr.lines().next().unwrap_or("a mount failed"));
        return None;
    }
    Some(output)
}

#[test]
fn the_systems_store_is_trusted() {
    let backend = Backend::https();
    let home = Home::new();
    let change = "mount --bind \"$3\" /etc/ssl/certs/ca-certificates.crt";
    let test = "the_systems_store_is_trusted";
    let Some(output) = after(test, change, &home, &backend) else {
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(home.auth_json().is_file());
}

/// As in a container from `scratch`: it works, and a private CA is not among Mozilla's.
#[test]
fn without_any_store_mozillas_roots_are_used() {
    let backend = Backend::https();
    let home = Home::new();
    let change = "for d in /etc/ssl /usr/lib/ssl /usr/share/ssl /etc/pki /var/ssl /usr/local/ssl; do \
                  [ ! -d $d ] || mount -t tmpfs none $d || exit 1; done";
    let test = "without_any_store_mozillas_roots_are_used";
    let Some(output) = after(test, change, &home, &backend) else {
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("built-in CA certificates of Mozilla"),
        "{stderr}"
    );
    assert_eq!(backend.requests().len(), 0);
}
