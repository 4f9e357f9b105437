//! Every variable of `src/help/variables.txt`, set, empty and malformed, and where it is documented; and which
//! backend a key goes to.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::fixtures::{auth_with, log_in, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::TestCommand;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};
use crate::support::outcome::Outcome;

/// The names in the one list.
fn variables() -> Vec<&'static str> {
    let lines = include_str!("../src/help/variables.txt").lines();
    let names = lines.filter_map(|line| line.split(' ').nth(2));
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn man_page_and_readme_list_every_variable() {
    let names = variables();
    assert!(
        names.len() >= 11 && names.contains(&"SEKUIRE_API_KEY"),
        "{names:?}"
    );
    let man = TestCommand::new().arg("man").run().stdout;
    let readme = include_str!("../README.md");
    for (place, text) in [("man", man.as_str()), ("README.md", readme)] {
        for name in &names {
            assert!(text.contains(name), "{place} lacks {name}");
        }
    }
}

/// With a login to the default backend, so that no malformed variable may lead to a request.
#[test]
fn empty_variables_count_as_unset() {
    let home = Home::new();
    home.write_auth(&json!({"api_key": KEY}).to_string());
    let status = || {
        sekuire(&home)
            .without("SEKUIRE_DEVICE_ID")
            .args(["status", "--json"])
    };
    let plain = status().run();
    for name in variables().into_iter().filter(|name| *name != "HOME") {
        let outcome = status().env(name, "").run();
        outcome
            .exits_with(0)
            .stdout_is(&plain.stdout)
            .stderr_is_empty();
    }
}

/// The variable, a malformed value, and the exit status. The complaint names one of the first two.
#[test]
fn malformed_values_are_refused_before_any_request() {
    let cases: [(&str, &[u8], i32); 17] = [
        ("SEKUIRE_API_KEY", b"sk_live_", 2),
        ("SEKUIRE_API_KEY", b"no-key-at-all", 2),
        ("SEKUIRE_API_KEY", b"\xff", 2),
        ("SEKUIRE_API_KEY_FILE", b"/nonexistent/secret", 3),
        ("SEKUIRE_API_KEY_FILE", b"~/secret", 2),
        ("SEKUIRE_BACKEND_URL", b"ftp://example.org", 2),
        ("SEKUIRE_BACKEND_URL", b"https://u:hunter2@example.org", 2),
        ("SEKUIRE_BACKEND_URL", b"http://example.org", 2),
        ("SEKUIRE_BACKEND_URL", b"\xff", 2),
        ("SEKUIRE_API_URL", b"http://example.org", 2),
        ("SEKUIRE_CONFIG_DIR", b"relative/folder", 2),
        ("HOME", b"relative", 3),
        ("HTTPS_PROXY", b"socks5://user:hunter2@proxy:1080", 2),
        ("https_proxy", b"http://proxy", 2),
        ("SSL_CERT_FILE", b"/nonexistent/ca.pem", 3),
        ("SSL_CERT_FILE", b"~/ca.pem", 2),
        ("SSL_CERT_DIR", b"~/certificates", 2),
    ];
    for (name, value, exit) in cases {
        // A key and a backend that does not exist, unless the variable would not count beside them.
        let is_about_key = ["HOME", "SEKUIRE_CONFIG_DIR", "SEKUIRE_API_KEY_FILE"].contains(&name);
        let key = if is_about_key { "" } else { KEY };
        let is_second = name == "SEKUIRE_API_URL";
        let backend = if is_second {
            ""
        } else {
            "https://backend.invalid"
        };
        let run = TestCommand::new().args(["whoami", "--timeout", "1"]);
        let run = run
            .env("SEKUIRE_API_KEY", key)
            .env("SEKUIRE_BACKEND_URL", backend);
        let outcome = run.env(name, OsStr::from_bytes(value)).run();
        let value = String::from_utf8_lossy(value);
        assert_eq!(outcome.code, Some(exit), "{name}={value}: {outcome}");
        let named = outcome.stderr.contains(name) || outcome.stderr.contains(&*value);
        assert!(named, "{name}={value}: {outcome}");
        outcome
            .stdout_is("")
            .never_shows("hunter2")
            .never_shows("no-key-at-all");
        if value.starts_with('~') {
            outcome.stderr_contains(&format!(
                "error: {name} begins with ~, which is not expanded here\nhint: write the full path"
            ));
        }
    }
    let login = sekuire(&Home::new()).arg("login");
    let outcome = login.env("SEKUIRE_WEB_URL", "https://u:p@sekuire.ai").run();
    outcome
        .exits_with(2)
        .stdout_is("")
        .stderr_contains("the URL in SEKUIRE_WEB_URL has a user name");
}

