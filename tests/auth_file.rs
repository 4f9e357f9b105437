//! auth.json: interchange with the existing client, and whatever else may stand in it.

mod damage;

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::fixtures::{FINGERPRINT, MASKED, auth, auth_with, log_in, sekuire, with_backend};
use crate::support::backend::{Backend, KEY, ORG_ID};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;

/// As the existing client (sekuire-cli 0.2.11) writes it.
fn of_existing_client() -> String {
    format!(
        "{{\n  \"token\": null,\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
         \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"ws_abc123\"\n}}"
    )
}

#[test]
fn the_existing_clients_file_is_read() {
    let home = Home::new();
    home.write_auth(&of_existing_client());
    let outcome = sekuire(&home).arg("status").run();
    outcome.exits(0).complains_not();
    assert!(
        outcome.stdout.contains(&format!("Key: {MASKED}\n")),
        "{outcome}"
    );
    assert!(
        outcome.stdout.contains("Workspace: ws_abc123\n"),
        "{outcome}"
    );
    sekuire(&home)
        .args(["auth", "token"])
        .run()
        .exits(0)
        .prints(&format!("{KEY}\n"));
    assert_eq!(
        home.read_auth(),
        of_existing_client(),
        "reading changes nothing"
    );
}

#[test]
fn extra_members_do_not_matter() {
    let home = Home::new();
    for (member, value) in [
        ("token", json!("old")),
        ("expires_at", json!("2026-01-01T00:00:00Z")),
        (
            "nested",
            json!({"a": [1, -2.5e-3, {"b": null}], "api_key": "inner"}),
        ),
        ("", json!(true)),
        ("api_key2", json!([[[[[[]]]]]])),
        ("\u{1f980}", json!("\u{0}\u{7f}")),
    ] {
        home.write_auth(&auth_with(member, value).to_string());
        let outcome = sekuire(&home).args(["auth", "token"]).run();
        assert_eq!(outcome.stdout, format!("{KEY}\n"), "{member:?}; {outcome}");
        outcome.exits(0).complains_not();
    }
}

#[test]
fn a_token_only_login_asks_to_log_in_again() {
    let home = Home::new();
    for content in [
        r#"{"token": "jwt.of.old"}"#,
        r#"{"token": "jwt.of.old", "api_key": null}"#,
    ] {
        home.write_auth(content);
        let outcome = sekuire(&home).arg("status").run();
        outcome
            .exits(1)
            .prints(crate::fixtures::NOT_LOGGED_IN)
            .complains("older client")
            .complains("log in again")
            .hides("jwt.of.old");
        sekuire(&home)
            .arg("whoami")
            .run()
            .exits(1)
            .prints("")
            .complains("sekuire login");
    }
}

/// A tool that nobody here wrote.
#[test]
fn our_file_is_read_by_serde_json() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let found: Value = serde_json::from_str(&home.read_auth()).expect("JSON");
    let mut expected = auth();
    expected
        .as_object_mut()
        .expect("an object")
        .insert("backend_url".to_owned(), json!(backend.url()));
    assert_eq!(found, expected);
}

#[test]
fn our_file_is_read_by_python() {
    let Some(python) = needs::tool("python3") else {
        return;
    };
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let outcome = Sekuire::at(&python)
        .args(["-c", "import json, sys; a = json.load(open(sys.argv[1])); print(a['api_key'], a['device_fingerprint'], a['org_id'], a['workspace_id'], a.get('token'))"])
        .arg(home.auth_json())
        .run();
    outcome
        .exits(0)
        .prints(&format!("{KEY} {FINGERPRINT} {ORG_ID} ws_abc123 None\n"));
}

/// And what Python writes is read here, escapes and all.
#[test]
fn a_file_written_by_python_is_read() {
    let Some(python) = needs::tool("python3") else {
        return;
    };
    let home = Home::new();
    home.write_auth("");
    let script = "import json, sys; json.dump({'token': None, 'api_key': sys.argv[2], 'device_fingerprint': None, \
                  'workspace_id': 'w\\u00e4\\U0001f980/\"'}, open(sys.argv[1], 'w'))";
    Sekuire::at(&python)
        .args(["-c", script])
        .arg(home.auth_json())
        .arg(KEY)
        .run()
        .exits(0);
    let outcome = sekuire(&home).arg("status").run();
    outcome.exits(0).complains_not();
    assert!(outcome.stdout.contains("Workspace: wä🦀/\"\n"), "{outcome}");
}

#[test]
fn what_is_just_within_the_limits_is_read() {
    let home = Home::new();
    let padding = 65_536 - auth_with("x", json!("")).to_string().len();
    let full = auth_with("x", json!("y".repeat(padding))).to_string();
    assert_eq!(full.len(), 65_536);
    let deep = auth_with(
        "x",
        serde_json::from_str(&format!("{}{}", "[".repeat(31), "]".repeat(31))).expect("JSON"),
    );
    for content in [full, deep.to_string(), format!("\n\t {} \r\n", auth())] {
        home.write_auth(&content);
        sekuire(&home)
            .args(["auth", "token"])
            .run()
            .exits(0)
            .prints(&format!("{KEY}\n"));
    }
}

/// Nothing that the file holds may make a command panic, whoami's request included.
#[test]
fn odd_keys_and_fingerprints_go_through_every_command() {
    let backend = Backend::http();
    for (member, value) in [
        ("api_key", json!("a")),
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
        let mut auth = auth_with(member, value.clone());
        auth.as_object_mut()
            .expect("an object")
            .insert("backend_url".to_owned(), json!(backend.url()));
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
            assert!(
                matches!(outcome.code, Some(0 | 1)),
                "{member} {value} {arguments:?}; {outcome}"
            );
            assert!(
                !outcome.stderr.contains("panicked"),
                "{member} {value}; {outcome}"
            );
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
    home.write_auth("{}");
    let linked = home.path().join("linked.json");
    let of_another = r#"{"secret": "of another program", "token": "jwt.of.old"}"#;
    fs::write(&linked, of_another).expect("a target");
    fs::remove_file(home.auth_json()).expect("no file");
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
fn a_byte_order_mark_is_passed_over() {
    let home = Home::new();
    home.write_auth(&format!("\u{feff}{}", auth()));
    let outcome = sekuire(&home).args(["auth", "token"]).run();
    outcome.exits(0).prints(&format!("{KEY}\n")).complains_not();
    for damaged in ["\u{feff}", "\u{feff}\u{feff}{}", " \u{feff}{}"] {
        home.write_auth(damaged);
        let outcome = sekuire(&home).arg("status").run();
        outcome.exits(3).complains("is damaged");
    }
}
