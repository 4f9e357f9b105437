//! Where the trusted CA certificates come from, and in which form: the system's bundle and folder, both
//! variables, files as other programs write them, and what could not be read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::libc;

use super::Fixture;
use crate::support::backend::{Backend, KEY, TlsKind};
use crate::support::command::{Sekuire, binary};
use crate::support::needs;
use crate::support::outcome::Outcome;
use crate::support::seccomp::{Refused, filter};

/// Hides every store that a Linux system may have, so that the built-in roots are used.
const NO_STORE: &str = "for d in /etc/ssl /etc/pki /usr/share/ca-certificates \
    /usr/local/share/ca-certificates /usr/share/ssl /usr/lib/ssl /usr/local/ssl /var/ssl; do \
    [ ! -d $d ] || mount -t tmpfs none $d || exit 77; done";

/// Another user.
const NOBODY: u32 = 65534;

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

fn with_folder(fixture: &Fixture, folder: &Path) -> Sekuire {
    let whoami = fixture.whoami().without("SSL_CERT_FILE");
    whoami.env("SSL_CERT_DIR", folder)
}

/// A CA certificate that is of no use here.
fn other_ca() -> String {
    fs::read_to_string(Backend::https().ca_file()).unwrap()
}

/// `whoami` after this change to the file systems, in a mount namespace; None: said to be skipped.
fn after(change: &str, fixture: &Fixture) -> Option<Outcome> {
    if !nix::unistd::geteuid().is_root() {
        needs::skip("needs root for unshare(1)");
        return None;
    }
    let script = format!("{{ {change}; }} || exit 77; exec \"$0\" whoami --backend \"$1\"");
    let outcome = Sekuire::at("unshare".as_ref())
        .home(&fixture.home)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("SEKUIRE_API_KEY", KEY)
        .args(["--mount", "sh", "-c", &script])
        .arg(binary())
        .arg(fixture.backend.url())
        .arg(fixture.backend.ca_file())
        .run();
    if outcome.code == Some(77) || outcome.stderr.contains("unshare failed") {
        let why = outcome.stderr.lines().next().unwrap_or("a mount failed");
        needs::skip(why);
        return None;
    }
    Some(outcome)
}

/// What is between the first line and the last.
fn body(pem: &str) -> &str {
    let begin = pem.find('\n').unwrap();
    &pem[begin + 1..pem.find("-----END").unwrap()]
}

#[test]
fn files_as_people_write_them() {
    let fixture = Fixture::new(TlsKind::Valid);
    let ca = fs::read_to_string(fixture.backend.ca_file()).unwrap();
    let other = other_ca();
    let utf16 = |mark: [u8; 2], text: &str, first: usize| {
        let pairs = text.bytes().flat_map(|byte| match first {
            0 => [0, byte],
            _ => [byte, 0],
        });
        mark.into_iter().chain(pairs).collect::<Vec<u8>>()
    };
    let forms: [(&str, Vec<u8>); 12] = [
        ("byte order mark", format!("\u{feff}{ca}").into()),
        ("CRLF", ca.replace('\n', "\r\n").into()),
        ("CR", ca.replace('\n', "\r").into()),
        ("glued", format!("{}{ca}", other.trim_end()).into()),
        (
            "text between",
            format!("# Example: -----\n{other}\nSubject: CN=é\n{ca}end").into(),
        ),
        (
            "Latin-1 between",
            [&b"Societ\xe9 --\n"[..], ca.as_bytes()].concat(),
        ),
        ("no last line end", ca.trim_end().into()),
        ("indented", ca.replace('\n', "\n  \t").into()),
        ("on one line", ca.replace('\n', " ").into()),
        ("X509", ca.replace(" CERT", " X509 CERT").into()),
        ("UTF-16LE", utf16([0xff, 0xfe], &ca, 1)),
        ("UTF-16BE", utf16([0xfe, 0xff], &ca, 0)),
    ];
    for (name, form) in forms {
        let file = write(&fixture, "ca.pem", form);
        let outcome = fixture.whoami().ca(&file).run();
        assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
        outcome.complains_not();
    }
}