/// Which are refused, the unit tests of `backend_url` say.
#[test]
fn refused_urls_end_every_command_before_any_request() {
    // Whatever gets past the check meets a proxy that counts.
    let proxy = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    for url in ["https://user:secret@backend.example", "http://10.0.0.1"] {
        let run = |arguments: &[&str]| {
            let run = sekuire(&home).env("HTTPS_PROXY", proxy.url());
            run.args(arguments).stdin(KEY.as_bytes())
        };
        for run in [
            run(&["login", "--api-key-stdin", "--backend", url]),
            run(&["login", "--api-key-stdin"]).env("SEKUIRE_BACKEND_URL", url),
            run(&["whoami", "--backend-url", url]),
        ] {
            let outcome = run.run();
            outcome.exits_with(2).stdout_is("").never_shows("secret@");
            outcome
                .stderr_contains("error: ")
                .stderr_contains("\nhint: ");
        }
    }
    assert_eq!(proxy.connections(), 0);
    assert_eq!(home.read_auth(), before);
    // One in auth.json is refused like any other.
    home.write_auth(&auth_with("backend_url", json!("http://backend.example")).to_string());
    let outcome = sekuire(&home).arg("whoami").run();
    outcome
        .exits_with(2)
        .stderr_contains("http://backend.example");
}

/// Nor may a key of the default backend, which the file does not name.
#[test]
fn a_variable_may_not_send_the_key_of_the_file_elsewhere() {
    let (own, other) = (Backend::http(), Backend::http());
    let home = Home::new();
    log_in(&home, &own);
    let requests = own.requests().len();
    let own_file = home.read_auth();
    let default_file = auth_with("backend_url", Value::Null).to_string();
    let [at_own, at_other, by_name] = [own.url(), other.url(), other.origin_localhost()];
    let default = "https://api.sekuire.ai";
    for (file, belongs_to, variable, elsewhere) in [
        (
            &own_file,
            at_own.as_str(),
            "SEKUIRE_BACKEND_URL",
            at_other.as_str(),
        ),
        (&own_file, &at_own, "SEKUIRE_BACKEND_URL", &by_name),
        (&own_file, &at_own, "SEKUIRE_API_URL", default),
        (&default_file, default, "SEKUIRE_BACKEND_URL", &at_other),
        (&default_file, default, "SEKUIRE_API_URL", &at_other),
    ] {
        home.write_auth(file);
        let run = || sekuire(&home).env(variable, elsewhere);
        let outcome = run().arg("whoami").run();
        outcome.exits_with(2).stdout_is("");
        outcome
            .stderr_contains(&format!("{variable} names {elsewhere}, but"))
            .stderr_contains(&format!("belongs to {belongs_to},"))
            .stderr_contains(&format!("\nhint: unset {variable}, "));
        // status is offline and ignores it.
        run().arg("status").run().exits_with(0).stderr_is_empty();
        assert_eq!(&home.read_auth(), file);
    }
    assert_eq!(other.connections(), 0);
    // The option is explicit: it may. The other backend has the key, unbound: it refuses.
    for option in ["--backend", "--backend-url"] {
        let run = sekuire(&home).env("SEKUIRE_BACKEND_URL", &at_own);
        let outcome = run.args(["whoami", option, &at_other]).run();
        outcome.exits_with(1).stderr_contains(&at_other);
    }
    assert_eq!(
        (own.requests().len(), other.requests().len()),
        (requests, 2)
    );
}

