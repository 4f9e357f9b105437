//! `sekuire login` from a pipe. At a terminal: `login_terminal`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixtures::{
    FINGERPRINT, MASKED, SECRET, auth_with, device_name, log_in, login_steps, login_steps_at,
    login_success, sekuire, with_backend,
};
use crate::support::backend::{ApiKey, Backend, Behaviour, Endpoint, KEY, ORG_ID, Response};
use crate::support::command::Sekuire;
use crate::support::home::Home;

const STDIN: [&str; 2] = ["login", "--api-key-stdin"];

fn saved(home: &Home) -> Value {
    serde_json::from_str(&home.read_auth()).expect("auth.json is JSON")
}

/// `sekuire login --api-key-stdin`, with the key.
fn login(home: &Home, backend: &Backend) -> Sekuire {
    with_backend(home, backend)
        .args(STDIN)
        .stdin(KEY.as_bytes())
}

fn respond(answer: &Value) -> Behaviour {
    Behaviour::Respond(Response::json(200, answer))
}

#[test]
fn from_a_pipe_the_documented_text() {
    let backend = Backend::https();
    let home = Home::new();
    with_backend(&home, &backend)
        .arg("login")
        .stdin(format!("{KEY}\n").as_bytes())
        .run()
        .exits(0)
        .prints(&format!(
            "{}Enter your API Key: {MASKED}\n\n{}",
            login_steps(),
            login_success(&backend.url())
        ))
        .complains_not()
        .hides(SECRET);

    let requests = backend.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|r| (r.method.as_str(), r.target.as_str()))
        .collect();
    assert_eq!(
        seen,
        [("POST", "/api/v1/api-keys/verify"), ("GET", "/api/v1/me")]
    );
    let verify = requests.first().expect("a request");
    let os = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    assert_eq!(
        verify.json(),
        json!({"api_key": KEY, "device_fingerprint": FINGERPRINT, "device_name": device_name(), "device_os": os})
    );
    let agent = concat!("sekuire/", env!("CARGO_PKG_VERSION"));
    for (header, value) in [
        ("Content-Type", "application/json"),
        ("User-Agent", agent),
        ("Connection", "close"),
    ] {
        assert_eq!(verify.header(header), Some(value), "{header}");
    }
    assert_eq!(backend.bound(KEY).as_deref(), Some(FINGERPRINT));
    assert_eq!(
        home.read_auth(),
        format!(
            "{{\n  \"api_key\": \"{KEY}\",\n  \"device_fingerprint\": \"{FINGERPRINT}\",\n  \
             \"org_id\": \"{ORG_ID}\",\n  \"workspace_id\": \"ws_abc123\",\n  \"backend_url\": \"{}\"\n}}\n",
            backend.url()
        )
    );
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o7777;
    assert_eq!(mode(home.auth_json()), 0o600);
    assert_eq!(mode(home.sekuire_dir()), 0o700);
    assert_eq!(home.listing(), ["auth.json"]);
}

#[test]
fn api_key_stdin_prints_the_result_and_quiet_nothing() {
    let backend = Backend::http();
    let success = login_success(&backend.url());
    for (arguments, prints) in [
        (&STDIN[..], success.as_str()),
        (&["login", "--api-key-stdin", "-q"], ""),
        (&["auth", "login", "--quiet"], ""),
    ] {
        let home = Home::new();
        let call = with_backend(&home, &backend).args(arguments);
        call.stdin(KEY.as_bytes())
            .run()
            .exits(0)
            .prints(prints)
            .complains_not();
        assert_eq!(saved(&home)["api_key"], KEY);
    }
    // No warning either: of the variable, the folder and the workspace.
    backend.on(Endpoint::Me, respond(&json!([])));
    let home = Home::new();
    fs::create_dir(home.sekuire_dir()).expect("a folder");
    let shared = fs::Permissions::from_mode(0o770);
    fs::set_permissions(home.sekuire_dir(), shared).expect("chmod");
    let warned = || login(&home, &backend).env("SEKUIRE_API_KEY", KEY);
    let outcome = warned().run();
    assert_eq!(outcome.stderr.matches("warning: ").count(), 3, "{outcome}");
    let quiet = warned().arg("--quiet").run();
    quiet.exits(0).prints("").complains_not();
    backend.revoke(KEY);
    let refused = login(&Home::new(), &backend).arg("--quiet").run();
    refused.exits(1).prints("").complains("refused the API key");
}

