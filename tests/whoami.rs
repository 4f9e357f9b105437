//! `sekuire auth whoami`.

use serde_json::json;

use crate::fixtures::{FINGERPRINT, SECRET, auth_with, device_name, log_in, sekuire, with_backend};
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response};
use crate::support::home::Home;

fn login_at(backend: &Backend) -> String {
    format!("sekuire login --backend {}", backend.url())
}

fn device_lines() -> String {
    format!(
        "\nDevice Info:\nDevice: {}\nOS: {}\nFingerprint: b225d709...\n",
        device_name(),
        std::env::consts::OS
    )
}

fn transcript(lines: &str) -> String {
    format!(
        "Current User Information:\nAuthenticated as:\n{lines}{}",
        device_lines()
    )
}

#[test]
fn the_documented_text() {
    let backend = Backend::https();
    let home = Home::new();
    log_in(&home, &backend);
    with_backend(&home, &backend)
        .args(["auth", "whoami"])
        .run()
        .exits(0)
        .prints(&transcript(
            "Email: dev@example.com\nUser ID: user_abc123\nOrganization: Acme Corp\n",
        ))
        .complains_not();
    let requests = backend.requests();
    let me = requests.last().expect("a request");
    assert_eq!(
        (me.method.as_str(), me.target.as_str()),
        ("GET", "/api/v1/me")
    );
    let agent = concat!("sekuire/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("X-API-Key", KEY),
        ("X-Device-Fingerprint", FINGERPRINT),
        ("User-Agent", agent),
        ("Connection", "close"),
    ] {
        assert_eq!(me.header(name), Some(value), "{name}: {me:?}");
        let times = me
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .count();
        assert_eq!(times, 1, "{name}: {me:?}");
    }
}

#[test]
fn what_the_backend_did_not_send_is_left_out() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let echo = format!(r#"{{"email":"it is {KEY}!"}}"#);
    for (answer, lines) in [
        ("{}", ""),
        (
            r#"{"email":null,"id":7,"organization":["x"],"new":[2.5e3]}"#,
            "",
        ),
        (r#"{"email":"a@b.example"}"#, "Email: a@b.example\n"),
        (r#"{"id":"u1"}"#, "User ID: u1\n"),
        (
            r#"{"organization":{"id":"o1","slug":"acme","name":"Acme"}}"#,
            "Organization: Acme\n",
        ),
        (
            r#"{"organization":{"id":"o1","slug":"acme","name":null}}"#,
            "Organization: acme\n",
        ),
        (
            r#"{"organization":{"id":"o1","slug":3,"name":""}}"#,
            "Organization: o1\n",
        ),
        (r#"{"organization":{"name":{},"id":[]},"email":""}"#, ""),
        (r#"{"email":"a\u001b[2J\n\u202eb"}"#, "Email: a?[2J??b\n"),
        (&echo, "Email: it is sk_live_...\n"),
    ] {
        let response = Response::new(200, "application/json", answer);
        backend.on(Endpoint::Me, Behaviour::Respond(response));
        let outcome = with_backend(&home, &backend).arg("whoami").run();
        assert_eq!(outcome.stdout, transcript(lines), "{answer}; {outcome}");
        outcome.exits(0).complains_not().hides(SECRET);
    }
}

#[test]
fn logged_out_is_an_error_without_a_request() {
    let backend = Backend::http();
    let home = Home::new();
    let outcome = with_backend(&home, &backend).arg("whoami").run();
    outcome.exits(1).prints("");
    let hint = format!("hint: run: {}\n", login_at(&backend));
    outcome.complains("error: Not logged in").complains(&hint);
    assert_eq!(backend.connections(), 0);
}

/// A key refused is told apart from a backend in trouble: nothing is printed unless it confirmed.
#[test]
fn refused_is_one_and_trouble_is_four() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let before = home.read_auth();
    for (status, body, code, part) in [
        (401, r#"{"error":{"message":"because"}}"#, 1, ": because"),
        (403, r#"{"error":"forbidden here"}"#, 1, ": forbidden here"),
        (402, r#"{"message":"m","required_plan":"Team"}"#, 4, "Team"),
        (404, "{}", 4, "404"),
        (500, r#"{"message":"out of order"}"#, 4, "out of order"),
        (418, "short and stout", 4, "short and stout"),
        (200, "<!doctype html>", 4, "sent an answer"),
        (200, r#"{"email":"a"} trailing"#, 4, "sent an answer"),
        (200, r#"{"email":1,"email":2}"#, 4, "sent an answer"),
        (204, "", 4, "sent an answer"),
    ] {
        let answer = Response::new(status, "application/json", body);
        backend.on(Endpoint::Me, Behaviour::Respond(answer));
        let outcome = with_backend(&home, &backend).arg("whoami").run();
        assert_eq!(outcome.code, Some(code), "{status} {part}; {outcome}");
        outcome
            .prints("")
            .complains("error: ")
            .complains(&backend.url())
            .complains(part)
            .complains("\nhint: ");
        assert_eq!(home.read_auth(), before);
    }
}

#[test]
fn a_revoked_key_and_one_bound_elsewhere_are_refused() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let from_another_device = || {
        let run = with_backend(&home, &backend).env("SEKUIRE_DEVICE_ID", "runner-2");
        run.arg("whoami").run()
    };
    let elsewhere = from_another_device();
    // Its remedy is said once, in the hint.
    assert!(!elsewhere.stderr.contains("warning: "), "{elsewhere}");
    elsewhere
        .exits(1)
        .prints("")
        .complains("not bound to this device")
        .complains("\nhint: this login belongs to another device; if you logged in with SEKUIRE_DEVICE_ID, set it, else run: ");
    backend.revoke(KEY);
    with_backend(&home, &backend)
        .arg("whoami")
        .run()
        .exits(1)
        .prints("")
        .complains("Invalid API key")
        .complains(&format!(
            "hint: create a new key, then run: {}\n",
            login_at(&backend)
        ));
    let accepted = Response::new(200, "application/json", "{}");
    backend.on(Endpoint::Me, Behaviour::Respond(accepted));
    let warning = "warning: this login belongs to another device; ";
    from_another_device().exits(0).complains(warning);
}

/// On loopback's port 1 (tcpmux, RFC 1078) nobody listens.
#[test]
fn a_backend_that_is_not_there_is_four() {
    let home = Home::new();
    home.write_auth(&auth_with("backend_url", json!("http://127.0.0.1:1")).to_string());
    sekuire(&home)
        .args(["whoami", "--timeout", "1"])
        .run()
        .exits(4)
        .prints("")
        .complains("error: no answer from http://127.0.0.1:1: ")
        .complains("\nhint: ");
}
