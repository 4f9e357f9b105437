//! `sekuire status`.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixtures::{
    MASKED, NOT_LOGGED_IN, device_name, home_with, logged_in_home, sekuire, sekuire_with,
};
use crate::support::backend::KEY;
use crate::support::command::binary;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::outcome::Outcome;

fn status(home: &Home) -> Outcome {
    sekuire(home).arg("status").run()
}

/// The documented text, and what follows it.
fn transcript(more: &str) -> String {
    format!(
        "Authentication Status:\nAuthenticated with API Key\nKey: {MASKED}\n\
         Device Fingerprint: b225d709...\nDevice: {}\nOS: {}\n{more}",
        device_name(),
        std::env::consts::OS
    )
}

#[test]
fn authenticated_is_the_documented_text_and_what_is_not_the_default() {
    let own = "https://backend.example:8443/sekuire";
    let default = "https://API.sekuire.ai:443/api/v1/";
    let key = ("SEKUIRE_API_KEY", KEY);
    let (of_key, backend) = ("Source: SEKUIRE_API_KEY\n", format!("Backend: {own}\n"));
    let workspace = "Workspace: ws_abc123\n";
    for (member, value, variables, more) in [
        ("backend_url", Value::Null, &[][..], workspace.to_owned()),
        ("backend_url", json!(default), &[], workspace.into()),
        (
            "backend_url",
            json!(own),
            &[],
            format!("{workspace}{backend}"),
        ),
        ("workspace_id", Value::Null, &[], String::new()),
        ("workspace_id", json!(""), &[], String::new()),
        (
            "workspace_id",
            json!("ws\n\u{1b}]0;x\u{7}\u{202e}"),
            &[],
            "Workspace: ws??]0;x??\n".into(),
        ),
        ("api_key", Value::Null, &[key], of_key.into()),
        (
            "api_key",
            Value::Null,
            &[key, ("SEKUIRE_BACKEND_URL", own)],
            format!("{of_key}{backend}"),
        ),
        (
            "api_key",
            Value::Null,
            &[key, ("SEKUIRE_API_URL", own)],
            format!("{of_key}{backend}"),
        ),
        (
            "org_id",
            json!("o"),
            &[("SEKUIRE_API_KEY", "")],
            workspace.into(),
        ),
    ] {
        let home = home_with(member, value);
        let outcome = sekuire_with(&home, variables).arg("status").run();
        outcome
            .exits_with(0)
            .stdout_is(&transcript(&more))
            .stderr_is_empty();
    }
}

#[test]
fn logged_out_prints_the_documented_text() {
    let logged_out = |home: &Home| {
        let outcome = status(home);
        outcome
            .exits_with(1)
            .stdout_is(NOT_LOGGED_IN)
            .stderr_is_empty();
    };
    let home = Home::new();
    logged_out(&home);
    for content in ["{}", r#"{"api_key":"","org_id":"o"}"#, r#"{"token":null}"#] {
        home.write_auth(content);
        logged_out(&home);
    }
    fs::remove_file(home.auth_json()).expect("no file");
    symlink("/nonexistent/auth.json", home.auth_json()).expect("a link");
    logged_out(&home);
}

#[test]
fn logged_out_says_where_it_looked_where_that_may_surprise() {
    let home = Home::new();
    let auth = home.auth_json().display().to_string();
    let key = ("SEKUIRE_API_KEY", "");
    let empty = "SEKUIRE_API_KEY is set but empty";
    for (variables, looked) in [
        (
            &[("SEKUIRE_CONFIG_DIR", "/nonexistent")][..],
            "/nonexistent/auth.json".to_owned(),
        ),
        (&[key], format!("{auth}; {empty}")),
        (
            &[key, ("SEKUIRE_API_KEY_FILE", "")],
            format!("{auth}; {empty}; SEKUIRE_API_KEY_FILE is set but empty"),
        ),
    ] {
        let note = format!("note: looked in {looked}\n");
        for (arguments, printed, note) in [
            (&["status"][..], NOT_LOGGED_IN, &*note),
            (&["status", "--get", "state"], "not_logged_in\n", &note),
            (&["status", "--quiet"], "", ""),
        ] {
            let outcome = sekuire_with(&home, variables).args(arguments).run();
            outcome.exits_with(1).stdout_is(printed);
            assert_eq!(outcome.stderr, note, "{outcome}");
        }
    }
}

#[test]
fn file_that_others_can_read_is_a_warning() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), Permissions::from_mode(0o644)).expect("chmod");
    let outcome = status(&home);
    outcome
        .exits_with(0)
        .stdout_is(&transcript("Workspace: ws_abc123\n"));
    let advice = format!("chmod 600 {}", home.auth_json().display());
    outcome
        .stderr_contains("warning: ")
        .stderr_contains(&advice);
    let get = sekuire(&home).args(["status", "--get", "file.mode"]);
    get.run().exits_with(0).stdout_is("0644\n");
    let quiet = sekuire(&home).args(["status", "-q"]);
    quiet.run().exits_with(0).stdout_is("").stderr_is_empty();
}

#[test]
fn key_without_a_known_prefix_is_a_warning() {
    let outcome = status(&home_with("api_key", json!("ab\"cd")));
    outcome
        .exits_with(0)
        .stderr_contains("neither sk_live_ nor sk_test_");
    let line = outcome.stdout.lines().nth(2);
    assert_eq!(line, Some("Key: ..."), "{outcome}");
}

#[test]
fn fingerprint_of_the_file_is_shortened_and_sanitized() {
    for (fingerprint, shown) in [
        (json!("a"), "a..."),
        (json!("äöüß€🦀xyz"), "äöüß€🦀xy..."),
        (json!("\u{202e}\u{200b}\n\t\0\u{1b}[31m"), "??????[3..."),
        (json!("a".repeat(10_000)), "aaaaaaaa..."),
        (json!(KEY), "sk_live_..."),
        (Value::Null, "b225d709..."),
        (json!(""), "b225d709..."),
    ] {
        let outcome = status(&home_with("device_fingerprint", fingerprint.clone()));
        let line = outcome.exits_with(0).stdout.lines().nth(3);
        let expected = format!("Device Fingerprint: {shown}");
        assert_eq!(line, Some(&*expected), "{fingerprint}; {outcome}");
    }
}

#[test]
fn relative_home_is_exit_status_three() {
    let outcome = sekuire(&Home::new()).env("HOME", "./x").arg("status").run();
    outcome
        .exits_with(3)
        .stdout_is("")
        .stderr_contains("absolute");
    outcome.stderr_contains("SEKUIRE_CONFIG_DIR");
}

/// One whose password entry has no user, as `docker run --user 12345` makes it.
#[test]
fn user_without_a_home_is_exit_status_three() {
    if !needs::root() {
        return;
    }
    // Where the tests lie, another user may not enter: the program is handed over as a descriptor.
    let program = File::open(binary()).expect("the program");
    for home in [None, Some("")] {
        let mut command = Command::new("/proc/self/fd/0");
        let command = command.arg("status").env_clear().uid(54_321).gid(54_321);
        command.envs(home.map(|home| ("HOME", home)));
        command.stdin(program.try_clone().expect("a descriptor"));
        let output = command.output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{home:?}: {stderr}");
        assert!(stderr.contains("SEKUIRE_CONFIG_DIR"), "{home:?}: {stderr}");
    }
}
