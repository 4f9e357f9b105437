//! `sekuire login` from a pipe. At a terminal: `login_terminal`.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{
    FINGERPRINT, MASKED, SECRET, device_name, log_in, logged_in_home, login_steps, login_steps_at,
    login_success, sekuire, with_backend,
};
use crate::support::backend::{ApiKey, Backend, Behaviour, Endpoint, KEY, ORG_ID, Response};
use crate::support::command::TestCommand;
use crate::support::home::Home;

const STDIN: [&str; 2] = ["login", "--api-key-stdin"];

fn saved(home: &Home) -> Value {
    serde_json::from_str(&home.read_auth()).expect("auth.json is JSON")
}

/// `sekuire login --api-key-stdin`, with the key.
fn login(home: &Home, backend: &Backend) -> TestCommand {
    let run = with_backend(home, backend).args(STDIN);
    run.stdin(KEY.as_bytes())
}

fn answer(backend: &Backend, endpoint: Endpoint, status: u16, body: &Value) {
    let response = Response::json(status, body);
    backend.on(endpoint, Behaviour::Respond(response));
}

#[test]
fn key_from_a_pipe_is_verified_bound_and_saved_with_the_documented_text() {
    let (home, backend) = (Home::new(), Backend::https());
    let url = backend.url();
    let run = with_backend(&home, &backend).arg("login");
    let outcome = run.stdin(format!("{KEY}\n").as_bytes()).run();
    let (steps, success) = (login_steps(), login_success(&url));
    let text = format!("{steps}Enter your API Key: {MASKED}\n\n{success}");
    outcome
        .exits_with(0)
        .stdout_is(&text)
        .stderr_is_empty()
        .never_shows(SECRET);

    let requests = backend.requests();
    let seen = requests
        .iter()
        .map(|it| format!("{} {}", it.method, it.target));
    let seen: Vec<String> = seen.collect();
    assert_eq!(seen, ["POST /api/v1/api-keys/verify", "GET /api/v1/me"]);
    let verify = requests.first().expect("a request");
    let os = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let body = json!({
        "api_key": KEY, "device_fingerprint": FINGERPRINT, "device_name": device_name(), "device_os": os,
    });
    assert_eq!(verify.json(), body);
    let agent = concat!("sekuire/", env!("CARGO_PKG_VERSION"));
    for (header, value) in [
        ("Content-Type", "application/json"),
        ("User-Agent", agent),
        ("Connection", "close"),
    ] {
        assert_eq!(verify.header(header), Some(value), "{header}");
    }
    assert_eq!(backend.bound(KEY).as_deref(), Some(FINGERPRINT));
    let file = format!(
        "{{\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
         \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"ws_abc123\",\n  \"backend_url\": \"{url}\"\n}}\n"
    );
    assert_eq!(home.read_auth(), file);
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o7777;
    assert_eq!(mode(home.auth_json()), 0o600);
    assert_eq!(mode(home.sekuire_dir()), 0o700);
    assert_eq!(home.listing(), ["auth.json"]);
}

#[test]
fn api_key_stdin_prints_the_result_and_quiet_nothing_but_errors() {
    let backend = Backend::http();
    let success = login_success(&backend.url());
    for (arguments, prints) in [
        (&STDIN[..], &*success),
        (&["login", "--api-key-stdin", "-q"], ""),
        (&["auth", "login", "--quiet"], ""),
    ] {
        let home = Home::new();
        let run = with_backend(&home, &backend).args(arguments);
        let outcome = run.stdin(KEY.as_bytes()).run();
        outcome.exits_with(0).stdout_is(prints).stderr_is_empty();
        assert_eq!(saved(&home)["api_key"], KEY);
    }
    // No warning either: of the variable, the folder and the workspace.
    answer(&backend, Endpoint::Me, 200, &json!([]));
    let home = Home::new();
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    fs::set_permissions(home.sekuire_dir(), Permissions::from_mode(0o770)).expect("chmod");
    let warned = || login(&home, &backend).env("SEKUIRE_API_KEY", KEY);
    let outcome = warned().run();
    assert_eq!(outcome.stderr.matches("warning: ").count(), 3, "{outcome}");
    let quiet = warned().arg("--quiet").run();
    quiet.exits_with(0).stdout_is("").stderr_is_empty();
    backend.revoke(KEY);
    let refused = warned().arg("--quiet").run();
    refused
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("refused the API key");
}

