//! What a server says reaches no terminal as more than text, and never with the key in it.

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

fn harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[track_caller]
fn assert_plain(name: &str, outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let found = text.chars().find(|c| harmful(*c));
        assert_eq!(found, None, "{name}: {outcome}");
        for line in text.lines() {
            assert!(
                !line.starts_with("error: forged") && !line.starts_with("hint: forged"),
                "{name}: {outcome}"
            );
        }
    }
    outcome.hides(KEY).hides(&KEY[8..]);
}

/// All poisons at once in each place, in words and as JSON, from whoami, login, and status afterwards.
#[test]
fn on_every_path() {
    let everything = poisons().concat();
    let mut cases = Vec::new();
    for carrier in CARRIERS {
        // Each alone where that is cheap, for one could hide another.
        for poison in [
            &everything,
            "a\u{1b}[2Jb",
            "a\r\nerror: forged",
            "a\u{9b}2Jb\u{202e}c",
        ] {
            cases.push((*carrier, poison.to_owned()));
        }
        for echo in [
            KEY.to_owned(),
            format!("key {KEY}, and {} too", &KEY[8..]),
            format!("{}{KEY}", "x".repeat(190)),
        ] {
            cases.push((*carrier, echo));
        }
    }
    let count = cases.len() * 4;
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
    eprintln!("harmless: {count} answers");
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
}