#[test]
fn no_store_binds_the_key_of_a_variable_and_stores_nothing() {
    let backend = Backend::http();
    let home = Home::new();
    let secret = home.path().join("secret");
    fs::write(&secret, format!("{KEY}\n")).expect("a secret");
    let secret = secret.to_str().expect("text");
    for (name, value) in [("SEKUIRE_API_KEY", KEY), ("SEKUIRE_API_KEY_FILE", secret)] {
        for identity in ["one", "another"] {
            let there = || {
                let run = with_backend(&home, &backend).env(name, value);
                // Nothing could be stored there.
                run.env("SEKUIRE_DEVICE_ID", identity)
                    .env("HOME", "/dev/null")
            };
            there().arg("whoami").run().exits(1);
            let bound = there().args(["login", "--no-store"]).run();
            bound.exits(0).complains_not();
            assert!(bound.stdout.starts_with("Login successful!"), "{bound}");
            there().arg("whoami").run().exits(0);
        }
    }
    assert!(!home.sekuire_dir().exists());
    let malformed = with_backend(&home, &backend).env("SEKUIRE_API_KEY", "hunter2");
    malformed
        .args(["login", "--no-store"])
        .run()
        .exits(2)
        .complains("the API key in SEKUIRE_API_KEY ");
}

#[test]
fn no_store_without_a_variable_asks_and_leaves_the_file_as_it_was() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", json!("before")).to_string());
    let before = home.read_auth();
    let success = login_success(&backend.url());
    let asked = format!("{}Enter your API Key: {MASKED}\n\n{success}", login_steps());
    for (arguments, variable, prints) in [
        (&["login", "--no-store"][..], "", asked.as_str()),
        // Standard input goes before the variable.
        (
            &["login", "--no-store", "--api-key-stdin"],
            "sk_test_unknown",
            &success,
        ),
    ] {
        let run = with_backend(&home, &backend).env("SEKUIRE_API_KEY", variable);
        run.args(arguments)
            .stdin(KEY.as_bytes())
            .run()
            .exits(0)
            .prints(prints)
            .complains_not();
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(backend.bound(KEY).as_deref(), Some(FINGERPRINT));
}

#[test]
fn the_web_url_is_in_the_transcript_and_nothing_is_sent_there() {
    let (backend, web) = (Backend::http(), Backend::http());
    let run = |option: &[&str], variable: &str| {
        let home = Home::new();
        let run = with_backend(&home, &backend).arg("login");
        run.args(option)
            .env("SEKUIRE_WEB_URL", variable)
            .stdin(KEY.as_bytes())
            .run()
    };
    let url = web.url();
    for (option, variable, shown) in [
        (
            &["--web-url", "http://web.example/a//"][..],
            "https://other.example",
            "http://web.example/a",
        ),
        (&[], "https://other.example/", "https://other.example"),
        (&[], "", "https://sekuire.ai"),
        (&["--web-url", &url], "", &url),
    ] {
        let outcome = run(option, variable);
        outcome.exits(0);
        let start = login_steps_at(shown);
        assert!(outcome.stdout.starts_with(&start), "{outcome}");
    }
    assert_eq!(web.connections(), 0);
}

#[test]
fn one_line_is_read_and_the_rest_left_for_others() {
    let backend = Backend::http();
    let home = Home::new();
    let input = home.path().join("input");
    // As a terminal pastes it from a web page.
    let line = format!("\x1b[200~\u{feff} {KEY}\u{200b} \r\x1b[201~");
    fs::write(&input, format!("{line}\nfor the next reader\n")).expect("input");
    let mut file = fs::File::open(&input).expect("input");
    let run = with_backend(&home, &backend).args(STDIN);
    let run = run.stdin_from(file.try_clone().expect("a descriptor"));
    run.run().exits(0);
    assert_eq!(saved(&home)["api_key"], KEY);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut file, &mut rest).expect("the rest");
    assert_eq!(rest, "for the next reader\n");
}

