//! Disks that are full or read-only, folders of somebody else, and a file that is a mount point. What
//! is mounted is mounted in a namespace of its own, which needs root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use nix::sys::resource::{Resource, setrlimit};

use super::{OLD, STRAY, holds, login};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::machine::Machine;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};

/// What a command answers: exit status, words, and what auth.json then is.
type Step = (i32, &'static str, Left);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Left {
    Nothing,
    Old,
    New,
    Emptied,
}

const SAVED: Step = (0, "Login successful!", Left::New);
const REMOVED: Step = (0, "Logged out successfully!", Left::Nothing);
const EMPTIED: Step = (0, "Logged out successfully!", Left::Emptied);
const LOGGED_OUT: Step = (0, "Not logged in", Left::Nothing);
const BY_HAND: Step = (3, "it holds the API key", Left::Old);

/// Run as another user, in `setup`'s mounts, with an old auth.json beforehand: a `doctor`, who foresees
/// what comes, a login, a `status` (its exit status) and a logout.
struct Case {
    name: &'static str,
    setup: &'static str,
    login: Step,
    status: i32,
    logout: Step,
}

const CASES: &[Case] = &[
    Case {
        name: "full disk, no file",
        setup: "mount -t tmpfs -o size=16k,mode=700,uid=$USER none .sekuire
                head -c 1M /dev/zero > .sekuire/filler 2> filled || true",
        login: (3, "auth.json: no space left on device", Left::Nothing),
        status: 1,
        logout: LOGGED_OUT,
    },
    Case {
        name: "full disk, old file",
        setup: "cp -p .sekuire/auth.json kept
                mount -t tmpfs -o size=16k,mode=700,uid=$USER none .sekuire
                cp -p kept .sekuire/auth.json
                head -c 1M /dev/zero > .sekuire/filler 2> filled || true",
        login: (3, "hint: set SEKUIRE_CONFIG_DIR", Left::Old),
        status: 0,
        logout: REMOVED,
    },
    Case {
        name: "read-only mount",
        setup: "mount --bind .sekuire .sekuire && mount -o remount,bind,ro .sekuire",
        login: (3, "auth.json: read-only file system", Left::Old),
        status: 0,
        logout: BY_HAND,
    },
    Case {
        name: "read-only mount, no file",
        setup: "rm .sekuire/auth.json
                mount --bind .sekuire .sekuire && mount -o remount,bind,ro .sekuire",
        login: (3, "auth.json: read-only file system", Left::Nothing),
        status: 1,
        logout: LOGGED_OUT,
    },
    Case {
        name: "read-only folder, own file",
        setup: "chown 0 .sekuire && chmod 755 .sekuire",
        login: SAVED,
        status: 0,
        logout: EMPTIED,
    },
    Case {
        name: "read-only folder, no file",
        setup: "rm .sekuire/auth.json && chown 0 .sekuire && chmod 755 .sekuire",
        login: (3, "sudo chown -R", Left::Nothing),
        status: 1,
        logout: LOGGED_OUT,
    },
    Case {
        name: "read-only folder, file of another user",
        setup: "chown 0 .sekuire .sekuire/auth.json && chmod 755 .sekuire && chmod 644 .sekuire/auth.json",
        login: (3, "sudo chown -R", Left::Old),
        status: 0,
        logout: (3, "sudo chown -R", Left::Old),
    },
    Case {
        name: "file a mount point",
        setup: "cp -p .sekuire/auth.json kept && mount --bind kept .sekuire/auth.json",
        login: SAVED,
        status: 0,
        logout: EMPTIED,
    },
    Case {
        name: "file a mount point in a read-only mount",
        setup: "cp -p .sekuire/auth.json kept
                mount --bind .sekuire .sekuire && mount -o remount,bind,ro .sekuire
                mount --bind kept .sekuire/auth.json",
        login: SAVED,
        status: 0,
        logout: EMPTIED,
    },
    Case {
        name: "file a read-only mount point",
        setup: "cp -p .sekuire/auth.json kept && mount --bind kept .sekuire/auth.json
                mount -o remount,bind,ro .sekuire/auth.json",
        login: (3, "auth.json: read-only file system", Left::Old),
        status: 0,
        logout: BY_HAND,
    },
    Case {
        name: "file a mount point on a full disk",
        setup: "cp -p .sekuire/auth.json kept && mkdir full
                mount -t tmpfs -o size=16k,mode=700,uid=$USER none full
                cp -p kept full/auth.json && head -c 1M /dev/zero > full/filler 2> filled || true
                mount --bind full/auth.json .sekuire/auth.json",
        login: SAVED,
        status: 0,
        logout: EMPTIED,
    },
];