#[test]
fn no_store_binds_the_key_of_a_variable_and_stores_nothing() {
    let (home, backend) = (Home::new(), Backend::http());
    let secret = home.path().join("secret");
    fs::write(&secret, format!("{KEY}\n")).expect("a secret");
    let secret = secret.to_str().expect("text");
    for (name, value) in [("SEKUIRE_API_KEY", KEY), ("SEKUIRE_API_KEY_FILE", secret)] {
        let there = |arguments: &[&str]| {
            // Nothing could be stored there.
            let run = with_backend(&home, &backend).env("HOME", "/dev/null");
            let run = run.env(name, value).env("SEKUIRE_DEVICE_ID", name);
            run.args(arguments).run()
        };
        there(&["whoami"]).exits_with(1);
        let bound = there(&["login", "--no-store"]);
        bound.exits_with(0).stderr_is_empty();
        assert!(bound.stdout.starts_with("Login successful!"), "{bound}");
        there(&["whoami"]).exits_with(0);
    }
    assert!(!home.sekuire_dir().exists());
    let malformed = with_backend(&home, &backend).env("SEKUIRE_API_KEY", "hunter2");
    let outcome = malformed.args(["login", "--no-store"]).run();
    outcome
        .exits_with(2)
        .stderr_contains("the API key in SEKUIRE_API_KEY ");
}

#[test]
fn no_store_without_a_variable_asks_and_leaves_the_file_as_it_was() {
    let (home, backend) = (logged_in_home(), Backend::http());
    let before = home.read_auth();
    let success = login_success(&backend.url());
    let asked = format!("{}Enter your API Key: {MASKED}\n\n{success}", login_steps());
    for (options, variable, prints) in [
        (&["--no-store"][..], "", &asked),
        // Standard input goes before the variable.
        (
            &["--no-store", "--api-key-stdin"],
            "sk_test_unknown",
            &success,
        ),
    ] {
        let run = with_backend(&home, &backend).env("SEKUIRE_API_KEY", variable);
        let run = run.arg("login").args(options).stdin(KEY.as_bytes());
        run.run().exits_with(0).stdout_is(prints).stderr_is_empty();
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(backend.bound(KEY).as_deref(), Some(FINGERPRINT));
}

#[test]
fn web_url_is_in_the_transcript_and_nothing_is_sent_there() {
    let (backend, web) = (Backend::http(), Backend::http());
    let url = web.url();
    let long = ["--web-url", "http://web.example/a//"];
    for (option, variable, shown) in [
        (&long[..], "https://other.example", "http://web.example/a"),
        (&[], "https://other.example/", "https://other.example"),
        (&[], "", "https://sekuire.ai"),
        (&["--web-url", &url], "", &url),
    ] {
        let home = Home::new();
        let run = with_backend(&home, &backend).arg("login").args(option);
        let run = run.env("SEKUIRE_WEB_URL", variable).stdin(KEY.as_bytes());
        let outcome = run.run();
        let start = login_steps_at(shown);
        assert!(
            outcome.exits_with(0).stdout.starts_with(&start),
            "{outcome}"
        );
    }
    assert_eq!(web.connections(), 0);
}

#[test]
fn one_line_is_read_and_the_rest_left_for_others() {
    let (home, backend) = (Home::new(), Backend::http());
    let input = home.path().join("input");
    // As a terminal pastes it from a web page.
    let line = format!("\x1b[200~\u{feff} {KEY}\u{200b} \r\x1b[201~");
    fs::write(&input, format!("{line}\nfor the next reader\n")).expect("input");
    let mut file = File::open(&input).expect("input");
    let run = with_backend(&home, &backend).args(STDIN);
    let run = run.stdin_from(file.try_clone().expect("a descriptor"));
    run.run().exits_with(0);
    assert_eq!(saved(&home)["api_key"], KEY);
    let mut rest = String::new();
    file.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest, "for the next reader\n");
}

