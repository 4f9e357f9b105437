//! `sekuire auth whoami`.

use crate::fixtures::{FINGERPRINT, SECRET, device_name, log_in, with_backend};
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response};
use crate::support::command::TestCommand;
use crate::support::home::Home;

/// A home that is logged in to a backend, and that backend.
fn site() -> (Home, Backend) {
    let (home, backend) = (Home::new(), Backend::http());
    log_in(&home, &backend);
    (home, backend)
}

fn whoami(home: &Home, backend: &Backend) -> TestCommand {
    with_backend(home, backend).args(["auth", "whoami"])
}

fn answer(backend: &Backend, status: u16, body: &str) {
    let response = Response::new(status, "application/json", body);
    backend.on(Endpoint::Me, Behaviour::Respond(response));
}

fn transcript(lines: &str) -> String {
    format!(
        "Current User Information:\nAuthenticated as:\n{lines}\nDevice Info:\nDevice: {}\nOS: {}\n\
         Fingerprint: b225d709...\n",
        device_name(),
        std::env::consts::OS
    )
}

#[test]
fn accepted_key_prints_the_documented_text_after_one_request() {
    let (home, backend) = (Home::new(), Backend::https());
    log_in(&home, &backend);
    let lines = "Email: dev@example.com\nUser ID: user_abc123\nOrganization: Acme Corp\n";
    let outcome = whoami(&home, &backend).run();
    outcome
        .exits_with(0)
        .stdout_is(&transcript(lines))
        .stderr_is_empty();
    let requests = backend.requests();
    let me = requests.last().expect("a request");
    assert_eq!((&*me.method, &*me.target), ("GET", "/api/v1/me"));
    let agent = concat!("sekuire/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("X-API-Key", KEY),
        ("X-Device-Fingerprint", FINGERPRINT),
        ("User-Agent", agent),
        ("Connection", "close"),
    ] {
        let sent = me.headers.iter();
        let sent = sent.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<&str> = sent.map(|(_, value)| &**value).collect();
        assert_eq!(values, [value], "{name}: {me:?}");
    }
}

#[test]
fn missing_fields_are_left_out() {
    let (home, backend) = site();
    let echo = format!(r#"{{"email":"it is {KEY}!"}}"#);
    for (body, lines) in [
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
        answer(&backend, 200, body);
        let outcome = whoami(&home, &backend).run();
        assert_eq!(outcome.stdout, transcript(lines), "{body}; {outcome}");
        outcome.exits_with(0).stderr_is_empty().never_shows(SECRET);
    }
}

#[test]
fn logged_out_is_an_error_without_a_request() {
    let backend = Backend::http();
    let outcome = whoami(&Home::new(), &backend).run();
    let hint = format!("hint: run: sekuire login --backend {}\n", backend.url());
    outcome.exits_with(1).stdout_is("").stderr_contains(&hint);
    outcome.stderr_contains("error: Not logged in");
    assert_eq!(backend.connections(), 0);
}

/// A key refused is told apart from a backend in trouble: nothing is printed unless it confirmed.
#[test]
fn refused_key_is_exit_status_one_and_failing_backend_four() {
    let (home, backend) = site();
    let before = home.read_auth();
    for (status, body, code, part) in [
        (401, r#"{"error":{"message":"because"}}"#, 1, ": because"),
        (403, r#"{"error":"forbidden here"}"#, 1, ": forbidden here"),
        (402, r#"{"message":"m","required_plan":"Team"}"#, 4, "Team"),
        (500, r#"{"message":"out of order"}"#, 4, "out of order"),
        (200, r#"{"email":"a"} trailing"#, 4, "sent an answer"),
    ] {
        answer(&backend, status, body);
        let outcome = whoami(&home, &backend).run();
        assert_eq!(outcome.code, Some(code), "{status} {part}; {outcome}");
        outcome
            .stdout_is("")
            .stderr_contains(part)
            .stderr_contains("\nhint: ");
        outcome
            .stderr_contains("error: ")
            .stderr_contains(&backend.url());
        assert_eq!(home.read_auth(), before);
    }
}

#[test]
fn revoked_key_and_one_bound_elsewhere_each_have_their_hint() {
    let (home, backend) = site();
    let from_another_device = || {
        let run = whoami(&home, &backend);
        run.env("SEKUIRE_DEVICE_ID", "runner-2").run()
    };
    let elsewhere = from_another_device();
    // Its remedy is said once, in the hint.
    assert!(!elsewhere.stderr.contains("warning: "), "{elsewhere}");
    elsewhere
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("not bound to this device");
    elsewhere.stderr_contains(
        "\nhint: this login belongs to another device; correct or unset SEKUIRE_DEVICE_ID",
    );
    backend.revoke(KEY);
    let revoked = whoami(&home, &backend).run();
    let hint = "hint: create a new key, then run: sekuire login --backend ";
    revoked
        .exits_with(1)
        .stdout_is("")
        .stderr_contains("Invalid API key");
    revoked.stderr_contains(&format!("{hint}{}\n", backend.url()));
    answer(&backend, 200, "{}");
    let warning = "warning: this login belongs to another device; ";
    from_another_device().exits_with(0).stderr_contains(warning);
}
