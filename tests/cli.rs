//! The command line as a user meets it. The wrong calls are in tests/golden/wrong-calls.txt; places of options, aliases
//! and where a key may stand are unit tests of `cli`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::fixtures::{SECRET, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;

#[test]
fn without_a_command_help_is_on_standard_error() {
    for (alone, help) in [
        (&[][..], &["help"][..]),
        (&["--json"], &["help"]),
        (&["auth"], &["help", "auth"]),
    ] {
        let help = TestCommand::new().args(help).run().stdout;
        let outcome = TestCommand::new().args(alone).run();
        outcome.exits_with(2).stdout_is("");
        assert_eq!(outcome.stderr, help, "{alone:?}");
    }
}

#[test]
fn version_names_the_program() {
    let outcome = TestCommand::new().arg("--version").run();
    let expected = format!("sekuire {}\n", env!("CARGO_PKG_VERSION"));
    outcome.exits_with(0).stdout_is(&expected).stderr_is_empty();
}

#[test]
fn a_key_as_an_argument_is_neither_shown_nor_used() {
    let backend = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    for arguments in [&["login", KEY][..], &["logout", "--", KEY]] {
        let run = sekuire(&home).env("SEKUIRE_BACKEND_URL", backend.url());
        let outcome = run.args(arguments).run();
        outcome.exits_with(2).stdout_is("").never_shows(SECRET);
        outcome.stderr_contains("\nhint: type the key at login's prompt, or pipe it in with ");
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(backend.connections(), 0);
}

/// A secret may be of another kind, mistyped or in the wrong place.
#[test]
fn what_may_be_a_secret_is_not_repeated() {
    for secret in [
        "abc123def456",
        "abcdefghijklmnopqrstu",
        "pass.word",
        "open sesame",
    ] {
        let [option, valued, attached, url] = ["--", "--frobnicate=", "-x", "https://user:"]
            .map(|before| format!("{before}{secret}"));
        let url = url + "@host.example";
        for arguments in [
            &[secret][..],
            &["auth", secret],
            &["login", secret],
            &["status", "--", secret],
            &["help", secret],
            &["completions", secret],
            &["status", "--get", secret],
            &["login", "--backend", secret],
            &["login", "--backend", &url],
            &["login", "--timeout", secret],
            &["login", "--web-url", secret],
            &[&option],
            &["login", &valued],
            &["login", &attached],
        ] {
            let outcome = TestCommand::new().args(arguments).run();
            outcome.exits_with(2).stdout_is("").never_shows(secret);
            outcome.stderr_contains("error: ");
        }
    }
}

#[test]
fn arguments_that_are_not_text_are_refused_and_not_printed() {
    for argument in [&b"\xff\x1b[2J"[..], b"--\x1b]0;t\x07", b"a\nb"] {
        for before in [
            &[][..],
            &["login", "--backend"],
            &["status"],
            &["completions"],
        ] {
            let run = TestCommand::new()
                .args(before)
                .arg(OsStr::from_bytes(argument));
            let outcome = run.run();
            outcome.exits_with(2).stdout_is("");
            outcome
                .never_shows("\x1b")
                .never_shows("\x07")
                .never_shows("a\nb");
        }
    }
}