#[test]
fn bad_keys_are_refused_before_any_request() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", json!("before")).to_string());
    let before = home.read_auth();
    let too_long = format!("{:4097}", "sk_live_hunter2");
    for (input, code, message) in [
        ("", 1, "error: no API key on standard input\n"),
        ("\n", 1, "error: no API key on standard input\n"),
        (
            "\u{201c}sk_live_hunter2\u{201d}\n",
            2,
            "error: the API key has a character that does not belong: U+201C at position 1\n",
        ),
        (
            "sk_live_hunter2sk_live_hunter2\n",
            2,
            "error: the API key is two keys on one line\n",
        ),
        (
            too_long.as_str(),
            2,
            "error: the line with the API key is longer than 4 KiB\n",
        ),
    ] {
        for arguments in [&["login"][..], &STDIN] {
            let run = with_backend(&home, &backend).args(arguments);
            let outcome = run.stdin(input.as_bytes()).run();
            outcome
                .exits(code)
                .complains(message)
                .complains("\nhint: ")
                .hides("hunter2");
            assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
        }
    }
    assert_eq!(home.read_auth(), before);
    assert_eq!(home.listing(), ["auth.json"]);
    assert_eq!(backend.connections(), 0);
    // A line as long as any that is read.
    let line = format!("{KEY:4096}\n");
    let run = with_backend(&home, &backend).args(STDIN);
    run.stdin(line.as_bytes()).run().exits(0);
}

#[test]
fn a_bad_key_in_the_environment_is_named_by_its_variable() {
    let home = Home::new();
    let file = home.path().join("secret");
    fs::write(&file, "\"sk_live_hunter2\"").expect("a secret");
    let file = file.to_str().expect("text");
    for (variable, value) in [
        ("SEKUIRE_API_KEY", "\"sk_live_hunter2\""),
        ("SEKUIRE_API_KEY_FILE", file),
    ] {
        sekuire(&home)
            .env(variable, value)
            .arg("status")
            .run()
            .exits(2)
            .prints("")
            .complains(&format!(
                "error: the API key in {variable} is in quotation marks, which count as part of it\n"
            ))
            .complains(&format!("\nhint: correct or unset {variable}"))
            .hides("hunter2");
    }
}

#[test]
fn the_longest_key_is_accepted_and_printed_whole() {
    let backend = Backend::http();
    let visible: String = ('!'..='~').cycle().take(504).collect();
    let key = format!("sk_test_{visible}");
    backend.add_key(ApiKey::new(&key));
    let home = Home::new();
    let run = with_backend(&home, &backend).args(STDIN);
    run.stdin(key.as_bytes()).run().exits(0);
    let token = sekuire(&home).args(["auth", "token"]).run();
    token.exits(0).prints(&format!("{key}\n"));
}

#[test]
fn the_organization_is_the_one_of_verify_or_else_of_me() {
    let me = json!({"organization": {"id": "org_of_me", "name": "Acme"}});
    let nameless = json!({"organization": "Acme"});
    for (org_id, me, expected) in [
        (json!("org_of_verify"), &me, json!("org_of_verify")),
        (json!(null), &me, json!("org_of_me")),
        (json!(7), &me, json!("org_of_me")),
        (json!(""), &me, json!("org_of_me")),
        (json!(null), &nameless, Value::Null),
    ] {
        let backend = Backend::http();
        let verified = json!({"valid": true, "org_id": org_id});
        backend.on(Endpoint::Verify, respond(&verified));
        backend.on(Endpoint::Me, respond(me));
        let home = Home::new();
        log_in(&home, &backend);
        assert_eq!(saved(&home)["org_id"], expected, "{verified}, {me}");
    }
}

/// auth.json has at most 64 KiB, and no variable holds a zero byte.
#[test]
fn overlong_and_unprintable_identifiers_are_not_saved() {
    let backend = Backend::http();
    let long = "x".repeat(65_000);
    let verified = json!({"valid": true, "org_id": long});
    backend.on(Endpoint::Verify, respond(&verified));
    let workspaces = json!({"workspaces": [{"id": long}, null, {"id": "ws\0abc"}, {"id": "ws_1"}]});
    backend.on(Endpoint::Me, respond(&workspaces));
    let home = Home::new();
    log_in(&home, &backend);
    assert_eq!(saved(&home)["org_id"], Value::Null);
    assert_eq!(saved(&home)["workspace_id"], "ws_1");
}

