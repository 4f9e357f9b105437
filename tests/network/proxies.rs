//! `HTTPS_PROXY` and `NO_PROXY`. The backend goes by a name that only the proxy knows: a direct connection can't
//! succeed unseen. What the variables may hold: `src/http/proxy.rs` and `src/http/no_proxy.rs`.

use super::{Asks, Fixture, SLACK, in_parallel, rows};
use crate::support::backend::TlsKind;
use crate::support::command::TestCommand;
use crate::support::port::RefusingPort;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

const NAME: &str = "backend.example";

/// `user:pass word`, percent-encoded, and in Base64.
const LOGIN: &str = "user:pass%20word";
const BASIC: &str = "dXNlcjpwYXNzIHdvcmQ=";

fn by_name(fixture: &Fixture) -> String {
    format!("https://{NAME}:{}", fixture.backend.address().port())
}

fn whoami(fixture: &Fixture, proxy: &str) -> TestCommand {
    let call = fixture.ask_at(Asks::Me, &by_name(fixture));
    call.env("HTTPS_PROXY", proxy)
}

fn with_login(proxy: &Proxy) -> String {
    format!("http://{LOGIN}@{}", proxy.address())
}

#[test]
fn proxy_gets_connect_and_nothing_else() {
    let fixture = Fixture::new(TlsKind::Valid);
    let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
    let login = fixture.ask_at(Asks::Verify, &by_name(&fixture));
    let login = login.env("HTTPS_PROXY", proxy.url());
    login.run().exits_with(0).stderr_is_empty();
    let target = format!("{NAME}:{}", fixture.backend.address().port());
    let version = env!("CARGO_PKG_VERSION");
    let head = format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: sekuire/{version}\r\n\r\n"
    );
    assert_eq!(proxy.heads(), [head.clone(), head], "one for each request");
}

#[test]
fn a_proxy_may_want_a_login() {
    let fixture = Fixture::new(TlsKind::Valid);
    let behaviour = ProxyBehaviour {
        wanted: Some("Basic dXNlcjpwYXNzIHdvcmQ="),
        ..ProxyBehaviour::good()
    };
    let proxy = Proxy::start(behaviour, fixture.backend.address());
    let good = whoami(&fixture, &with_login(&proxy));
    good.run().exits_with(0).stderr_is_empty();
    let sent = fixture.backend.requests();
    assert!(sent[0].header("Proxy-Authorization").is_none(), "{sent:?}");
    for login in ["", "user:s3cret@"] {
        let address = proxy.address();
        let outcome = whoami(&fixture, &format!("http://{login}{address}")).run();
        let error = format!(" through proxy {address}: the proxy refused to connect (407)\n");
        outcome
            .exits_with(4)
            .stderr_contains(&error)
            .never_shows("s3cret");
        outcome.stderr_contains(
            "hint: check the login in HTTPS_PROXY=http://user:password@host:port; only Basic is ",
        );
        fixture.assert_clean_failure(login, &outcome);
    }
    assert_eq!(fixture.backend.requests().len(), 1, "nothing more was sent");
}

/// Between `^`: the pieces of a reply, which come one by one. How a head is read: `src/http/codec.rs`.
const GOOD: &str = "
    HTTP/1.1 200 Connection est^ablished¶Via: 1.1 test¶^¶
    HTTP/1.0 200¶Content-Length: 5¶¶
    HTTP/1.1 100 Continue¶¶HTTP/1.1 103 Early Hints¶Link: </x>¶¶HTTP/1.1 204 Fine¶¶
";

#[test]
fn unusual_replies_to_connect_work() {
    let long = format!("HTTP/1.1 200 OK¶X-Filler: {}¶¶", "x".repeat(16_000));
    in_parallel(rows(&format!("{GOOD}{long}")), |[reply]| {
        let fixture = Fixture::new(TlsKind::Valid);
        let behaviour = ProxyBehaviour {
            reply: reply.split('^').map(Into::into).collect(),
            ..ProxyBehaviour::good()
        };
        let proxy = Proxy::start(behaviour, fixture.backend.address());
        whoami(&fixture, &proxy.url()).run().exits_with(0);
        assert_eq!(proxy.heads().len(), 1, "{reply}");
    });
}

