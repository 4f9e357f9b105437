//! What a person reads: who, why, how long it was tried, and what to do. Of each status: `src/api.rs`.

use super::{Asks, Fixture, SLACK, framed, in_parallel, raw, rows};
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response, TlsKind};
use crate::support::command::binary;
use crate::support::needs;
use crate::support::port::RefusingPort;

/// `CODE | STATUS | BODY | MESSAGE BEHIND THE URL | HINT`.
const STATUSES: &str = r#"
    1 | 401 | {"error":"expired key"}               | refused the API key: expired key       | run: sekuire login --backend http
    4 | 403 | <!DOCTYPE html><title>Blocked</title> | returned 403 "Blocked" | a proxy or firewall in between
    4 | 402 | {"required_plan":"Pro"}               | returned 402                           | upgrade to Pro in the dashboard
    4 | 502 | <HTML><TITLE>Bad Gateway</TITLE>      | returned 502 "Bad Gateway" (3 attempts | try again later
    4 | 200 | <html>                                | sent an answer with status 200 whose   | check the URL; if it is right, ask
"#;

#[test]
fn each_answer_has_a_message_and_a_hint() {
    for asks in [Asks::Verify, Asks::Me] {
        in_parallel(rows(STATUSES), |[code, status, body, message, hint]| {
            let fixture = Fixture::new(TlsKind::None);
            let answer = framed(&format!("{status} X"), body.as_bytes());
            fixture.backend.behave(raw(answer));
            let outcome = fixture.ask(asks).run();
            let message = format!("error: {} {message}", fixture.backend.url());
            outcome
                .exits_with(code.parse().unwrap())
                .stderr_contains(&message);
            outcome.stderr_contains(&hint);
            assert!(!outcome.stderr.contains('<'), "{status}: markup; {outcome}");
            fixture.assert_clean_failure(&status, &outcome);
        });
    }
}

#[test]
fn a_long_error_body_is_cut() {
    let fixture = Fixture::new(TlsKind::None);
    for (status, code) in [("401 X", 1), ("500 X", 4)] {
        let body = "long ".repeat(100_000);
        fixture.backend.behave(raw(framed(status, body.as_bytes())));
        let outcome = fixture.whoami().run();
        outcome.exits_with(code).stderr_contains("long long long");
        fixture.assert_clean_failure(status, &outcome);
    }
}

/// RFC 6761: `.invalid` never resolves; in which words is the resolver's affair.
#[test]
fn an_unreachable_backend_is_named_with_cause_and_attempts() {
    let port = RefusingPort::new();
    let network = "check the URL and the network";
    let (http, https) = (
        format!("http://{}", port.address()),
        format!("https://{}", port.address()),
    );
    let name = "https://no-such-host.invalid".to_owned();
    for (url, cause, hint) in [
        (http, "connection refused", network),
        (https, "connection refused", network),
        (name, "", "check the name, the name servers and /etc/hosts"),
    ] {
        let fixture = Fixture::new(TlsKind::None);
        let outcome = fixture
            .ask_at(Asks::Me, &url)
            .args(["--timeout", "3"])
            .run();
        outcome
            .exits_with(4)
            .stderr_contains(&format!("error: no answer from {url}: {cause}"))
            .stderr_contains(" (3 attempts in ")
            .stderr_contains(&format!(
                "\nhint: {hint}, or run: sekuire doctor --online\n"
            ))
            .ends_within(SLACK);
        fixture.assert_clean_failure(&url, &outcome);
    }
}

/// A redirected request would carry the key along.
#[test]
fn a_redirect_is_named_and_not_followed() {
    let redirect = |status: u16, location: &str| {
        Behaviour::Respond(Response::new(status, "text/plain", "").header("Location", location))
    };
    let other = Backend::http();
    let relative = format!("//{}/", other.address());
    for (status, target) in [
        (300, &other.url()),
        (301, &other.url()),
        (307, &relative),
        (308, &relative),
    ] {
        for (kind, asks) in [(TlsKind::None, Asks::Me), (TlsKind::Valid, Asks::Verify)] {
            let fixture = Fixture::new(kind);
            fixture.backend.behave(redirect(status, target));
            let outcome = fixture.ask(asks).run();
            let message = format!(" redirects to {target}\n");
            outcome.exits_with(4).stderr_contains(&message);
            fixture.assert_clean_failure(target, &outcome);
            assert_eq!(fixture.backend.requests().len(), 1, "{status}: tried again");
        }
    }
    // Login goes on without a workspace where only its second request is redirected.
    let fixture = Fixture::new(TlsKind::Valid);
    let elsewhere = redirect(302, &other.url());
    fixture.backend.on(Endpoint::Me, elsewhere);
    let outcome = fixture.login().run();
    outcome
        .exits_with(0)
        .stderr_contains("warning: ")
        .stderr_contains(&other.url());
    assert_eq!(other.connections(), 0, "followed");
}

/// `localhost` means 127.0.0.1 without a resolver: none of its files is opened, no socket of another kind made.
#[test]
fn localhost_needs_no_resolver() {
    let Some(strace) = needs::strace() else {
        return;
    };
    let fixture = Fixture::new(TlsKind::Valid);
    let trace = fixture.home.path().join("trace");
    let call = strace.home(&fixture.home).ca(&fixture.backend.ca_file());
    let call = call.env("SEKUIRE_API_KEY", KEY).args([
        "-f",
        "-e",
        "trace=openat,open,socket,connect",
        "-o",
    ]);
    let url = fixture.backend.origin_localhost();
    let call = call.arg(&trace).arg(binary());
    call.args(["whoami", "--backend", &url]).run().exits_with(0);
    let trace = std::fs::read_to_string(trace).unwrap();
    let port = fixture.backend.address().port();
    assert!(trace.contains(&format!("htons({port})")), "{trace}");
    let resolver = "resolv.conf /etc/hosts nsswitch gai.conf nscd SOCK_DGRAM";
    for part in resolver.split(' ') {
        assert!(!trace.contains(part), "{part}: {trace}");
    }
}
