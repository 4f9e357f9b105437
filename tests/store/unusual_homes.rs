//! Homes that are not where, or what, a home should be, and folders that somebody named.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::stat::{Mode, umask};

use super::{answer, login, rows};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NO_ONE, NOBODY, OtherUser};

/// The machine's own: nobody's home does not exist, and not even root can have made it.
const PASSWORD_DATABASE: &str = "nobody:x:65534:65534::/proc/nonexistent:/bin/false\n\
    homeless:x:65533:65533:::/bin/false\n";

/// A user whose entry there names no home.
const HOMELESS: u32 = 65533;

/// A user, HOME (- is unset), and the answers of `status` and `login`: exit status, and words on standard error.
const TABLE: &str = "
    nobody   | -                      | 1                               | 3 /proc/nonexistent
    nobody   |                        | 1                               | 3 /proc/nonexistent
    no entry | -                      | 3 this user has no home         | 3 this user has no home
    homeless | -                      | 3 this user has no home         | 3 hint: set SEKUIRE_CONFIG_DIR to a folder
    nobody   | relative/home          | 3 error: HOME is not an absolute | 3 hint: set SEKUIRE_CONFIG_DIR to a folder
    nobody   | /                      | 1                               | 3 permission denied (/: owner root
    nobody   | /dev/null              | 3 not a directory               | 3 hint: set SEKUIRE_CONFIG_DIR to another
    nobody   | /proc/nonexistent/home | 1                               | 3 hint: set SEKUIRE_CONFIG_DIR to another
";

#[test]
fn each_kind_of_home_has_its_own_message() {
    if !needs::root() {
        return;
    }
    let Some(machine) = needs::machine() else {
        return;
    };
    let backend = Backend::http();
    let place = Home::new();
    let database = place.path().join("passwd");
    fs::write(&database, PASSWORD_DATABASE).unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let machine = machine.mount(&database, "/etc/passwd");
    for row in rows(TABLE) {
        let [user, home, status, on_login] = row[..] else {
            panic!("{row:?}");
        };
        let other = OtherUser::new(match user {
            "homeless" => HOMELESS,
            "no entry" => NO_ONE,
            _ => NOBODY,
        });
        let other = other.on(machine.clone());
        let run = |arguments: &[&str]| {
            let command = other.sekuire().args(arguments).stdin(KEY.as_bytes());
            match home {
                "-" => command.without("HOME").run(),
                home => command.env("HOME", home).run(),
            }
        };
        let login = ["login", "--api-key-stdin", "--backend", &backend.url()];
        // doctor foresees what a login says.
        for (arguments, expected) in [
            (&["status"][..], status),
            (&login, on_login),
            (&["doctor"], "3"),
        ] {
            let (code, words) = answer(expected);
            let outcome = run(arguments);
            assert_eq!(outcome.code, Some(code), "{row:?}: {outcome}");
            assert!(outcome.stderr.contains(words), "{row:?}: {outcome}");
        }
    }
    assert!(
        backend.requests().is_empty(),
        "a login asked the backend in vain"
    );
}

/// A home is made by whoever makes the user.
#[test]
fn a_missing_home_is_not_made() {
    let backend = Backend::http();
    let home = Home::new();
    let missing = home.path().join("missing");
    let outcome = login(&home, &backend).env("HOME", &missing).run();
    outcome
        .exits_with(3)
        .stderr_contains("no such file or directory\nhint: set SEKUIRE_CONFIG_DIR");
    assert!(!missing.exists());
    assert!(backend.requests().is_empty());
}

#[test]
fn a_named_folder_keeps_its_mode_and_what_else_is_in_it() {
    let backend = Backend::http();
    let home = Home::new();
    let named = home.path().join("named");
    fs::create_dir(&named).unwrap();
    fs::write(named.join("passwd"), "other").unwrap();
    fs::set_permissions(&named, Permissions::from_mode(0o755)).unwrap();
    for (command, left) in [
        (login(&home, &backend), &["auth.json", "passwd"][..]),
        (TestCommand::new().home(&home).arg("logout"), &["passwd"]),
    ] {
        command
            .env("SEKUIRE_CONFIG_DIR", &named)
            .run()
            .exits_with(0);
        let entries = fs::read_dir(&named).unwrap();
        let mut found: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        found.sort();
        assert_eq!(found, left);
        assert_eq!(mode(&named), 0o755);
    }
    assert_eq!(fs::read_to_string(named.join("passwd")).unwrap(), "other");
    assert!(!home.sekuire_dir().exists());
}

#[test]
fn relative_folder_or_what_is_none_is_refused_and_an_empty_name_is_none() {
    let backend = Backend::http();
    let home = Home::new();
    for (folder, code, words) in [
        (
            "relative",
            2,
            "SEKUIRE_CONFIG_DIR is not an absolute path\nhint: set it to the full path",
        ),
        (
            "/dev/null",
            3,
            "/dev/null is not a folder\nhint: set SEKUIRE_CONFIG_DIR to another folder",
        ),
        ("", 0, ""),
    ] {
        let outcome = login(&home, &backend)
            .env("SEKUIRE_CONFIG_DIR", folder)
            .run();
        outcome.exits_with(code).stderr_contains(words);
        assert_eq!(backend.requests().is_empty(), code > 0, "{folder}");
    }
    assert_eq!(home.listing(), ["auth.json"]);
}

/// As another user: root could use a folder whatever its mode.
#[test]
fn no_umask_changes_the_modes() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    for mask in [0o000, 0o022, 0o277, 0o777] {
        let other = OtherUser::new(NOBODY);
        let home = other.home.path();
        for folders in [
            &[".sekuire"][..],
            &["above", "above/within", "above/within/named"],
        ] {
            let folders: Vec<_> = folders.iter().map(|name| home.join(name)).collect();
            let named = if folders.len() == 1 {
                Path::new("")
            } else {
                &folders[2]
            };
            let login = other.sekuire().before_exec(move || {
                umask(Mode::from_bits_truncate(mask));
                Ok(())
            });
            let login = login.args(["login", "--api-key-stdin", "--backend", &backend.url()]);
            let login = login.env("SEKUIRE_CONFIG_DIR", named).stdin(KEY.as_bytes());
            let outcome = login.run();
            assert_eq!(outcome.code, Some(0), "umask {mask:04o}: {outcome}");
            for folder in &folders {
                assert_eq!(mode(folder), 0o700, "umask {mask:04o}");
            }
            let file = folders.last().unwrap().join("auth.json");
            assert_eq!(mode(&file), 0o600, "umask {mask:04o}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
