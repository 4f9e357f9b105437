//! What a person reads: who, why, how long it was tried, and what to do.

use super::{Asks, Fixture, SLACK, framed, in_parallel, raw, rows};
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response, TlsKind};
use crate::support::command::binary;
use crate::support::needs;
use crate::support::port::RefusingPort;

/// `CODE | STATUS | BODY | MESSAGE BEHIND THE URL | HINT`.
const STATUSES: &str = r#"
    1 | 401 | {"error":"expired key"}                      | refused the API key: expired key    | run: sekuire login --backend http
    1 | 403 | {"error":{"message":"not yours"}}            | refused the API key: not yours      | run: sekuire login --backend http
    1 | 401 |                                              | refused the API key                 |
    4 | 401 | <html><title>Blocked by Corp</title>         | returned 401 "Blocked by Corp"      | a proxy or firewall in between
    4 | 403 | <!DOCTYPE html><p>No                         | returned 403                        | a proxy or firewall in between
    4 | 402 | {"message":"Upgrade","required_plan":"Team","upgrade_url":"https://sekuire.ai/up"} | returned 402 "Upgrade" | upgrade to Team at https://sekuire.ai/up
    4 | 402 | {"error":"Limit","required_plan":7,"current_usage":{"current":5,"max":5.0}} | returned 402 "Limit" | upgrade in the dashboard (5 of 5.0 used)
    4 | 402 | {"required_plan":"Pro","current_usage":{"current":6,"max":null}} | returned 402 | upgrade to Pro in the dashboard
    4 | 402 |                                              | returned 402                        | upgrade in the dashboard
    4 | 404 | <!doctype html><h1>Not Found</h1>            | returned 404                        | is this the URL of a Sekuire backend?
    4 | 400 | <title>No required SSL certificate was sent</title> | returned 400 "No required SSL certificate was sent" | check the URL
    4 | 400 | <title>the key sk_live_abc123def456xyz is bad</title>   | returned 400 "the key sk_live_... is bad"          | check the URL
    4 | 429 | {"message":"slow down"}                      | returned 429 "slow down" (3 attempts in | try again later
    4 | 500 | plain words                                  | returned 500 "plain words"          | try again later
    4 | 502 | <HTML><TITLE>Bad Gateway </TITLE><p>nginx    | returned 502 "Bad Gateway" (3 attempts in | try again later
    4 | 418 | {"message":""}                               | returned 418                        | check the URL
    4 | 301 |                                              | redirects to an unnamed place       | a redirect is never followed
    4 | 200 | <html>                                       | sent an answer with status 200 whose body is not a JSON object | Sekuire backend
"#;

#[test]
fn of_each_status() {
    for asks in [Asks::Verify, Asks::Me] {
        in_parallel(rows(STATUSES), |[code, status, body, message, hint]| {
            let fixture = Fixture::new(TlsKind::None);
            let answer = framed(&format!("{status} X"), body.as_bytes());
            fixture.backend.behave(raw(answer));
            let outcome = fixture.ask(asks).run();
            let name = format!("{status}: {body}");
            assert_eq!(
                outcome.code,
                Some(code.parse().unwrap()),
                "{name}: {outcome}"
            );
            let message = format!("error: {} {message}", fixture.backend.url());
            assert!(
                outcome.stderr.contains(&message),
                "{name}: lacks {message}; {outcome}"
            );
            assert!(
                outcome.stderr.contains(&hint),
                "{name}: lacks {hint}; {outcome}"
            );
            assert!(!outcome.stderr.contains('<'), "{name}: markup; {outcome}");
            fixture.assert_clean_failure(&name, &outcome);
        });
    }
    eprintln!("messages: {} cases", 2 * rows::<5>(STATUSES).len());
}

/// By its header, too: a page need not begin with `<`.
#[test]
fn a_page_by_its_content_type_refuses_no_key() {
    let fixture = Fixture::new(TlsKind::Valid);
    let page = Response::new(403, "Text/HTML; charset=utf-8", "Blocked by Corp");
    fixture.backend.behave(Behaviour::Respond(page));
    let outcome = fixture.whoami().run();
    outcome
        .exits(4)
        .complains("returned 403 \"Blocked by Corp\"");
}

#[test]
fn a_long_error_body_is_cut() {
    let fixture = Fixture::new(TlsKind::None);
    let words = "long ".repeat(100_000);
    for body in [
        words.clone(),
        format!(r#"{{"error":"{}"}}"#, &words[..60_000]),
    ] {
        for (status, code) in [("401 X", 1), ("500 X", 4)] {
            let answer = framed(status, body.as_bytes());
            fixture.backend.behave(raw(answer));
            let outcome = fixture.whoami().run();
            outcome
                .exits(code)
                .complains("long long long")
                .complains("...");
            assert!(outcome.stderr.len() < 600, "{outcome}");
        }
    }
}

#[test]
fn a_rate_limit_says_for_how_long() {
    let fixture = Fixture::new(TlsKind::None);
    let refusal = Response::new(429, "text/plain", "").header("Retry-After", "120");
    fixture.backend.behave(Behaviour::Respond(refusal));
    let outcome = fixture.whoami().run();
    outcome
        .exits(4)
        .complains("returned 429\nhint: try again in 120 s\n");
}

#[test]
fn of_an_unreachable_backend() {
    let refusing = RefusingPort::new();
    let fixture = Fixture::new(TlsKind::None);
    for (url, cause, hint) in [
        (
            format!("http://{}", refusing.address()),
            "connection refused",
            "check the URL and the network",
        ),
        (
            format!("https://{}", refusing.address()),
            "connection refused",
            "check the URL and the network",
        ),
        // RFC 6761: this never resolves; in which words is the resolver's affair.
        (
            "https://no-such-host.invalid".into(),
            "",
            "check the name, the name servers and /etc/hosts",
        ),
    ] {
        let outcome = fixture
            .ask_at(Asks::Me, &url)
            .args(["--timeout", "3"])
            .run();
        outcome
            .exits(4)
            .complains(&format!("error: no answer from {url}: {cause}"))
            .complains(" (3 attempts in ")
            .complains(&format!(
                "\nhint: {hint}, or run: sekuire doctor --online\n"
            ))
            .takes_at_most(SLACK);
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
    let statuses = [300, 301, 302, 303, 307, 308];
    let targets = [other.url(), format!("//{}/", other.address())];
    let cases = statuses
        .iter()
        .flat_map(|status| targets.iter().map(move |target| (*status, target)));
    in_parallel(cases.collect(), |(status, target)| {
        for (kind, asks) in [(TlsKind::None, Asks::Me), (TlsKind::Valid, Asks::Verify)] {
            let fixture = Fixture::new(kind);
            fixture.backend.behave(redirect(status, target));
            let outcome = fixture.ask(asks).run();
            outcome
                .exits(4)
                .complains(&format!(" redirects to {target}\n"));
            fixture.assert_clean_failure(target, &outcome);
            assert_eq!(fixture.backend.requests().len(), 1, "{status}: tried again");
        }
    });
    // Login goes on without a workspace where only its second request is redirected.
    let fixture = Fixture::new(TlsKind::Valid);
    fixture
        .backend
        .on(Endpoint::Me, redirect(302, &other.url()));
    let outcome = fixture.login().run();
    outcome
        .exits(0)
        .complains("warning: ")
        .complains(&other.url());
    assert_eq!(other.connections(), 0, "followed");
}

/// `localhost` means 127.0.0.1 without a resolver: none of its files is opened, no socket of another kind made.
#[test]
fn localhost_without_a_resolver() {
    let Some(strace) = needs::strace() else {
        return;
    };
    let fixture = Fixture::new(TlsKind::Valid);
    let trace = fixture.home.path().join("trace");
    let call = strace
        .home(&fixture.home)
        .ca(&fixture.backend.ca_file())
        .env("SEKUIRE_API_KEY", KEY);
    let call = call
        .args(["-f", "-e", "trace=openat,open,socket,connect", "-o"])
        .arg(&trace);
    let url = fixture.backend.origin_localhost();
    call.arg(binary())
        .args(["whoami", "--backend", &url])
        .run()
        .exits(0);
    let trace = std::fs::read_to_string(trace).unwrap();
    let port = fixture.backend.address().port();
    assert!(trace.contains(&format!("htons({port})")), "{trace}");
    for resolver in [
        "resolv.conf",
        "/etc/hosts",
        "nsswitch",
        "gai.conf",
        "nscd",
        "SOCK_DGRAM",
    ] {
        assert!(!trace.contains(resolver), "{resolver}: {trace}");
    }
}
