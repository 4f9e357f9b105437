//! Files and folders that other users of the machine own or can change: what is refused, and what is
//! warned of.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use super::{OLD, holds, login};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NO_ONE, NOBODY, OtherUser};
use crate::support::outcome::Outcome;

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

/// `login` as the user who runs the tests.
fn login_in(folder: &Path, backend: &Backend) -> Outcome {
    Sekuire::new()
        .env("SEKUIRE_CONFIG_DIR", folder)
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run()
}

#[test]
fn a_folder_of_another_user_is_a_warning_with_both_names() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    for (uid, name) in [(NOBODY, "nobody"), (NO_ONE, "user 54321")] {
        let other = OtherUser::new(uid);
        let home = other.home.path().display().to_string();
        // Their home, and a folder in it that is our own.
        let outcome = login(&other.home, &backend).run();
        outcome
            .exits(0)
            .complains(&format!("{home} belongs to {name}"));
        // A folder that is theirs.
        other.own(&other.home.sekuire_dir());
        let outcome = login(&other.home, &backend).run();
        outcome
            .exits(0)
            .complains(&format!("{home}/.sekuire belongs to {name}"));
        for line in outcome.stderr.lines() {
            assert!(!line.contains("chown") && !line.contains("run:"), "{line}");
        }
    }
    // Root's folders, for another user, are as good as their own.
    let other = OtherUser::new(NOBODY);
    chown(other.home.path(), Some(0), Some(0)).unwrap();
    fs::create_dir(other.home.sekuire_dir()).unwrap();
    other.own(&other.home.sekuire_dir());
    fs::set_permissions(other.home.path(), Permissions::from_mode(0o755)).unwrap();
    let outcome = other
        .sekuire()
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run();
    outcome.exits(0).complains_not();
}

#[test]
fn a_folder_below_one_that_others_can_write_is_a_warning() {
    let backend = Backend::http();
    for (mode, warns) in [
        (0o777, true),
        (0o775, true),
        (0o755, false),
        (0o1777, false),
    ] {
        let home = Home::new();
        let shared = home.path().join("shared");
        fs::create_dir_all(shared.join("a/b")).unwrap();
        for folder in ["a", "a/b"] {
            fs::set_permissions(shared.join(folder), Permissions::from_mode(0o700)).unwrap();
        }
        fs::set_permissions(&shared, Permissions::from_mode(mode)).unwrap();
        // As it is named, or where a link leads.
        symlink(shared.join("a"), home.path().join("link")).unwrap();
        for folder in [shared.join("a/b"), home.path().join("link/b")] {
            let outcome = login_in(&folder, &backend);
            outcome.exits(0);
            let words = format!("can write to it (mode {mode:04o})");
            assert_eq!(
                outcome.stderr.contains(&words),
                warns,
                "{mode:o}: {outcome}"
            );
            if warns {
                let named = format!("whom {} belongs to", shared.display());
                outcome.complains(&named);
            } else {
                outcome.complains_not();
            }
        }
    }
}

/// Its own mode is told of in words of its own, whichever name it has.
#[test]
fn a_linked_folder_that_a_group_can_write_is_told_of_once() {
    let backend = Backend::http();
    let home = Home::new();
    let (real, link) = (home.path().join("real"), home.path().join("link"));
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o770)).unwrap();
    symlink(&real, &link).unwrap();
    let outcome = login_in(&link, &backend);
    let words = format!(
        "the group of {} can write to it (mode 0770)",
        link.display()
    );
    outcome.exits(0).complains(&words);
    let told = outcome.stderr.matches("can write to it").count();
    assert_eq!(told, 1, "{outcome}");
}

/// A stranger's key would send what is done with it to a stranger's account.
#[test]
fn a_planted_file_is_told_and_never_to_be_adopted() {
    if !needs::root() {
        return;
    }
    for (uid, name) in [(NOBODY, "nobody"), (NO_ONE, "user 54321")] {
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

/// Such as a mounted secret: what can't be mended is said once, without advice.
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
    // The same as root: now it can be mended.
    let outcome = Sekuire::new().home(&other.home).arg("status").run();
    let advice = format!("{open}; run: chmod 600 {}\n", path.display());
    assert_eq!(outcome.stderr, advice);
    // And as whoever owns it.
    chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    let outcome = other.sekuire().arg("status").run();
    assert_eq!(outcome.stderr, advice);
    chown(&path, Some(0), Some(0)).unwrap();
    // And on a file system that is mounted read-only it can't.
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 77
        exec \"$2\" status";
    let Some(unshare) = needs::unshare(&["--mount"]) else {
        return;
    };
    let outcome = unshare
        .home(&other.home)
        .args(["sh", "-c", script, "sh"])
        .arg(other.home.sekuire_dir())
        .arg(binary())
        .run();
    if outcome.code == Some(77) {
        return needs::skip(&outcome.stderr);
    }
    assert_eq!(outcome.exits(0).stderr, format!("{open}\n"));
}
