//! What a server or a setting says reaches no terminal as more than text, and never with the key in it: wherever
//! it can come out. How texts are redacted: `src/redact/tests.rs`.

use std::time::Duration;

use serde_json::json;

use super::{Asks, Behaviour, Fixture, OLD_AUTH, in_parallel, rows};
use crate::support::backend::{Endpoint, KEY, Response, TlsKind};
use crate::support::outcome::Outcome;

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| format!("%{byte:02X}"));
    encoded.collect::<Vec<_>>().concat()
}

/// Escape sequences, forged lines, marks that reorder or hide text; and the key as it is, in another case,
/// percent-encoded, and where a message is cut.
fn poison() -> String {
    let secret = &KEY[8..];
    let percent = percent_encoded(secret);
    format!(
        "\x1b[31m\u{9b}2J\x07\rerror: forged\nhint: forged\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\
         <{KEY}>, {secret}, {}, {percent}, {}{KEY}",
        secret.to_uppercase(),
        "x".repeat(60)
    )
}

/// Where a server's text can come out: `STATUS | BODY`, in which T is the text in JSON.
const CARRIERS: &str = r#"
    500 | {"error":T}
    403 | {"error":{"message":T}}
    429 | {"message":T}
    200 | {"valid":false,"error":T}
    402 | {"required_plan":T}
    402 | {"upgrade_url":T}
    200 | {"email":T}
    200 | {"id":T}
    200 | {"organization":T}
    200 | {"organization":{"name":T}}
    200 | {"valid":true,"workspaces":[{"id":T}]}
    200 | {"valid":true,"org_id":T}
"#;

fn carriers(text: &str) -> Vec<(String, Response)> {
    let page = format!("<title>{}</title>", text.replace('<', ""));
    let location = text.replace(['\r', '\n'], "");
    let moved = Response::new(302, "text/plain", "").header("Location", &location);
    let mut all = vec![
        ("plain".to_owned(), Response::new(500, "text/plain", text)),
        ("title".to_owned(), Response::new(403, "text/html", page)),
        ("location".to_owned(), moved),
    ];
    let json = json!(text).to_string();
    all.extend(rows(CARRIERS).into_iter().map(|[status, body]| {
        let (status, text) = (status.parse().unwrap(), body.replace('T', &json));
        let answer = Response::new(status, "application/json", text);
        (body, answer.header("Retry-After", "1000"))
    }));
    all
}

#[track_caller]
fn assert_plain(name: &str, outcome: &Outcome) {
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
    let terminal = outcome.terminal.replace("\r\n", "\n");
    for text in [&outcome.stdout, &outcome.stderr, &terminal] {
        let harmful = |c: char| c != '\n' && (c.is_control() || c > '\u{7f}' && c != '\u{fffd}');
        let found = text.chars().find(|c| harmful(*c));
        assert_eq!(found, None, "{name}: {outcome}");
        let is_forged = |line: &str| line.ends_with(": forged") && !line.contains(": http");
        assert!(!text.lines().any(is_forged), "{name}: {outcome}");
        let plain = text.to_lowercase();
        for at in 8..=KEY.len() - 8 {
            let run = &KEY[at..at + 8];
            let percent = percent_encoded(run).to_lowercase();
            let is_shown = plain.contains(run) || plain.contains(&percent);
            assert!(!is_shown, "{name}: {run}; {outcome}");
        }
    }
}

/// In words and as JSON, at a terminal, from whoami, login, and status afterwards.
#[test]
fn text_of_the_server_is_redacted_wherever_it_comes_from() {
    in_parallel(carriers(&poison()), |(carrier, answer)| {
        let carrier = &carrier;
        let fixture = Fixture::new(TlsKind::None);
        fixture.backend.behave(Behaviour::Respond(answer));
        let terminal = || fixture.whoami().env("NO_COLOR", "1").pty().finish();
        assert_plain(carrier, &fixture.whoami().run());
        assert_plain(carrier, &fixture.whoami().arg("--json").run());
        assert_plain(carrier, &terminal());
        let login = fixture.login().args(["--workspace", "ws_none"]);
        assert_plain(carrier, &login.run());
        let valid = Behaviour::Respond(Response::json(200, &json!({"valid": true})));
        fixture.backend.on(Endpoint::Verify, valid);
        assert_plain(carrier, &fixture.login().run());
        assert_plain(carrier, &fixture.bare().arg("status").run());
        assert_plain(carrier, &fixture.bare().args(["status", "--json"]).run());
    });
}

/// A key without a known prefix, which only the file may hold, also where the message is cut within it.
#[test]
fn key_without_a_prefix_is_redacted() {
    const UNKNOWN: &str = "key-of-another-kind-0123456789";
    let fixture = Fixture::new(TlsKind::None);
    let url = fixture.backend.url();
    fixture
        .home
        .write_auth(&json!({"api_key": UNKNOWN, "backend_url": url}).to_string());
    for before in [0, 10, 180, 195] {
        let text = format!("{}{UNKNOWN}", "x".repeat(before));
        let said = Response::json(500, &json!({"error": text}));
        fixture.backend.behave(Behaviour::Respond(said));
        fixture
            .bare()
            .arg("whoami")
            .run()
            .exits_with(4)
            .never_shows(&UNKNOWN[..9]);
    }
}

