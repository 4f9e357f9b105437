//! What is tried again, how often and when.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::{Asks, BOTH, Behaviour, Fixture, SLACK, in_parallel, raw};
use crate::support::backend::{After, Endpoint, KEY, Response, TlsKind};
use crate::support::port::RefusingPort;

fn answer(status: u16) -> Response {
    Response::json(
        status,
        &json!({"error": {"message": "said by the backend"}}),
    )
}

fn status(status: u16) -> Behaviour {
    Behaviour::Respond(answer(status))
}

/// Between the first two requests.
fn first_gap(fixture: &Fixture) -> Duration {
    let requests = fixture.backend.requests();
    requests[1].at - requests[0].at
}

#[test]
fn what_may_pass_is_tried_three_times() {
    let mut cases = Vec::new();
    for kind in BOTH {
        for asks in [Asks::Verify, Asks::Me] {
            for behaviour in [
                status(429),
                status(502),
                status(503),
                status(504),
                Behaviour::CloseAfterRequest,
                Behaviour::ResetAfterRequest,
                raw("HTTP/1.1 200 O"),
            ] {
                cases.push((kind, asks, behaviour));
            }
        }
    }
    let count = cases.len();
    in_parallel(
        cases,
        || (),
        |(), (kind, asks, behaviour)| {
            let name = format!("{kind:?}, {asks:?}, {behaviour:?}");
            let fixture = Fixture::new(kind);
            fixture.backend.behave(behaviour.clone());
            let outcome = fixture.ask(asks).run();
            assert_eq!(outcome.code, Some(4), "{name}: {outcome}");
            assert_eq!(fixture.backend.requests().len(), 3, "{name}: {outcome}");
            fixture.assert_clean_failure(&name, &outcome);
            assert!(
                outcome.stderr.contains("(tried 3 times in "),
                "{name}: {outcome}"
            );

            let fixture = Fixture::new(kind);
            fixture.backend.behave_once(2, behaviour);
            let outcome = fixture.ask(asks).run();
            assert_eq!(outcome.code, Some(0), "{name}, twice: {outcome}");
            assert_eq!(outcome.stderr, "", "{name}, twice: {outcome}");
        },
    );
    eprintln!("tried again: {count} cases");
}

#[test]
fn what_would_fail_again_is_tried_once() {
    let lasting = [
        status(400),
        status(401),
        status(403),
        status(404),
        status(408),
        status(425),
        status(500),
        status(501),
        status(505),
        raw("SSH-2.0-x\r\nX: y\r\n"),
        raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"valid\":"),
        raw("HTTP/1.1 503 X\r\nContent-Length: 20\r\n\r\n{"),
        raw("HTTP/1.1 200 OK\r\n\r\n<html>"),
    ];
    for kind in BOTH {
        let cases: Vec<Behaviour> = lasting.to_vec();
        in_parallel(
            cases,
            || Fixture::new(kind),
            |fixture, behaviour| {
                fixture.backend.behave(behaviour.clone());
                let before = fixture.backend.requests().len();
                // Nor does --wait wait for it.
                let outcome = fixture.whoami().args(["--wait", "20"]).run();
                let name = format!("{kind:?}, {behaviour:?}");
                assert_eq!(
                    fixture.backend.requests().len(),
                    before + 1,
                    "{name}: {outcome}"
                );
                assert!(!outcome.stderr.contains("tried"), "{name}: {outcome}");
                assert!(outcome.elapsed < SLACK, "{name}: {outcome}");
                fixture.assert_clean_failure(&name, &outcome);
            },
        );
        eprintln!("tried once, {kind:?}: {} cases", lasting.len());
    }
}

/// Each of login's two requests has its own budget.
#[test]
fn both_requests_of_login_have_three_attempts() {
    let fixture = Fixture::new(TlsKind::Valid);
    fixture
        .backend
        .script_on(Endpoint::Verify, vec![status(503), status(502)]);
    fixture
        .backend
        .script_on(Endpoint::Me, vec![status(504), status(429)]);
    fixture.login().run().exits(0).complains_not();
    assert_eq!(fixture.backend.requests().len(), 6);
    assert!(fixture.home.read_auth().contains("ws_abc123"));
}

