//! Every variable of `src/help/variables.txt`, set, empty and malformed, and where it is documented; and which
//! backend a key goes to.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::fixtures::{auth_with, log_in, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};
use crate::support::outcome::Outcome;

/// The names in the one list.
fn variables() -> Vec<&'static str> {
    let lines = include_str!("../src/help/variables.txt").lines();
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).collect()
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

/// The variable, a malformed value, the exit status, and what the complaint names. All before any request.
#[test]
fn malformed_values_are_refused() {
    let cases: [(&str, &[u8], i32); 17] = [
        ("SEKUIRE_API_KEY", b"sk_live_", 2),
        ("SEKUIRE_API_KEY", b"no-key-at-all", 2),
        ("SEKUIRE_API_KEY", b"\xff", 2),
        ("SEKUIRE_API_KEY_FILE", b"/nonexistent/secret", 3),
        ("SEKUIRE_API_KEY_FILE", b"~/secret", 2),
        ("SEKUIRE_BACKEND_URL", b"ftp://example.org", 2),
        (
            "SEKUIRE_BACKEND_URL",
            b"https://user:hunter2@example.org",
            2,
        ),
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
        let run = whoami_of_default(name).env(name, OsStr::from_bytes(value));
        let outcome = run.run();
        let value = String::from_utf8_lossy(value);
        assert_eq!(outcome.code, Some(exit), "{name}={value}: {outcome}");
        let named = outcome.stderr.contains(name) || outcome.stderr.contains(&*value);
        assert!(named, "{name}={value}: {outcome}");
        outcome.prints("").hides("hunter2").hides("no-key-at-all");
        if value.starts_with('~') {
            outcome.complains(&format!(
                "error: {name} begins with ~, which is not expanded here\nhint: write the full path"
            ));
        }
    }
    for url in [
        "sekuire.ai",
        "https://u:p@sekuire.ai",
        "https://sekuire.ai/\u{1b}[2J",
    ] {
        let login = Sekuire::new().home(&Home::new()).arg("login");
        let outcome = login.env("SEKUIRE_WEB_URL", url).run();
        outcome.exits(2).prints("").complains("SEKUIRE_WEB_URL");
    }
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

/// A refused URL ends every command that would use it before any request; which are refused, the unit tests say.
#[test]
fn refused_urls_end_with_two_before_any_request() {
    // Whatever gets past the check meets a proxy that counts.
    let proxy = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    for url in [
        "backend.example",
        "https://user:secret@backend.example",
        "http://10.0.0.1",
    ] {
        let login = ["login", "--api-key-stdin"];
        let run = |arguments: &[&str]| {
            let run = sekuire(&home).env("HTTPS_PROXY", proxy.url());
            run.args(arguments).stdin(KEY.as_bytes())
        };
        for run in [
            run(&login).args(["--backend", url]),
            run(&login).env("SEKUIRE_BACKEND_URL", url),
            run(&["whoami", "--backend-url", url]),
        ] {
            let outcome = run.run();
            outcome.exits(2).prints("").hides("secret@");
            outcome.complains("error: ").complains("\nhint: ");
        }
    }
    assert_eq!(proxy.connections(), 0);
    assert_eq!(home.read_auth(), before);
    // One in auth.json is refused like any other.
    home.write_auth(&auth_with("backend_url", json!("http://backend.example")).to_string());
    let outcome = sekuire(&home).arg("whoami").run();
    outcome.exits(2).complains("http://backend.example");
}

#[test]
fn http_is_for_loopback_and_for_the_origin_that_is_allowed() {
    let backend = Backend::http();
    for url in [backend.url(), backend.origin_localhost()] {
        let home = Home::new();
        let login = sekuire(&home).args(["login", "--api-key-stdin", "--backend", &url]);
        login.stdin(KEY.as_bytes()).run().exits(0);
    }
    for (allowed, code) in [
        ("http://backend.invalid:9300/", 4),
        ("http://backend.invalid:9301", 2),
        ("*", 2),
        ("", 2),
    ] {
        let run = sekuire(&Home::new()).env("SEKUIRE_API_KEY", KEY);
        let run = run.env("SEKUIRE_ALLOW_HTTP", allowed);
        let url = "http://backend.invalid:9300";
        let outcome = run.args(["whoami", "--wait", "1", "--backend", url]).run();
        outcome.exits(code);
        if code == 2 {
            outcome.complains("SEKUIRE_ALLOW_HTTP");
        }
    }
}

/// Nor may a key of the default backend, which the file does not name.
#[test]
fn a_variable_may_not_send_the_key_of_the_file_elsewhere() {
    let (own, other) = (Backend::http(), Backend::http());
    let home = Home::new();
    log_in(&home, &own);
    let requests = own.requests().len();
    let own_file = home.read_auth();
    let public = "https://api.sekuire.ai".to_owned();
    let default_file = auth_with("backend_url", Value::Null).to_string();
    for (file, belongs_to, variable, elsewhere) in [
        (&own_file, own.url(), "SEKUIRE_BACKEND_URL", other.url()),
        (
            &own_file,
            own.url(),
            "SEKUIRE_BACKEND_URL",
            other.origin_localhost(),
        ),
        (&own_file, own.url(), "SEKUIRE_API_URL", public.clone()),
        (
            &default_file,
            public.clone(),
            "SEKUIRE_BACKEND_URL",
            other.url(),
        ),
        (&default_file, public, "SEKUIRE_API_URL", other.url()),
    ] {
        home.write_auth(file);
        let run = || sekuire(&home).env(variable, &elsewhere);
        let outcome = run().arg("whoami").run();
        outcome.exits(2).prints("");
        outcome
            .complains(&format!("{variable} names {elsewhere}, but"))
            .complains(&format!("belongs to {belongs_to},"))
            .complains(&format!("\nhint: unset {variable}, "));
        // status is offline and ignores it.
        run().arg("status").run().exits(0).complains_not();
        assert_eq!(&home.read_auth(), file);
    }
    assert_eq!(other.connections(), 0);
    assert_eq!(own.requests().len(), requests);
    // The option is explicit: it may. The other backend has the key, unbound: it refuses.
    for option in ["--backend", "--backend-url"] {
        let run = sekuire(&home).env("SEKUIRE_BACKEND_URL", own.url());
        let outcome = run.args(["whoami", option, &other.url()]).run();
        outcome.exits(1).complains(&other.url());
    }
    assert_eq!(other.requests().len(), 2);
    assert_eq!(own.requests().len(), requests);
}

/// The same origin in other words is no other backend, and the file's path prefix is kept.
#[test]
fn of_the_same_origin_the_files_base_is_used() {
    let (home, backend) = (Home::new(), Backend::http());
    let base = format!("{}/prefix", backend.url());
    home.write_auth(&auth_with("backend_url", json!(base)).to_string());
    for same in [
        backend.url() + "/",
        format!("{}/another", backend.url()),
        backend.url().replace("http", "HTTP"),
    ] {
        let run = sekuire(&home).env("SEKUIRE_BACKEND_URL", same);
        run.arg("whoami").run().exits(4);
    }
    let requests = backend.requests();
    let targets: Vec<&str> = requests.iter().map(|it| it.target.as_str()).collect();
    assert_eq!(targets, ["/prefix/api/v1/me"; 3]);
}

/// `auth exec` sets one that Sekuire's SDK reads; our own goes before it.
#[test]
fn a_key_from_a_variable_goes_by_the_first_of_two_variables() {
    let [first, second] = [Backend::http(), Backend::http()];
    let home = Home::new();
    let whoami = |own: &str| {
        let call = sekuire(&home).env("SEKUIRE_API_KEY", KEY);
        let call = call.env("SEKUIRE_API_URL", second.url());
        call.env("SEKUIRE_BACKEND_URL", own).arg("whoami").run()
    };
    whoami(&first.url()).exits(1).complains(&first.url());
    whoami("").exits(1).complains(&second.url());
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
}

/// The option, then our variable, then the SDK's, then the default.
#[test]
fn login_never_goes_by_the_old_file() {
    let [old, by_sdk, by_variable, by_option] = [(); 4].map(|()| Backend::http());
    let home = Home::new();
    log_in(&home, &old);
    let connections = old.connections();
    let login = |variable: &str, arguments: &[&str]| {
        let run = sekuire(&home).env("SEKUIRE_API_URL", by_sdk.url());
        let run = run.env("SEKUIRE_BACKEND_URL", variable);
        let run = run.args(["login", "--api-key-stdin"]).args(arguments);
        run.stdin(KEY.as_bytes()).run().exits(0);
        let file: Value = serde_json::from_str(&home.read_auth()).expect("JSON");
        file.get("backend_url").cloned()
    };
    assert_eq!(login("", &[]), Some(json!(by_sdk.url())));
    assert_eq!(
        login(&by_variable.url(), &[]),
        Some(json!(by_variable.url()))
    );
    let option = login(&by_variable.url(), &["--backend", &by_option.url()]);
    assert_eq!(option, Some(json!(by_option.url())));
    // The default, which a proxy that is not there keeps from being asked.
    let run = sekuire(&home).env("HTTPS_PROXY", "http://127.0.0.1:1");
    let run = run.args(["login", "--api-key-stdin", "--timeout", "1"]);
    let outcome = run.stdin(KEY.as_bytes()).run();
    outcome.exits(4).complains("https://api.sekuire.ai");
    assert_eq!(old.connections(), connections);
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
            .complains(" --no-store\n")
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
        ("$(…)", 3, |home| {
            let path = home.join("fifo");
            mkfifo(&path, Mode::S_IRWXU).expect("a FIFO");
            path
        }),
        ("not a regular file", 3, Path::to_path_buf),
        ("missing: no such file or directory\n", 3, |home| {
            home.join("missing")
        }),
        ("no such file or directory\n", 3, |home| {
            let path = home.join("dangling");
            symlink(home.join("missing"), &path).expect("a link");
            path
        }),
        ("not a regular file", 3, |_| "/dev/zero".into()),
        ("larger than 4 KiB", 3, |home| written(home, &[b'\n'; 4097])),
        ("the API key in", 2, |home| written(home, b"hunter2\n")),
        ("the API key in", 2, |home| written(home, b"")),
    ];
    for (words, exit, make) in cases {
        let outcome = with_secret(make);
        assert_eq!(outcome.code, Some(exit), "{words}: {outcome}");
        outcome
            .prints("")
            .complains("SEKUIRE_API_KEY_FILE")
            .complains(words)
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

#[test]
fn a_secret_that_is_not_ours_says_whose_it_is() {
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
    assert_eq!(outcome.exits(3).stderr, expected);
}

#[test]
fn not_logged_in_says_where_it_looked() {
    let home = Home::new();
    let file = home.auth_json();
    let no_key = format!(
        "no key in SEKUIRE_API_KEY, SEKUIRE_API_KEY_FILE or {}",
        file.display()
    );
    for (variables, empty) in [
        (&[][..], ""),
        (&["SEKUIRE_API_KEY"], "; SEKUIRE_API_KEY is set but empty"),
        (
            &["SEKUIRE_API_KEY", "SEKUIRE_API_KEY_FILE"],
            "; SEKUIRE_API_KEY is set but empty; SEKUIRE_API_KEY_FILE is set but empty",
        ),
    ] {
        let run = |arguments: &[&str]| {
            let named = Sekuire::new().env("SEKUIRE_CONFIG_DIR", home.sekuire_dir());
            let run = variables.iter().fold(named, |run, name| run.env(name, ""));
            run.args(arguments).run()
        };
        let error = format!("error: Not logged in: {no_key}{empty}\nhint: run: sekuire login\n");
        for command in [
            &["whoami"][..],
            &["auth", "token"],
            &["auth", "exec", "--", "true"],
        ] {
            assert_eq!(run(command).exits(1).stderr, error, "{command:?}");
        }
        let note = format!("note: looked in {}{empty}\n", file.display());
        assert_eq!(run(&["status"]).exits(1).stderr, note);
    }
    let status = Sekuire::new().home(&home).arg("status").run();
    status.exits(1).complains_not();
}
