//! What a server says reaches no terminal as more than text, and never with the key in it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Asks, Behaviour, Fixture, in_parallel};
use crate::support::backend::{Endpoint, KEY, Response, TlsKind};
use crate::support::outcome::Outcome;

/// Control characters, escape sequences, marks that reorder or hide text, and line breaks.
fn poisons() -> Vec<String> {
    let mut poisons: Vec<String> = (0..0x20_u8)
        .chain(0x7f..=0x9f)
        .map(|byte| char::from(byte).to_string())
        .collect();
    poisons.extend(
        [
            "\u{1b}[31mred\u{1b}[0m",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]52;c;aGk=\u{7}",
            "\u{9b}2J",
            "\u{9d}0;x\u{9c}",
            "a\r\nerror: forged",
            "a\nhint: forged",
            "\u{202e}gpj.exe",
            "\u{2066}x\u{2069}",
            "\u{200b}",
            "\u{200d}",
            "\u{200f}",
            "\u{2028}",
            "\u{2029}",
            "\u{2060}",
            "\u{feff}",
            "\u{61c}",
            "\u{ad}",
            "\u{fff9}",
            "\u{e0041}",
            "\u{34f}",
            "\u{115f}",
            "\u{1160}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{180b}",
            "\u{180f}",
            "\u{fe00}",
            "\u{fe0f}",
            "\u{2800}",
            "\u{1d173}",
            "\u{1d17a}",
            "\u{e0fff}",
        ]
        .map(str::to_owned),
    );
    poisons
}

/// Where a server's text can come out.
const CARRIERS: &[&str] = &[
    "plain",
    "error",
    "error.message",
    "message",
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
    let json = |status: u16, body: &Value| Response::json(status, body);
    Behaviour::Respond(match carrier {
        "plain" => Response::new(500, "text/plain", format!("said {text}")),
        "error" => json(500, &json!({"error": text})),
        "error.message" => json(403, &json!({"error": {"message": text}})),
        "message" => json(429, &json!({"message": text})).header("Retry-After", "1000"),
        "valid" => json(200, &json!({"valid": false, "error": text})),
        "plan" => json(402, &json!({"required_plan": text})),
        "upgrade" => json(402, &json!({"upgrade_url": text})),
        "location" => {
            Response::new(302, "text/plain", "").header("Location", &text.replace(['\r', '\n'], ""))
        }
        "email" => json(200, &json!({"email": text})),
        "id" => json(200, &json!({"id": text})),
        "organization" => json(200, &json!({"organization": text})),
        "organization.name" => json(200, &json!({"organization": {"name": text}})),
        "workspaces" => json(200, &json!({"valid": true, "workspaces": [{"id": text}]})),
        "org_id" => json(200, &json!({"valid": true, "org_id": text})),
        other => panic!("no carrier {other}"),
    })
}

/// What a terminal obeys or hides: none of [`poisons`] may come through.
fn harmful(c: char) -> bool {
    c != '\n' && !c.is_ascii_graphic() && c != ' ' && poisons().concat().contains(c)
}

/// What a server, a proxy or a log makes of a character; none of the key's runs of eight may come through in any.
const SPELLINGS: [fn(char) -> String; 3] = [
    |c| c.to_string(),
    |c| c.to_ascii_uppercase().to_string(),
    |c| format!("%{:02X}", u32::from(c)),
];

fn spelled(text: &str, spell: fn(char) -> String) -> String {
    text.chars().map(spell).collect()
}

/// Neither on standard output nor on standard error; in JSON's strings neither, however JSON escapes them.
#[track_caller]
fn assert_plain(name: &str, outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let found = text.chars().find(|c| harmful(*c));
        assert_eq!(found, None, "{name}: {outcome}");
        let unquoted = text.replace("\\\"", "");
        assert!(!unquoted.contains('\\'), "{name}: an escape; {outcome}");
        for line in text.lines() {
            assert!(
                !line.starts_with("error: forged") && !line.starts_with("hint: forged"),
                "{name}: {outcome}"
            );
        }
        for at in 8..=KEY.len() - 8 {
            for spell in SPELLINGS {
                let run = spelled(&KEY[at..at + 8], spell);
                assert!(!text.contains(&run), "{name}: {run} is shown; {outcome}");
            }
        }
    }
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
}

