//! `sekuire auth token`: the one place where a key is shown.

use serde_json::json;

use crate::fixtures::{auth, auth_with, logged_in_home, sekuire};
use crate::support::backend::KEY;
use crate::support::home::Home;

#[test]
fn the_key_and_a_line_end_and_nothing_else() {
    let home = logged_in_home();
    sekuire(&home)
        .args(["auth", "token"])
        .run()
        .exits(0)
        .prints(&format!("{KEY}\n"))
        .complains_not();
}

#[test]
fn without_a_key_an_error() {
    for content in [
        None,
        Some("{}"),
        Some(r#"{"api_key":null}"#),
        Some(r#"{"api_key":""}"#),
    ] {
        let home = Home::new();
        if let Some(content) = content {
            home.write_auth(content);
        }
        let outcome = sekuire(&home).args(["auth", "token"]).run();
        outcome.exits(1).prints("");
        outcome.complains("error: Not logged in: no key in ");
    }
}

#[test]
fn the_longest_key_is_printed_whole() {
    let key = format!("sk_test_{}", "x".repeat(504));
    let home = Home::new();
    home.write_auth(&auth_with("api_key", json!(key)).to_string());
    sekuire(&home)
        .args(["auth", "token"])
        .run()
        .exits(0)
        .prints(&format!("{key}\n"));
}

/// The documentation names no such command without `auth`.
#[test]
fn it_has_no_alias() {
    let home = Home::new();
    home.write_auth(&auth().to_string());
    sekuire(&home)
        .arg("token")
        .run()
        .exits(2)
        .prints("")
        .hides(KEY);
}
