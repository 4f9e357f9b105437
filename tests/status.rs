//! `sekuire status`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{MASKED, NOT_LOGGED_IN, auth_with, device_name, logged_in_home, sekuire};
use crate::support::backend::KEY;
use crate::support::home::Home;
use crate::support::needs;

fn transcript(workspace: &str) -> String {
    format!(
        "Authentication Status:\nAuthenticated with API Key\nKey: {MASKED}\n\
         Device Fingerprint: b225d709...\nDevice: {}\nOS: {}\n{workspace}",
        device_name(),
        std::env::consts::OS
    )
}

#[test]
fn authenticated_is_the_documented_text() {
    let home = logged_in_home();
    sekuire(&home)
        .arg("status")
        .run()
        .exits(0)
        .prints(&transcript("Workspace: ws_abc123\n"))
        .complains_not();
}

#[test]
fn without_a_workspace_its_line_is_left_out() {
    for none in [Value::Null, json!("")] {
        let home = Home::new();
        home.write_auth(&auth_with("workspace_id", none).to_string());
        sekuire(&home)
            .arg("status")
            .run()
            .exits(0)
            .prints(&transcript(""))
            .complains_not();
    }
}

#[test]
fn not_authenticated_is_the_documented_text() {
    let logged_out = |home: &Home| {
        let outcome = sekuire(home).arg("status").run();
        outcome.exits(1).prints(NOT_LOGGED_IN).complains_not();
    };
    for content in ["{}", r#"{"api_key":"","org_id":"o"}"#, r#"{"token":null}"#] {
        let home = Home::new();
        home.write_auth(content);
        logged_out(&home);
    }
    let home = Home::new();
    logged_out(&home);
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    std::os::unix::fs::symlink("/nonexistent/auth.json", home.auth_json()).expect("a link");
    logged_out(&home);
}

/// Where that may surprise.
#[test]
fn logged_out_says_where_it_looked() {
    let home = Home::new();
    let auth = home.auth_json().display().to_string();
    let elsewhere = "note: looked in /nonexistent/auth.json\n";
    let empty = format!("note: looked in {auth}; SEKUIRE_API_KEY is set but empty\n");
    let both = format!(
        "note: looked in {auth}; SEKUIRE_API_KEY is set but empty; SEKUIRE_API_KEY_FILE is set but empty\n"
    );
    for (variables, note) in [
        (&[("SEKUIRE_CONFIG_DIR", "/nonexistent")][..], elsewhere),
        (&[("SEKUIRE_API_KEY", "")], &empty),
        (
            &[("SEKUIRE_API_KEY", ""), ("SEKUIRE_API_KEY_FILE", "")],
            &both,
        ),
    ] {
        let status = |arguments: &[&str]| {
            let command = sekuire(&home).arg("status").args(arguments);
            let variables = variables.iter();
            let command =
                variables.fold(command, |command, (name, value)| command.env(name, value));
            command.run()
        };
        let outcome = status(&[]);
        outcome.exits(1).prints(NOT_LOGGED_IN);
        assert_eq!(outcome.stderr, note, "{outcome}");
        let outcome = status(&["--get", "state"]);
        outcome.exits(1).prints("not_logged_in\n");
        assert_eq!(outcome.stderr, note, "{outcome}");
        status(&["--quiet"]).exits(1).prints("").complains_not();
    }
    let logged_in = logged_in_home();
    let status = sekuire(&logged_in).env("SEKUIRE_API_KEY", "");
    status.arg("status").run().exits(0).complains_not();
}

#[test]
fn a_file_that_others_can_read_is_a_warning() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("chmod");
    let path = home.auth_json().display().to_string();
    sekuire(&home)
        .arg("status")
        .run()
        .exits(0)
        .prints(&transcript("Workspace: ws_abc123\n"))
        .complains("warning: ")
        .complains(&format!("chmod 600 {path}"));
    let get = sekuire(&home).args(["status", "--get", "file.mode"]);
    get.run().exits(0).prints("0644\n");
    let quiet = sekuire(&home).args(["status", "-q"]);
    quiet.run().exits(0).prints("").complains_not();
}

#[test]
fn a_key_without_a_known_prefix_is_a_warning() {
    let home = Home::new();
    home.write_auth(&auth_with("api_key", json!("ab\"cd")).to_string());
    let outcome = sekuire(&home).arg("status").run();
    outcome.exits(0).complains("neither sk_live_ nor sk_test_");
    let line = outcome.stdout.lines().nth(2);
    assert_eq!(line, Some("Key: ..."), "{outcome}");
}