/// In each place, in words and as JSON, from whoami, login, and status afterwards: all poisons, the key in each
/// spelling, and one that the limit on what is shown would cut in two.
#[test]
fn on_every_path() {
    let [plain, upper, percent] = SPELLINGS.map(|spell| spelled(&KEY[8..], spell));
    let mut cases = Vec::new();
    for carrier in CARRIERS {
        for text in [
            poisons().concat(),
            format!("<{KEY}>, {plain}, '{upper}' {percent}"),
            format!("{}{KEY}", "x".repeat(190)),
        ] {
            cases.push((*carrier, text));
        }
    }
    let count = cases.len() * 6;
    in_parallel(
        cases,
        || Fixture::new(TlsKind::None),
        |fixture, (carrier, text)| {
            let name = format!("{carrier}: {text:?}");
            fixture.backend.behave(answer(carrier, &text));
            assert_plain(&name, &fixture.whoami().run());
            assert_plain(&name, &fixture.whoami().arg("--json").run());
            let login = fixture.login().args(["--workspace", "ws_none"]).run();
            assert_plain(&name, &login);
            fixture.backend.on(
                Endpoint::Verify,
                Behaviour::Respond(Response::json(200, &json!({"valid": true}))),
            );
            assert_plain(&name, &fixture.login().run());
            assert_plain(&name, &fixture.bare().arg("status").run());
            assert_plain(&name, &fixture.bare().args(["status", "--json"]).run());
            fixture.backend.on(Endpoint::Verify, Behaviour::Normal);
            fixture.home.write_auth(super::OLD_AUTH);
        },
    );
    eprintln!("poisons: {count} answers");
}

/// At a terminal, too.
#[test]
fn at_a_terminal() {
    let everything = poisons().concat();
    in_parallel(
        CARRIERS.to_vec(),
        || Fixture::new(TlsKind::None),
        |fixture, carrier| {
            fixture.backend.behave(answer(carrier, &everything));
            let outcome = fixture.whoami().env("NO_COLOR", "1").pty().finish();
            let shown = outcome.terminal.replace("\r\n", "\n");
            assert_eq!(
                shown.chars().find(|c| harmful(*c)),
                None,
                "{carrier}: {outcome}"
            );
            outcome.hides(KEY);
        },
    );
}

/// A key without a known prefix, which only the file may hold, is redacted as well, also where the
/// message is cut within it.
#[test]
fn a_key_without_a_prefix() {
    const ODD: &str = "odd-key-of-another-kind-0123456789";
    let fixture = Fixture::new(TlsKind::None);
    fixture.home.write_auth(&format!(
        "{{\"api_key\":\"{ODD}\",\"backend_url\":\"{}\"}}",
        fixture.backend.url()
    ));
    for before in [0, 10, 150, 170, 180, 190, 195] {
        let text = format!("{}{ODD}", "x".repeat(before));
        fixture.backend.behave(Behaviour::Respond(Response::json(
            500,
            &json!({"error": text}),
        )));
        let outcome = fixture.bare().arg("whoami").run();
        outcome.exits(4).hides(ODD).hides(&ODD[..9]);
    }
}

