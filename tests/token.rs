//! `sekuire auth token`: the one place where a key is shown.

use crate::fixtures::{logged_in_home, sekuire};
use crate::support::backend::KEY;
use crate::support::home::Home;

#[test]
fn the_key_and_a_line_end_and_nothing_else() {
    let outcome = sekuire(&logged_in_home()).args(["auth", "token"]).run();
    outcome.exits(0).prints(&format!("{KEY}\n")).complains_not();
}

#[test]
fn without_a_key_an_error() {
    for content in [None, Some("{}"), Some(r#"{"api_key":null}"#)] {
        let home = Home::new();
        if let Some(content) = content {
            home.write_auth(content);
        }
        sekuire(&home)
            .args(["auth", "token"])
            .run()
            .exits(1)
            .prints("")
            .complains("error: Not logged in")
            .complains("\nhint: run: sekuire login\n");
    }
}

/// The documentation names no such command without `auth`.
#[test]
fn it_has_no_alias() {
    let outcome = sekuire(&logged_in_home()).arg("token").run();
    outcome.exits(2).prints("").hides(KEY);
}
