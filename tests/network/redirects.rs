//! Redirects are named and never followed: the key would go along.

use super::{Asks, BOTH, Fixture, OLD_AUTH, assert_no_panic};
use crate::support::backend::{Backend, Behaviour, Endpoint, KEY, Response, TlsKind};

const STATUSES: [u16; 6] = [300, 301, 302, 303, 307, 308];

fn redirect(status: u16, location: &str) -> Behaviour {
    Behaviour::Respond(Response::new(status, "text/plain", "").header("Location", location))
}

#[test]
fn nothing_reaches_the_other_host() {
    let mut count = 0;
    for kind in BOTH {
        let fixture = Fixture::new(kind);
        for other in [Backend::http(), Backend::https()] {
            for status in STATUSES {
                let targets = [
                    format!("{}/api/v1/me", other.url()),
                    format!("{}/api/v1/me", other.origin_localhost()),
                    format!("//{}/", other.address()),
                ];
                for (target, asks) in targets
                    .iter()
                    .flat_map(|target| [(target, Asks::Verify), (target, Asks::Me)])
                {
                    fixture.backend.behave(redirect(status, target));
                    let before = fixture.backend.requests().len();
                    let outcome = fixture.ask(asks).run();
                    let name = format!("{status} to {target}, {asks:?}");
                    outcome
                        .exits(4)
                        .complains(&format!("redirects to {target}"))
                        .complains(&fixture.backend.url());
                    fixture.assert_clean_failure(&name, &outcome);
                    assert_eq!(
                        fixture.backend.requests().len(),
                        before + 1,
                        "{name}: tried again"
                    );
                    assert_eq!(other.connections(), 0, "{name}: followed");
                    count += 1;
                }
            }
        }
    }
    eprintln!("redirects: {count} cases");
}

/// Login goes on without a workspace where only its second request is redirected.
#[test]
fn of_the_second_request_of_login() {
    for status in STATUSES {
        let fixture = Fixture::new(TlsKind::Valid);
        let other = Backend::http();
        fixture
            .backend
            .on(Endpoint::Me, redirect(status, &other.url()));
        let outcome = fixture.login().run();
        outcome
            .exits(0)
            .complains("warning: ")
            .complains(&other.url());
        assert_no_panic("redirect of /me", &outcome);
        assert_eq!(other.connections(), 0, "{status}");
        assert_ne!(fixture.home.read_auth(), OLD_AUTH, "{status}: saved");
    }
}

#[test]
fn odd_locations() {
    let fixture = Fixture::new(TlsKind::None);
    let long = format!("https://example.com/{}", "x".repeat(15_000));
    let key = format!("https://example.com/?key={KEY}");
    let cases = [
        ("relative", "/api/v1/me", "redirects to /api/v1/me"),
        ("empty", "", "redirects to "),
        (
            "scheme",
            "javascript:alert(1)",
            "redirects to javascript:alert(1)",
        ),
        (
            "escape sequence",
            "https://example.com/\x1b]0;x\x07",
            "redirects to https://example.com/?]0;x?",
        ),
        (
            "user info",
            "https://user:hunter2@example.com/",
            "@example.com/",
        ),
        ("key", &key, "sk_live_..."),
        ("long", &long, "xxx..."),
    ];
    for (name, location, says) in cases {
        fixture.backend.behave(redirect(302, location));
        let outcome = fixture.whoami().run();
        outcome
            .exits(4)
            .complains(says)
            .hides("hunter2")
            .hides("\x1b");
        fixture.assert_clean_failure(name, &outcome);
        assert!(outcome.stderr.len() < 1000, "{name}: {outcome}");
    }
    fixture
        .backend
        .behave(Behaviour::Respond(Response::new(302, "text/plain", "")));
    fixture
        .whoami()
        .run()
        .exits(4)
        .complains("redirects to an unnamed place");
}