#[test]
fn every_disk_keeps_what_it_had_or_takes_what_is_new() {
    if !needs::root() {
        return;
    }
    let Some(machine) = needs::machine() else {
        return;
    };
    for case in CASES {
        check(case, &machine);
    }
}

fn check(case: &Case, machine: &Machine) {
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    let home = other.home.path();
    let script = format!(
        "set -e
        cd \"$HOME\"
        USER={NOBODY}
        {}
        set +e
        as_user() {{ setpriv --reuid=$USER --regid=$USER --clear-groups \"$@\"; }}
        try() {{
            name=$1; shift
            as_user \"$PROGRAM\" \"$@\" > $name.said 2>&1 < key
            echo $? > $name.code
            cat .sekuire/auth.json > $name.left 2> lost
            ls -A .sekuire | grep -v filler > $name.names
            stat -c %a .sekuire/auth.json > $name.mode 2> lost
        }}
        try doctor doctor
        try login login --api-key-stdin --backend \"$BACKEND\"
        try status status
        try logout logout
        true",
        case.setup
    );
    fs::write(home.join("key"), KEY).unwrap();
    Sekuire::at(Path::new("/bin/sh"))
        .on(machine.clone())
        .home(&other.home)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("PROGRAM", other.program())
        .env("BACKEND", backend.url())
        .args(["-c", &script])
        .run()
        .exits(0);
    for (name, step) in [("login", case.login), ("logout", case.logout)] {
        validate(case.name, name, step, home);
    }
    // That a disk is full shows only when it is written to.
    let foreseen = case.login.0 != 0 && !case.name.starts_with("full disk");
    let doctor = read(home, "doctor.said");
    assert_eq!(
        doctor.contains("can't save"),
        foreseen,
        "{}: {doctor}",
        case.name
    );
    let status = read(home, "status.code");
    assert_eq!(
        status.trim(),
        case.status.to_string(),
        "{}: status",
        case.name
    );
    let is_asked = !backend.requests().is_empty();
    assert_eq!(is_asked, case.login.0 == 0, "{}: the backend", case.name);
}

fn validate(case: &str, name: &str, (code, words, expected): Step, home: &Path) {
    let read = |what: &str| read(home, &format!("{name}.{what}"));
    let said = read("said");
    assert_eq!(
        read("code").trim(),
        code.to_string(),
        "{case}: {name}: {said}"
    );
    assert!(said.contains(words), "{case}: {name}: {words:?}: {said}");
    let left = what_is(&read("left"));
    assert_eq!(left, Some(expected), "{case}: {name}: {said}");
    let names = read("names");
    assert!(
        ["", "auth.json\n"].contains(&&*names),
        "{case}: {name}: {names}"
    );
    if left == Some(Left::New) {
        assert_eq!(read("mode"), "600\n", "{case}: {name}");
    }
}

fn what_is(content: &str) -> Option<Left> {
    match content {
        "" => Some(Left::Nothing),
        "{}\n" => Some(Left::Emptied),
        OLD => Some(Left::Old),
        new if holds(new.as_bytes(), KEY) => Some(Left::New),
        _ => None,
    }
}

fn read(home: &Path, name: &str) -> String {
    fs::read_to_string(home.join(name)).unwrap_or_default()
}

#[test]
fn a_stray_file_that_cannot_go_does_not_keep_the_key_in_auth_json() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    let folder = other.home.sekuire_dir();
    let stray = folder.join(STRAY);
    fs::copy(other.home.auth_json(), &stray).unwrap();
    other.own(&stray);
    chown(&folder, Some(0), Some(0)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let outcome = other.sekuire().arg("logout").run();
    outcome
        .exits(3)
        .complains("can't remove what an earlier login left in ")
        .complains("permission denied");
    assert_eq!(other.home.read_auth(), "{}\n");
}

/// `ulimit -f 0`: without more ado SIGXFSZ would end the process.
#[test]
fn a_limit_on_file_sizes_is_found_out_before_any_request() {
    for old in [None, Some(OLD)] {
        let backend = Backend::http();
        let home = Home::new();
        if let Some(old) = old {
            home.write_auth(old);
        }
        let outcome = login(&home, &backend)
            .before_exec(|| Ok(setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?))
            .run();
        outcome
            .exits(3)
            .complains("auth.json: file too large\nhint: check the limits of this process");
        assert!(backend.requests().is_empty());
        assert_eq!(fs::read_to_string(home.auth_json()).ok().as_deref(), old);
        assert_eq!(home.listing().len(), old.iter().len());
    }
}