#[test]
fn the_files_fingerprint_is_shortened_and_sanitized() {
    for (fingerprint, shown) in [
        (json!("a"), "a..."),
        (json!("äöüß€🦀xyz"), "äöüß€🦀xy..."),
        (json!("\u{202e}\u{200b}\n\t\0\u{1b}[31m"), "??????[3..."),
        (json!("a".repeat(10_000)), "aaaaaaaa..."),
        (json!(KEY), "sk_live_..."),
        (Value::Null, "b225d709..."),
        (json!(""), "b225d709..."),
    ] {
        let home = Home::new();
        home.write_auth(&auth_with("device_fingerprint", fingerprint.clone()).to_string());
        let outcome = sekuire(&home).arg("status").run();
        let expected = format!("Device Fingerprint: {shown}");
        let line = outcome.exits(0).stdout.lines().nth(3);
        assert_eq!(line, Some(expected.as_str()), "{fingerprint}; {outcome}");
    }
}

#[test]
fn text_from_the_file_stays_on_its_line() {
    let home = Home::new();
    home.write_auth(&auth_with("workspace_id", json!("ws\n\u{1b}]0;x\u{7}\u{202e}")).to_string());
    let outcome = sekuire(&home).arg("status").run();
    outcome
        .exits(0)
        .prints(&transcript("Workspace: ws??]0;x??\n"));
}

#[test]
fn no_home_is_exit_status_three() {
    for (home, part) in [("relative/home", "absolute"), ("./x", "absolute")] {
        let outcome = crate::support::command::Sekuire::new()
            .env("HOME", home)
            .arg("status")
            .run();
        outcome
            .exits(3)
            .prints("")
            .complains(part)
            .complains("SEKUIRE_CONFIG_DIR");
    }
}

/// One whose password entry has no user, as `docker run --user 12345` makes it.
#[test]
fn a_user_without_a_home_is_exit_status_three() {
    use std::os::unix::process::CommandExt;
    if !needs::root() {
        return;
    }
    // Where the tests lie, another user may not enter: the program is handed over as a descriptor.
    let program = fs::File::open(crate::support::command::binary()).expect("the program");
    for home in [None, Some("")] {
        let mut command = std::process::Command::new("/proc/self/fd/0");
        command
            .arg("status")
            .env_clear()
            .stdin(program.try_clone().expect("a descriptor"))
            .uid(54_321)
            .gid(54_321);
        if let Some(home) = home {
            command.env("HOME", home);
        }
        let output = command.output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{home:?}: {stderr}");
        assert!(stderr.contains("SEKUIRE_CONFIG_DIR"), "{home:?}: {stderr}");
    }
}

#[test]
fn a_key_from_the_environment_adds_its_source() {
    let home = Home::new();
    sekuire(&home)
        .env("SEKUIRE_API_KEY", KEY)
        .arg("status")
        .run()
        .exits(0)
        .prints(&transcript("Source: SEKUIRE_API_KEY\n"))
        .complains_not();
    for key in ["hunter2", "sk_live_", "sk_live_hunter2 x"] {
        let outcome = sekuire(&home)
            .env("SEKUIRE_API_KEY", key)
            .arg("status")
            .run();
        outcome
            .exits(2)
            .prints("")
            .complains("SEKUIRE_API_KEY")
            .hides("hunter2");
    }
}

#[test]
fn another_backend_than_the_default_is_named_last() {
    let home = Home::new();
    let own = "https://backend.example:8443/sekuire";
    let backend = format!("Backend: {own}\n");
    home.write_auth(&auth_with("backend_url", json!(own)).to_string());
    let status = || sekuire(&home).arg("status");
    let text = transcript(&format!("Workspace: ws_abc123\n{backend}"));
    status().run().exits(0).prints(&text).complains_not();
    for name in ["SEKUIRE_BACKEND_URL", "SEKUIRE_API_URL"] {
        let of_variable = status().env("SEKUIRE_API_KEY", KEY).env(name, own);
        let text = transcript(&format!("Source: SEKUIRE_API_KEY\n{backend}"));
        of_variable.run().exits(0).prints(&text).complains_not();
    }
    // What names the default in other words is the default.
    let default = json!("https://API.sekuire.ai:443/api/v1/");
    home.write_auth(&auth_with("backend_url", default).to_string());
    let text = transcript("Workspace: ws_abc123\n");
    status().run().exits(0).prints(&text).complains_not();
}