/// `ATTEMPTS | THEN | REPLY | WORDS`.
const MISBEHAVING: &str = "
    3 | ResetOnAccept |                                               |
    3 | Reset   |                                                     | the proxy broke off: connection reset by peer
    3 | Close   |                                                     | the proxy broke off: connection closed
    3 | Close   | HTTP/1.1 200 OK¶Via                                 | the proxy broke off: connection closed
    3 | Close   | HTTP/1.1 200 OK¶¶                                   | connection closed
    3 | Silence |                                                     | timed out while waiting for the proxy
    3 | Silence | HTTP/1.1 200 OK¶                                    | timed out while waiting for the proxy
    3 | Silence | HTTP/1.1 200 OK¶¶                                   | timed out while negotiating TLS
    3 | Close   | HTTP/1.1 502 Bad Gateway¶Content-Length: 4¶¶body    | the proxy refused to connect (502)
    1 | Close   | HTTP/1.1 403 Forbidden¶¶                            | the proxy refused to connect (403)
    1 | Close   | HTTP/1.1 401 No¶¶                                   | the proxy refused to connect (401)
    1 | Silence | SSH-2.0-OpenSSH¶                                    | the proxy does not speak HTTP
    1 | Close   | HTTP/1.1 OK¶¶                                       | the proxy does not speak HTTP
    1 | Close   | HTTP/1.1 200 OK¶¶HTTP/1.1 200 OK¶¶{}                | it does not speak TLS on this port
";

#[test]
fn failing_proxy_is_named_and_never_bypassed() {
    in_parallel(rows(MISBEHAVING), |[attempts, then, reply, says]| {
        let then = match &*then {
            "ResetOnAccept" => Then::ResetOnAccept,
            "Reset" => Then::Reset,
            "Close" => Then::Close,
            _ => Then::Silence,
        };
        let fixture = Fixture::new(TlsKind::Valid);
        let behaviour = ProxyBehaviour::saying(reply.as_bytes(), then);
        let proxy = Proxy::start(behaviour, fixture.backend.address());
        let call = whoami(&fixture, &with_login(&proxy));
        let seconds = if then == Then::Silence { "1" } else { "20" };
        let outcome = call.args(["--timeout", seconds]).run();
        let name = format!("{then:?} {reply}");
        outcome.exits_with(4).stderr_contains(&says);
        let is_tried = outcome.stderr.contains("(3 attempts");
        assert_eq!(is_tried, attempts == "3", "{name}: {outcome}");
        let alternatives = outcome.stderr.matches(", or ").count();
        assert!(alternatives <= 1, "{name}: two at most; {outcome}");
        outcome
            .never_shows("pass%20word")
            .never_shows("pass word")
            .never_shows(BASIC);
        fixture.assert_clean_failure(&name, &outcome);
        outcome.ends_within(SLACK);
        assert_eq!(fixture.backend.connections(), 0, "{name}: direct");
    });
}

#[test]
fn endless_reply_to_connect_fails() {
    let fixture = Fixture::new(TlsKind::Valid);
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(20_000));
    let behaviour = ProxyBehaviour::saying(endless.as_bytes(), Then::Silence);
    let proxy = Proxy::start(behaviour, fixture.backend.address());
    let outcome = whoami(&fixture, &proxy.url()).run();
    let outcome = outcome.exits_with(4).ends_within(SLACK);
    outcome.stderr_contains("the proxy does not speak HTTP");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let fixture = Fixture::new(TlsKind::Valid);
    let refusing = RefusingPort::new().address();
    for (proxy, cause) in [
        (refusing.to_string(), "connection refused (3 attempts"),
        ("proxy.invalid:3128".into(), ""),
    ] {
        let outcome = whoami(&fixture, &format!("http://user:hunter2@{proxy}")).run();
        let named = format!(" through proxy {proxy}: {cause}");
        outcome
            .exits_with(4)
            .stderr_contains(&named)
            .never_shows("hunter2");
        fixture.assert_clean_failure(&proxy, &outcome);
    }
    let outcome = whoami(&fixture, &format!("http://{refusing}")).run();
    outcome.stderr_contains("hint: check HTTPS_PROXY and the network");
}