#[test]
fn both_variables_count_and_are_named() {
    let fixture = Fixture::new(TlsKind::Valid);
    let other = write(&fixture, "other.pem", other_ca());
    let certs = folder(&fixture, "certs");
    fs::copy(fixture.backend.ca_file(), certs.join("ca.crt")).unwrap();
    let both = || fixture.whoami().ca(&other).env("SSL_CERT_DIR", &certs);
    both().run().exits(0).complains_not();
    fs::copy(&other, certs.join("ca.crt")).unwrap();
    both().run().exits(4).complains(&format!(
        "trusted are SSL_CERT_FILE={} and SSL_CERT_DIR={}\n",
        other.display(),
        certs.display()
    ));
    // As for OpenSSL, one folder of several is enough.
    let list = format!("/nonexistent:{}", certs.display());
    fs::copy(fixture.backend.ca_file(), certs.join("ca.crt")).unwrap();
    with_folder(&fixture, Path::new(&list)).run().exits(0);
}

#[test]
fn what_could_not_be_read_is_counted() {
    let fixture = Fixture::new(TlsKind::Valid);
    let (first, second) = (other_ca(), other_ca());
    let damaged = first.replace(&body(&first)[..8], "AAAAAAAA");
    let cut = first.split("-----END").next().unwrap().to_owned();
    let trusted = first.replace(" CERT", " TRUSTED CERT");
    let file = write(
        &fixture,
        "ca.pem",
        [&*first, &cut, &second, &damaged, &trusted].concat(),
    );
    let outcome = fixture.whoami().ca(&file).run();
    let source = format!(
        "SSL_CERT_FILE={} (3 of 5 could not be read)",
        file.display()
    );
    outcome.exits(4).complains(&source);

    let certs = folder(&fixture, "certs");
    fs::write(certs.join("first.pem"), &first).unwrap();
    fs::write(certs.join("README"), "no certificate").unwrap();
    fs::write(certs.join("der.crt"), [0x30, 0x82, 1, 2]).unwrap();
    fs::create_dir(certs.join("java")).unwrap();
    symlink("first.pem", certs.join("01234567.0")).unwrap();
    symlink("/nonexistent/gone.crt", certs.join("gone.pem")).unwrap();
    symlink("gone.pem", certs.join("89abcdef.0")).unwrap();
    let outcome = with_folder(&fixture, &certs).run();
    outcome.exits(4).complains("(2 of 3 could not be read)");
}

/// A disk that fails while a folder is listed.
#[test]
fn what_a_folder_does_not_tell_is_counted() {
    let fixture = Fixture::new(TlsKind::Valid);
    let certs = folder(&fixture, "certs");
    let Some(strace) = needs::strace() else {
        return;
    };
    strace
        .home(&fixture.home)
        .env("SEKUIRE_API_KEY", KEY)
        .env("SSL_CERT_DIR", &certs)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=getdents64"])
        .args(["-e", "inject=getdents64:error=EIO"])
        .arg(binary())
        .args(["whoami", "--backend", &fixture.backend.url()])
        .run()
        .exits(3)
        .complains("holds no certificate that can be read (1 could not)");
}

#[test]
fn what_is_wrong_with_a_variable() {
    let fixture = Fixture::new(TlsKind::Valid);
    let gone = folder(&fixture, "gone");
    symlink("/nonexistent/a.crt", gone.join("01234567.0")).unwrap();
    symlink("/nonexistent/b.crt", gone.join("89abcdef.0")).unwrap();
    let outcome = with_folder(&fixture, &gone).run();
    outcome.exits(3).complains(&format!(
        "SSL_CERT_DIR names {}, which holds no certificate that can be read (2 could not)",
        gone.display()
    ));
    let empty = folder(&fixture, "empty");
    let outcome = with_folder(&fixture, &empty).run();
    outcome
        .exits(3)
        .complains("which holds no certificate in PEM form");
    // Named beside a good file, too.
    fixture
        .whoami()
        .env("SSL_CERT_DIR", &empty)
        .run()
        .exits(3)
        .complains("SSL_CERT_DIR names");
    // A list of which none is good.
    let both = format!("{}:{}", empty.display(), gone.display());
    let outcome = with_folder(&fixture, Path::new(&both)).run();
    outcome.exits(3).complains(&format!(
        "SSL_CERT_DIR names {both}, which are folders without a certificate that can be read"
    ));
    let outcome = with_folder(&fixture, &fixture.backend.ca_file()).run();
    outcome.exits(3).complains("which is a file, not a folder");
    let outcome = fixture.whoami().ca(&empty).run();
    outcome
        .exits(3)
        .complains("which is a folder, not a file\nhint: name a folder in SSL_CERT_DIR");
    let der = write(&fixture, "ca.der", [0x30, 0x82, 1, 2]);
    let outcome = fixture.whoami().ca(&der).run();
    outcome.exits(3).complains("which is in DER form");
    assert_eq!(fixture.backend.connections(), 0);
}

