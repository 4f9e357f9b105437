//! The command line: keys among the arguments, places of options, aliases, help and version. The wrong calls are in
//! tests/golden/wrong-calls.txt.

use crate::fixtures::{SECRET, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;

#[test]
fn without_a_command_help_is_on_standard_error() {
    for (alone, help) in [(&[][..], &["help"][..]), (&["auth"], &["help", "auth"])] {
        let help = Sekuire::new().args(help).run().stdout;
        let outcome = Sekuire::new().args(alone).run();
        outcome.exits(2).prints("");
        assert_eq!(outcome.stderr, help, "{alone:?}");
    }
}

/// Every user sees arguments, and logs keep what the program says of them.
#[test]
fn a_key_among_the_arguments_is_refused_and_never_shown() {
    let backend = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    let encoded = KEY.replace('_', "%5F");
    let upper = KEY.to_uppercase();
    let quoted = format!("\u{201c}{KEY}\u{201d}");
    let [unknown, joined, short] =
        ["--api-key=", "--backend=", "-k"].map(|name| format!("{name}{KEY}"));
    for arguments in [
        &[KEY][..],
        &["login", KEY],
        &["auth", KEY],
        &["logout", "--", KEY],
        &["help", KEY],
        &[KEY, "--help"],
        &["--version", KEY],
        &["--backend", KEY, "login"],
        &["login", "--timeout", KEY],
        &["status", "--get", KEY],
        &["completions", KEY],
        &["login", &unknown],
        &["login", &joined],
        &["login", &short],
        &["login", &upper],
        &["login", &quoted],
        &["login", "--backend", &encoded],
        &["login", "--backend", "skt_abcdef123def456"],
        &["auth", "adm_abcdef123def456"],
    ] {
        let outcome = sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
            .args(arguments)
            .run();
        outcome
            .exits(2)
            .prints("")
            .hides(SECRET)
            .hides(&SECRET.to_uppercase())
            .complains("error: an API key was given as an argument")
            .complains("hint: type the key at login's prompt");
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
        "Tr0ub4dor&3",
        "pass.word",
        "open sesame",
    ] {
        let option = format!("--{secret}");
        let valued = format!("--frobnicate={secret}");
        let attached = format!("-x{secret}");
        let url = format!("https://user:{secret}@host.example");
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
            let outcome = Sekuire::new().args(arguments).run();
            outcome.prints("").hides(secret).complains("error: ");
            let is_refused = [Some(2), Some(3)].contains(&outcome.code);
            assert!(is_refused, "{arguments:?}; {outcome}");
        }
    }
}

#[test]
fn options_may_stand_before_the_command() {
    let home = logged_in_home();
    for (behind, before) in [
        (&["status", "--json"][..], &["--json", "status"][..]),
        (&["auth", "status", "--json"], &["auth", "--json", "status"]),
        (&["status", "--quiet"], &["-q", "status"]),
        (&["whoami", "--timeout", "0"], &["--timeout", "0", "whoami"]),
        (
            &["login", "--backend=ftp://a", "--wait", "1"],
            &["--backend", "ftp://a", "--wait=1", "login"],
        ),
        (&["help", "login"], &["--backend", "login", "login", "-h"]),
        (&["--version"], &["--json", "-V"]),
    ] {
        let run = |arguments: &[&str]| {
            let outcome = sekuire(&home).args(arguments).run();
            (outcome.code, outcome.stdout, outcome.stderr)
        };
        assert_eq!(run(before), run(behind), "{before:?}");
    }
}

#[test]
fn arguments_that_are_not_text_are_refused_and_not_printed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for argument in [&b"\xff\x1b[2J"[..], b"--\x1b]0;t\x07", b"a\nb"] {
        let argument = OsStr::from_bytes(argument);
        for before in [
            &[][..],
            &["login", "--backend"],
            &["status"],
            &["completions"],
        ] {
            let outcome = Sekuire::new().args(before).arg(argument).run();
            outcome
                .exits(2)
                .prints("")
                .hides("\x1b")
                .hides("\x07")
                .hides("a\nb");
        }
    }
}

#[test]
fn version_names_the_program() {
    let expected = format!("sekuire {}\n", env!("CARGO_PKG_VERSION"));
    for arguments in [
        &["--version"][..],
        &["-V"],
        &["login", "--version"],
        &["status", "-V"],
        &["version"],
        &["-v"],
    ] {
        let outcome = Sekuire::new().args(arguments).run();
        assert_eq!(outcome.stdout, expected, "{arguments:?}; {outcome}");
        outcome.exits(0).complains_not();
    }
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    for (one, others) in [
        (
            &["help"][..],
            &[
                &["--help"][..],
                &["-h"],
                &["help", "--help"],
                &["help", "help"],
            ][..],
        ),
        (
            &["help", "auth"],
            &[&["auth", "--help"], &["--help", "auth"]],
        ),
        (
            &["help", "login"],
            &[
                &["auth", "login", "-h"],
                &["help", "auth", "login"],
                &["login", "--backend", "--help"],
                &["login", "--timeout", "x", "-h"],
                &["--help", "login"],
            ],
        ),
        (
            &["help", "whoami"],
            &[&["whoami", "--help"], &["help", "auth", "whoami"]],
        ),
        (
            &["help", "auth", "token"],
            &[&["help", "token"], &["token", "--help"]],
        ),
        (&["help", "auth", "exec"], &[&["help", "exec"]]),
        (&["help", "completions"], &[&["completions", "bash", "-h"]]),
        (&["help", "environment"], &[&["environment", "--help"]]),
    ] {
        let expected = Sekuire::new().args(one).run();
        expected.exits(0).complains_not();
        for other in others {
            let outcome = Sekuire::new().args(*other).run();
            assert_eq!(outcome.stdout, expected.stdout, "{other:?}; {outcome}");
            outcome.exits(0).complains_not();
        }
    }
}

#[test]
fn aliases_do_the_same() {
    let backend = Backend::http();
    let homes = [Home::new(), Home::new()];
    let url = format!("--backend-url={}", backend.url());
    for [name, alias] in [
        [
            &["login", "--api-key-stdin", "--backend", &backend.url()][..],
            &["auth", "login", "--api-key-stdin", &url],
        ],
        [&["status"], &["auth", "status"]],
        [
            &["auth", "whoami", "--backend", &backend.url()],
            &["whoami", &url],
        ],
        [&["logout", "--quiet"], &["auth", "logout", "-q"]],
    ] {
        let [expected, outcome] = [(&homes[0], name), (&homes[1], alias)].map(|(home, call)| {
            let outcome = sekuire(home).args(call).stdin(KEY.as_bytes()).run();
            let path = home.path().display().to_string();
            (
                outcome.code,
                outcome.stdout.replace(&path, "~"),
                outcome.stderr.replace(&path, "~"),
            )
        });
        assert_eq!(expected.0, Some(0), "{name:?}: {expected:?}");
        assert_eq!(outcome, expected, "{alias:?}");
    }
    assert!(homes.iter().all(|home| !home.auth_json().exists()));
}
