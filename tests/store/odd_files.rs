//! What stands at auth.json, or at its folder, instead of a file.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{geteuid, mkfifo};

use super::{OLD, holds, login};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;

/// What a command answers: its exit status, and words from what it prints.
type Answer = (i32, &'static str);

struct Case {
    name: &'static str,
    lay_out: fn(&Home),
    status: Answer,
    login: Answer,
    logout: Answer,
}

const IN: Answer = (0, "Authenticated with API Key");
const OUT: Answer = (1, "Not logged in");
const SAVED: Answer = (0, "Login successful!");
const REMOVED: Answer = (0, "Logged out successfully!");

const FILES: &[Case] = &[
    Case {
        name: "no folder",
        lay_out: |_| (),
        status: OUT,
        login: SAVED,
        logout: (0, "Not logged in"),
    },
    Case {
        name: "a folder at auth.json",
        lay_out: |home| fs::create_dir_all(home.auth_json()).unwrap(),
        status: (3, "auth.json is a folder, not a file"),
        login: (3, "auth.json is a folder, not a file"),
        logout: (3, "auth.json is a folder, not a file"),
    },
    Case {
        name: "a FIFO at auth.json",
        lay_out: |home| mkfifo(&in_folder(home), Mode::S_IRWXU).unwrap(),
        status: (3, "auth.json is a FIFO, not a file"),
        login: (3, "auth.json is a FIFO, not a file"),
        logout: (3, "auth.json is a FIFO, not a file"),
    },
    Case {
        name: "a socket at auth.json",
        lay_out: |home| drop(UnixListener::bind(in_folder(home)).unwrap()),
        status: (3, "auth.json is a socket, not a file"),
        login: (3, "auth.json is a socket, not a file"),
        logout: (3, "auth.json is a socket, not a file"),
    },
    Case {
        name: "a dangling link at auth.json",
        lay_out: |home| symlink("nowhere", in_folder(home)).unwrap(),
        status: OUT,
        login: SAVED,
        logout: REMOVED,
    },
    Case {
        name: "a link loop at auth.json",
        lay_out: |home| symlink("auth.json", in_folder(home)).unwrap(),
        status: (3, "can't read"),
        login: SAVED,
        logout: REMOVED,
    },
    Case {
        name: "a link to a file at auth.json",
        lay_out: |home| {
            private_file(&home.path().join("target"), OLD);
            symlink("../target", in_folder(home)).unwrap();
        },
        status: IN,
        login: SAVED,
        logout: (0, "target still holds the key"),
    },
    Case {
        name: "a link to a FIFO at auth.json",
        lay_out: |home| {
            mkfifo(&home.path().join("fifo"), Mode::S_IRWXU).unwrap();
            symlink("../fifo", in_folder(home)).unwrap();
        },
        status: (3, "auth.json is a FIFO, not a file"),
        login: SAVED,
        logout: REMOVED,
    },
    Case {
        name: "auth.json with mode 0644",
        lay_out: |home| with_mode(home, 0o644),
        status: (0, "is open to other users (mode 0644); run: chmod 600"),
        login: SAVED,
        logout: REMOVED,
    },
    Case {
        name: "an empty auth.json",
        lay_out: |home| home.write_auth(""),
        status: (3, "auth.json is empty"),
        login: SAVED,
        logout: REMOVED,
    },
    Case {
        name: "a folder that everybody can write",
        lay_out: |home| with_folder_mode(home, 0o777),
        status: IN,
        login: (3, "every user can write to"),
        logout: REMOVED,
    },
    Case {
        name: "a folder that the group can write",
        lay_out: |home| with_folder_mode(home, 0o770),
        status: IN,
        login: (0, "the group can write to"),
        logout: REMOVED,
    },
    Case {
        name: "a file at ~/.sekuire",
        lay_out: |home| fs::write(home.sekuire_dir(), OLD).unwrap(),
        status: (3, "auth.json: not a directory"),
        login: (3, ".sekuire is not a folder"),
        logout: (3, "auth.json: not a directory"),
    },
    Case {
        name: "a dangling link at ~/.sekuire",
        lay_out: |home| symlink("nowhere", home.sekuire_dir()).unwrap(),
        status: OUT,
        login: (3, "hint: create "),
        logout: (0, "Not logged in"),
    },
    Case {
        name: "a link to a folder at ~/.sekuire",
        lay_out: |home| {
            private_folder(&home.path().join("elsewhere"));
            private_file(&home.path().join("elsewhere/auth.json"), OLD);
            symlink("elsewhere", home.sekuire_dir()).unwrap();
        },
        status: IN,
        login: SAVED,
        logout: REMOVED,
    },
];

const FILES_OF_ROOT: &[Case] = &[Case {
    name: "a device at auth.json",
    lay_out: |home| device(&in_folder(home)),
    status: (3, "auth.json is a device, not a file"),
    login: (3, "auth.json is a device, not a file"),
    logout: (3, "auth.json is a device, not a file"),
}];

#[test]
fn every_odd_file_has_its_own_answer() {
    let backend = Backend::http();
    let mut cases: Vec<&Case> = FILES.iter().collect();
    if geteuid().is_root() {
        cases.extend(FILES_OF_ROOT);
    } else {
        for case in FILES_OF_ROOT {
            needs::skip(&format!("{} needs root", case.name));
        }
    }
    for case in cases {
        check(case, &backend);
    }
}

fn check(case: &Case, backend: &Backend) {
    let token = match case.status {
        (0, _) => (0, ""),
        failed => failed,
    };
    try_one(case, "status", case.status, &command(&["status"]), backend);
    try_one(case, "token", token, &command(&["auth", "token"]), backend);
    try_one(case, "login", case.login, &login, backend);
    try_one(case, "logout", case.logout, &command(&["logout"]), backend);
}

fn try_one(
    case: &Case,
    name: &str,
    (code, words): Answer,
    build: &dyn Fn(&Home, &Backend) -> Sekuire,
    backend: &Backend,
) {
    let home = Home::new();
    (case.lay_out)(&home);
    let before = snapshot(home.path());
    let outcome = build(&home, backend).timeout(Duration::from_secs(5)).run();
    let case = format!("{} ({name}): {outcome}", case.name);
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

/// The path of auth.json, whose folder is made.
fn in_folder(home: &Home) -> PathBuf {
    private_folder(&home.sekuire_dir());
    home.auth_json()
}

fn private_folder(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
}

fn private_file(path: &Path, content: &str) {
    let file = File::create(path).unwrap();
    file.set_permissions(Permissions::from_mode(0o600)).unwrap();
    fs::write(path, content).unwrap();
}

fn with_mode(home: &Home, mode: u32) {
    home.write_auth(OLD);
    fs::set_permissions(home.auth_json(), Permissions::from_mode(mode)).unwrap();
}

fn with_folder_mode(home: &Home, mode: u32) {
    home.write_auth(OLD);
    fs::set_permissions(home.sekuire_dir(), Permissions::from_mode(mode)).unwrap();
}

/// Another /dev/null.
fn device(path: &Path) {
    mknod(path, SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 3)).unwrap();
}
