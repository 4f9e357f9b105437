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

/// Keys with what ends words, and with what looks like escapes.
const ODD_KEYS: [&str; 4] = [
    "sk_live_a,bcdef\"g'h;i)j>k}l]m|n.o",
    "sk_test_%41%42&amp;&#65;\\u0041\\\\\"</p>",
    "sk_live_////////@@@@????####",
    "sk_test_ABCdef123456",
];

/// What a server, a proxy or a log makes of a character.
const ENCODINGS: [fn(char) -> String; 6] = [
    |c| c.to_string(),
    |c| c.to_ascii_uppercase().to_string(),
    |c| format!("%{:02X}", u32::from(c)),
    |c| match c {
        '"' | '\\' => format!("\\{c}"),
        _ => c.to_string(),
    },
    |c| format!("\\u{:04x}", u32::from(c)),
    |c| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        '\'' => "&#x27;".into(),
        _ => c.to_string(),
    },
];

fn encoded(text: &str, encode: fn(char) -> String) -> String {
    text.chars().map(encode).collect()
}

/// Nowhere a run of eight characters of the secret, however written; in JSON's strings neither.
#[track_caller]
fn assert_no_run(name: &str, secret: &str, outcome: &Outcome) {
    let texts = [&outcome.stdout, &outcome.stderr].map(|text| text.to_ascii_lowercase());
    let secret: Vec<char> = secret.chars().collect();
    for run in secret.windows(8) {
        for encode in ENCODINGS {
            let run = encoded(&String::from_iter(run), encode);
            let in_json = json!(run).to_string();
            for run in [run.as_str(), in_json.trim_matches('"')] {
                let run = run.to_ascii_lowercase();
                assert!(
                    !texts.iter().any(|text| text.contains(&run)),
                    "{name}: {run} is shown; {outcome}"
                );
            }
        }
    }
    assert_eq!(outcome.signal, None, "{name}: {outcome}");
}

/// Whatever characters it has and however the server writes it: cut within the limit on what is shown,
/// without its prefix, and with markup around it.
#[test]
fn a_key_that_the_server_echoes_is_never_shown() {
    let mut cases = Vec::new();
    for key in ODD_KEYS {
        for carrier in CARRIERS {
            for encode in ENCODINGS {
                cases.push((key, *carrier, encode));
            }
        }
    }
    let count = cases.len() * 3;
    in_parallel(
        cases,
        || Fixture::new(TlsKind::None),
        |fixture, (key, carrier, encode)| {
            let (prefix, secret) = key.split_at(8);
            let whole = encoded(key, encode);
            let part = encoded(secret, encode);
            let text = format!("<{whole}>, '{prefix}' {part}, {}{part}", "x".repeat(120));
            let name = format!("{carrier}: {text}");
            fixture.backend.behave(answer(carrier, &text));
            let whoami = || {
                fixture.bare().env("SEKUIRE_API_KEY", key).args([
                    "whoami",
                    "--backend-url",
                    &fixture.backend.url(),
                ])
            };
            assert_no_run(&name, secret, &whoami().run());
            assert_no_run(&name, secret, &whoami().arg("--json").run());
            let login = fixture
                .bare()
                .args([
                    "login",
                    "--api-key-stdin",
                    "--backend",
                    &fixture.backend.url(),
                ])
                .stdin(key.as_bytes());
            assert_no_run(&name, secret, &login.run());
            fixture.home.write_auth(super::OLD_AUTH);
        },
    );
    eprintln!("echoes: {count} answers");
}

/// What this machine's own settings hold: the variables, the paths, auth.json. What looks like a key is
/// known to every command, the secret part alone to one that holds the key.
#[test]
fn a_key_in_our_own_settings_is_never_shown() {
    let (_, secret) = KEY.split_at(8);
    let percent = encoded(secret, ENCODINGS[2]);
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
                    assert_no_run(&name, secret, &outcome);
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
        assert_no_run("auth.json", secret, &outcome);
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
            .complains("SEKUIRE_ALLOW_HTTP holds ")
            .hides("hunter2");
    }
}
