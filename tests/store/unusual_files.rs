//! What stands at auth.json, or at its folder, instead of a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::geteuid;

use super::{OLD, answer, holds, login, rows};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;

/// What a shell does in ~/.sekuire, where `old` is an older login; and the answers of `status`, `login` and `logout`:
/// exit status, and words of what it prints.
const TABLE: &str = "
    rmdir ../.sekuire                                           | 1 Not logged in               | 0 Login succ              | 0 Not logged in
    mkdir auth.json                                             | 3 not a regular file          | 3 not a regular file      | 3 not a regular file
    mkfifo auth.json                                            | 3 not a regular file          | 3 not a regular file      | 3 not a regular file
    mknod auth.json c 1 3                                       | 3 not a regular file          | 3 not a regular file      | 3 not a regular file
    ln -s nowhere auth.json                                     | 1 Not logged in               | 0 Login succ              | 0 Logged out
    ln -s auth.json auth.json                                   | 3 can't read                  | 0 Login succ              | 0 may still hold the key
    cp ../old ../target; ln -s ../target auth.json              | 0 Authenticated               | 0 Login succ              | 0 target may still hold the key
    mkfifo ../fifo; ln -s ../fifo auth.json                     | 3 not a regular file          | 0 Login succ              | 0 Logged out
    old; chmod 644 auth.json                                    | 0 (mode 0644); run: chmod 600 | 0 Login succ              | 0 Logged out
    touch auth.json                                             | 3 auth.json is damaged        | 0 Login succ              | 0 Logged out
    old; chmod 777 .                                            | 0 Authenticated               | 3 every user can write to | 0 Logged out
    old; chmod 770 .                                            | 0 Authenticated               | 0 the group can write to  | 0 Logged out
    cd ..; rmdir .sekuire; cp old .sekuire                      | 3 not a directory             | 3 is not a folder         | 3 not a directory
    cd ..; rmdir .sekuire; ln -s nowhere .sekuire               | 1 Not logged in               | 3 no such file            | 0 Not logged in
    old; cd ..; mv .sekuire elsewhere; ln -s elsewhere .sekuire | 0 Authenticated               | 0 Login succ              | 0 Logged out
";

#[test]
fn each_kind_of_file_has_its_own_message() {
    let backend = Backend::http();
    for row in rows(TABLE) {
        let [setup, status, on_login, logout] = row[..] else {
            panic!("{row:?}");
        };
        if setup.contains("mknod") && !geteuid().is_root() {
            needs::skip("a device needs root");
            continue;
        }
        let token = if status.starts_with('0') { "0" } else { status };
        for (command, expected) in [
            (&["status"][..], status),
            (&["auth", "token"], token),
            (&["login"], on_login),
            (&["logout"], logout),
        ] {
            try_one(setup, command, expected, &backend);
        }
    }
}

fn try_one(setup: &str, command: &[&str], expected: &str, backend: &Backend) {
    let home = Home::new();
    fs::write(home.path().join("old"), OLD).unwrap();
    let script = format!(
        "set -e; umask 077; mkdir .sekuire; cd .sekuire; old() {{ cp ../old auth.json; }}; {setup}"
    );
    let shell = TestCommand::at(Path::new("/bin/sh")).directory(home.path());
    shell.args(["-c", &script]).run().exits_with(0);
    let before = snapshot(home.path());
    let sekuire = match command {
        ["login"] => login(&home, backend),
        _ => TestCommand::new().home(&home).args(command),
    };
    let outcome = sekuire.timeout(Duration::from_secs(5)).run();
    let case = format!("{setup} ({command:?}): {outcome}");
    let (code, words) = answer(expected);
    assert_eq!(outcome.code, Some(code), "{case}");
    let said = [&outcome.stdout, &outcome.stderr];
    let is_said = said.iter().any(|text| text.contains(words));
    assert!(is_said, "{words:?} is missing; {case}");
    let left = fs::symlink_metadata(home.auth_json());
    match (command, code) {
        (["login"], 0) => {
            let mode = left.unwrap().permissions().mode();
            // A regular file, and nobody else's to read.
            assert_eq!(mode, 0o10_0600, "{case}");
            assert!(holds(home.read_auth().as_bytes(), KEY), "{case}");
            assert_eq!(home.listing(), ["auth.json"], "{case}");
        }
        (["logout"], 0) => assert!(left.is_err(), "auth.json is still there; {case}"),
        _ => assert_eq!(snapshot(home.path()), before, "{case}"),
    }
    if let Ok(target) = fs::read(home.path().join("target")) {
        assert_eq!(target, OLD.as_bytes(), "the link's target; {case}");
    }
}

/// Names, kinds, modes and sizes of all that is there.
fn snapshot(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        let (mode, size) = (metadata.permissions().mode(), metadata.len());
        found.push(format!("{} {mode:o} {size}", entry.path().display()));
        if metadata.is_dir() {
            found.extend(snapshot(&entry.path()));
        }
    }
    found.sort();
    found
}