#[test]
fn retry_after_is_kept() {
    let long_ago = httpdate(SystemTime::UNIX_EPOCH);
    let cases = vec![
        ("1".to_owned(), 1.0, 4.5),
        ("0".to_owned(), 0.0, 3.5),
        (long_ago, 0.0, 3.5),
        (" 1 ".to_owned(), 1.0, 4.5),
        // Not to be understood: as if there were none.
        ("soon".to_owned(), 0.0, 0.3),
        ("-1".to_owned(), 0.0, 0.3),
        ("1.5".to_owned(), 0.0, 0.3),
        (String::new(), 0.0, 0.3),
    ];
    let count = cases.len();
    in_parallel(
        cases,
        || (),
        |(), (value, least, most): (String, f64, f64)| {
            let fixture = Fixture::new(TlsKind::None);
            let refusal = answer(429).header("Retry-After", &value);
            fixture.backend.script(vec![Behaviour::Respond(refusal)]);
            let outcome = fixture.whoami().run();
            assert_eq!(outcome.code, Some(0), "{value:?}: {outcome}");
            let gap = first_gap(&fixture).as_secs_f64();
            // The machine may be slow, the program not early.
            let most = most + SLACK.as_secs_f64() / 4.0;
            assert!(gap >= least && gap <= most, "{value:?}: {gap}");
        },
    );
    eprintln!("Retry-After kept: {count} cases");
}

#[test]
fn a_date_in_retry_after_is_waited_for() {
    let fixture = Fixture::new(TlsKind::None);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A date has whole seconds.
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(now.unwrap().as_secs() + 3);
    let refusal = answer(429).header("Retry-After", &httpdate(date));
    fixture.backend.script(vec![Behaviour::Respond(refusal)]);
    fixture.whoami().run().exits(0);
    let came = SystemTime::now() - fixture.backend.requests()[1].at.elapsed();
    let late = came.duration_since(date).expect("it came no earlier");
    assert!(late < Duration::from_secs(9) + SLACK / 4, "{late:?}");
}

#[test]
fn retry_after_beyond_what_is_left_ends_it_at_once() {
    let far = httpdate(SystemTime::now() + Duration::from_secs(100_000));
    let wait: &[&str] = &["--wait", "30"];
    let cases = vec![
        ("16", &[][..]),
        ("4294967295", &[]),
        ("4294967296", &[]),
        ("99999999999999999999999999", &[]),
        ("31", wait),
        ("4294967296", wait),
        (far.as_str(), &[]),
        (far.as_str(), wait),
        ("Fri, 31 Dec 9999 23:59:59 GMT", wait),
    ];
    let count = cases.len();
    in_parallel(
        cases,
        || (),
        |(), (value, wait): (&str, &[&str])| {
            let fixture = Fixture::new(TlsKind::None);
            let refusal = answer(503).header("Retry-After", value);
            fixture.backend.behave(Behaviour::Respond(refusal));
            let outcome = fixture.whoami().args(wait).run();
            assert_eq!(fixture.backend.requests().len(), 1, "{value}: {outcome}");
            assert!(outcome.elapsed < SLACK, "{value}: {outcome}");
            assert_eq!(outcome.code, Some(4), "{value}: {outcome}");
            fixture.assert_clean_failure(value, &outcome);
        },
    );
    eprintln!("Retry-After beyond: {count} cases");
}

