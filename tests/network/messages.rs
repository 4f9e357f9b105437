//! What a person reads: who, why, how long it was tried, and what to do.

use serde_json::json;

use super::{Asks, BOTH, Fixture, SLACK, framed, in_parallel, raw};
use crate::fixtures::host_name;
use crate::support::backend::{Behaviour, KEY, Response, TlsKind};
use crate::support::command::{Sekuire, binary};
use crate::support::needs;
use crate::support::port::RefusingPort;

#[test]
fn of_each_status() {
    let payment = br#"{"error":"payment_required","message":"Upgrade to go on","code":"PLAN","required_plan":"Team","upgrade_url":"https://sekuire.ai/upgrade"}"#;
    let cases: Vec<(&str, &[u8], &[&str])> = vec![
        (
            "401 X",
            b"{\"error\":\"expired key\"}",
            &["refused the API key: expired key", "hint: "],
        ),
        (
            "403 X",
            b"{\"error\":{\"message\":\"not yours\"}}",
            &["refused the API key: not yours"],
        ),
        (
            "402 X",
            payment,
            &[
                "status 402",
                "Upgrade to go on",
                "plan Team",
                "hint: upgrade at https://sekuire.ai/upgrade",
            ],
        ),
        ("402 X", b"", &["status 402", "hint: "]),
        (
            "404 X",
            b"<!doctype html><h1>Not Found</h1>",
            &["status 404", "is this the URL of a Sekuire backend?"],
        ),
        (
            "400 X",
            b"<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>",
            &["answered with status 400: No required SSL certificate was sent"],
        ),
        (
            "502 X",
            b"<!DOCTYPE html><HTML><HEAD><TITLE>\nBad\nGateway </TITLE><p>nginx",
            &["(status 502) (tried 3 times in ", "): Bad Gateway\n"],
        ),
        (
            "400 X",
            b"<title>400 the key sk_live_abc123def456xyz is bad</title>",
            &["status 400: the key sk_live_... is bad\n"],
        ),
        ("400 X", b"<title>400</title>", &["status 400\n"]),
        ("400 X", b"<title>a <b>c</title>", &["status 400\n"]),
        ("400 X", b"<title>a", &["status 400\n"]),
        (
            "402 X",
            b"{\"error\":\"Limit reached\",\"required_plan\":7,\"current_usage\":{\"current\":5,\"max\":5.0}}",
            &["status 402; 5 of 5.0 are used: Limit reached", "see the plans"],
        ),
        (
            "402 X",
            b"{\"message\":\"m\",\"required_plan\":\"Pro\",\"current_usage\":{\"current\":6,\"max\":null}}",
            &["status 402; it needs the plan Pro: m"],
        ),
        ("511 X", b"<html>", &["log in to this network", "status 511", "in a browser"]),
        (
            "429 X",
            b"{\"message\":\"slow down\"}",
            &["429", "slow down", "tried 3 times", "try again later"],
        ),
        (
            "500 X",
            b"plain words",
            &["status 500", "plain words", "try again later"],
        ),
        (
            "502 X",
            b"",
            &["status 502", "tried 3 times", "try again later"],
        ),
        (
            "503 X",
            b"{\"error\":{\"message\":\"down\"}}",
            &["status 503", "down", "try again later"],
        ),
        ("504 X", b"", &["status 504", "try again later"]),
        ("418 X", b"{\"message\":\"\"}", &["status 418", "hint: "]),
        (
            "301 X",
            b"",
            &["redirects to an unnamed place", "never followed"],
        ),
        ("204 X", b"", &["status 204", "Sekuire backend"]),
        ("200 X", b"<html>", &["status 200", "Sekuire backend"]),
    ];
    let count = 2 * cases.len();
    for asks in [Asks::Verify, Asks::Me] {
        in_parallel(
            cases.clone(),
            || Fixture::new(TlsKind::None),
            |fixture, (status, body, says)| {
                fixture.backend.behave(raw(framed(status, body)));
                let outcome = fixture.ask(asks).run();
                assert!(
                    outcome.stderr.contains(&fixture.backend.url()),
                    "{status}: whose? {outcome}"
                );
                for part in says {
                    assert!(
                        outcome.stderr.contains(part),
                        "{status}: lacks {part:?}; {outcome}"
                    );
                }
                assert!(!outcome.stderr.contains('<'), "{status}: markup; {outcome}");
                fixture.assert_clean_failure(status, &outcome);
            },
        );
    }
    eprintln!("messages: {count} cases");
}