/// `VARIABLE | VALUE`: with the key, its secret part, that percent-encoded, or the key in upper case.
const SETTINGS: &str = "
    SEKUIRE_BACKEND_URL  | https://127.0.0.1:1/KEY
    SEKUIRE_BACKEND_URL  | https://127.0.0.1:1/ENCODED
    SEKUIRE_BACKEND_URL  | http://SECRET.invalid
    SEKUIRE_WEB_URL      | https://127.0.0.1:1/KEY
    SEKUIRE_CONFIG_DIR   | /dev/null/UPPER
    SEKUIRE_CONFIG_DIR   | /dev/null/SECRET
    HOME                 | relative/KEY
    SEKUIRE_API_KEY_FILE | /nonexistent/KEY
    SSL_CERT_FILE        | /nonexistent/SECRET
    SSL_CERT_DIR         | /nonexistent/KEY
    HTTPS_PROXY          | http://SECRET:SECRET@SECRET.invalid:1
    HTTPS_PROXY          | http://127.0.0.1:1/SECRET
    NO_PROXY             | KEY
    SEKUIRE_ALLOW_HTTP   | http://KEY@SECRET
    SEKUIRE_DEVICE_ID    | KEY
";

/// What looks like a key is known to every command, the secret part alone to one that holds the key.
#[test]
fn keys_in_variables_and_paths_are_redacted() {
    let secret = &KEY[8..];
    let percent = percent_encoded(secret);
    let settings = rows(SETTINGS).into_iter().map(|[variable, value]| {
        let value = value.replace("SECRET", secret).replace("ENCODED", &percent);
        let value = value.replace("UPPER", &KEY.to_uppercase());
        (variable, value.replace("KEY", KEY))
    });
    let auth = json!({
        "api_key": KEY,
        "device_fingerprint": format!("{secret}{secret}"),
        "org_id": KEY,
        "workspace_id": percent,
        "backend_url": format!("https://127.0.0.1:1/{secret}"),
    });
    let calls: [(&[&str], bool); 6] = [
        (&["status"], true),
        (&["status", "--json"], true),
        (&["status", "--get", "workspace_id"], true),
        (&["whoami", "--timeout", "1"], true),
        (&["login", "--timeout", "1"], false),
        (&["logout"], false),
    ];
    in_parallel(settings.collect(), |(variable, value)| {
        let fixture = Fixture::new(TlsKind::None);
        for (arguments, holds_key) in calls {
            let is_known = value.to_lowercase().contains("sk_live_");
            if is_known || holds_key {
                fixture.home.write_auth(&auth.to_string());
                let call = fixture.bare().env(&variable, &value).args(arguments);
                let call = call.env("SEKUIRE_API_KEY", KEY).stdin(KEY.as_bytes());
                assert_plain(&format!("{variable}={value} {arguments:?}"), &call.run());
            }
        }
    });
    // What the file itself holds.
    let fixture = Fixture::new(TlsKind::None);
    for (arguments, _) in calls.iter().take(4) {
        fixture.home.write_auth(&auth.to_string());
        assert_plain("auth.json", &fixture.bare().args(*arguments).run());
    }
}

#[test]
fn a_password_in_a_url_is_refused_and_not_shown() {
    let fixture = Fixture::new(TlsKind::None);
    let secret = "hunter2";
    for url in [
        "https://user:hunter2@127.0.0.1",
        "https://127.0.0.1/?t=hunter2",
    ] {
        for asks in [Asks::Verify, Asks::Me] {
            let outcome = fixture.ask_at(asks, url).run();
            outcome.exits_with(2).never_shows(secret);
            fixture.assert_clean_failure(url, &outcome);
        }
    }
    let call = fixture.ask_at(Asks::Me, "http://backend.example");
    let call = call.env("SEKUIRE_ALLOW_HTTP", "http://user:hunter2@host");
    call.run().exits_with(2).never_shows("hunter2");
    assert_eq!(fixture.home.read_auth(), OLD_AUTH);
}

/// A debug build takes less for the longest body, however the pieces of a key are put together; a release a tenth.
#[test]
fn longest_body_is_redacted_quickly() {
    let fixture = Fixture::new(TlsKind::None);
    let encoded = ("sk_live_ab%25cde", "ab%25cd");
    for (key, piece) in [(KEY, &KEY[8..15]), (KEY, "sk_live_"), encoded] {
        let said = format!("{}{}", &key[8..], piece.repeat(60_000 / piece.len()));
        let said = Response::json(400, &json!({"error": said}));
        fixture.backend.behave(Behaviour::Respond(said));
        let outcome = fixture.whoami().env("SEKUIRE_API_KEY", key).run();
        outcome.exits_with(4).never_shows(&key[8..]);
        outcome.ends_within(Duration::from_secs(5));
    }
}