/// An IMF-fixdate (RFC 9110, 5.6.7), from the days since 1970 (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn httpdate(at: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
    ];
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400 + u64::from(month >= 10);
    let index = |number: u64| usize::try_from(number).unwrap();
    format!(
        "{}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        DAYS[index(days % 7)],
        MONTHS[index(month)],
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Clients that failed together must not come back together.
#[test]
fn pauses_are_spread() {
    let fixtures: Vec<Fixture> = (0..12).map(|_| Fixture::new(TlsKind::None)).collect();
    let gaps: Vec<Duration> = thread::scope(|scope| {
        let runs: Vec<_> = fixtures
            .iter()
            .map(|fixture| {
                scope.spawn(|| {
                    fixture.backend.behave_once(1, status(503));
                    fixture.whoami().run().exits(0);
                    first_gap(fixture)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let (least, most) = (gaps.iter().min().unwrap(), gaps.iter().max().unwrap());
    // Twelve throws of a die from 0 to 250 ms lie within 25 ms once in 10^10 runs.
    assert!(
        most.saturating_sub(*least) > Duration::from_millis(25),
        "{gaps:?}"
    );
}

#[test]
fn a_refusal_ends_wait_at_once() {
    for refusal in [401, 403] {
        for asks in [Asks::Verify, Asks::Me] {
            let fixture = Fixture::new(TlsKind::None);
            fixture.backend.script(vec![status(503), status(refusal)]);
            let outcome = fixture.ask(asks).args(["--wait", "60"]).run();
            outcome
                .exits(1)
                .complains("refused the API key")
                .takes_at_most(SLACK);
            assert_eq!(fixture.backend.requests().len(), 2, "{refusal}");
            fixture.assert_clean_failure("a refusal", &outcome);
        }
    }
    let fixture = Fixture::new(TlsKind::None);
    fixture.backend.behave(status(401));
    let outcome = fixture.whoami().args(["--wait", "60"]).run();
    outcome
        .exits(1)
        .complains("run: sekuire login --backend ")
        .complains(" --no-store\n");
}

/// `--wait` also ends the attempt under way, and is not cut off at three attempts.
#[test]
fn wait_is_kept_to_its_end() {
    let cases = vec![
        ("silent", Behaviour::Silent(After::Request), 1..2),
        ("closes", Behaviour::CloseOnAccept, 0..1),
        ("unavailable", status(503), 4..40),
    ];
    in_parallel(
        cases,
        || (),
        |(), (name, behaviour, requests)| {
            let fixture = Fixture::new(TlsKind::None);
            fixture.backend.behave(behaviour);
            let outcome = fixture
                .whoami()
                .args(["--wait", "3", "--timeout", "60"])
                .run();
            outcome.exits(4);
            let elapsed = outcome.elapsed.as_secs_f64();
            assert!(
                (1.2..3.0 + SLACK.as_secs_f64() / 4.0).contains(&elapsed),
                "{name}: {outcome}"
            );
            let came = fixture.backend.requests().len();
            assert!(
                requests.contains(&came),
                "{name}: {came} requests; {outcome}"
            );
            fixture.assert_clean_failure(name, &outcome);
        },
    );
}

/// Boot before the backend is up.
#[test]
fn wait_ends_when_the_backend_comes_up() {
    let down = RefusingPort::new();
    let address = down.address();
    let started = Instant::now();
    let serving = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        let (mut client, _) = down.listen().accept().expect("a client");
        std::io::Write::write_all(&mut client, b"HTTP/1.1 200 OK\r\n\r\n{\"email\":\"a@b\"}")
            .unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        std::io::copy(&mut client, &mut std::io::sink()).unwrap();
    });
    let fixture = Fixture::new(TlsKind::None);
    let outcome = fixture
        .bare()
        .env("SEKUIRE_API_KEY", KEY)
        .args([
            "whoami",
            "--wait",
            "25",
            "--backend",
            &format!("http://{address}"),
        ])
        .run();
    outcome.exits(0).complains_not();
    assert!(started.elapsed() > Duration::from_secs(2));
    serving.join().unwrap();
}

/// Boot before the clock is set.
#[test]
fn wait_ends_when_the_certificate_becomes_valid() {
    let fixture = Fixture::new(TlsKind::NotYetValid);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(1500));
            fixture.backend.present(TlsKind::Valid);
        });
        fixture.whoami().args(["--wait", "25"]).run()
    });
    outcome.exits(0).complains_not();
    assert!(fixture.backend.handshake_errors(1) > 0, "{outcome}");
    assert_eq!(fixture.backend.requests().len(), 1, "{outcome}");
}

/// minreq would count it where no time-out is set, and give up at once.
#[test]
fn minreqs_own_variable_does_not_count() {
    for kind in BOTH {
        let fixture = Fixture::new(kind);
        fixture.login().env("MINREQ_TIMEOUT", "0").run().exits(0);
    }
}
