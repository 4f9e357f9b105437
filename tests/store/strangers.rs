//! Files and folders that other users of the machine own or can change: what is refused, and what is
//! warned of.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use super::{OLD, holds, login};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NO_ONE, NOBODY, OtherUser};

const OWN_FOLDER: &str = "set SEKUIRE_CONFIG_DIR to a folder of your own";

/// Anybody may have it open already.
#[test]
fn a_file_that_others_can_read_and_is_a_mount_point_is_written_with_a_warning() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(OLD);
    fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).unwrap();
    let script = "mount --bind \"$1\" \"$1\" || exit 77
        printf %s \"$4\" | \"$2\" login --api-key-stdin --backend \"$3\"";
    let Some(unshare) = needs::unshare(&["--mount"]) else {
        return;
    };
    let outcome = unshare
        .home(&home)
        .args(["sh", "-c", script, "sh"])
        .arg(home.auth_json())
        .arg(binary())
        .args([&backend.url(), KEY])
        .run();
    if outcome.code == Some(77) {
        return needs::skip(&outcome.stderr);
    }
    outcome
        .exits(0)
        .complains("auth.json was open to other users (mode 0644) and is now private")
        .complains("whoever has it open already can read the new key");
    assert!(holds(home.read_auth().as_bytes(), KEY));
    let mode = fs::metadata(home.auth_json()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

/// Root has to log in where images and mounts come with folders of others.
#[test]
fn a_folder_of_another_user_is_a_warning_unless_root_asks() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    let folder = other.home.sekuire_dir();
    fs::create_dir(&folder).unwrap();
    chown(&folder, Some(NO_ONE), Some(NOBODY)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o770)).unwrap();
    let outcome = other
        .sekuire()
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run();
    outcome.exits(0);
    let folder = folder.display();
    let expected = format!(
        "warning: the group of {folder} can write to it (mode 0770), and so replace auth.json\n\
         warning: {folder} belongs to uid {NO_ONE}, who can replace auth.json\n"
    );
    assert_eq!(outcome.stderr, expected);
    other.own(&other.home.sekuire_dir());
    fs::set_permissions(other.home.sekuire_dir(), Permissions::from_mode(0o700)).unwrap();
    login(&other.home, &backend).run().exits(0).complains_not();
}

/// What lies in another user's folder, that user can exchange for a link before the advice is followed.
#[test]
fn a_mode_is_advised_only_of_what_is_ours() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    // The owners of the home, of the folder and of auth.json.
    for (owners, mode, is_ours) in [
        ([0, 0, 0], 0o777, true),
        ([0, 0, 0], 0o770, true),
        ([0, 0, 0], 0o1777, false),
        ([0, 0, 0], 0o1770, false),
        ([0, NOBODY, 0], 0o777, false),
        ([0, NOBODY, 0], 0o770, false),
        ([NOBODY, 0, 0], 0o777, false),
    ] {
        let home = Home::new();
        home.write_auth(OLD);
        fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(home.sekuire_dir(), Permissions::from_mode(mode)).unwrap();
        let [above, within, file] = owners;
        for (path, uid) in [
            (home.path(), above),
            (&home.sekuire_dir(), within),
            (&home.auth_json(), file),
        ] {
            chown(path, Some(uid), Some(uid)).unwrap();
        }
        let folder = home.sekuire_dir();
        let folder = folder.display();
        let refused = mode & 0o002 != 0;
        let advice = match (refused, is_ours) {
            (true, true) => format!("hint: run: chmod go-w {folder}\n"),
            (true, false) => format!("hint: {OWN_FOLDER}\n"),
            (false, true) => format!("auth.json; run: chmod g-w {folder}\n"),
            (false, false) => "so replace auth.json\n".to_owned(),
        };
        let status = Sekuire::new().home(&home).arg("status").run();
        let outcome = login(&home, &backend).run();
        assert_eq!(outcome.code, Some(if refused { 3 } else { 0 }), "{outcome}");
        outcome.complains(&advice);
        // The file is root's own; in another's folder it is not to be touched by its path.
        let advises = status.stderr.contains("; run: chmod 600 ");
        assert_eq!(advises, within == 0, "{owners:?}: {status}");
    }
}

