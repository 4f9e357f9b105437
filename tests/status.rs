//! `sekuire status`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{
    FINGERPRINT, MASKED, NOT_LOGGED_IN, SECRET, auth_with, device_name, logged_in_home, sekuire,
};
use crate::support::backend::{KEY, ORG_ID};
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
    for content in [
        None,
        Some("{}"),
        Some(r#"{"api_key":null}"#),
        Some(r#"{"api_key":"","org_id":"o"}"#),
        Some("{\"token\":null}\n"),
    ] {
        let home = Home::new();
        if let Some(content) = content {
            home.write_auth(content);
        }
        let outcome = sekuire(&home).arg("status").run();
        assert_eq!(outcome.code, Some(1), "{content:?}; {outcome}");
        outcome.prints(NOT_LOGGED_IN).complains_not();
        sekuire(&home)
            .args(["status", "--quiet"])
            .run()
            .exits(1)
            .prints("")
            .complains_not();
    }
}

#[test]
fn a_dangling_link_is_not_logged_in() {
    let home = Home::new();
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    std::os::unix::fs::symlink("/nonexistent/auth.json", home.auth_json()).expect("a link");
    sekuire(&home)
        .arg("status")
        .run()
        .exits(1)
        .prints(NOT_LOGGED_IN)
        .complains_not();
}

#[test]
fn quiet_says_nothing_but_errors() {
    let home = logged_in_home();
    fs::set_permissions(home.auth_json(), fs::Permissions::from_mode(0o644)).expect("chmod");
    sekuire(&home)
        .args(["status", "-q"])
        .run()
        .exits(0)
        .prints("")
        .complains_not();
    home.write_auth("{");
    sekuire(&home)
        .args(["status", "-q"])
        .run()
        .exits(3)
        .prints("")
        .complains("error: ");
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
}

#[test]
fn the_masks_and_fingerprints_of_odd_files_are_sanitized() {
    let long = "x".repeat(512);
    let cases: &[(Value, &str)] = &[
        (json!("sk_live_"), "sk_live_..."),
        (json!("sk_live_a"), "sk_live_..."),
        (json!("sk_live_12345678"), "sk_live_..."),
        (json!("sk_live_123456789"), "sk_live_123...789"),
        (json!("sk_test_abcdefghijk"), "sk_test_abc...ijk"),
        (json!("a"), "..."),
        (json!("ab\"cd"), "..."),
        (json!("\\\\\\\\\\\\\\\\\\"), "\\\\\\...\\\\\\"),
        (json!("12345678"), "..."),
        (json!("123456789"), "123...789"),
        (json!(long), "xxx...xxx"),
    ];
    for (key, mask) in cases {
        let home = Home::new();
        home.write_auth(&auth_with("api_key", key.clone()).to_string());
        let outcome = sekuire(&home).arg("status").run();
        assert_eq!(outcome.code, Some(0), "{key}; {outcome}");
        let line = outcome.stdout.lines().nth(2);
        assert_eq!(
            line,
            Some(format!("Key: {mask}").as_str()),
            "{key}; {outcome}"
        );
        let known = key.as_str().is_some_and(|key| key.starts_with("sk_"));
        assert_eq!(
            outcome.stderr.contains("neither sk_live_ nor sk_test_"),
            !known,
            "{key}; {outcome}"
        );
    }

    let cases: &[(Value, &str)] = &[
        (json!("a"), "a..."),
        (json!("äöüß€🦀xyz"), "äöüß€🦀xy..."),
        (json!("\u{1b}[31mred"), "?[31mred..."),
        (json!("\u{202e}\u{200b}\n\t\0abc"), "?????abc..."),
        (json!("a".repeat(10_000)), "aaaaaaaa..."),
        (json!("\u{d7ff}\u{10ffff}"), "\u{d7ff}\u{10ffff}..."),
        (json!("sk_live_abc123def456xyz"), "sk_live_..."),
        (Value::Null, "b225d709..."),
        (json!(""), "b225d709..."),
    ];
    for (fingerprint, shown) in cases {
        let home = Home::new();
        home.write_auth(&auth_with("device_fingerprint", fingerprint.clone()).to_string());
        let outcome = sekuire(&home).arg("status").run();
        assert_eq!(outcome.code, Some(0), "{fingerprint}; {outcome}");
        let line = outcome.stdout.lines().nth(3);
        let expected = format!("Device Fingerprint: {shown}");
        assert_eq!(line, Some(expected.as_str()), "{fingerprint}; {outcome}");
        assert_eq!(
            outcome.stdout.lines().count(),
            7,
            "{fingerprint}; {outcome}"
        );
        outcome.hides("\x1b").hides(KEY);
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
fn json_has_every_field_in_every_state() {
    let logged_in = logged_in_home();
    let path = logged_in.auth_json().display().to_string();
    let device = |bound: Value, matches: Value| {
        json!({
            "name": device_name(), "os": std::env::consts::OS, "fingerprint": FINGERPRINT,
            "fingerprint_source": "SEKUIRE_DEVICE_ID", "bound_fingerprint": bound, "matches": matches,
        })
    };
    let report = |home: &Home, code| {
        let outcome = sekuire(home).args(["status", "--json"]).run();
        outcome.exits(code).hides(KEY).hides(SECRET);
        assert_eq!(outcome.stdout.matches('\n').count(), 1, "{outcome}");
        serde_json::from_str::<Value>(&outcome.stdout).expect("JSON")
    };
    assert_eq!(
        report(&logged_in, 0),
        json!({
            "authenticated": true, "state": "authenticated", "source": "file", "key": MASKED,
            "environment": "live", "org_id": ORG_ID, "workspace_id": "ws_abc123",
            "backend_url": "https://api.sekuire.ai", "device": device(json!(FINGERPRINT), json!(true)),
            "file": {"path": path, "mode": "0600"}, "error": null,
        })
    );
    let logged_out = Home::new();
    let path = logged_out.auth_json().display().to_string();
    let nothing = json!({
        "authenticated": false, "state": "not_logged_in", "source": null, "key": null,
        "environment": null, "org_id": null, "workspace_id": null, "backend_url": null,
        "device": device(Value::Null, Value::Null), "file": {"path": path, "mode": null}, "error": null,
    });
    assert_eq!(report(&logged_out, 1), nothing);
    let damaged = Home::new();
    damaged.write_auth("[]");
    let found = report(&damaged, 3);
    assert_eq!(found.get("state"), Some(&json!("error")), "{found}");
    assert!(
        found
            .pointer("/error/message")
            .is_some_and(Value::is_string),
        "{found}"
    );
    assert!(
        found.pointer("/error/hint").is_some_and(Value::is_string),
        "{found}"
    );
    let names = |report: &Value| {
        report
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(names(&found), names(&nothing));
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

/// No request, no name look-up, whatever the file and the variable say.
#[test]
fn it_is_offline() {
    let home = Home::new();
    home.write_auth(&auth_with("backend_url", json!("https://backend.invalid:8443")).to_string());
    sekuire(&home)
        .env("SEKUIRE_BACKEND_URL", "https://elsewhere.invalid")
        .arg("status")
        .run()
        .exits(0)
        .complains_not();
}