/// As curl does: of the folder, what openssl-rehash(1) has named.
#[test]
fn the_systems_folder_counts_beside_its_bundle() {
    let place = "mkdir \"$HOME/certs\" && cp /etc/ssl/certs/ca-certificates.crt \"$HOME/certs/\" && \
                 mount --bind \"$HOME/certs\" /etc/ssl/certs && cp \"$2\" /etc/ssl/certs/";
    for (name, expected) in [("0a1b2c3d.0", 0), ("company.pem", 4)] {
        let fixture = Fixture::new(TlsKind::Valid);
        let Some(outcome) = after(&format!("{place}{name}"), &fixture) else {
            return;
        };
        outcome.exits(expected);
    }
    let fixture = Fixture::new(TlsKind::UnknownCa);
    if let Some(outcome) = after(&format!("{place}0a1b2c3d.0"), &fixture) {
        outcome.exits(4).complains(
            "the system's CA store, /etc/ssl/certs/ca-certificates.crt and /etc/ssl/certs\n",
        );
    }
}

#[test]
fn a_system_store_without_a_certificate() {
    let empty = format!("{NO_STORE}; mkdir /etc/ssl/certs");
    let dangling = format!("{empty}; ln -s /nonexistent /etc/ssl/certs/01234567.0");
    let truncated = format!("{empty}; : >/etc/ssl/certs/ca-certificates.crt");
    for (change, says) in [
        (empty, "/etc/ssl/certs holds no certificate in PEM form"),
        (
            dangling,
            "/etc/ssl/certs holds no certificate that can be read (1 could not)",
        ),
        (truncated, "/etc/ssl/certs/ca-certificates.crt is empty"),
    ] {
        let fixture = Fixture::new(TlsKind::Valid);
        let Some(outcome) = after(&change, &fixture) else {
            return;
        };
        outcome
            .exits(3)
            .complains(says)
            .complains("\nhint: ")
            .complains("SSL_CERT_FILE");
        assert_eq!(fixture.backend.connections(), 0);
    }
}

/// Neither a store nor /proc, and a folder for temporary files that everybody can write, in which whatever we
/// put there is exchanged, as fast as can be, for another user's file or folder with the backend's CA.
#[test]
fn built_in_roots_can_not_be_exchanged() {
    const RUNS: usize = 25;
    if !nix::unistd::geteuid().is_root() {
        return needs::skip("needs root to hide the system's store");
    }
    let fixture = Fixture::new(TlsKind::Valid);
    let shared = tempfile::tempdir().unwrap();
    let place = shared.path();
    fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
    for number in 0..RUNS {
        let folder = place.join(format!("folder-{number}"));
        fs::create_dir(&folder).unwrap();
        let file = place.join(format!("file-{number}"));
        fs::copy(fixture.backend.ca_file(), folder.join("roots.pem")).unwrap();
        fs::copy(fixture.backend.ca_file(), &file).unwrap();
        for path in [&folder, &folder.join("roots.pem"), &file] {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let change = format!(
        "{NO_STORE}; mount -t tmpfs none /proc; export TMPDIR={}",
        place.display()
    );
    let over = AtomicBool::new(false);
    let (exchanged, outcomes) = thread::scope(|scope| {
        let stranger = scope.spawn(|| exchange(place, &over));
        // Checked when the stranger has stopped: it would go on for ever.
        let outcomes: Vec<_> = (0..RUNS).map_while(|_| after(&change, &fixture)).collect();
        over.store(true, Ordering::Relaxed);
        (stranger.join().unwrap(), outcomes)
    });
    for outcome in outcomes {
        assert!(matches!(outcome.code, Some(3 | 4)), "{outcome}");
    }
    assert_eq!(fixture.backend.requests().len(), 0);
    eprintln!("exchanged in {exchanged} of {RUNS} runs");
}

/// Puts a ready file or folder in the place of each that appears; how many it was.
fn exchange(place: &Path, over: &AtomicBool) -> usize {
    let mut exchanged = 0;
    while !over.load(Ordering::Relaxed) {
        for entry in fs::read_dir(place).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if !name.starts_with("sekuire-roots-") || place.join(format!("moved-{name}")).exists() {
                continue;
            }
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_dir() => "folder",
                _ => "file",
            };
            // It may be gone by now.
            if fs::rename(entry.path(), place.join(format!("moved-{name}"))).is_ok() {
                fs::rename(place.join(format!("{kind}-{exchanged}")), entry.path()).unwrap();
                exchanged += 1;
            }
        }
    }
    exchanged
}

