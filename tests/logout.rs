//! `sekuire logout`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

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

#[test]
fn the_documented_text_and_nothing_of_ours_is_left() {
    let home = logged_in_home();
    fs::write(
        home.sekuire_dir().join(".auth.json.0123456789abcdef.tmp"),
        KEY,
    )
    .expect("a stray");
    fs::write(home.sekuire_dir().join("other.txt"), "mine").expect("another's file");
    let outcome = sekuire(&home).arg("logout").run();
    outcome.exits(0).prints(&transcript(&home));
    outcome
        .complains("stays valid until")
        .complains("https://sekuire.ai/dashboard/settings?tab=api-keys")
        .hides("still holds the key");
    assert_eq!(home.listing(), ["other.txt"]);
}

#[test]
fn a_web_url_that_is_none_does_not_keep_the_key() {
    let home = logged_in_home();
    sekuire(&home)
        .env("SEKUIRE_WEB_URL", "nonsense")
        .arg("logout")
        .run()
        .exits(0)
        .prints(&transcript(&home))
        .complains("revoke it at https://sekuire.ai/dashboard/settings?tab=api-keys\n");
    assert!(home.listing().is_empty());
}

/// A key of another backend is nothing that this dashboard knows.
#[test]
fn of_another_backends_key_no_dashboard_is_named() {
    for content in [
        auth_with("backend_url", json!("https://backend.example")).to_string(),
        "{".to_owned(),
    ] {
        let home = Home::new();
        home.write_auth(&content);
        let outcome = sekuire(&home).arg("logout").run();
        outcome.exits(0).prints(&transcript(&home));
        let note = "note: the key itself stays valid until you revoke it\n";
        assert_eq!(outcome.stderr, note);
    }
}

#[test]
fn already_logged_out_is_fine() {
    let never = Home::new();
    sekuire(&never)
        .arg("logout")
        .run()
        .exits(0)
        .prints("Not logged in\n")
        .complains_not();
    assert!(!never.sekuire_dir().exists(), "logout creates nothing");
    let home = logged_in_home();
    sekuire(&home).arg("logout").run().exits(0);
    sekuire(&home)
        .arg("logout")
        .run()
        .exits(0)
        .prints("Not logged in\n")
        .complains_not();
}

#[test]
fn damaged_and_empty_files_are_removed() {
    for content in ["", "{", "[1,2", "\u{0}\u{1}", "{\"token\":\"old\"}"] {
        let home = Home::new();
        home.write_auth(content);
        let outcome = sekuire(&home).arg("logout").run();
        assert_eq!(outcome.stdout, transcript(&home), "{content:?}; {outcome}");
        outcome.exits(0);
        assert!(home.listing().is_empty(), "{content:?}");
    }
}

#[test]
fn a_link_is_removed_and_its_target_is_named() {
    let home = Home::new();
    let target = home.path().join("secret.json");
    fs::write(&target, auth().to_string()).expect("a target");
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    symlink(&target, home.auth_json()).expect("a link");
    let outcome = sekuire(&home).arg("logout").run();
    outcome
        .exits(0)
        .prints(&transcript(&home))
        .complains("warning: ")
        .complains("still holds the key");
    outcome.complains(&target.display().to_string());
    assert!(home.listing().is_empty());
    assert_eq!(
        fs::read_to_string(&target).expect("the target"),
        auth().to_string()
    );
}

#[test]
fn a_dangling_link_is_removed() {
    let home = Home::new();
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    symlink("/nonexistent/auth.json", home.auth_json()).expect("a link");
    sekuire(&home)
        .arg("logout")
        .run()
        .exits(0)
        .prints(&transcript(&home));
    assert!(home.listing().is_empty());
}

#[test]
fn what_is_no_file_is_left_alone() {
    for kind in ["a folder", "a FIFO", "a socket"] {
        let home = Home::new();
        fs::create_dir(home.sekuire_dir()).expect("a folder");
        let path = home.auth_json();
        let _socket = match kind {
            "a folder" => fs::create_dir(&path).map(|()| None).expect(kind),
            "a FIFO" => nix::unistd::mkfifo(&path, Mode::S_IRWXU)
                .map(|()| None)
                .expect(kind),
            _ => Some(UnixListener::bind(&path).expect(kind)),
        };
        for command in ["logout", "status", "login"] {
            let outcome = sekuire(&home).arg(command).stdin(KEY.as_bytes()).run();
            assert_eq!(outcome.code, Some(3), "{kind}, {command}; {outcome}");
            outcome
                .complains(kind)
                .complains(&path.display().to_string());
        }
        assert_eq!(home.listing(), ["auth.json"], "{kind}");
    }
}

#[test]
fn a_variable_that_still_authenticates_is_a_warning() {
    let home = logged_in_home();
    sekuire(&home)
        .env("SEKUIRE_API_KEY", KEY)
        .arg("logout")
        .run()
        .exits(0)
        .prints(&transcript(&home))
        .complains("warning: SEKUIRE_API_KEY is set and still authenticates")
        .hides(KEY);
}

/// A malformed variable must not keep a key on the machine.
#[test]
fn nothing_in_the_environment_stands_in_its_way() {
    let home = logged_in_home();
    sekuire(&home)
        .env("SEKUIRE_WEB_URL", "not a url")
        .env("SEKUIRE_BACKEND_URL", "not a url")
        .env("HTTPS_PROXY", "not a proxy")
        .arg("logout")
        .run()
        .exits(0)
        .prints(&transcript(&home));
    assert!(home.listing().is_empty());
}

/// As containers mount a single file: it can't go, so it is emptied, and a login writes into it.
#[test]
fn a_file_that_is_a_mount_point_is_written_in_place() {
    let Some(machine) = needs::machine() else {
        return;
    };
    let backend = Backend::http();
    let home = logged_in_home();
    let volume = home.path().join("volume.json");
    fs::write(&volume, auth().to_string()).expect("a volume");
    let machine = machine.mount(&volume, home.auth_json());
    let there = |arguments: &[&str]| {
        let run = with_backend(&home, &backend).on(machine.clone());
        run.args(arguments).stdin(KEY.as_bytes()).run()
    };
    there(&["logout"]).exits(0).prints(&transcript(&home));
    there(&["status"]).exits(1).prints(NOT_LOGGED_IN);
    assert_eq!(fs::read_to_string(&volume).expect("the volume"), "{}\n");
    there(&["logout"])
        .exits(0)
        .prints("Not logged in\n")
        .complains_not();
    there(&["login", "--api-key-stdin"]).exits(0);
    there(&["auth", "token"])
        .exits(0)
        .prints(&format!("{KEY}\n"));
    assert_eq!(home.listing(), ["auth.json"]);
    let mode = fs::metadata(&volume)
        .expect("the volume")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
