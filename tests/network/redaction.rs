//! What a server or a setting says reaches no terminal as more than text, and never with the key in it: wherever
//! it can come out. How texts are redacted: `src/redact/tests.rs`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Asks, Behaviour, Fixture, OLD_AUTH, in_parallel};
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

/// Where a server's text can come out.
const CARRIERS: &[&str] = &[
    "plain",
    "error",
    "error.message",
    "message",
    "title",
    "valid",
    "plan",
    "upgrade",
    "location",
    "email",
    "id",
    "organization",
    "organization.name",
    "workspaces",
    "org_id",
];

fn answer(carrier: &str, text: &str) -> Behaviour {
    let json = |status: u16, body: Value| Response::json(status, &body);
    let page = format!("<title>{}</title>", text.replace('<', ""));
    let location = text.replace(['\r', '\n'], "");
    Behaviour::Respond(match carrier {
        "plain" => Response::new(500, "text/plain", format!("said {text}")),
        "title" => Response::new(403, "text/html", page),
        "location" => Response::new(302, "text/plain", "").header("Location", &location),
        "error" => json(500, json!({"error": text})),
        "error.message" => json(403, json!({"error": {"message": text}})),
        "message" => json(429, json!({"message": text})).header("Retry-After", "1000"),
        "valid" => json(200, json!({"valid": false, "error": text})),
        "plan" => json(402, json!({"required_plan": text})),
        "upgrade" => json(402, json!({"upgrade_url": text})),
        "organization.name" => json(200, json!({"organization": {"name": text}})),
        "workspaces" => json(200, json!({"valid": true, "workspaces": [{"id": text}]})),
        "org_id" => json(200, json!({"valid": true, "org_id": text})),
        field => json(200, json!({field: text})),
    })
}

#[track_caller]
fn assert_plain(name: &str, outcome: &Outcome) {
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
    let terminal = outcome.terminal.replace("\r\n", "\n");
    for text in [&outcome.stdout, &outcome.stderr, &terminal] {
        let harmful = |c: char| c != '\n' && (c.is_control() || c > '\u{7f}' && c != '\u{fffd}');
        assert_eq!(
            text.chars().find(|c| harmful(*c)),
            None,
            "{name}: {outcome}"
        );
        let is_forged = |line: &str| line.ends_with(": forged") && !line.contains(": http");
        assert!(!text.lines().any(is_forged), "{name}: {outcome}");
        let plain = text.to_lowercase();
        for at in 8..=KEY.len() - 8 {
            let run = &KEY[at..at + 8];
            let percent = percent_encoded(run);
            assert!(
                !plain.contains(run) && !plain.contains(&percent.to_lowercase()),
                "{name}: {run}; {outcome}"
            );
        }
    }
}

/// In words and as JSON, at a terminal, from whoami, login, and status afterwards.
#[test]
fn of_a_server_by_every_carrier() {
    in_parallel(CARRIERS.to_vec(), |carrier| {
        let fixture = Fixture::new(TlsKind::None);
        fixture.backend.behave(answer(carrier, &poison()));
        let terminal = || fixture.whoami().env("NO_COLOR", "1").pty().finish();
        assert_plain(carrier, &fixture.whoami().run());
        assert_plain(carrier, &fixture.whoami().arg("--json").run());
        assert_plain(carrier, &terminal());
        let login = fixture.login().args(["--workspace", "ws_none"]);
        assert_plain(carrier, &login.run());
        let valid = Response::json(200, &json!({"valid": true}));
        fixture
            .backend
            .on(Endpoint::Verify, Behaviour::Respond(valid));
        assert_plain(carrier, &fixture.login().run());
        assert_plain(carrier, &fixture.bare().arg("status").run());
        assert_plain(carrier, &fixture.bare().args(["status", "--json"]).run());
    });
}

