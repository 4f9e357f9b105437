//! Every variable of `src/environment.rs`, set, empty and malformed, and where it is documented.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;

use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

/// The names in the one list, as its source has them.
fn variables() -> Vec<&'static str> {
    let source = include_str!("../src/environment.rs");
    let is_name =
        |word: &&str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    source.split('"').filter(is_name).collect()
}

#[test]
fn help_man_page_and_readme_list_every_variable() {
    let names = variables();
    assert!(
        names.len() >= 11 && names.contains(&"SEKUIRE_API_KEY"),
        "{names:?}"
    );
    let help = Sekuire::new().args(["help", "environment"]).run().stdout;
    let man = Sekuire::new().arg("man").run().stdout;
    let mut texts = vec![("help", help), ("man", man)];
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("README.md");
    texts.push(("README.md", readme));
    for (place, text) in texts {
        for name in &names {
            assert!(text.contains(name), "{place} lacks {name}");
        }
    }
}

/// With a login to the default backend, so that no malformed variable may lead to a request.
#[test]
fn empty_is_unset() {
    let home = Home::new();
    home.write_auth(&json!({"api_key": KEY}).to_string());
    let status = || {
        let run = Sekuire::new().without("SEKUIRE_DEVICE_ID").home(&home);
        run.args(["status", "--json"])
    };
    let plain = status().run();
    for name in variables().into_iter().filter(|name| *name != "HOME") {
        let outcome = status().env(name, "").run();
        outcome.exits(0).prints(&plain.stdout).complains_not();
    }
}

/// The variable, a malformed value, the exit status, what the complaint names. All before any request.
#[test]
fn malformed_values_are_refused() {
    let not_utf_8 = OsStr::from_bytes(b"\xff");
    let cases: [(&str, &str, i32); 12] = [
        ("SEKUIRE_API_KEY", "sk_live_", 2),
        ("SEKUIRE_API_KEY", "no-key-at-all", 2),
        ("SEKUIRE_API_KEY_FILE", "/nonexistent/secret", 3),
        ("SEKUIRE_BACKEND_URL", "ftp://example.org", 2),
        ("SEKUIRE_BACKEND_URL", "https://user:hunter2@example.org", 2),
        ("SEKUIRE_BACKEND_URL", "http://example.org", 2),
        ("SEKUIRE_API_URL", "http://example.org", 2),
        ("SEKUIRE_CONFIG_DIR", "relative/folder", 2),
        ("HOME", "relative", 3),
        ("HTTPS_PROXY", "socks5://user:hunter2@proxy:1080", 2),
        ("https_proxy", "http://proxy", 2),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem", 3),
    ];
    for (name, value, exit) in cases {
        let outcome = whoami_of_default(name).env(name, value).run();
        assert_eq!(outcome.code, Some(exit), "{name}={value}: {outcome}");
        let named = outcome.stderr.contains(name) || outcome.stderr.contains(value);
        assert!(named, "{name}={value}: {outcome}");
        outcome.prints("").hides("hunter2").hides("no-key-at-all");
    }
    for name in ["SEKUIRE_API_KEY", "SEKUIRE_BACKEND_URL", "HTTPS_PROXY"] {
        let outcome = whoami_of_default(name).env(name, not_utf_8).run();
        assert_eq!(outcome.code, Some(2), "{name}: {outcome}");
        outcome.complains(name);
    }
    let login = Sekuire::new().home(&Home::new()).arg("login");
    let outcome = login.env("SEKUIRE_WEB_URL", "sekuire.ai").run();
    outcome.exits(2).prints("").complains("SEKUIRE_WEB_URL");
}

/// A key from the environment for a backend that does not exist, should anything be sent after all.
fn whoami_of_default(variable: &str) -> Sekuire {
    let run = Sekuire::new().args(["whoami", "--timeout", "1"]);
    match variable {
        "SEKUIRE_CONFIG_DIR" | "HOME" => run,
        _ if variable.starts_with("SEKUIRE_API_KEY") => run,
        "SEKUIRE_BACKEND_URL" | "SEKUIRE_API_URL" => run.env("SEKUIRE_API_KEY", KEY),
        _ => run
            .env("SEKUIRE_API_KEY", KEY)
            .env("SEKUIRE_BACKEND_URL", "https://backend.invalid"),
    }
}