/// What this machine's own settings hold: the variables, the paths, auth.json. What looks like a key is
/// known to every command, the secret part alone to one that holds the key.
#[test]
fn a_key_in_our_own_settings_is_never_shown() {
    let (_, secret) = KEY.split_at(8);
    let percent = spelled(secret, SPELLINGS[2]);
    let url = format!("https://127.0.0.1:1/{KEY}");
    let cases: Vec<(&str, String)> = vec![
        ("SEKUIRE_BACKEND_URL", url.clone()),
        (
            "SEKUIRE_BACKEND_URL",
            format!("https://127.0.0.1:1/{percent}"),
        ),
        ("SEKUIRE_BACKEND_URL", format!("http://{secret}.invalid")),
        ("SEKUIRE_WEB_URL", url),
        ("SEKUIRE_CONFIG_DIR", format!("/dev/null/{secret}")),
        ("SEKUIRE_CONFIG_DIR", format!("/dev/null/{KEY}")),
        (
            "SEKUIRE_CONFIG_DIR",
            format!("/dev/null/{}", KEY.to_uppercase()),
        ),
        ("HOME", format!("/dev/null/{KEY}")),
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
    })
    .to_string();
    in_parallel(
        cases,
        || Fixture::new(TlsKind::None),
        |fixture, (variable, value)| {
            for arguments in [
                &["status"][..],
                &["status", "--json"],
                &["status", "--get", "file.path"],
                &["status", "--get", "workspace_id"],
                &["whoami", "--timeout", "1"],
                &["whoami", "--timeout", "1", "--json"],
                &["login", "--timeout", "1"],
                &["logout"],
            ] {
                let holds_key = matches!(arguments[0], "status" | "whoami");
                for by_variable in [false, true] {
                    let is_known = value.contains("sk_live_") || holds_key && by_variable;
                    if !is_known {
                        continue;
                    }
                    fixture.home.write_auth(&auth);
                    let mut command = fixture.bare().env(variable, &value);
                    if by_variable {
                        command = command.env("SEKUIRE_API_KEY", KEY);
                    }
                    let outcome = command.args(arguments).stdin(KEY.as_bytes()).run();
                    let name = format!("{variable}={value} {arguments:?} {by_variable}");
                    assert_plain(&name, &outcome);
                }
            }
        },
    );
    // What the file itself holds.
    let fixture = Fixture::new(TlsKind::None);
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["whoami", "--timeout", "1"],
    ] {
        fixture.home.write_auth(&auth);
        let outcome = fixture.bare().args(arguments).run();
        assert_plain("auth.json", &outcome);
    }
}

/// User info and passwords in the URL that a person gave are refused without being shown.
#[test]
fn passwords_in_urls() {
    let fixture = Fixture::new(TlsKind::None);
    for url in [
        "https://user:hunter2@127.0.0.1",
        "http://hunter2@localhost",
        "https://user:hunter2@",
        "https://127.0.0.1/?token=hunter2",
        "https://127.0.0.1/#hunter2",
    ] {
        for asks in [Asks::Verify, Asks::Me] {
            let command = match asks {
                Asks::Verify => fixture
                    .bare()
                    .args(["login", "--api-key-stdin"])
                    .stdin(KEY.as_bytes()),
                Asks::Me => fixture.bare().arg("whoami").env("SEKUIRE_API_KEY", KEY),
            };
            let outcome = command.args(["--backend", url]).run();
            outcome.exits(2).hides("hunter2");
            fixture.assert_clean_failure(url, &outcome);
        }
    }
    for allowed in ["http://user:hunter2@host", "user:hunter2@host", "hunter2@"] {
        let command = fixture.bare().arg("whoami").env("SEKUIRE_API_KEY", KEY);
        command
            .env("SEKUIRE_ALLOW_HTTP", allowed)
            .args(["--backend", "http://backend.example"])
            .run()
            .exits(2)
            .hides("hunter2");
    }
}

/// More than a debug build takes for the longest body; a release takes a tenth.
const REDACTION: Duration = Duration::from_millis(500);

/// However the pieces of a key are put together, be it that each makes a run with the mark before it.
#[test]
fn the_longest_body_of_pieces_of_a_key_takes_no_time() {
    let fixture = Fixture::new(TlsKind::None);
    for (key, piece) in [
        (KEY, &KEY[8..15]),
        (KEY, "sk_live_"),
        ("sk_live_.1234567", "1234567"),
        ("sk_live_ab%25cde", "ab%25cd"),
    ] {
        let said = format!("{}{}", &key[8..], piece.repeat(60_000 / piece.len()));
        fixture.backend.behave(Behaviour::Respond(Response::json(
            400,
            &json!({"error": said}),
        )));
        let outcome = fixture
            .whoami()
            .env("SEKUIRE_API_KEY", key)
            .args(["--timeout", "1"])
            .run();
        outcome.exits(4).hides(&key[8..]);
        let taken = outcome.processor_time;
        assert!(taken < REDACTION, "{piece}: {taken:?}; {outcome}");
        eprintln!("{piece}: {taken:?}");
    }
}
