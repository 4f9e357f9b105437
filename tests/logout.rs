//! `sekuire logout`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::stat::Mode;
use serde_json::json;

use crate::fixtures::{NOT_LOGGED_IN, auth, auth_with, logged_in_home, sekuire, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;
use crate::support::needs;

fn transcript(home: &Home) -> String {
    format!(
        "Logging out...\nLogged out successfully!\nCredentials removed from: {}\n",
        home.auth_json().display()
    )
}

/// Whatever the variables hold: a malformed one must not keep a key on the machine.
#[test]
fn logged_out_is_the_documented_text_and_nothing_of_ours_is_left() {
    let home = logged_in_home();
    let stray = ".auth.json.0123456789abcdef.tmp";
    fs::write(home.sekuire_dir().join(stray), KEY).expect("a stray");
    fs::write(home.sekuire_dir().join("other.txt"), "mine").expect("another's file");
    let malformed = sekuire(&home).env("SEKUIRE_BACKEND_URL", "not a url");
    let malformed = malformed.env("HTTPS_PROXY", "not a proxy");
    let outcome = malformed.arg("logout").run();
    outcome.exits_with(0).stdout_is(&transcript(&home));
    assert_eq!(
        outcome.stderr,
        "note: the key stays valid until you revoke it at https://sekuire.ai/dashboard/settings?tab=api-keys\n"
    );
    assert_eq!(home.listing(), ["other.txt"]);
    let again = sekuire(&home).arg("logout").run();
    again
        .exits_with(0)
        .stdout_is("Not logged in\n")
        .stderr_is_empty();
}

#[test]
fn quiet_prints_nothing_and_creates_nothing() {
    for home in [logged_in_home(), Home::new()] {
        let had_folder = home.sekuire_dir().exists();
        let quiet = sekuire(&home).env("SEKUIRE_API_KEY", KEY);
        let outcome = quiet.args(["auth", "logout", "--quiet"]).run();
        outcome.exits_with(0).stdout_is("").stderr_is_empty();
        assert!(home.listing().is_empty());
        assert_eq!(home.sekuire_dir().exists(), had_folder);
    }
}

/// A key of another backend, or of a damaged file, is nothing that this dashboard knows; an old login and a
/// dangling link have no key that would stay valid.
#[test]
fn whatever_may_hold_a_key_is_removed_with_a_note() {
    let elsewhere = auth_with("backend_url", json!("https://backend.example")).to_string();
    let note = "note: the key stays valid until you revoke it\n";
    for (content, said) in [
        (Some(&*elsewhere), note),
        (Some(""), note),
        (Some("{"), note),
        (Some("{\"token\":\"old\"}"), ""),
        (None, ""),
    ] {
        let home = Home::new();
        home.write_auth(content.unwrap_or_default());
        if content.is_none() {
            fs::remove_file(home.auth_json()).expect("the file");
            symlink("/nonexistent/auth.json", home.auth_json()).expect("a link");
        }
        let outcome = sekuire(&home).arg("logout").run();
        outcome.exits_with(0).stdout_is(&transcript(&home));
        assert_eq!(outcome.stderr, said, "{content:?}");
        assert!(home.listing().is_empty(), "{content:?}");
    }
}

#[test]
fn remaining_key_is_a_warning() {
    let home = Home::new();
    let target = home.path().join("secret.json");
    fs::write(&target, auth().to_string()).expect("a target");
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    symlink(&target, home.auth_json()).expect("a link");
    let with_key = sekuire(&home).env("SEKUIRE_API_KEY", KEY);
    let outcome = with_key.arg("logout").run();
    outcome
        .exits_with(0)
        .stdout_is(&transcript(&home))
        .never_shows(KEY);
    outcome
        .stderr_contains(&format!("{} may still hold the key", target.display()))
        .stderr_contains("warning: SEKUIRE_API_KEY is still set; unset it to be logged out\n");
    assert!(home.listing().is_empty());
    let left = fs::read_to_string(&target).expect("the target");
    assert_eq!(left, auth().to_string());
    // A link to a folder or device leads to none.
    for other in [home.path(), "/dev/null".as_ref()] {
        symlink(other, home.auth_json()).expect("a link");
        let outcome = sekuire(&home).arg("logout").run();
        let note = "note: the key stays valid until you revoke it\n";
        assert_eq!(outcome.exits_with(0).stderr, note);
    }
}

#[test]
fn folder_or_pipe_in_place_of_the_file_is_left_alone() {
    for kind in ["a folder", "a FIFO"] {
        let home = Home::new();
        fs::create_dir(home.sekuire_dir()).expect("a folder");
        let path = home.auth_json();
        match kind {
            "a folder" => fs::create_dir(&path).expect(kind),
            _ => nix::unistd::mkfifo(&path, Mode::S_IRWXU).expect(kind),
        }
        for command in ["logout", "status", "login"] {
            let outcome = sekuire(&home).arg(command).stdin(KEY.as_bytes()).run();
            outcome
                .exits_with(3)
                .stderr_contains("not a regular file")
                .stderr_contains(&path.display().to_string());
        }
        assert_eq!(home.listing(), ["auth.json"], "{kind}");
    }
}

/// As containers mount a single file: it can't go, so it is emptied, and a login writes into it.
#[test]
fn file_that_is_a_mount_point_is_written_in_place() {
    let Some(machine) = needs::machine() else {
        return;
    };
    let (home, backend) = (logged_in_home(), Backend::http());
    let volume = home.path().join("volume.json");
    fs::write(&volume, auth().to_string()).expect("a volume");
    let machine = machine.mount(&volume, home.auth_json());
    let there = |arguments: &[&str]| {
        let run = with_backend(&home, &backend).on(machine.clone());
        run.args(arguments).stdin(KEY.as_bytes()).run()
    };
    there(&["logout"])
        .exits_with(0)
        .stdout_is(&transcript(&home));
    there(&["status"]).exits_with(1).stdout_is(NOT_LOGGED_IN);
    assert_eq!(fs::read_to_string(&volume).expect("the volume"), "{}\n");
    there(&["logout"])
        .exits_with(0)
        .stdout_is("Not logged in\n");
    there(&["login", "--api-key-stdin"]).exits_with(0);
    let token = there(&["auth", "token"]);
    token.exits_with(0).stdout_is(&format!("{KEY}\n"));
    assert_eq!(home.listing(), ["auth.json"]);
    let metadata = fs::metadata(&volume).expect("the volume");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}