#[test]
fn a_key_of_the_default_backend_never_follows_the_variable() {
    let (home, backend) = (Home::new(), Backend::http());
    home.write_auth(&json!({"api_key": KEY}).to_string());
    let run = || {
        Sekuire::new()
            .home(&home)
            .env("SEKUIRE_BACKEND_URL", backend.url())
    };
    let outcome = run().arg("whoami").run();
    outcome.exits(2).prints("");
    outcome
        .complains(&backend.url())
        .complains("https://api.sekuire.ai");
    run().arg("status").run().exits(0).complains_not();
    assert_eq!(backend.connections(), 0, "nothing is sent");
    // The option is explicit.
    let outcome = run()
        .args(["whoami", "--backend-url", &backend.url()])
        .run();
    outcome.exits(1);
    assert_eq!(backend.requests().len(), 1, "the option sends it there");
}

/// The same origin in other words is no other backend, and the file's path prefix is kept.
#[test]
fn the_variable_may_name_the_same_origin() {
    let (home, backend) = (Home::new(), Backend::http());
    let base = format!("{}/prefix", backend.url());
    home.write_auth(&json!({"api_key": KEY, "backend_url": base}).to_string());
    let run = Sekuire::new().home(&home).arg("whoami");
    run.env("SEKUIRE_BACKEND_URL", backend.url() + "/")
        .run()
        .exits(4);
    assert_eq!(backend.requests()[0].target, "/prefix/api/v1/me");
}

/// auth.json, here a damaged one for another backend, is not looked at.
#[test]
fn an_environment_key_leaves_the_file_alone() {
    let (home, backend) = (Home::new(), Backend::http());
    for content in [
        r#"{"api_key": "sk_live_ofthefile123", "backend_url": "https://other.example.org"}"#,
        "{",
    ] {
        home.write_auth(content);
        let run = || {
            Sekuire::new()
                .home(&home)
                .env("SEKUIRE_API_KEY", KEY)
                .env("SEKUIRE_BACKEND_URL", backend.url())
        };
        run()
            .arg("whoami")
            .run()
            .exits(1)
            .complains("SEKUIRE_DEVICE_ID")
            .hides(KEY);
        let status = run().arg("status").run();
        status.exits(0).complains_not();
        let end = format!("Source: SEKUIRE_API_KEY\nBackend: {}\n", backend.url());
        assert!(status.stdout.ends_with(&end), "{status}");
        assert_eq!(home.read_auth(), content, "the file is as it was");
    }
    assert_eq!(backend.requests().len(), 2);
    assert!(
        backend
            .requests()
            .iter()
            .all(|request| request.header("X-API-Key") == Some(KEY))
    );
}

fn with_secret(make: impl FnOnce(&Path) -> PathBuf) -> Outcome {
    let home = Home::new();
    let path = make(home.path());
    let run = Sekuire::new().home(&home).env("SEKUIRE_API_KEY_FILE", path);
    run.args(["auth", "token"]).run()
}

#[test]
fn a_secret_file_is_a_regular_file_with_a_key() {
    let longest = format!("{KEY:4096}");
    for content in [
        KEY.to_owned(),
        format!("{KEY}\n"),
        format!(" {KEY}\r\n\n"),
        longest,
    ] {
        let outcome = with_secret(|home| written(home, content.as_bytes()));
        outcome.exits(0).prints(&format!("{KEY}\n")).complains_not();
    }
    // Mounted secrets are links.
    let linked = with_secret(|home| {
        let link = home.join("link");
        symlink(written(home, KEY.as_bytes()), &link).expect("a link");
        link
    });
    linked.exits(0).prints(&format!("{KEY}\n"));
}

