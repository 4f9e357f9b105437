//! What is tried again, how often and when. When exactly: `src/http/retry.rs`.

use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Asks, BOTH, Behaviour, Fixture, SLACK, in_parallel, raw};
use crate::support::backend::{After, End, Endpoint, Response, TlsKind};
use crate::support::port::RefusingPort;

fn answer(status: u16) -> Response {
    Response::json(status, &json!({"error": "said by the backend"}))
}

fn status(status: u16) -> Behaviour {
    Behaviour::Respond(answer(status))
}

#[test]
fn transient_failures_have_three_attempts() {
    let lost = [
        Behaviour::CloseAfterRequest,
        Behaviour::Raw(Vec::new(), End::Reset),
        raw("HTTP/1.1 200 O"),
    ];
    let passing = [&lost[..], &[429, 502, 503, 504].map(status)].concat();
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        in_parallel(passing.clone(), |behaviour| {
            let name = format!("{kind:?}, {behaviour:?}");
            let fixture = Fixture::new(kind);
            fixture.backend.behave(behaviour.clone());
            let outcome = fixture.ask(asks).run();
            outcome.exits_with(4).stderr_contains("(3 attempts in ");
            assert_eq!(fixture.backend.requests().len(), 3, "{name}: {outcome}");
            fixture.assert_clean_failure(&name, &outcome);

            let fixture = Fixture::new(kind);
            fixture.backend.script(vec![behaviour; 2]);
            fixture.ask(asks).run().exits_with(0).stderr_is_empty();
        });
    }
}

#[test]
fn lasting_failures_have_one_attempt_even_with_wait() {
    let answers = [
        raw("SSH-2.0-x\r\nX: y\r\n"),
        raw("HTTP/1.1 503 X\r\nContent-Length: 20\r\n\r\n{"),
        raw("HTTP/1.1 200 OK\r\n\r\n<html>"),
    ];
    let statuses = [400, 401, 403, 404, 408, 425, 500, 501, 505].map(status);
    let lasting = answers.into_iter().chain(statuses).collect();
    in_parallel(lasting, |behaviour: Behaviour| {
        let fixture = Fixture::new(TlsKind::Valid);
        fixture.backend.behave(behaviour.clone());
        let outcome = fixture.whoami().args(["--wait", "20"]).run();
        let name = format!("{behaviour:?}");
        assert_eq!(fixture.backend.requests().len(), 1, "{name}: {outcome}");
        assert!(!outcome.stderr.contains("attempts"), "{name}: {outcome}");
        outcome.ends_within(SLACK);
        fixture.assert_clean_failure(&name, &outcome);
    });
}

/// Each of login's two requests has its own budget.
#[test]
fn both_requests_of_login_have_three_attempts() {
    let fixture = Fixture::new(TlsKind::Valid);
    let verify = vec![status(503), status(502)];
    fixture.backend.script_on(Endpoint::Verify, verify);
    let me = vec![status(504), status(429)];
    fixture.backend.script_on(Endpoint::Me, me);
    fixture.login().run().exits_with(0).stderr_is_empty();
    assert_eq!(fixture.backend.requests().len(), 6);
    assert!(fixture.home.read_auth().contains("ws_abc123"));
}

/// The machine may be slow, the program not early; six seconds are for jitter. How the header is read:
/// `src/http/message.rs`.
#[test]
fn retry_after_delays_the_next_attempt() {
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(4));
    // A date has whole seconds.
    let cases = vec![("1", 1.0, 7.5), (&*soon, 2.0, 13.0), ("soon", 0.0, 0.3)];
    in_parallel(cases, |(value, least, most)| {
        let fixture = Fixture::new(TlsKind::None);
        let refusal = answer(429).header("Retry-After", value);
        fixture.backend.script(vec![Behaviour::Respond(refusal)]);
        fixture.whoami().run().exits_with(0);
        let requests = fixture.backend.requests();
        let gap = (requests[1].at - requests[0].at).as_secs_f64();
        let most = most + SLACK.as_secs_f64() / 4.0;
        assert!(gap >= least && gap <= most, "{value:?}: {gap}");
    });
}