/// The owner and mode of the folder and the owner of auth.json, a command, and what it says to nobody.
type Denial = (u32, u32, u32, &'static str, &'static str, &'static str);

const CHOWN: &str = "run: sudo chown -R \"$USER\" FOLDER";

const DENIALS: &[Denial] = &[
    (
        NOBODY,
        0o700,
        0,
        "status",
        "read FILE: permission denied (owner root, mode 0600; you are uid 65534)",
        CHOWN,
    ),
    (
        0,
        0o700,
        0,
        "status",
        "read FILE: permission denied (FOLDER: owner root, mode 0700; you are uid 65534)",
        CHOWN,
    ),
    (
        0,
        0o755,
        0,
        "login",
        "save FILE: FOLDER: permission denied (owner root, mode 0755; you are uid 65534)",
        CHOWN,
    ),
    (
        0,
        0o755,
        0,
        "logout",
        "remove FILE: FOLDER: permission denied (owner root, mode 0755; you are uid 65534)",
        CHOWN,
    ),
    (
        NOBODY,
        0o700,
        NO_ONE,
        "status",
        "read FILE: permission denied (owner uid 54321, mode 0600; you are uid 65534)",
        OWN_FOLDER,
    ),
    (
        NO_ONE,
        0o755,
        NO_ONE,
        "login",
        "save FILE: FOLDER: permission denied (owner uid 54321, mode 0755; you are uid 65534)",
        OWN_FOLDER,
    ),
    (
        NOBODY,
        0o000,
        NOBODY,
        "status",
        "read FILE: permission denied (FOLDER: owner uid 65534, mode 0000; you are uid 65534)",
        OWN_FOLDER,
    ),
];

/// Root's login in a user's home leaves what the user can't read: the one case in which chown helps.
#[test]
fn whoever_is_denied_is_told_whose_it_is() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    let folder = other.home.sekuire_dir();
    let with_paths = |text: &str| {
        let file = other.home.auth_json().display().to_string();
        text.replace("FILE", &file)
            .replace("FOLDER", &folder.display().to_string())
    };
    for (owner, mode, file_owner, command, reason, hint) in DENIALS {
        other.write_auth(OLD);
        chown(other.home.auth_json(), Some(*file_owner), Some(*file_owner)).unwrap();
        chown(&folder, Some(*owner), Some(*owner)).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(*mode)).unwrap();
        let outcome = other.sekuire().arg(command).run();
        let expected = with_paths(&format!("error: can't {reason}\nhint: {hint}\n"));
        assert_eq!(outcome.exits(3).stderr, expected);
    }
    // A folder that somebody named is not left over from a login in a home.
    chown(&folder, Some(0), Some(0)).unwrap();
    let named = other.sekuire().env("SEKUIRE_CONFIG_DIR", &folder);
    named.arg("status").run().exits(3).complains(OWN_FOLDER);
}

/// A stranger's key would send what is done with it to a stranger's account.
#[test]
fn a_planted_file_is_told_and_never_to_be_adopted() {
    if !needs::root() {
        return;
    }
    for (uid, name) in [(NOBODY, "uid 65534"), (NO_ONE, "uid 54321")] {
        for (mode, open) in [
            (0o600, ""),
            (0o644, " and is open to other users (mode 0644)"),
        ] {
            let home = Home::new();
            home.write_auth(OLD);
            chown(home.auth_json(), Some(uid), Some(uid)).unwrap();
            fs::set_permissions(home.auth_json(), Permissions::from_mode(mode)).unwrap();
            for command in [
                &["status"][..],
                &["auth", "token"],
                &["whoami", "--timeout", "1"],
            ] {
                let outcome = Sekuire::new()
                    .home(&home)
                    .args(command)
                    .env("HTTPS_PROXY", "http://127.0.0.1:1")
                    .run();
                let expected = format!(
                    "warning: {} belongs to {name}, who can read its key and may have put it there{open}\n",
                    home.auth_json().display()
                );
                outcome.complains(&expected);
                assert_eq!(outcome.stderr.matches("auth.json belongs").count(), 1);
                for advice in ["chown", "chmod"] {
                    assert!(!outcome.stderr.contains(advice), "{outcome}");
                }
            }
        }
    }
}

/// Such as a mounted secret: what can't be changed is said once, without advice.
#[test]
fn advice_is_given_only_where_it_works() {
    if !needs::root() {
        return;
    }
    // Root's file, read by another user.
    let other = OtherUser::new(NOBODY);
    other.write_auth(OLD);
    chown(other.home.auth_json(), Some(0), Some(0)).unwrap();
    fs::set_permissions(other.home.auth_json(), Permissions::from_mode(0o644)).unwrap();
    let path = other.home.auth_json();
    let open = format!(
        "warning: {} is open to other users (mode 0644)",
        path.display()
    );
    let outcome = other.sekuire().arg("status").run();
    outcome.exits(0);
    assert_eq!(outcome.stderr, format!("{open}\n"));
    // As whoever owns it.
    let advice = format!("{open}; run: chmod 600 {}\n", path.display());
    chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    let outcome = other.sekuire().arg("status").run();
    assert_eq!(outcome.stderr, advice);
}
