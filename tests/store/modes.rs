//! File systems that do not keep what they are asked to keep: modes, and folders that are synced.

use std::fs;

use nix::sys::stat::{Mode, umask};

use super::{OLD, holds, login_under};
use crate::support::backend::{Backend, KEY};
use crate::support::command::binary;
use crate::support::home::Home;
use crate::support::needs;

/// chmod says that it was done, and it was not; an umask shows it.
#[test]
fn a_mode_that_is_not_kept_is_found_out_before_any_request() {
    let backend = Backend::http();
    let not_kept = "its mode can't be made private";
    for (result, reason) in [
        ("retval=0", not_kept),
        ("error=EPERM", not_kept),
        ("error=EIO", not_kept),
    ] {
        let injection = &format!("inject=fchmod:{result}");
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
            let hint = "\nhint: set SEKUIRE_CONFIG_DIR to another folder of your own\n";
            outcome.exits(3).complains(reason).complains(hint);
            assert_eq!(fs::read_to_string(home.auth_json()).ok().as_deref(), old);
            assert_eq!(home.listing().len(), old.iter().len());
        }
    }
    assert!(backend.requests().is_empty());
}

/// Root logs in and out in a user's home: what a path leads to there, the user may exchange meanwhile.
#[test]
fn no_mode_is_changed_by_path() {
    let backend = Backend::http();
    let home = Home::new();
    let trace = home.path().join("trace");
    // With a mode of its own, for the one under that umask can be read by root alone.
    fs::write(&trace, "").unwrap();
    let login = ["login", "--api-key-stdin", "--backend", &backend.url()];
    for command in [&login[..], &["logout"]] {
        let Some(strace) = needs::strace() else {
            return;
        };
        strace
            .home(&home)
            .args(["-f", "-qq", "-A", "-o"])
            .arg(&trace)
            .args(["-e", "trace=fchmod,?chmod,?fchmodat,?fchmodat2"])
            .arg(binary())
            .args(command)
            .stdin(KEY.as_bytes())
            // Takes rights from the owner, too: each mode has to be set.
            .before_exec(|| {
                umask(Mode::from_bits_truncate(0o777));
                Ok(())
            })
            .run()
            .exits(0);
    }
    let trace = fs::read_to_string(&trace).unwrap();
    assert!(trace.contains(" fchmod("), "the trace is blind: {trace}");
    for line in trace.lines() {
        assert!(line.contains(" fchmod("), "{line}");
    }
}

/// A file is only as durable as its folder, and that as the one above.
#[test]
fn a_new_folder_is_synced_where_it_was_made() {
    let backend = Backend::http();
    let Some(strace) = needs::strace() else {
        return;
    };
    let home = Home::new();
    let trace = home.path().join("trace");
    strace
        .home(&home)
        .args(["-f", "-qq", "-y", "-e", "trace=fsync", "-o"])
        .arg(&trace)
        .arg(binary())
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    let synced = fs::read_to_string(&trace).unwrap();
    for folder in [home.path(), &home.sekuire_dir()] {
        let end = format!("<{}>)", folder.display());
        assert!(synced.contains(&end), "{end}: {synced}");
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
        assert_eq!(
            code == 3,
            outcome.stderr.contains("the disk did not confirm it")
        );
        assert!(holds(home.read_auth().as_bytes(), KEY), "{error}");
        assert_eq!(home.listing(), ["auth.json"]);
    }
}