#[test]
fn retry_after_beyond_what_is_left_ends_it_at_once() {
    let wait: &[&str] = &["--wait", "30"];
    let far = "Fri, 31 Dec 9999 23:59:59 GMT";
    in_parallel(
        vec![("16", &[][..]), ("31", wait), (far, wait)],
        |(value, wait)| {
            let fixture = Fixture::new(TlsKind::None);
            let refusal = answer(503).header("Retry-After", value);
            fixture.backend.behave(Behaviour::Respond(refusal));
            let outcome = fixture.whoami().args(wait).run();
            outcome.exits_with(4).ends_within(SLACK);
            assert_eq!(fixture.backend.requests().len(), 1, "{value}: {outcome}");
        },
    );
}

#[test]
fn refused_key_ends_wait_at_once() {
    for (refusal, asks) in [(401, Asks::Verify), (403, Asks::Me)] {
        let fixture = Fixture::new(TlsKind::None);
        fixture.backend.script(vec![status(503), status(refusal)]);
        let outcome = fixture.ask(asks).args(["--wait", "60"]).run();
        outcome.exits_with(1).ends_within(SLACK);
        assert_eq!(fixture.backend.requests().len(), 2, "{refusal}");
    }
}

/// `--wait` also ends the attempt under way, and does not stop after three attempts. A log has one line of it.
#[test]
fn wait_is_kept_to_its_end_and_noted() {
    let cases = vec![
        (Behaviour::Silent(After::Request), 1..2, ""),
        (Behaviour::CloseOnAccept, 0..1, ": connection closed"),
        (status(503), 4..40, ": status 503"),
    ];
    in_parallel(cases, |(behaviour, requests, cause)| {
        let fixture = Fixture::new(TlsKind::None);
        fixture.backend.behave(behaviour);
        let call = fixture.whoami().args(["--wait", "3", "--timeout", "60"]);
        let outcome = call.run();
        outcome.exits_with(4);
        let url = fixture.backend.url();
        let note = format!("note: waiting up to 3 s for {url}{cause}\n");
        assert!(outcome.stderr.starts_with(&note), "{outcome}");
        assert_eq!(outcome.stderr.matches("note: ").count(), 1, "{outcome}");
        let elapsed = outcome.elapsed.as_secs_f64();
        let most = 3.0 + SLACK.as_secs_f64() / 4.0;
        assert!((1.2..most).contains(&elapsed), "{outcome}");
        let came = fixture.backend.requests().len();
        assert!(requests.contains(&came), "{came} requests; {outcome}");
        fixture.assert_clean_failure(&note, &outcome);
    });
    let fixture = Fixture::new(TlsKind::None);
    for arguments in [&["--wait", "9", "--quiet"][..], &["--wait", "0"]] {
        fixture.backend.script(vec![status(503)]);
        let call = fixture.whoami().args(arguments);
        call.run().exits_with(0).stderr_is_empty();
    }
}

/// Boot before the backend is up.
#[test]
fn wait_ends_when_the_backend_comes_up() {
    let down = RefusingPort::new();
    let url = format!("http://{}", down.address());
    let serving = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        let (mut client, _) = down.listen().accept().expect("a client");
        let answer = b"HTTP/1.1 200 OK\r\n\r\n{\"email\":\"a@b\"}";
        std::io::Write::write_all(&mut client, answer).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        std::io::copy(&mut client, &mut std::io::sink()).unwrap();
    });
    let fixture = Fixture::new(TlsKind::None);
    let call = fixture.ask_at(Asks::Me, &url).args(["--wait", "25"]);
    let outcome = call.run();
    outcome
        .exits_with(0)
        .stderr_contains(": connection refused\n");
    serving.join().unwrap();
}

/// Boot before the clock is set.
#[test]
fn wait_ends_when_the_certificate_becomes_valid() {
    let fixture = Fixture::new(TlsKind::NotYetValid);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            assert!(fixture.backend.handshakes(1).contains(&false));
            fixture.backend.present(TlsKind::Valid);
        });
        fixture.whoami().args(["--wait", "25"]).run()
    });
    outcome
        .exits_with(0)
        .stderr_contains("certificate is not valid yet: valid from ");
    assert_eq!(fixture.backend.requests().len(), 1, "{outcome}");
}
