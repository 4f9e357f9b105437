//! What stands at auth.json, or at its folder, instead of a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{geteuid, mkfifo};

use super::{OLD, answer, holds, login, rows};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;

/// What stands there, and the answers of `status`, `login` and `logout`: exit status, and words of what it prints.
const TABLE: &str = "
    nothing                            | 1 Not logged in  | 0 Login succ    | 0 Not logged in
    a folder at auth.json              | 3 not a regular file  | 3 not a regular file | 3 not a regular file
    a FIFO at auth.json                | 3 not a regular file    | 3 not a regular file   | 3 not a regular file
    a socket at auth.json              | 3 can't read     | 3 not a regular file | 3 not a regular file
    a device at auth.json              | 3 not a regular file  | 3 not a regular file | 3 not a regular file
    a dangling link at auth.json       | 1 Not logged in  | 0 Login succ    | 0 Logged out
    a link loop at auth.json           | 3 can't read      | 0 Login succ    | 0 Logged out
    a link to a file at auth.json      | 0 Authenticated   | 0 Login succ    | 0 target still holds the key
    a link to a FIFO at auth.json      | 3 not a regular file    | 0 Login succ    | 0 Logged out
    auth.json with mode 0644           | 0 (mode 0644); run: chmod 600 | 0 Login succ | 0 Logged out
    an empty auth.json                 | 3 auth.json is damaged | 0 Login succ | 0 Logged out
    a folder that everybody can write  | 0 Authenticated   | 3 every user can write to | 0 Logged out
    a folder that the group can write  | 0 Authenticated   | 0 the group can write to | 0 Logged out
    a file at ~/.sekuire               | 3 not a directory | 3 is not a folder | 3 not a directory
    a dangling link at ~/.sekuire      | 1 Not logged in  | 3 no such file  | 0 Not logged in
    a link to a folder at ~/.sekuire   | 0 Authenticated   | 0 Login succ    | 0 Logged out
";

fn lay_out(what: &str, home: &Home) {
    let (folder, file, target) = (
        home.sekuire_dir(),
        home.auth_json(),
        home.path().join("target"),
    );
    if what.ends_with(" at auth.json") {
        private_folder(&folder);
    }
    match what {
        "nothing" => {}
        "a folder at auth.json" => fs::create_dir(file).unwrap(),
        "a FIFO at auth.json" => mkfifo(&file, Mode::S_IRWXU).unwrap(),
        "a socket at auth.json" => drop(UnixListener::bind(file).unwrap()),
        "a device at auth.json" => {
            mknod(&file, SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 3)).unwrap();
        }
        "a dangling link at auth.json" => symlink("nowhere", file).unwrap(),
        "a link loop at auth.json" => symlink("auth.json", file).unwrap(),
        "a link to a file at auth.json" => {
            fs::write(&target, OLD).unwrap();
            fs::set_permissions(&target, Permissions::from_mode(0o600)).unwrap();
            symlink("../target", file).unwrap();
        }
        "a link to a FIFO at auth.json" => {
            mkfifo(&home.path().join("fifo"), Mode::S_IRWXU).unwrap();
            symlink("../fifo", file).unwrap();
        }
        "auth.json with mode 0644" => {
            home.write_auth(OLD);
            fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
        }
        "an empty auth.json" => home.write_auth(""),
        "a folder that everybody can write" | "a folder that the group can write" => {
            home.write_auth(OLD);
            let mode = if what.contains("group") { 0o770 } else { 0o777 };
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        }
        "a file at ~/.sekuire" => fs::write(folder, OLD).unwrap(),
        "a dangling link at ~/.sekuire" => symlink("nowhere", folder).unwrap(),
        "a link to a folder at ~/.sekuire" => {
            home.write_auth(OLD);
            fs::rename(&folder, home.path().join("elsewhere")).unwrap();
            symlink("elsewhere", folder).unwrap();
        }
        other => panic!("{other}"),
    }
}

#[test]
fn every_odd_file_has_its_own_answer() {
    let backend = Backend::http();
    for row in rows(TABLE) {
        let [what, status, on_login, logout] = row[..] else {
            panic!("{row:?}");
        };
        if what.contains("device") && !geteuid().is_root() {
            needs::skip("a device needs root");
            continue;
        }
        let token = if status.starts_with('0') { "0" } else { status };
        try_one(what, "status", status, &command(&["status"]), &backend);
        try_one(what, "token", token, &command(&["auth", "token"]), &backend);
        try_one(what, "login", on_login, &login, &backend);
        try_one(what, "logout", logout, &command(&["logout"]), &backend);
    }
}

fn try_one(
    what: &str,
    name: &str,
    expected: &str,
    build: &dyn Fn(&Home, &Backend) -> Sekuire,
    backend: &Backend,
) {
    let (code, words) = answer(expected);
    let home = Home::new();
    lay_out(what, &home);
    let before = snapshot(home.path());
    let outcome = build(&home, backend).timeout(Duration::from_secs(5)).run();
    let case = format!("{what} ({name}): {outcome}");
    assert_eq!(outcome.code, Some(code), "{case}");
    let said = [&outcome.stdout, &outcome.stderr];
    let is_said = said.iter().any(|text| text.contains(words));
    assert!(is_said, "{words:?} is missing; {case}");
    match (name, code) {
        ("login", 0) => assert!(is_saved(&home), "not saved as 0600; {case}"),
        ("logout", 0) => {
            let left = fs::symlink_metadata(home.auth_json());
            assert!(left.is_err(), "auth.json is still there; {case}");
        }
        _ => assert_eq!(snapshot(home.path()), before, "{case}"),
    }
    if let Ok(target) = fs::read(home.path().join("target")) {
        assert_eq!(target, OLD.as_bytes(), "the link's target; {case}");
    }
}

fn command(words: &'static [&'static str]) -> impl Fn(&Home, &Backend) -> Sekuire {
    move |home, _| Sekuire::new().home(home).args(words)
}

fn is_saved(home: &Home) -> bool {
    let Ok(metadata) = fs::symlink_metadata(home.auth_json()) else {
        return false;
    };
    metadata.is_file()
        && metadata.permissions().mode() & 0o7777 == 0o600
        && holds(home.read_auth().as_bytes(), KEY)
        && home.listing() == ["auth.json"]
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

fn private_folder(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}
