//! auth.json: interchange with the existing client, and what a command says of a damaged one.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::fixtures::{FINGERPRINT, MASKED, SECRET, auth_with, log_in, sekuire, with_backend};
use crate::support::backend::{Backend, KEY, ORG_ID};
use crate::support::home::Home;

/// As the existing client (sekuire-cli 0.2.11) writes it, and as Python escapes a name.
fn of_existing_client() -> String {
    format!(
        "{{\n  \"token\": null,\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
         \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"w\\u00e4\\ud83e\\udd80/\\\"\"\n}}"
    )
}

#[test]
fn file_of_the_existing_client_is_read() {
    let home = Home::new();
    home.write_auth(&of_existing_client());
    let outcome = sekuire(&home).arg("status").run();
    outcome.exits_with(0).stderr_is_empty();
    for line in [&*format!("Key: {MASKED}\n"), "Workspace: wä🦀/\"\n"] {
        assert!(outcome.stdout.contains(line), "{outcome}");
    }
    let token = sekuire(&home).args(["auth", "token"]).run();
    token.exits_with(0).stdout_is(&format!("{KEY}\n"));
    assert_eq!(home.read_auth(), of_existing_client());
}

#[test]
fn a_token_only_login_asks_to_log_in_again() {
    let home = Home::new();
    home.write_auth(r#"{"token": "jwt.of.old", "api_key": null}"#);
    let outcome = sekuire(&home).arg("status").run();
    outcome
        .exits_with(1)
        .stdout_is(crate::fixtures::NOT_LOGGED_IN)
        .stderr_contains("older client, without an API key; log in again")
        .never_shows("jwt.of.old");
    let outcome = sekuire(&home).arg("whoami").run();
    outcome
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("sekuire login");
}

/// Nothing that the file holds may make a command panic, whoami's request included.
#[test]
fn unusual_keys_and_fingerprints_work_in_every_command() {
    let backend = Backend::http();
    for (member, value) in [
        ("api_key", json!("sk_live_")),
        ("api_key", json!("\"\\{}:;,")),
        ("api_key", json!("~".repeat(512))),
        ("device_fingerprint", json!("")),
        ("device_fingerprint", json!("é\u{0}\r\nX-Evil: 1")),
        ("device_fingerprint", json!("\u{1f980}".repeat(1000))),
        ("workspace_id", json!("\u{202e}\u{1b}[0m")),
        ("org_id", json!("\r\n")),
    ] {
        let home = Home::new();
        let mut auth = auth_with("backend_url", json!(backend.url()));
        auth[member] = value.clone();
        home.write_auth(&auth.to_string());
        for arguments in [
            &["status"][..],
            &["status", "--json"],
            &["whoami"],
            &["whoami", "--json"],
            &["auth", "token"],
            &["logout"],
        ] {
            let outcome = with_backend(&home, &backend).args(arguments).run();
            let case = format!("{member} {value} {arguments:?}; {outcome}");
            assert!(matches!(outcome.code, Some(0 | 1)), "{case}");
            assert!(!outcome.stderr.contains("panicked"), "{case}");
        }
    }
    for request in backend.requests() {
        assert_eq!(request.header("X-Evil"), None);
    }
}

/// The file may be a link, which root follows farther than whoever made it.
#[test]
fn a_login_keeps_nothing_of_the_file_before() {
    let backend = Backend::http();
    let home = Home::new();
    let linked = home.path().join("linked.json");
    let of_another = r#"{"secret": "of another program", "token": "jwt.of.old"}"#;
    fs::write(&linked, of_another).expect("a target");
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    symlink(&linked, home.auth_json()).expect("a link");
    log_in(&home, &backend);
    let expected = format!(
        "{{\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
         \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"ws_abc123\",\n  \
         \"backend_url\": \"{}\"\n}}\n",
        backend.url()
    );
    assert_eq!(home.read_auth(), expected);
    assert_eq!(fs::read_to_string(&linked).expect("the target"), of_another);
}

#[test]
fn damage_is_exit_status_three_with_path_and_remedy_and_changes_nothing() {
    let home = Home::new();
    let secret = format!("{{\"api_key\": \"{KEY}");
    for content in ["", &secret, "{\"api_key\": 5}"] {
        home.write_auth(content);
        for arguments in [&["status"][..], &["whoami"], &["auth", "token"]] {
            let outcome = sekuire(&home).args(arguments).run();
            let begin = format!("error: {} is damaged: it ", home.auth_json().display());
            let outcome = outcome
                .exits_with(3)
                .stdout_is("")
                .never_shows(SECRET)
                .stderr_contains(&begin);
            outcome.stderr_contains("\nhint: log in again: sekuire login --backend URL");
            assert_eq!(home.read_auth(), content);
        }
    }
}