/// Nothing but our own goes, where our folder can't be entered: this process stands somewhere else then.
#[test]
fn a_file_of_the_same_name_elsewhere_stays() {
    let fixture = Fixture::new(TlsKind::Valid);
    let (place, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let theirs = elsewhere.path().join("roots.pem");
    fs::write(&theirs, "theirs").unwrap();
    let change = format!(
        "{NO_STORE}; mount -t tmpfs none /proc; export TMPDIR={}; cd {}; umask 0777; \
         exec setpriv --bounding-set -dac_override,-dac_read_search \"$0\" whoami --backend \"$1\"",
        place.path().display(),
        elsewhere.path().display()
    );
    if let Some(outcome) = after(&change, &fixture) {
        outcome.exits(3).complains("Permission denied");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}

/// With /proc they are handed over in memory: no folder for temporary files is needed.
#[test]
fn built_in_roots_without_a_folder_for_temporary_files() {
    let fixture = Fixture::new(TlsKind::Valid);
    if let Some(outcome) = after(&format!("{NO_STORE}; export TMPDIR=/nonexistent"), &fixture) {
        outcome
            .exits(4)
            .complains("trusted are the built-in CA certificates of Mozilla");
    }
}

/// As in a sandbox that forbids `memfd_create`(2): then they are handed over on disk.
#[test]
fn without_files_in_memory_a_folder_is_used() {
    let fixture = Fixture::new(TlsKind::Valid);
    let forbidden = Refused {
        call: libc::SYS_memfd_create,
        bit: None,
    };
    fixture
        .whoami()
        .before_exec(filter(&[forbidden]))
        .run()
        .exits(0)
        .complains_not();
}

/// Where nobody exchanges anything, they are used without /proc, and nothing of them is left.
#[test]
fn built_in_roots_without_proc() {
    let fixture = Fixture::new(TlsKind::Valid);
    let place = tempfile::tempdir().unwrap();
    let change = format!(
        "{NO_STORE}; mount -t tmpfs none /proc; export TMPDIR={}",
        place.path().display()
    );
    if let Some(outcome) = after(&change, &fixture) {
        outcome
            .exits(4)
            .complains("trusted are the built-in CA certificates of Mozilla");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
    // Folders in it inherit its group, and that they do.
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o2777)).unwrap();
    if let Some(outcome) = after(&change, &fixture) {
        outcome.exits(4);
    }
    let nowhere = format!("{NO_STORE}; mount -t tmpfs none /proc; export TMPDIR=/nonexistent");
    if let Some(outcome) = after(&nowhere, &fixture) {
        outcome
            .exits(3)
            .complains("hint: mount /proc, or name a CA file in SSL_CERT_FILE");
    }
    // A store needs neither: the TLS library reads it by itself.
    let store = "mkdir \"$HOME/certs\" && cp \"$2\" \"$HOME/certs/ca-certificates.crt\" && \
                 mount --bind \"$HOME/certs\" /etc/ssl/certs && \
                 mount -t tmpfs none /proc && export TMPDIR=/nonexistent";
    if let Some(outcome) = after(store, &fixture) {
        outcome.exits(0).complains_not();
    }
}