#[test]
fn malformed_proxy_is_a_usage_error_and_never_bypassed() {
    let fixture = Fixture::new(TlsKind::Valid);
    let no_port = "http://user:hunter2@127.0.0.1";
    let values = ["socks5://127.0.0.1:1080", no_port, " ", "\x1b[31mhunter2"];
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        for value in values {
            let call = fixture.ask_at(Asks::Me, &by_name(&fixture));
            let outcome = call.env(variable, value).run();
            let (error, hint) = ("error: the proxy in ", "\nhint: write ");
            outcome
                .exits_with(2)
                .stderr_contains(&format!("{error}{variable} "));
            outcome
                .stderr_contains(&format!("{hint}{variable}=http://"))
                .never_shows("hunter2");
            fixture.assert_clean_failure(value, &outcome);
        }
    }
    assert_eq!(fixture.backend.connections(), 0);
}

/// The variables, of which `good` is the proxy, `bad` one that refuses, and whether the proxy is used.
const VARIABLES: &str = "
    HTTPS_PROXY=good https_proxy=bad                                      | 1
    https_proxy=good                                                      | 1
    HTTPS_PROXY= https_proxy=good                                         | 1
    HTTPS_PROXY=good HTTP_PROXY=bad http_proxy=bad ALL_PROXY=bad          | 1
    HTTPS_PROXY=good NO_PROXY= no_proxy=                                  | 1
    HTTPS_PROXY=good NO_PROXY=other.test no_proxy=backend.example         | 1
    HTTPS_PROXY=good NO_PROXY=backend.example                             | 0
    HTTPS_PROXY=good NO_PROXY= no_proxy=other.test,.example               | 0
    ALL_PROXY=good all_proxy=good HTTP_PROXY=good http_proxy=good         | 0
";

#[test]
fn upper_case_variable_takes_precedence() {
    in_parallel(rows(VARIABLES), |[variables, used]| {
        let fixture = Fixture::new(TlsKind::Valid);
        let good = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
        let refusing = RefusingPort::new();
        let mut call = fixture.ask_at(Asks::Me, &by_name(&fixture));
        for variable in variables.split(' ') {
            let (name, value) = variable.split_once('=').expect("a variable");
            call = match value {
                "good" => call.env(name, good.url()),
                "bad" => call.env(name, format!("http://{}", refusing.address())),
                value => call.env(name, value),
            };
        }
        // The name does not resolve, so that without the proxy there is no answer.
        let outcome = call.run();
        let code = if used == "1" { 0 } else { 4 };
        assert_eq!(outcome.code, Some(code), "{variables}: {outcome}");
        assert_eq!(good.heads().len().to_string(), used, "{variables}");
    });
}

/// This machine and origins in clear are never asked for at a proxy.
#[test]
fn loopback_and_plain_http_are_never_proxied() {
    let fixture = Fixture::new(TlsKind::Valid);
    let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
    let clear = Fixture::new(TlsKind::None);
    let allowed = by_name(&clear).replace("https", "http");
    for (fixture, url, code) in [
        (&fixture, fixture.backend.url(), 0),
        (&fixture, fixture.backend.origin_localhost(), 0),
        (&clear, clear.backend.url(), 0),
        (&clear, allowed.clone(), 4),
    ] {
        let call = fixture.ask_at(Asks::Me, &url);
        let call = call.env("SEKUIRE_ALLOW_HTTP", &allowed);
        call.env("HTTPS_PROXY", proxy.url()).run().exits_with(code);
    }
    assert_eq!(proxy.heads().len(), 0);
}
