//! `sekuire auth whoami`.

use serde_json::{Value, json};

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
    let cases = [
        (json!({}), ""),
        (
            json!({"email": null, "id": 7, "organization": ["x"], "workspaces": "none"}),
            "",
        ),
        (json!({"email": "a@b.example"}), "Email: a@b.example\n"),
        (
            json!({"id": "u1", "new": {"deep": [1, 2.5e3, true]}}),
            "User ID: u1\n",
        ),
        (
            json!({"organization": {"name": "Acme"}}),
            "Organization: Acme\n",
        ),
        (
            json!({"organization": {"id": "org_1", "slug": "acme", "name": "Acme Corp"}}),
            "Organization: Acme Corp\n",
        ),
        (
            json!({"organization": {"id": "org_1", "slug": "acme", "name": null}}),
            "Organization: acme\n",
        ),
        (
            json!({"organization": {"id": "org_1", "slug": 3, "name": ""}}),
            "Organization: org_1\n",
        ),
        (
            json!({"organization": {"name": {}, "id": []}, "email": ""}),
            "",
        ),
        (
            json!({"email": "a\u{1b}[2J\n\u{202e}b"}),
            "Email: a?[2J??b\n",
        ),
        (
            json!({"email": format!("it is {KEY}!")}),
            "Email: it is sk_live_...\n",
        ),
    ];
    for (answer, lines) in cases {
        backend.on(
            Endpoint::Me,
            Behaviour::Respond(Response::json(200, &answer)),
        );
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
    with_backend(&home, &backend)
        .args(["whoami", "-q"])
        .run()
        .exits(1)
        .prints("")
        .complains_not();
    assert_eq!(backend.connections(), 0);
}

/// A key refused is told apart from a backend in trouble: nothing is printed unless it confirmed.
#[test]
fn refused_is_one_and_trouble_is_four() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let before = home.read_auth();
    let message = json!({"error": {"message": "because"}});
    let cases = [
        (
            Response::json(401, &message),
            1,
            "refused the API key: because",
        ),
        (
            Response::json(403, &json!({"error": "forbidden here"})),
            1,
            "refused the API key: forbidden here",
        ),
        (
            Response::json(
                402,
                &json!({"error": "e", "message": "Too small", "code": "c", "required_plan": "Team", "upgrade_url": "https://sekuire.ai/up"}),
            ),
            4,
            "Team",
        ),
        (Response::json(404, &message), 4, "404"),
        (
            Response::json(500, &json!({"message": "out of order"})),
            4,
            "out of order",
        ),
        (
            Response::new(418, "text/plain", "short and stout"),
            4,
            "short and stout",
        ),
        (
            Response::new(200, "text/html", "<!doctype html>"),
            4,
            "sent an answer",
        ),
        (
            Response::new(200, "application/json", "{\"email\":\"a\"} trailing"),
            4,
            "sent an answer",
        ),
        (
            Response::new(200, "application/json", "{\"email\":1,\"email\":2}"),
            4,
            "sent an answer",
        ),
        (
            Response::new(204, "application/json", ""),
            4,
            "sent an answer",
        ),
    ];
    for (answer, code, part) in cases {
        let status = answer.status;
        backend.on(Endpoint::Me, Behaviour::Respond(answer));
        let outcome = with_backend(&home, &backend).arg("whoami").run();
        assert_eq!(outcome.code, Some(code), "{status} {part}; {outcome}");
        outcome
            .prints("")
            .complains("error: ")
            .complains(&backend.url())
            .complains(part)
            .complains("\nhint: ");
        let quiet = with_backend(&home, &backend)
            .args(["whoami", "--quiet"])
            .run();
        quiet.exits(code).prints("");
        assert_eq!(quiet.stderr.is_empty(), code == 1, "{status}; {quiet}");
        assert_eq!(home.read_auth(), before);
    }
}

#[test]
fn a_revoked_key_and_one_bound_elsewhere_are_refused() {
    let backend = Backend::http();
    let home = Home::new();
    log_in(&home, &backend);
    let elsewhere = with_backend(&home, &backend)
        .env("SEKUIRE_DEVICE_ID", "runner-2")
        .arg("whoami")
        .run();
    elsewhere
        .exits(1)
        .prints("")
        .complains("warning: this login belongs to another device; ")
        .complains("not bound to this device")
        .complains("\nhint: if you logged in with SEKUIRE_DEVICE_ID, set it, else run: ");
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
}

#[test]
fn json_in_every_state() {
    let backend = Backend::http();
    let home = Home::new();
    let report = |code: i32, home: &Home| {
        let outcome = with_backend(home, &backend)
            .args(["auth", "whoami", "--json"])
            .run();
        outcome.exits(code).hides(KEY).hides(SECRET);
        serde_json::from_str::<Value>(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{error}; {outcome}"))
    };
    let none = report(1, &home);
    assert_eq!(none.get("state"), Some(&json!("not_logged_in")), "{none}");
    log_in(&home, &backend);
    let device = json!({
        "name": device_name(), "os": std::env::consts::OS, "fingerprint": FINGERPRINT,
        "fingerprint_source": "SEKUIRE_DEVICE_ID", "bound_fingerprint": FINGERPRINT, "matches": true,
    });
    assert_eq!(
        report(0, &home),
        json!({
            "authenticated": true, "state": "authenticated", "email": "dev@example.com",
            "user_id": "user_abc123", "organization": "Acme Corp", "workspaces": ["ws_abc123", "ws_def456"],
            "backend_url": backend.url(), "device": device, "error": null,
        })
    );
    let teapot = Response::new(418, "text/plain", "no");
    backend.on(Endpoint::Me, Behaviour::Respond(teapot));
    let unreachable = report(4, &home);
    assert_eq!(
        unreachable.get("state"),
        Some(&json!("unreachable")),
        "{unreachable}"
    );
    backend.on(Endpoint::Me, Behaviour::Normal);
    backend.revoke(KEY);
    let rejected = report(1, &home);
    assert_eq!(
        rejected.get("state"),
        Some(&json!("rejected")),
        "{rejected}"
    );
    let damaged = Home::new();
    damaged.write_auth("{\"api_key\": 5}");
    let error = report(3, &damaged);
    assert_eq!(error.get("state"), Some(&json!("error")), "{error}");
    let names = |report: &Value| {
        report
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>())
    };
    for other in [&none, &unreachable, &rejected] {
        assert_eq!(names(other), names(&error));
    }
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