/// What stands before a backend may compress what nobody asked it to: that is said, and none of it is shown.
#[test]
fn of_an_answer_that_is_compressed() {
    // `{}`, as gzip(1) writes it.
    let body = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let fixture = Fixture::new(TlsKind::Valid);
    for (status, coding, code, says) in [
        (
            "200 OK",
            "gzip",
            4,
            "sent an answer in the coding gzip, which was not asked for\nhint: ",
        ),
        ("200 OK", "br", 4, "in the coding br, "),
        ("502 X", "gzip", 4, "(status 502)"),
        ("401 X", "gzip", 1, "refused the API key\n"),
    ] {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        fixture
            .backend
            .behave(raw([head.as_bytes(), body].concat()));
        for asks in [Asks::Verify, Asks::Me] {
            let outcome = fixture.ask(asks).run();
            outcome.exits(code).complains(says);
            fixture.assert_clean_failure(status, &outcome);
            assert!(!outcome.stderr.contains('\u{fffd}'), "{status}: {outcome}");
        }
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 14\r\n\r\n";
    fixture
        .backend
        .behave(raw(format!("{head}{{\"valid\":true}}")));
    fixture.login().run().exits(0);
}

/// An error body over the cap only has its message cut.
#[test]
fn of_a_long_error_body() {
    for kind in BOTH {
        let fixture = Fixture::new(kind);
        for (status, code) in [("401 X", 1), ("500 X", 4)] {
            fixture
                .backend
                .behave(raw(framed(status, "long ".repeat(100_000).as_bytes())));
            let outcome = fixture.whoami().run();
            outcome
                .exits(code)
                .complains("long long long")
                .complains("...");
            assert!(outcome.stderr.len() < 1000, "{outcome}");
            let json = format!(r#"{{"error":"no room","x":"{}"}}"#, "long ".repeat(100_000));
            fixture.backend.behave(raw(framed(status, json.as_bytes())));
            let outcome = fixture.whoami().run();
            outcome.exits(code).complains("no room");
            assert!(outcome.stderr.len() < 1000, "{outcome}");
        }
    }
}

#[test]
fn of_an_unreachable_backend() {
    let refusing = RefusingPort::new();
    let port = refusing.address().port();
    let fixture = Fixture::new(TlsKind::None);
    let whoami = |url: &str| {
        fixture
            .bare()
            .env("SEKUIRE_API_KEY", KEY)
            .args(["whoami", "--timeout", "3", "--backend", url])
            .run()
    };
    for scheme in ["http", "https"] {
        let outcome = whoami(&format!("{scheme}://127.0.0.1:{port}"));
        outcome
            .exits(4)
            .complains(&format!("127.0.0.1 refused the connection on port {port}"))
            .complains("tried 3 times in ")
            .complains("--wait SECS")
            .complains("; 'sekuire doctor --online' looks at each step\n")
            .takes_at_most(SLACK);
        fixture.assert_clean_failure(scheme, &outcome);
    }
    // RFC 6761 says that this never resolves; how soon a resolver says so is its own affair.
    let outcome = whoami("https://no-such-host.invalid");
    outcome.exits(4).complains("no-such-host.invalid");
    assert!(
        outcome
            .stderr
            .contains("no-such-host.invalid did not resolve")
            || outcome.stderr.contains("looking up no-such-host.invalid"),
        "{outcome}"
    );
    fixture.assert_clean_failure("unknown host", &outcome);
}

/// Who has waited in vain needs no hint at waiting, nor who met what waiting does not change.
#[test]
fn hints_at_waiting_only_where_it_helps() {
    let refusing = RefusingPort::new();
    let clear = Fixture::new(TlsKind::None);
    let early = Fixture::new(TlsKind::NotYetValid);
    let status = |status: u16| Behaviour::Respond(Response::json(status, &json!({})));
    let away = || {
        let url = format!("http://{}", refusing.address());
        let whoami = clear.bare().env("SEKUIRE_API_KEY", KEY);
        whoami.args(["whoami", "--backend", &url])
    };
    let busy = || {
        clear.backend.behave(status(503));
        clear.whoami()
    };
    let broken = || {
        clear.backend.behave(status(500));
        clear.whoami()
    };
    let cases: [(&dyn Fn() -> Sekuire, bool); 4] = [
        (&away, true),
        (&busy, true),
        (&broken, false),
        (&|| early.whoami(), true),
    ];
    for (call, helps) in cases {
        let outcome = call().run();
        outcome.exits(4);
        assert_eq!(outcome.stderr.contains("--wait SECS"), helps, "{outcome}");
        let outcome = call().args(["--wait", "1"]).run();
        outcome.exits(4);
        assert!(!outcome.stderr.contains("--wait"), "{outcome}");
    }
}

#[test]
fn in_clear_only_where_allowed() {
    let fixture = Fixture::new(TlsKind::None);
    let port = fixture.backend.address().port();
    let refused = |allowed: &str, url: &str| {
        let outcome = fixture
            .bare()
            .env("SEKUIRE_API_KEY", KEY)
            .env("SEKUIRE_ALLOW_HTTP", allowed)
            .args(["whoami", "--backend", url])
            .run();
        assert_eq!(outcome.code, Some(2), "{allowed} and {url}: {outcome}");
        outcome.complains("hint: ");
        fixture.assert_clean_failure(url, &outcome);
    };
    for url in [
        "http://backend.example",
        "http://127.1:80",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://0.0.0.0",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://localhost.",
        "http://128.0.0.1",
        "http://10.0.0.1",
    ] {
        refused("", url);
    }
    for allowed in [
        "*",
        "1",
        "true",
        "http://backend",
        "http://backend:9301",
        "https://backend:9300",
        "backend:9300",
        "http://backend:9300 ",
        "http://backend:9300,http://x",
        "http://other:9300",
    ] {
        refused(allowed, "http://backend:9300");
    }
    for host in ["localhost", "127.0.0.1", "127.1.2.3"] {
        let outcome = fixture
            .bare()
            .env("SEKUIRE_API_KEY", KEY)
            .args([
                "whoami",
                "--timeout",
                "2",
                "--backend",
                &format!("http://{host}:{port}"),
            ])
            .run();
        // 127.1.2.3 is this machine too, but nobody listens there.
        outcome.exits(if host == "127.1.2.3" { 4 } else { 0 });
    }
    let allowed = format!("http://{}:{port}", host_name().to_lowercase());
    let outcome = fixture
        .bare()
        .env("SEKUIRE_API_KEY", KEY)
        .env("SEKUIRE_ALLOW_HTTP", &allowed)
        .args(["whoami", "--timeout", "3", "--backend", &allowed])
        .run();
    // Allowed: what stops it now, if anything, is the name or the port.
    assert!(matches!(outcome.code, Some(0 | 4)), "{outcome}");
}

/// `localhost` means 127.0.0.1 without a resolver: no file of the resolver is opened, no socket of
/// another kind made.
#[test]
fn localhost_without_a_resolver() {
    for kind in BOTH {
        let Some(strace) = needs::strace() else {
            return;
        };
        let fixture = Fixture::new(kind);
        let trace = fixture.home.path().join("trace");
        let outcome = strace
            .home(&fixture.home)
            .ca(&fixture.backend.ca_file())
            .env("SEKUIRE_API_KEY", KEY)
            .args(["-f", "-e", "trace=openat,open,socket,connect", "-o"])
            .arg(&trace)
            .arg(binary())
            .args(["whoami", "--backend", &fixture.backend.origin_localhost()])
            .run();
        outcome.exits(0);
        let trace = std::fs::read_to_string(trace).unwrap();
        assert!(
            trace.contains(&format!("htons({})", fixture.backend.address().port())),
            "{trace}"
        );
        for resolver in [
            "resolv.conf",
            "/etc/hosts",
            "nsswitch",
            "host.conf",
            "gai.conf",
            "nscd",
            "SOCK_DGRAM",
            "htons(53)",
        ] {
            assert!(!trace.contains(resolver), "{resolver}: {trace}");
        }
    }
}