/// The same origin in other words is no other backend. The file's path prefix is kept, and the API's own path, with
/// which Sekuire's reference gives the base, is not doubled.
#[test]
fn variable_of_the_same_origin_keeps_the_path_of_the_file() {
    let (home, backend) = (Home::new(), Backend::http());
    let base = format!("{}/prefix", backend.url());
    home.write_auth(&auth_with("backend_url", json!(base.clone() + "/api/v1/")).to_string());
    for same in [
        backend.url() + "/",
        format!("{}/another", backend.url()),
        backend.url().replace("http", "HTTP"),
    ] {
        let run = sekuire(&home).env("SEKUIRE_BACKEND_URL", same);
        run.arg("whoami").run().exits_with(4);
    }
    let requests = backend.requests();
    let targets: Vec<&str> = requests.iter().map(|it| it.target.as_str()).collect();
    assert_eq!(targets, ["/prefix/api/v1/me"; 3]);
    let shown = sekuire(&home)
        .args(["status", "--get", "backend_url"])
        .run();
    shown.exits_with(0).stdout_is(&(base + "\n"));
}

/// Our variable, then the one that `auth exec` sets and Sekuire's SDK reads. auth.json, here a damaged one for another
/// backend, is not looked at.
#[test]
fn a_key_from_a_variable_goes_by_the_variables_alone() {
    let [ours, the_sdks] = [Backend::http(), Backend::http()];
    let home = Home::new();
    let file = r#"{"api_key": "sk_live_ofthefile123", "backend_url": "https://other.example.org""#;
    home.write_auth(file);
    for (variable, asked) in [(ours.url(), &ours), (String::new(), &the_sdks)] {
        let run = |command| {
            let run = sekuire(&home).env("SEKUIRE_API_KEY", KEY);
            let run = run.env("SEKUIRE_API_URL", the_sdks.url());
            run.env("SEKUIRE_BACKEND_URL", &variable).arg(command).run()
        };
        let outcome = run("whoami");
        outcome
            .exits_with(1)
            .stderr_contains(" --no-store\n")
            .never_shows(KEY);
        let requests = asked.requests();
        let keys: Vec<_> = requests.iter().map(|it| it.header("X-API-Key")).collect();
        assert_eq!(keys, [Some(KEY)]);
        let status = run("status");
        status.exits_with(0).stderr_is_empty();
        let end = format!("Source: SEKUIRE_API_KEY\nBackend: {}\n", asked.url());
        assert!(status.stdout.ends_with(&end), "{status}");
    }
    assert_eq!(home.read_auth(), file);
}

/// The option, then our variable, then the SDK's, then the default.
#[test]
fn login_ignores_the_backend_of_the_old_file() {
    let [old, by_sdk, by_variable, by_option] = [(); 4].map(|()| Backend::http());
    let home = Home::new();
    log_in(&home, &old);
    let connections = old.connections();
    let option = ["--backend", &by_option.url()];
    for (variable, option, expected) in [
        (String::new(), &[][..], &by_sdk),
        (by_variable.url(), &[], &by_variable),
        (by_variable.url(), &option, &by_option),
    ] {
        let run = sekuire(&home).env("SEKUIRE_API_URL", by_sdk.url());
        let run = run.env("SEKUIRE_BACKEND_URL", variable);
        let run = run.args(["login", "--api-key-stdin"]).args(option);
        run.stdin(KEY.as_bytes()).run().exits_with(0);
        let file: Value = serde_json::from_str(&home.read_auth()).expect("JSON");
        assert_eq!(file["backend_url"], expected.url());
    }
    // The default, which a proxy that is not there keeps from being asked.
    let run = sekuire(&home).env("HTTPS_PROXY", "http://127.0.0.1:1");
    let run = run.args(["login", "--api-key-stdin", "--timeout", "1"]);
    let outcome = run.stdin(KEY.as_bytes()).run();
    outcome
        .exits_with(4)
        .stderr_contains("https://api.sekuire.ai");
    assert_eq!(old.connections(), connections);
}

fn with_secret(make: impl FnOnce(&Path) -> PathBuf) -> Outcome {
    let home = Home::new();
    let path = make(home.path());
    let run = sekuire(&home).env("SEKUIRE_API_KEY_FILE", path);
    run.args(["auth", "token"]).run()
}