/// A key without a known prefix, which only the file may hold, also where the message is cut within it.
#[test]
fn of_a_key_without_a_prefix() {
    const ODD: &str = "odd-key-of-another-kind-0123456789";
    let fixture = Fixture::new(TlsKind::None);
    let url = fixture.backend.url();
    fixture
        .home
        .write_auth(&json!({"api_key": ODD, "backend_url": url}).to_string());
    for before in [0, 10, 180, 195] {
        let text = format!("{}{ODD}", "x".repeat(before));
        let said = Response::json(500, &json!({"error": text}));
        fixture.backend.behave(Behaviour::Respond(said));
        fixture.bare().arg("whoami").run().exits(4).hides(&ODD[..9]);
    }
}

/// What looks like a key is known to every command, the secret part alone to one that holds the key.
#[test]
fn of_our_own_settings() {
    let secret = &KEY[8..];
    let percent = percent_encoded(secret);
    let settings = [
        ("SEKUIRE_BACKEND_URL", format!("https://127.0.0.1:1/{KEY}")),
        (
            "SEKUIRE_BACKEND_URL",
            format!("https://127.0.0.1:1/{percent}"),
        ),
        ("SEKUIRE_BACKEND_URL", format!("http://{secret}.invalid")),
        ("SEKUIRE_WEB_URL", format!("https://127.0.0.1:1/{KEY}")),
        (
            "SEKUIRE_CONFIG_DIR",
            format!("/dev/null/{}", KEY.to_uppercase()),
        ),
        ("SEKUIRE_CONFIG_DIR", format!("/dev/null/{secret}")),
        ("HOME", format!("relative/{KEY}")),
        ("SEKUIRE_API_KEY_FILE", format!("/nonexistent/{KEY}")),
        ("SSL_CERT_FILE", format!("/nonexistent/{secret}")),
        ("SSL_CERT_DIR", format!("/nonexistent/{KEY}")),
        (
            "HTTPS_PROXY",
            format!("http://{secret}:{secret}@{secret}.invalid:1"),
        ),
        ("HTTPS_PROXY", format!("http://127.0.0.1:1/{secret}")),
        ("NO_PROXY", KEY.to_owned()),
        ("SEKUIRE_ALLOW_HTTP", format!("http://{KEY}@{secret}")),
        ("SEKUIRE_DEVICE_ID", KEY.to_owned()),
    ];
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
    in_parallel(settings.to_vec(), |(variable, value)| {
        let fixture = Fixture::new(TlsKind::None);
        for (arguments, holds_key) in calls {
            let is_known = value.to_lowercase().contains("sk_live_");
            if is_known || holds_key {
                fixture.home.write_auth(&auth.to_string());
                let call = fixture.bare().env(variable, &value).args(arguments);
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
    for url in [
        "https://user:hunter2@127.0.0.1",
        "https://127.0.0.1/?token=hunter2",
    ] {
        for asks in [Asks::Verify, Asks::Me] {
            let outcome = fixture.ask_at(asks, url).run();
            outcome.exits(2).hides("hunter2");
            fixture.assert_clean_failure(url, &outcome);
        }
    }
    let call = fixture.ask_at(Asks::Me, "http://backend.example");
    let outcome = call
        .env("SEKUIRE_ALLOW_HTTP", "http://user:hunter2@host")
        .run();
    outcome.exits(2).hides("hunter2");
    assert_eq!(fixture.home.read_auth(), OLD_AUTH);
}

/// A debug build takes less for the longest body, however the pieces of a key are put together; a release a tenth.
#[test]
fn the_longest_body_of_pieces_of_a_key_takes_no_time() {
    let fixture = Fixture::new(TlsKind::None);
    for (key, piece) in [
        (KEY, &KEY[8..15]),
        (KEY, "sk_live_"),
        ("sk_live_ab%25cde", "ab%25cd"),
    ] {
        let said = format!("{}{}", &key[8..], piece.repeat(60_000 / piece.len()));
        let said = Response::json(400, &json!({"error": said}));
        fixture.backend.behave(Behaviour::Respond(said));
        let outcome = fixture.whoami().env("SEKUIRE_API_KEY", key).run();
        outcome.exits(4).hides(&key[8..]);
        outcome.takes_at_most(Duration::from_secs(5));
    }
}
