//! File systems that do not keep what they are asked to keep: modes, and folders that are synced.

use std::fs;

use nix::sys::stat::{Mode, umask};

use super::{OLD, holds, login_under, strace};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;

/// chmod says that it was done, and it was not, or refuses it; an umask shows it.
#[test]
fn a_mode_that_is_not_kept_is_found_out_before_any_request() {
    let backend = Backend::http();
    for result in ["retval=0", "error=EPERM"] {
        for old in [None, Some(OLD)] {
            let home = Home::new();
            if let Some(old) = old {
                home.write_auth(old);
            }
            let Some(login) = login_under(&format!("inject=fchmod:{result}"), &home, &backend)
            else {
                return;
            };
            let login = login.before_exec(|| {
                umask(Mode::from_bits_truncate(0o277));
                Ok(())
            });
            login.run().exits_with(3).stderr_contains(
                "auth.json: its mode can't be made private\n\
                 hint: set SEKUIRE_CONFIG_DIR to another folder of your own\n",
            );
            assert_eq!(fs::read_to_string(home.auth_json()).ok().as_deref(), old);
            assert_eq!(home.listing().len(), old.iter().len());
        }
    }
    assert!(backend.requests().is_empty());
}

/// Root logs in and out in a user's home: what a path leads to there, the user may exchange meanwhile.
/// And a file is only as durable as its folder, and that as the one above.
#[test]
fn no_mode_is_changed_by_path_and_every_folder_is_synced() {
    let backend = Backend::http();
    let home = Home::new();
    let trace = home.path().join("trace");
    let above = home.path().join("above");
    let folder = above.join("folder");
    // With a mode of its own, for the one under that umask can be read by root alone.
    fs::write(&trace, "").unwrap();
    let login = ["login", "--api-key-stdin", "--backend", &backend.url()];
    for command in [&login[..], &["logout"]] {
        let calls = "trace=fchmod,?chmod,?fchmodat,?fchmodat2,fsync";
        let Some(sekuire) = strace(&home, &trace, &["-A", "-y", "-e", calls]) else {
            return;
        };
        let sekuire = sekuire.args(command).stdin(KEY.as_bytes());
        let sekuire = sekuire.env("SEKUIRE_CONFIG_DIR", &folder);
        // Takes rights from the owner, too: each mode has to be set.
        let sekuire = sekuire.before_exec(|| {
            umask(Mode::from_bits_truncate(0o777));
            Ok(())
        });
        sekuire.run().exits_with(0);
    }
    let trace = fs::read_to_string(&trace).unwrap();
    assert!(trace.contains(" fchmod("), "the trace is blind: {trace}");
    for line in trace.lines() {
        assert!(
            line.contains(" fchmod(") || line.contains(" fsync("),
            "{line}"
        );
    }
    for folder in [home.path(), &above, &folder] {
        let end = format!("<{}>)", folder.display());
        assert!(trace.contains(&end), "{end}: {trace}");
    }
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
        let is_told = outcome.stderr.contains("the disk did not confirm it");
        assert_eq!(is_told, code == 3, "{error}: {outcome}");
        assert!(holds(home.read_auth().as_bytes(), KEY), "{error}");
        assert_eq!(home.listing(), ["auth.json"]);
    }
}