fn written(home: &Path, content: &[u8]) -> PathBuf {
    let path = home.join("secret");
    fs::write(&path, content).expect("a secret file");
    path
}

fn linked(home: &Path, target: &Path) -> PathBuf {
    let path = home.join("link");
    symlink(target, &path).expect("a link");
    path
}

#[test]
fn a_secret_file_is_a_regular_file_with_a_key() {
    let [with_line_ends, longest] = [format!(" {KEY}\r\n\n"), format!("{KEY:4096}")];
    for content in [KEY, &with_line_ends, &longest] {
        // Mounted secrets are links.
        let outcome = with_secret(|home| linked(home, &written(home, content.as_bytes())));
        outcome
            .exits_with(0)
            .stdout_is(&format!("{KEY}\n"))
            .stderr_is_empty();
    }
}

#[test]
fn anything_else_as_a_secret_file_is_refused_at_once() {
    type Make = fn(&Path) -> PathBuf;
    let cases: [(&str, i32, Make); 8] = [
        ("$(…)", 3, |home| {
            let path = home.join("fifo");
            mkfifo(&path, Mode::S_IRWXU).expect("a FIFO");
            path
        }),
        (
            "not a regular file\nhint: correct or unset",
            3,
            Path::to_path_buf,
        ),
        ("not a regular file", 3, |_| "/dev/zero".into()),
        ("missing: no such file or directory\n", 3, |home| {
            home.join("missing")
        }),
        ("no such file or directory\n", 3, |home| {
            linked(home, &home.join("missing"))
        }),
        ("larger than 4 KiB", 3, |home| written(home, &[b'\n'; 4097])),
        ("the API key in", 2, |home| written(home, b"hunter2\n")),
        ("the API key in", 2, |home| written(home, b"")),
    ];
    for (words, exit, make) in cases {
        let outcome = with_secret(make);
        outcome
            .exits_with(exit)
            .stdout_is("")
            .never_shows("hunter2");
        outcome
            .stderr_contains("SEKUIRE_API_KEY_FILE")
            .stderr_contains(words);
        outcome.ends_within(Duration::from_secs(5));
    }
}

#[test]
fn unreadable_secret_file_names_its_owner() {
    if !needs::root() {
        return;
    }
    let other = OtherUser::new(NOBODY);
    let secret = written(other.home.path(), KEY.as_bytes());
    fs::set_permissions(&secret, Permissions::from_mode(0o400)).expect("chmod");
    let run = other.sekuire().env("SEKUIRE_API_KEY_FILE", &secret);
    let outcome = run.args(["auth", "token"]).run();
    let expected = format!(
        "error: SEKUIRE_API_KEY_FILE={}: permission denied (owner root, mode 0400; you are uid 65534)\n\
         hint: correct or unset SEKUIRE_API_KEY_FILE\n",
        secret.display()
    );
    assert_eq!(outcome.exits_with(3).stderr, expected);
}

/// Where `status` looked, tests/status.rs says.
#[test]
fn not_logged_in_says_where_it_looked() {
    let home = Home::new();
    let file = home.auth_json().display().to_string();
    for (variables, empty) in [
        (&[][..], ""),
        (&["SEKUIRE_API_KEY"], "; SEKUIRE_API_KEY is set but empty"),
        (
            &["SEKUIRE_API_KEY", "SEKUIRE_API_KEY_FILE"],
            "; SEKUIRE_API_KEY is set but empty; SEKUIRE_API_KEY_FILE is set but empty",
        ),
    ] {
        let error = format!(
            "error: Not logged in: no key in SEKUIRE_API_KEY, SEKUIRE_API_KEY_FILE or {file}{empty}\n\
             hint: run: sekuire login\n"
        );
        for command in [
            &["whoami"][..],
            &["auth", "token"],
            &["auth", "exec", "--", "true"],
        ] {
            let run = sekuire(&home).args(command);
            let run = variables.iter().fold(run, |run, name| run.env(name, ""));
            assert_eq!(run.run().exits_with(1).stderr, error, "{command:?}");
        }
    }
}
