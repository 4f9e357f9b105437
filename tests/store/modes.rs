//! File systems that do not keep what they are asked to keep: modes, and folders that are synced.

use std::fs;

use nix::sys::stat::{Mode, umask};

use super::{OLD, holds};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

/// `login`, with this strace option.
fn login_under(injection: &str, home: &Home, backend: &Backend) -> Option<Sekuire> {
    let strace = needs::strace()?.home(home);
    let strace = strace.args(["-f", "-qq", "-o", "/dev/null", "-e", injection]);
    let login = strace.arg(binary()).args(["login", "--api-key-stdin"]);
    Some(
        login
            .args(["--backend", &backend.url()])
            .stdin(KEY.as_bytes()),
    )
}

/// chmod says that it was done, and it was not; an umask shows it.
#[test]
fn a_mode_that_is_not_kept_is_found_out_before_any_request() {
    let backend = Backend::http();
    for (name, injection) in [
        ("says so", "inject=fchmod,chmod,fchmodat:retval=0"),
        ("refuses", "inject=fchmod,chmod,fchmodat:error=EPERM"),
    ] {
        for old in [None, Some(OLD)] {
            let home = Home::new();
            if let Some(old) = old {
                home.write_auth(old);
            }
            let Some(login) = login_under(injection, &home, &backend) else {
                return;
            };
            let outcome = login
                .before_exec(|| {
                    umask(Mode::from_bits_truncate(0o277));
                    Ok(())
                })
                .run();
            assert_eq!(outcome.code, Some(3), "{name}: {outcome}");
            outcome
                .complains("its mode can't be made private")
                .complains("hint: its file system (FAT, SMB, FUSE) lets other users read the key");
            assert_eq!(fs::read_to_string(home.auth_json()).ok().as_deref(), old);
            assert_eq!(home.listing().len(), old.iter().len(), "{name}");
        }
    }
    assert!(backend.requests().is_empty());
}

/// A real file system of the kind: everything on it is 0755, and chmod does nothing.
#[test]
fn a_fuse_that_ignores_chmod_holds_no_key() {
    if !needs::root() || needs::tool("bindfs").is_none() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    let (below, mounted) = (home.path().join("below"), home.path().join("mounted"));
    for folder in [&below, &mounted] {
        fs::create_dir(folder).unwrap();
    }
    // In a namespace of its own, so that nothing stays mounted.
    let script = "bindfs --chmod-ignore --create-with-perms=0755 -p 0755 \"$1\" \"$2\" || exit 77
        mkdir \"$2/own\"
        printf %s \"$5\" | SEKUIRE_CONFIG_DIR=\"$2/$6\" \"$3\" login --api-key-stdin --backend \"$4\"
        code=$?; umount \"$2\"; exit $code";
    for folder in ["own", "new"] {
        let Some(unshare) = needs::unshare(&["--mount"]) else {
            return;
        };
        let outcome = unshare
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["sh", "-c", script, "sh"])
            .args([&below, &mounted, &binary()])
            .args([&backend.url(), KEY, folder])
            .run();
        if outcome.code == Some(77) {
            return needs::skip(&outcome.stderr);
        }
        outcome.exits(3).complains("its mode can't be made private");
        let left = fs::read_dir(below.join(folder)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{folder}");
    }
    assert!(backend.requests().is_empty());
}

/// The third fsync is the folder's: the trial and the file come before it.
#[test]
fn a_folder_that_cannot_be_synced_is_no_failure_unless_the_disk_fails() {
    let backend = Backend::http();
    for (error, code) in [("EINVAL", 0), ("ENOSYS", 0), ("EOPNOTSUPP", 0), ("EIO", 3)] {
        let home = Home::new();
        home.write_auth(OLD);
        let injection = format!("inject=fsync:error={error}:when=3");
        let Some(login) = login_under(&injection, &home, &backend) else {
            return;
        };
        let outcome = login.run();
        assert_eq!(outcome.code, Some(code), "{error}: {outcome}");
        assert_eq!(
            code == 3,
            outcome.stderr.contains("the disk did not confirm it")
        );
        assert!(holds(home.read_auth().as_bytes(), KEY), "{error}");
        assert_eq!(home.listing(), ["auth.json"]);
    }
}
