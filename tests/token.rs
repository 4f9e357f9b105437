//! `sekuire auth token`: the one place where a key is shown.

use crate::fixtures::{logged_in_home, sekuire};
use crate::support::backend::KEY;
use crate::support::home::Home;

#[test]
fn token_is_the_key_and_a_line_end_and_nothing_else() {
    let outcome = sekuire(&logged_in_home()).args(["auth", "token"]).run();
    outcome
        .exits_with(0)
        .stdout_is(&format!("{KEY}\n"))
        .stderr_is_empty();
}

#[test]
fn token_without_a_key_is_an_error() {
    let outcome = sekuire(&Home::new()).args(["auth", "token"]).run();
    outcome
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("\nhint: run: sekuire login\n");
    outcome.stderr_contains("error: Not logged in");
}

/// The documentation names no such command without `auth`.
#[test]
fn token_has_no_alias() {
    let outcome = sekuire(&logged_in_home()).arg("token").run();
    outcome.exits_with(2).stdout_is("").never_shows(KEY);
}