#[test]
fn bad_keys_are_refused_before_any_request() {
    let (home, backend) = (logged_in_home(), Backend::http());
    let before = home.read_auth();
    let nothing = "no API key on standard input";
    let quoted = "\u{201c}sk_live_hunter2\u{201d}\n";
    let quote = "the API key has a character that does not belong: U+201C at position 1";
    let too_long = format!("{:4097}", "sk_live_hunter2");
    for (input, code, message) in [
        ("", 1, nothing),
        ("\n", 1, nothing),
        (quoted, 2, quote),
        (
            &too_long,
            2,
            "the line with the API key is longer than 4 KiB",
        ),
    ] {
        for arguments in [&["login"][..], &STDIN] {
            let run = with_backend(&home, &backend).args(arguments);
            let outcome = run.stdin(input.as_bytes()).run();
            outcome.exits_with(code).never_shows("hunter2");
            outcome.stderr_contains(&format!("error: {message}\nhint: "));
            assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
        }
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(backend.connections(), 0);
    // A line as long as any that is read.
    let run = with_backend(&home, &backend).args(STDIN);
    let run = run.stdin(format!("{KEY:4096}\n").as_bytes());
    run.run().exits_with(0);
}

#[test]
fn longest_key_is_accepted_and_printed_whole() {
    let (home, backend) = (Home::new(), Backend::http());
    let visible: String = ('!'..='~').cycle().take(504).collect();
    let key = format!("sk_test_{visible}");
    backend.add_key(ApiKey::new(&key));
    let run = with_backend(&home, &backend).args(STDIN);
    run.stdin(key.as_bytes()).run().exits_with(0);
    let token = sekuire(&home).args(["auth", "token"]).run();
    token.exits_with(0).stdout_is(&format!("{key}\n"));
}

/// auth.json has at most 64 KiB, and no variable holds a zero byte.
#[test]
fn organization_and_workspace_are_the_first_that_can_be_saved() {
    let long = &"x".repeat(65_000);
    let of_me = &json!({"organization": {"id": "org_of_me"}, "workspaces": [{"id": "ws_1"}]});
    let none = &json!({"organization": "Acme", "workspaces": []});
    let mixed = &json!({"workspaces": [{"id": long}, null, {"id": "ws\0abc"}, {"id": "ws_1"}]});
    for (org_id, me, org, workspace) in [
        (
            json!("org_of_verify"),
            of_me,
            json!("org_of_verify"),
            json!("ws_1"),
        ),
        (json!(null), of_me, json!("org_of_me"), json!("ws_1")),
        (json!(7), of_me, json!("org_of_me"), json!("ws_1")),
        (json!(""), of_me, json!("org_of_me"), json!("ws_1")),
        (json!(null), none, json!(null), json!(null)),
        (json!(long), mixed, json!(null), json!("ws_1")),
    ] {
        let (home, backend) = (Home::new(), Backend::http());
        let verified = json!({"valid": true, "org_id": org_id});
        answer(&backend, Endpoint::Verify, 200, &verified);
        answer(&backend, Endpoint::Me, 200, me);
        log_in(&home, &backend);
        let saved = saved(&home);
        assert_eq!(
            (&saved["org_id"], &saved["workspace_id"]),
            (&org, &workspace)
        );
    }
}

/// 1 for a refused key, 4 for a backend in trouble.
#[test]
fn refused_key_or_failing_backend_leaves_the_file_unchanged() {
    let (home, backend) = (logged_in_home(), Backend::http());
    let before = home.read_auth();
    let revoked = json!({"valid": false, "error": "revoked"});
    let without = " sent an answer without \"valid\"\n";
    for (status, body, code, part) in [
        (200, revoked, 1, " refused the API key: revoked\n"),
        (200, json!({"valid": false}), 1, " refused the API key\n"),
        (401, json!({}), 1, " refused the API key\n"),
        (200, json!({"valid": "true"}), 4, without),
        (200, json!([true]), 4, " sent an answer with status 200"),
        (500, json!({"error": KEY}), 4, " returned 500 \"sk_live_..."),
    ] {
        answer(&backend, Endpoint::Verify, status, &body);
        let outcome = login(&home, &backend).run();
        outcome.exits_with(code).stdout_is("").never_shows(SECRET);
        outcome.stderr_contains(&format!("error: {}{part}", backend.url()));
        outcome.stderr_contains("\nhint: ");
        assert_eq!(home.read_auth(), before, "{part}");
        assert_eq!(home.listing(), ["auth.json"], "{part}");
    }
}

#[test]
fn workspace_that_the_key_does_not_have_is_refused_before_saving() {
    let (home, backend) = (Home::new(), Backend::http());
    let to = |workspace| {
        let run = login(&home, &backend);
        run.args(["--workspace", workspace]).run()
    };
    to("ws_def456").exits_with(0).stderr_is_empty();
    assert_eq!(saved(&home)["workspace_id"], "ws_def456");
    let before = home.read_auth();
    let outcome = to("ws_other");
    outcome.exits_with(2).stdout_is("");
    let error =
        "error: this key has no such workspace\nhint: choose one that it has, such as ws_abc123\n";
    assert_eq!(outcome.stderr, error);
    assert_eq!(home.read_auth(), before);
}

#[test]
fn failing_me_is_a_warning() {
    let backend = Backend::http();
    let warning =
        "warning: the key is verified, but its workspaces are unknown, and none is saved: ";
    for (status, arguments) in [(401, &[][..]), (200, &["--workspace", "ws_mine"])] {
        answer(&backend, Endpoint::Me, status, &json!([]));
        let home = Home::new();
        let outcome = login(&home, &backend).args(arguments).run();
        outcome
            .exits_with(0)
            .stdout_is(&login_success(&backend.url()));
        outcome.stderr_contains(warning);
        assert_eq!(saved(&home)["workspace_id"], Value::Null);
    }
}

/// A binding must not be wasted on a folder that can't be written to.
#[test]
fn unwritable_folder_is_found_before_the_first_request() {
    let (home, backend) = (Home::new(), Backend::http());
    let taken = home.path().join("a file");
    fs::write(&taken, "where the folder should be").expect("a file");
    for folder in [taken.to_str().expect("text"), "/proc/nowhere"] {
        let run = login(&home, &backend).env("SEKUIRE_CONFIG_DIR", folder);
        let outcome = run.run();
        outcome.exits_with(3).stdout_is("").stderr_contains(folder);
        outcome.stderr_contains("\nhint: ");
    }
    assert_eq!(backend.connections(), 0);
}

#[test]
fn damaged_file_is_replaced() {
    let backend = Backend::http();
    for content in ["", "{", "{\"api_key\": 5}", "{\"token\": \"old login\"}"] {
        let home = Home::new();
        home.write_auth(content);
        log_in(&home, &backend);
        assert_eq!(saved(&home)["api_key"], KEY, "{content:?}");
    }
}

/// The folder is the one that a person named, its missing parents included.
#[test]
fn folder_can_be_elsewhere() {
    let (home, backend) = (Home::new(), Backend::http());
    let folder = home.path().join("a/b");
    let run = login(&home, &backend).env("SEKUIRE_CONFIG_DIR", &folder);
    run.run().exits_with(0);
    assert!(folder.join("auth.json").is_file());
    assert!(!home.sekuire_dir().exists());
}