#[test]
fn anything_else_as_a_secret_file_is_refused_at_once() {
    type Make = fn(&Path) -> PathBuf;
    let cases: [(&str, i32, Make); 8] = [
        ("a FIFO", 3, |home| {
            let path = home.join("fifo");
            mkfifo(&path, Mode::S_IRWXU).expect("a FIFO");
            path
        }),
        ("a folder", 3, Path::to_path_buf),
        ("missing", 3, |home| home.join("missing")),
        ("a dangling link", 3, |home| {
            let path = home.join("dangling");
            symlink(home.join("missing"), &path).expect("a link");
            path
        }),
        ("a device", 3, |_| "/dev/zero".into()),
        ("too large", 3, |home| written(home, &[b'\n'; 4097])),
        ("malformed", 2, |home| written(home, b"hunter2\n")),
        ("empty", 2, |home| written(home, b"")),
    ];
    for (name, exit, make) in cases {
        let outcome = with_secret(make);
        assert_eq!(outcome.code, Some(exit), "{name}: {outcome}");
        outcome
            .prints("")
            .complains("SEKUIRE_API_KEY_FILE")
            .hides("hunter2");
        outcome.takes_at_most(std::time::Duration::from_secs(5));
    }
}

fn written(home: &Path, content: &[u8]) -> PathBuf {
    let path = home.join("secret");
    fs::write(&path, content).expect("a secret file");
    path
}

#[test]
fn the_web_url_is_shown() {
    let home = Home::new();
    let run = Sekuire::new().home(&home).arg("login");
    let run = run
        .env("SEKUIRE_WEB_URL", "https://web.example.org/")
        .stdin(b"");
    let outcome = run.run();
    assert!(
        outcome
            .stdout
            .contains("1. Go to: https://web.example.org/dashboard/"),
        "{outcome}"
    );
}

/// As `docker run --env-file` and files with line ends of Windows leave them. They count as they are:
/// an identity must not change.
#[test]
fn a_line_end_or_quotation_marks_around_a_value_are_a_warning() {
    let home = Home::new();
    let folder = home.sekuire_dir();
    home.write_auth(&json!({"api_key": KEY}).to_string());
    for (id, words) in [
        ("runner-1\r", "SEKUIRE_DEVICE_ID ends in a line end"),
        ("runner-1\n", "SEKUIRE_DEVICE_ID ends in a line end"),
        (
            "\"runner-1\"",
            "SEKUIRE_DEVICE_ID stands in quotation marks",
        ),
        ("'runner-1'", "SEKUIRE_DEVICE_ID stands in quotation marks"),
    ] {
        let odd = |command: &[&str]| {
            let run = Sekuire::new().home(&home).env("SEKUIRE_DEVICE_ID", id);
            run.args(command).run()
        };
        let warning = format!("warning: {words}");
        odd(&["status"]).exits(0).complains(&warning);
        odd(&["status", "--quiet"]).exits(0).complains_not();
        odd(&[
            "whoami",
            "--backend",
            "http://127.0.0.1:1",
            "--timeout",
            "1",
        ])
        .complains(&warning);
    }
    let dir = format!("{}\r", folder.display());
    let odd = |command: &[&str]| {
        let run = Sekuire::new().env("SEKUIRE_CONFIG_DIR", &dir);
        run.args(command).stdin(KEY.as_bytes()).run()
    };
    let warning = "warning: SEKUIRE_CONFIG_DIR ends in a line end";
    odd(&["status"]).exits(1).complains(warning);
    odd(&["logout"]).exits(0).complains(warning);
    odd(&["login", "--backend", "http://127.0.0.1:1", "--timeout", "1"]).complains(warning);
    for plain in ["runner-1", "\"", "a\"b", "'a\"", "a b"] {
        let run = Sekuire::new().home(&home).env("SEKUIRE_DEVICE_ID", plain);
        run.arg("status").run().exits(0).complains_not();
    }
}