/// Told apart: 1 for a key refused, 4 for a backend in trouble.
#[test]
fn neither_a_refusal_nor_trouble_touches_the_file() {
    let backend = Backend::http();
    let home = Home::new();
    home.write_auth(&auth_with("org_id", json!("before")).to_string());
    let before = home.read_auth();
    for (status, body, code, part) in [
        (
            200,
            json!({"valid": false, "error": "revoked"}),
            1,
            " refused the API key: revoked\n",
        ),
        (200, json!({"valid": false}), 1, " refused the API key\n"),
        (401, json!({}), 1, " refused the API key\n"),
        (200, json!({}), 4, " sent an answer without \"valid\"\n"),
        (
            200,
            json!({"valid": "true"}),
            4,
            " sent an answer without \"valid\"\n",
        ),
        (200, json!([true]), 4, " sent an answer with status 200"),
        (500, json!({"error": KEY}), 4, " returned 500 \"sk_live_..."),
    ] {
        let answer = Response::json(status, &body);
        backend.on(Endpoint::Verify, Behaviour::Respond(answer));
        let outcome = login(&home, &backend).run();
        outcome
            .exits(code)
            .prints("")
            .complains(&format!("error: {}{part}", backend.url()))
            .complains("\nhint: ")
            .hides(SECRET);
        assert_eq!(home.read_auth(), before, "{part}");
        assert_eq!(home.listing(), ["auth.json"], "{part}");
    }
}

#[test]
fn the_workspace_is_the_first_or_the_one_named() {
    let backend = Backend::http();
    let home = Home::new();
    let log_in_to = |workspace| {
        login(&home, &backend)
            .args(["--workspace", workspace])
            .run()
    };
    log_in_to("ws_def456").exits(0).complains_not();
    assert_eq!(saved(&home)["workspace_id"], "ws_def456");
    let before = home.read_auth();
    let outcome = log_in_to("ws_other");
    outcome.exits(2).prints("");
    assert_eq!(
        outcome.stderr,
        "error: this key has no such workspace\nhint: choose one that it has, such as ws_abc123\n"
    );
    assert_eq!(home.read_auth(), before);
    log_in(&home, &backend);
    assert_eq!(saved(&home)["workspace_id"], "ws_abc123");
}

#[test]
fn without_me_the_login_goes_on_with_a_warning() {
    let backend = Backend::http();
    for answer in [
        Response::json(401, &json!({"error": "no"})),
        Response::new(200, "text/html", "<html>"),
    ] {
        backend.on(Endpoint::Me, Behaviour::Respond(answer));
        for arguments in [&[][..], &["--workspace", "ws_mine"]] {
            let home = Home::new();
            login(&home, &backend)
                .args(arguments)
                .run()
                .exits(0)
                .prints(&login_success(&backend.url()))
                .complains("warning: the key is verified, but its workspaces are unknown, and none is saved: ");
            assert_eq!(saved(&home)["workspace_id"], Value::Null);
        }
    }
}

/// A binding must not be wasted on a folder that can't be written to.
#[test]
fn an_unwritable_folder_is_found_before_the_first_request() {
    let backend = Backend::http();
    let home = Home::new();
    fs::write(home.sekuire_dir(), "a file where the folder should be").expect("a file");
    let outcome = login(&home, &backend).run();
    outcome
        .exits(3)
        .prints("")
        .complains(&home.sekuire_dir().display().to_string())
        .complains("\nhint: ");
    let nowhere = login(&home, &backend).env("SEKUIRE_CONFIG_DIR", "/proc/nowhere");
    nowhere.run().exits(3).complains("/proc/nowhere");
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_damaged_file_is_replaced() {
    let backend = Backend::http();
    for content in ["", "{", "{\"api_key\": 5}", "{\"token\": \"old login\"}"] {
        let home = Home::new();
        home.write_auth(content);
        log_in(&home, &backend);
        assert_eq!(saved(&home)["api_key"], KEY, "{content:?}");
    }
}

#[test]
fn with_a_key_in_the_environment_it_logs_in_and_warns() {
    let backend = Backend::http();
    let home = Home::new();
    login(&home, &backend)
        .env("SEKUIRE_API_KEY", "sk_test_another0one")
        .run()
        .exits(0)
        .prints(&login_success(&backend.url()))
        .complains("warning: SEKUIRE_API_KEY is set and takes precedence over the saved key")
        .hides("another0one");
    assert_eq!(saved(&home)["api_key"], KEY);
}

/// The folder is the one that a person named, its missing parents included.
#[test]
fn the_folder_can_be_elsewhere() {
    let backend = Backend::http();
    let home = Home::new();
    let folder = home.path().join("a/b");
    let run = login(&home, &backend).env("SEKUIRE_CONFIG_DIR", &folder);
    run.run().exits(0);
    assert!(folder.join("auth.json").is_file());
    assert!(!home.sekuire_dir().exists());
}
