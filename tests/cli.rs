//! The command line itself: wrong calls, suggestions, aliases, help and version.

use serde_json::json;

use crate::fixtures::{SECRET, auth_with, logged_in_home, sekuire, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// Each ends with 2, prints nothing on standard output and says this much on standard error.
const WRONG: &[(&[&str], &[&str])] = &[
    // Unknown commands, with the nearest one.
    (
        &["logn"],
        &["unknown command 'logn'", "did you mean 'sekuire login'?"],
    ),
    (
        &["lgout"],
        &["unknown command 'lgout'", "did you mean 'sekuire logout'?"],
    ),
    (
        &["statsu"],
        &["unknown command 'statsu'", "did you mean 'sekuire status'?"],
    ),
    (&["whoam"], &["did you mean 'sekuire whoami'?"]),
    (
        &["auth", "tokne"],
        &[
            "unknown command 'auth tokne'",
            "did you mean 'sekuire auth token'?",
        ],
    ),
    (&["auth", "logni"], &["did you mean 'sekuire auth login'?"]),
    (
        &["completion", "bash"],
        &["did you mean 'sekuire completions'?"],
    ),
    (
        &["frobnicate"],
        &[
            "unknown command 'frobnicate'",
            "\nhint: see 'sekuire help' for all commands\n",
        ],
    ),
    // What may be a key is not repeated.
    (
        &["FROBNICATE"],
        &[
            "unknown command\n",
            "see 'sekuire help' for all commands; never give a key as an argument",
        ],
    ),
    (&["help", "statsu"], &["did you mean 'sekuire status'?"]),
    // Those of the existing client.
    (
        &["publish"],
        &[
            "unknown command 'publish'",
            "authentication part",
            "sekuire-cli",
        ],
    ),
    (
        &["init"],
        &["unknown command 'init'", "authentication part"],
    ),
    // Unknown options, with the nearest one.
    (
        &["login", "--backnd", "https://a.example"],
        &["unknown option '--backnd'", "did you mean '--backend'?"],
    ),
    (
        &["login", "--weburl=https://a.example"],
        &["unknown option '--weburl'", "did you mean '--web-url'?"],
    ),
    (
        &["status", "--jsn"],
        &["unknown option '--jsn'", "did you mean '--json'?"],
    ),
    // One slip is near to three letters, two are not near to four.
    (
        &["status", "--gte", "state"],
        &["did you mean '--get'? See 'sekuire help status'"],
    ),
    (
        &["status", "--jxxn"],
        &["'--jxxn'\nhint: see 'sekuire help status'\n"],
    ),
    (&["status", "-x"], &["unknown option '-x'"]),
    (
        &["status", "--web-url", "https://a.example"],
        &["unknown option '--web-url'"],
    ),
    (&["logout", "--quiet"], &["unknown option '--quiet'"]),
    (&["--frobnicate"], &["unknown option '--frobnicate'"]),
    (&["--json"], &["--json needs a command"]),
    (&[""], &["unknown command"]),
    (&["auth", ""], &["unknown command"]),
    (&["status", ""], &["takes no such argument"]),
    (&["auth", "-q"], &["-q needs a command"]),
    (
        &["--web-url", "https://a.example", "status"],
        &["unknown option '--web-url'"],
    ),
    (&["--", "--json"], &["unknown command '--json'"]),
    (&["status", "--", "--json"], &["takes no such argument"]),
    // What comparable programs call it.
    (
        &["version"],
        &["unknown command 'version'", "'sekuire --version'"],
    ),
    (&["-v"], &["unknown option '-v'", "'--version'"]),
    (&["status", "-v"], &["'--version'"]),
    (&["who"], &["'sekuire whoami'"]),
    (&["me"], &["'sekuire whoami'"]),
    (&["user"], &["'sekuire whoami'"]),
    (&["auth", "me"], &["'sekuire whoami'"]),
    (&["exec"], &["'sekuire auth exec'"]),
    (&["auth", "doctor"], &["'sekuire doctor'"]),
    (&["auth", "docter"], &["'sekuire doctor'"]),
    (&["diagnose"], &["'sekuire doctor'"]),
    (&["signin"], &["'sekuire login'"]),
    (&["sign-in"], &["'sekuire login'"]),
    (&["log-in"], &["'sekuire login'"]),
    (&["auth", "signin"], &["'sekuire login'"]),
    (&["signout"], &["'sekuire logout'"]),
    (&["log-out"], &["'sekuire logout'"]),
    (&["logged-in"], &["'sekuire status'"]),
    (&["token"], &["'sekuire auth token'"]),
    (&["key"], &["'sekuire auth token'"]),
    (
        &["STATUS"],
        &["unknown command 'STATUS'", "'sekuire status'"],
    ),
    (&["login", "--with-token"], &["'--api-key-stdin'"]),
    (&["login", "--api-key"], &["'--api-key-stdin'"]),
    // Repeated options, also under their other names.
    (
        &["login", "--timeout", "3", "--timeout", "4"],
        &["--timeout is given more than once"],
    ),
    (
        &[
            "login",
            "--backend=https://a.example",
            "--backend-url=https://a.example",
        ],
        &["--backend is given more than once"],
    ),
    (
        &["status", "--json", "--json"],
        &["--json is given more than once"],
    ),
    (
        &["status", "-q", "--quiet"],
        &["--quiet is given more than once"],
    ),
    (&["status", "-qq"], &["--quiet takes no value"]),
    (
        &["login", "--api-key-stdin", "--api-key-stdin"],
        &["--api-key-stdin is given more than once"],
    ),
    // Empty values.
    (
        &["login", "--backend", ""],
        &["the value of --backend is empty"],
    ),
    (
        &["login", "--backend="],
        &["the value of --backend is empty"],
    ),
    (
        &["login", "--web-url", " "],
        &["the value of --web-url is empty"],
    ),
    (
        &["login", "--workspace="],
        &["the value of --workspace is empty"],
    ),
    (
        &["whoami", "--timeout="],
        &["the value of --timeout is empty"],
    ),
    // Missing values.
    (&["login", "--backend"], &["--backend needs a value"]),
    (
        &["login", "--backend", "--timeout", "3"],
        &["--backend needs a value"],
    ),
    (&["whoami", "--wait", "-q"], &["--wait needs a value"]),
    // Values where none belongs, and values out of range.
    (&["status", "--json=yes"], &["--json takes no value"]),
    (&["status", "--quiet="], &["--quiet takes no value"]),
    (&["status", "-q=yes"], &["--quiet takes no value"]),
    (
        &["whoami", "--timeout", "0"],
        &["--timeout", "from 1 to 300"],
    ),
    (
        &["whoami", "--timeout", "301"],
        &["--timeout", "from 1 to 300"],
    ),
    (
        &["whoami", "--timeout", "+5"],
        &["--timeout", "from 1 to 300"],
    ),
    (
        &["whoami", "--timeout", "5s"],
        &["--timeout", "from 1 to 300"],
    ),
    (
        &["whoami", "--timeout", "1.5"],
        &["--timeout", "from 1 to 300"],
    ),
    (
        &["whoami", "--timeout", "99999999999999999999"],
        &["--timeout", "from 1 to 300"],
    ),
    (&["login", "--wait", "3601"], &["--wait", "from 0 to 3600"]),
    // What excludes each other.
    (
        &["status", "--json", "--quiet"],
        &["--json and --quiet", "\nhint: see 'sekuire help status'\n"],
    ),
    (&["whoami", "-q", "--json"], &["--json and --quiet"]),
    (&["-q", "whoami", "--get", "email"], &["--get and --quiet"]),
    (&["status", "--get", "key", "--json"], &["--json and --get"]),
    (
        &["status", "--get", "key", "--get", "state"],
        &["--get is given more than once"],
    ),
    (&["status", "--get"], &["--get needs a value"]),
    (&["status", "--get="], &["the value of --get is empty"]),
    (&["logout", "--get", "key"], &["unknown option '--get'"]),
    // Arguments where none belongs, and the other way round.
    (&["status", "extra"], &["takes no such argument"]),
    (
        &["login", "extra"],
        &["takes no such argument", "--api-key-stdin"],
    ),
    (&["logout", "--", "extra"], &["takes no such argument"]),
    (&["completions"], &["bash, zsh, fish"]),
    (&["completions", "tcsh"], &["bash, zsh, fish"]),
    (&["completions", "bash", "zsh"], &["takes no such argument"]),
    (&["man", "login"], &["takes no such argument"]),
];

#[test]
fn wrong_calls_say_what_is_wrong_and_change_nothing() {
    let home = logged_in_home();
    let before = home.read_auth();
    for (arguments, parts) in WRONG {
        let outcome = sekuire(&home).args(*arguments).run();
        let case = || format!("{arguments:?}; {outcome}");
        assert_eq!(outcome.code, Some(2), "{}", case());
        assert_eq!(outcome.stdout, "", "{}", case());
        assert!(outcome.stderr.starts_with("error: "), "{}", case());
        assert!(outcome.stderr.contains("\nhint: "), "{}", case());
        for part in *parts {
            assert!(outcome.stderr.contains(part), "lacks {part:?}: {}", case());
        }
        assert_eq!(home.read_auth(), before, "{}", case());
    }
}

#[test]
fn alone_it_shows_help_on_standard_error() {
    let help = Sekuire::new().arg("help").run();
    for arguments in [&[][..], &["auth"]] {
        let outcome = Sekuire::new().args(arguments).run();
        outcome.exits(2).prints("");
        assert_eq!(outcome.stderr, help.stdout, "{arguments:?}");
    }
}

/// A key is visible to every user where it stands among the arguments; the program must not add its
/// own output, which logs keep.
#[test]
fn a_key_among_the_arguments_is_refused_and_never_shown() {
    let backend = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    let joined = |option: &str| format!("{option}{KEY}");
    let encoded = KEY.replace('_', "%5F");
    let upper = KEY.to_uppercase();
    let quoted = format!("\u{201c}{KEY}\u{201d}");
    let cases: Vec<Vec<String>> = [
        vec![KEY],
        vec!["login", KEY],
        vec!["auth", "login", KEY],
        vec!["auth", KEY],
        vec!["status", KEY],
        vec!["logout", "--", KEY],
        vec!["help", KEY],
        vec![KEY, "--help"],
        vec!["login", "--backend", KEY],
        vec!["login", "--workspace", KEY],
        vec!["login", "--timeout", KEY],
        vec!["completions", KEY],
        vec!["whoami", "-q", KEY],
        vec!["login", "--version", KEY],
        vec!["--backend", KEY, "login"],
        vec!["status", "--get", KEY],
        vec!["login", &upper],
        vec!["login", "--backend", &encoded],
        vec![&upper],
        vec!["--timeout", &upper, "whoami"],
        vec!["login", &quoted],
        vec!["login", "--workspace", &quoted],
        vec!["login", "--backend", "skt_abcdef123def456"],
        vec!["login", "\"SKT_abcdef123def456\""],
        vec!["--timeout=adm_abcdef123def456", "login"],
        vec!["auth", "adm_abcdef123def456"],
    ]
    .into_iter()
    .map(|words| words.into_iter().map(str::to_owned).collect())
    .chain(
        [
            "--backend=",
            "--api-key=",
            "--api-key-stdin=",
            "-k",
            "--",
            "https://a.example/?key=",
            "'",
            " ",
        ]
        .map(|option| vec!["login".to_owned(), joined(option)]),
    )
    .collect();
    for arguments in &cases {
        let outcome = sekuire(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
            .args(arguments)
            .run();
        assert_eq!(outcome.code, Some(2), "{arguments:?}; {outcome}");
        outcome
            .prints("")
            .hides(KEY)
            .hides(SECRET)
            .hides(&SECRET.to_uppercase())
            .complains("error: an API key was given as an argument")
            .complains("hint: leave the key out and paste it at the prompt of login");
        assert_eq!(home.read_auth(), before, "{arguments:?}");
    }
    assert_eq!(backend.connections(), 0);
}

/// Nor what may be a secret of another kind: values are never repeated.
#[test]
fn values_are_not_repeated() {
    let secret = "Tr0ub4dor&3";
    for option in ["--backend", "--web-url", "--timeout", "--wait"] {
        let outcome = Sekuire::new().args(["login", option, secret]).run();
        outcome.exits(2).prints("").hides(secret);
    }
    let url = format!("https://user:{secret}@host.example");
    Sekuire::new()
        .args(["login", "--backend", &url])
        .run()
        .exits(2)
        .hides(secret);
}

/// A secret may be mistyped, cut short or stand in the wrong place: what could be one is not repeated.
#[test]
fn what_could_be_a_secret_is_not_repeated() {
    for secret in [
        "abc123def456",
        "abcdefghijklmnopqrstu",
        "status1",
        "Tr0ub4dor",
        "qWjKxPzRtVb",
        "pass.word",
    ] {
        let option = format!("--{secret}");
        let valued = format!("--frobnicate={secret}");
        let attached = format!("-x{secret}");
        for arguments in [
            &[secret][..],
            &["auth", secret],
            &["login", secret],
            &["status", "--", secret],
            &["help", secret],
            &["completions", secret],
            &["status", "--get", secret],
            &["login", "--backend", secret],
            &["login", "--timeout", secret],
            &["login", "--web-url", secret],
            &[&option],
            &["login", &option],
            &["login", &valued],
            &["login", &attached],
        ] {
            let outcome = Sekuire::new().args(arguments).run();
            outcome.prints("").complains("error: ");
            assert!(
                [Some(2), Some(3)].contains(&outcome.code),
                "{arguments:?}; {outcome}"
            );
            assert!(!outcome.stderr.contains(secret), "{arguments:?}; {outcome}");
        }
    }
    let no_workspace = "Tr0ub4dor";
    let backend = Backend::http();
    let outcome = with_backend(&Home::new(), &backend)
        .args(["login", "--api-key-stdin", "--workspace", no_workspace])
        .stdin(KEY.as_bytes())
        .run();
    outcome
        .exits(2)
        .prints("")
        .hides(no_workspace)
        .complains("error: this key has no such workspace")
        .complains("hint: choose one of: ws_abc123, ws_def456");
}

#[test]
fn options_may_stand_before_the_command() {
    let home = logged_in_home();
    for (behind, before) in [
        (&["status", "--json"][..], &["--json", "status"][..]),
        (&["auth", "status", "--json"], &["auth", "--json", "status"]),
        (&["status", "--quiet"], &["-q", "status"]),
        (&["status", "--json"], &["--json", "--", "status"]),
        (&["completions", "bash"], &["--", "completions", "bash"]),
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
fn arguments_that_are_not_text_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let odd = OsStr::from_bytes(b"\xff\x1b[2J");
    for before in [
        &[][..],
        &["login", "--backend"],
        &["status"],
        &["completions"],
        &["help"],
    ] {
        let outcome = Sekuire::new().args(before).arg(odd).run();
        assert_eq!(outcome.code, Some(2), "{before:?}; {outcome}");
        outcome.prints("").hides("\x1b").complains("error: ");
    }
}

#[test]
fn escapes_in_arguments_are_not_printed() {
    for arguments in [
        &["\x1b[31mred"][..],
        &["status", "--\x1b]0;t\x07"],
        &["auth", "a\nb"],
    ] {
        let outcome = Sekuire::new().args(arguments).run();
        outcome
            .exits(2)
            .prints("")
            .hides("\x1b")
            .hides("\x07")
            .complains("error: unknown ");
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
    ] {
        let outcome = Sekuire::new().args(arguments).run();
        assert_eq!(outcome.stdout, expected, "{arguments:?}; {outcome}");
        outcome.exits(0).complains_not();
    }
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    let same: &[(&[&str], &[&[&str]])] = &[
        (
            &["help"],
            &[
                &["--help"],
                &["-h"],
                &["help", "--help"],
                &["auth", "--help"],
            ],
        ),
        (
            &["help", "login"],
            &[
                &["login", "--help"],
                &["auth", "login", "-h"],
                &["help", "auth", "login"],
                &["login", "--backend", "--help"],
                &["login", "--timeout", "x", "-h"],
                &["--help", "login"],
            ],
        ),
        (
            &["help", "logout"],
            &[&["logout", "-h"], &["auth", "logout", "--help"]],
        ),
        (
            &["help", "status"],
            &[
                &["status", "--help"],
                &["auth", "status", "-h"],
                &["help", "auth", "status"],
            ],
        ),
        (
            &["help", "whoami"],
            &[
                &["whoami", "--help"],
                &["auth", "whoami", "-h"],
                &["help", "auth", "whoami"],
            ],
        ),
        (&["help", "auth", "token"], &[&["auth", "token", "--help"]]),
        (
            &["help", "completions"],
            &[
                &["completions", "--help"],
                &["completions", "bash", "-h"],
                &["help", "completions", "-h"],
                &["--help", "completions"],
            ],
        ),
    ];
    for (one, others) in same {
        let expected = Sekuire::new().args(*one).run();
        expected.exits(0).complains_not();
        assert!(
            expected.stdout.contains("Usage: sekuire"),
            "{one:?}; {expected}"
        );
        for other in *others {
            let outcome = Sekuire::new().args(*other).run();
            assert_eq!(outcome.stdout, expected.stdout, "{other:?}; {outcome}");
            outcome.exits(0).complains_not();
        }
    }
}

#[test]
fn aliases_do_the_same() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("backend_url", json!(backend.url())).to_string());
    sekuire(&home)
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .run()
        .exits(0);
    let run = |arguments: &[&str]| sekuire(&home).args(arguments).run();
    let said = |outcome: Outcome| (outcome.code, outcome.stdout, outcome.stderr);
    for (name, alias) in [
        (&["status"][..], &["auth", "status"][..]),
        (&["auth", "whoami"], &["whoami"]),
        (
            &["whoami", "--backend", &backend.url()],
            &["whoami", &format!("--backend-url={}", backend.url())],
        ),
        (&["status", "--quiet"], &["status", "-q"]),
    ] {
        let expected = said(run(name));
        assert_eq!(expected.0, Some(0), "{name:?}: {expected:?}");
        assert_eq!(said(run(alias)), expected, "{alias:?}");
    }
    let other = Home::new();
    for home in [&home, &other] {
        sekuire(home)
            .args([
                "auth",
                "login",
                "--api-key-stdin",
                "--backend-url",
                &backend.url(),
            ])
            .stdin(KEY.as_bytes())
            .run()
            .exits(0);
    }
    let by_name = run(&["logout"])
        .stdout
        .replace(&home.path().display().to_string(), "~");
    let by_alias = sekuire(&other).args(["auth", "logout"]).run();
    assert_eq!(
        by_alias
            .stdout
            .replace(&other.path().display().to_string(), "~"),
        by_name
    );
    assert!(!home.auth_json().exists() && !other.auth_json().exists());
}
