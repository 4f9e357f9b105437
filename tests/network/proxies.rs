//! `HTTPS_PROXY` and `NO_PROXY`. The backend goes by a name that only the proxy knows: a direct
//! connection can't succeed unseen.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Fixture, SLACK, assert_no_panic, in_parallel};
use crate::support::backend::{KEY, TlsKind};
use crate::support::command::{Running, Sekuire};
use crate::support::needs;
use crate::support::port::RefusingPort;
use crate::support::proxy::{Proxy, ProxyBehaviour, Then};

const NAME: &str = "backend.example";

/// `user:pass word` in Base64, which is nowhere shown either.
const PASSWORD: &str = "pass%20word";
const CREDENTIALS: &str = "Basic dXNlcjpwYXNzIHdvcmQ=";

fn by_name(fixture: &Fixture) -> String {
    format!("https://{NAME}:{}", fixture.backend.address().port())
}

fn whoami(fixture: &Fixture, proxy: &str) -> Sekuire {
    fixture
        .bare()
        .env("SEKUIRE_API_KEY", KEY)
        .env("HTTPS_PROXY", proxy)
        .args(["whoami", "--backend", &by_name(fixture)])
}

fn with_password(proxy: &Proxy) -> String {
    format!("http://user:{PASSWORD}@{}", proxy.address())
}

#[test]
fn a_good_proxy() {
    let fixture = Fixture::new(TlsKind::Valid);
    let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
    let login = fixture
        .bare()
        .env("HTTPS_PROXY", proxy.url())
        .args(["login", "--api-key-stdin", "--backend", &by_name(&fixture)])
        .stdin(KEY.as_bytes())
        .run();
    login.exits(0).complains_not();
    assert!(fixture.home.read_auth().contains(&by_name(&fixture)));
    let heads = proxy.heads();
    assert_eq!(heads.len(), 2, "one for each request");
    let target = format!("{NAME}:{}", fixture.backend.address().port());
    let start = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    assert!(
        heads.iter().all(|head| head.starts_with(&start)),
        "{heads:?}"
    );
    assert!(!heads.concat().contains("sk_live_"), "{heads:?}");
    assert!(!heads.concat().contains("Authorization"), "{heads:?}");
}

#[test]
fn a_proxy_with_a_password() {
    let fixture = Fixture::new(TlsKind::Valid);
    let behaviour = ProxyBehaviour {
        wanted: Some(CREDENTIALS),
        ..ProxyBehaviour::good()
    };
    let proxy = Proxy::start(behaviour, fixture.backend.address());
    whoami(&fixture, &with_password(&proxy))
        .run()
        .exits(0)
        .complains_not();
    let sent = fixture.backend.requests();
    assert!(
        sent.iter()
            .all(|request| request.header("Proxy-Authorization").is_none()),
        "{sent:?}"
    );

    let none = whoami(&fixture, &proxy.url()).run();
    none.exits(4)
        .complains("wants a user name and password (407; it offers Basic)");
    let wrong = whoami(
        &fixture,
        &format!("http://user:s3cret-of-mine@{}", proxy.address()),
    )
    .run();
    wrong
        .exits(4)
        .complains("refused the user name or password (407)")
        .hides("s3cret");
    for (name, outcome) in [("none", none), ("wrong", wrong)] {
        outcome
            .complains(&proxy.address().to_string())
            .hides(PASSWORD);
        assert!(!outcome.stderr.contains("tried"), "{name}: {outcome}");
        fixture.assert_clean_failure(name, &outcome);
    }
    assert_eq!(
        fixture.backend.requests().len(),
        sent.len(),
        "nothing more was sent"
    );
}

/// A list of challenges on one line or on several, with lists of parameters in each (RFC 9110, 11.6.1).
#[test]
fn what_a_407_offers() {
    let wants =
        |schemes: &str| format!("wants a login by {schemes} (407), and only Basic is spoken here");
    let asks = |schemes: &str| format!("wants a user name and password (407; it offers {schemes})");
    let many: Vec<String> = (0..500).map(|number| format!("Scheme{number}")).collect();
    let cases = [
        (
            "Negotiate\r\nProxy-Authenticate: NTLM".to_owned(),
            wants("Negotiate, NTLM"),
        ),
        (
            "Negotiate, NTLM, Basic realm=\"a, b\"".to_owned(),
            asks("Negotiate, NTLM, Basic"),
        ),
        (
            "Digest realm=\"a\\\", Basic\", nonce = x, qop=\"auth\"".to_owned(),
            wants("Digest"),
        ),
        ("Negotiate YII=, Negotiate".to_owned(), wants("Negotiate")),
        ("\x1b[31mred, , Basic realm=\"x\"".to_owned(), asks("Basic")),
        (
            many.join(", "),
            wants("Scheme0, Scheme1, Scheme2, Scheme3, Scheme4, Scheme5, Scheme6, Scheme7"),
        ),
    ];
    for (offers, says) in cases {
        let fixture = Fixture::new(TlsKind::Valid);
        let reply = format!("HTTP/1.1 407 X\r\nProxy-Authenticate: {offers}\r\n\r\n");
        let behaviour = ProxyBehaviour::saying(reply.as_bytes(), Then::Close);
        let proxy = Proxy::start(behaviour, fixture.backend.address());
        let outcome = whoami(&fixture, &proxy.url()).run();
        outcome.exits(4).complains(&says);
    }
}

/// A user name alone has an empty password (RFC 7617, section 2, wants the colon).
/// A company's proxy shows a certificate of the company's CA: that is what a person behind it must know.
#[test]
fn a_certificate_that_is_not_trusted_may_be_the_proxys() {
    let words = "hint: if the proxy opens TLS, as a company's may, name the file of its CA in SSL_CERT_FILE; if the backend ";
    for (kind, is_said) in [(TlsKind::UnknownCa, true), (TlsKind::Expired, false)] {
        let fixture = Fixture::new(kind);
        let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
        let through = whoami(&fixture, &proxy.url()).run();
        through.exits(4);
        assert_eq!(through.stderr.contains(words), is_said, "{through}");
        let direct = fixture.whoami().run();
        direct.exits(4);
        assert!(!direct.stderr.contains("proxy"), "{direct}");
    }
}

#[test]
fn a_user_without_a_password() {
    let fixture = Fixture::new(TlsKind::Valid);
    let behaviour = ProxyBehaviour {
        wanted: Some("Basic dXNlcjo="),
        ..ProxyBehaviour::good()
    };
    let proxy = Proxy::start(behaviour, fixture.backend.address());
    whoami(&fixture, &format!("http://user@{}", proxy.address()))
        .run()
        .exits(0);
}

/// A reply of exactly so many bytes.
fn reply_of(length: usize) -> Vec<u8> {
    let (start, end) = ("HTTP/1.1 200 OK\r\nX-Filler: ", "\r\n\r\n");
    let filler = "x".repeat(length - start.len() - end.len());
    format!("{start}{filler}{end}").into_bytes()
}

#[test]
fn odd_proxies_that_work() {
    let reply = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n";
    let pieces = |size: usize| reply.chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut cases = vec![
        ("two pieces".to_owned(), pieces(30)),
        ("byte by byte".to_owned(), pieces(1)),
        (
            "line feeds only".to_owned(),
            vec![b"HTTP/1.1 200 OK\n\n".to_vec()],
        ),
        (
            "HTTP/1.0".to_owned(),
            vec![b"HTTP/1.0 200 OK\r\n\r\n".to_vec()],
        ),
        (
            "status 204".to_owned(),
            vec![b"HTTP/1.1 204 Fine\r\n\r\n".to_vec()],
        ),
        (
            "no reason".to_owned(),
            vec![b"HTTP/1.1 200\r\n\r\n".to_vec()],
        ),
        (
            "interim answers before".to_owned(),
            vec![
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                    .to_vec(),
                reply.to_vec(),
            ],
        ),
        (
            "Content-Length".to_owned(),
            vec![b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_vec()],
        ),
    ];
    for length in [255, 256, 257, 511, 512, 513, 1024, 16_000] {
        cases.push((format!("{length} bytes"), vec![reply_of(length)]));
    }
    let count = cases.len();
    in_parallel(
        cases,
        || Fixture::new(TlsKind::Valid),
        |fixture, (name, reply)| {
            let behaviour = ProxyBehaviour {
                reply,
                ..ProxyBehaviour::good()
            };
            let proxy = Proxy::start(behaviour, fixture.backend.address());
            let outcome = whoami(fixture, &proxy.url()).run();
            assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
            assert_eq!(proxy.heads().len(), 1, "{name}: {outcome}");
        },
    );
    eprintln!("proxies that work: {count} cases");
}

#[test]
fn proxies_that_misbehave() {
    let say = |reply: &[u8], then| ProxyBehaviour::saying(reply, then);
    let cases = vec![
        (
            "resets on accept",
            say(b"", Then::ResetOnAccept),
            "the proxy 127.0.0.1",
            3,
        ),
        (
            "resets during CONNECT",
            say(b"", Then::Reset),
            "broke off",
            3,
        ),
        (
            "closes during CONNECT",
            say(b"", Then::Close),
            "broke off",
            3,
        ),
        (
            "resets within its reply",
            say(b"HTTP/1.1 200 OK\r\nVia", Then::Reset),
            "broke off",
            3,
        ),
        (
            "closes within its reply",
            say(b"HTTP/1.1 200 OK\r\nVia", Then::Close),
            "broke off",
            3,
        ),
        (
            "resets behind its reply",
            say(b"HTTP/1.1 200 OK\r\n\r\n", Then::Reset),
            "before it had answered",
            3,
        ),
        (
            "closes behind its reply",
            say(b"HTTP/1.1 200 OK\r\n\r\n", Then::Close),
            "before it had answered",
            3,
        ),
        (
            "stalls",
            say(b"", Then::Silence),
            "while waiting for the proxy's answer",
            3,
        ),
        (
            "stalls within its reply",
            say(b"HTTP/1.1 200 OK\r\n", Then::Silence),
            "while waiting for the proxy's answer",
            3,
        ),
        (
            "stalls behind its reply",
            say(b"HTTP/1.1 200 OK\r\n\r\n", Then::Silence),
            "nothing within 1 s",
            3,
        ),
        (
            "refuses with 403",
            say(b"HTTP/1.1 403 Forbidden\r\n\r\n", Then::Close),
            "refused to connect to backend.example (status 403)",
            1,
        ),
        (
            "refuses with 405",
            say(b"HTTP/1.1 405 No\r\n\r\n", Then::Close),
            "(status 405)",
            1,
        ),
        (
            "answers 407",
            say(b"HTTP/1.1 407 Auth\r\n\r\n", Then::Close),
            "wants a user name and password (407)",
            1,
        ),
        (
            "redirects",
            say(
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n",
                Then::Close,
            ),
            "(status 302)",
            1,
        ),
        (
            "answers 502",
            say(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", Then::Close),
            "could not reach backend.example (status 502)",
            3,
        ),
        (
            "answers 503",
            say(b"HTTP/1.1 503 Unavailable\r\n\r\n", Then::Close),
            "(status 503)",
            3,
        ),
        (
            "answers 504 in 256 bytes",
            say(
                &[
                    b"HTTP/1.1 504 X\r\nX: ".as_slice(),
                    &[b'x'; 233],
                    b"\r\n\r\n",
                ]
                .concat(),
                Then::Close,
            ),
            "(status 504)",
            3,
        ),
        (
            "speaks SSH",
            say(b"SSH-2.0-OpenSSH\r\n", Then::Close),
            "did not answer in HTTP",
            1,
        ),
        (
            "speaks SSH and waits",
            say(b"SSH-2.0-OpenSSH\r\n", Then::Silence),
            "did not answer in HTTP",
            1,
        ),
        (
            "speaks SOCKS",
            say(&[5, 0xff], Then::Silence),
            "did not answer in HTTP",
            1,
        ),
        (
            "has no status",
            say(b"HTTP/1.1 OK\r\n\r\n", Then::Close),
            "did not answer in HTTP",
            1,
        ),
        (
            "answers itself",
            say(
                b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"id\":\"user\"}",
                Then::Close,
            ),
            "does not speak TLS",
            1,
        ),
        (
            "replies without end",
            say(&b"X: y\r\n".repeat(20_000), Then::Silence),
            "did not answer in HTTP",
            1,
        ),
        (
            "has a head without end",
            say(
                &[
                    b"HTTP/1.1 200 OK\r\n".as_slice(),
                    &b"X: y\r\n".repeat(20_000),
                ]
                .concat(),
                Then::Silence,
            ),
            "proxy",
            3,
        ),
    ];
    let count = cases.len();
    in_parallel(
        cases,
        || Fixture::new(TlsKind::Valid),
        |fixture, (name, behaviour, says, tries)| {
            let proxy = Proxy::start(behaviour, fixture.backend.address());
            // 407 means another thing to whoever sent a password.
            let url = if says.contains("wants") {
                proxy.url()
            } else {
                with_password(&proxy)
            };
            let outcome = whoami(fixture, &url).args(["--timeout", "1"]).run();
            assert_eq!(outcome.code, Some(4), "{name}: {outcome}");
            assert!(
                outcome.stderr.contains(says),
                "{name}: lacks {says:?}; {outcome}"
            );
            assert!(
                outcome.stderr.contains(&proxy.address().to_string()),
                "{name}: which proxy? {outcome}"
            );
            assert_eq!(
                outcome.stderr.contains("tried 3 times"),
                tries == 3,
                "{name}: {outcome}"
            );
            outcome
                .hides("pass%20word")
                .hides("pass word")
                .hides("dXNlcjpw");
            fixture.assert_clean_failure(name, &outcome);
            assert!(
                outcome.elapsed < Duration::from_secs(3) + SLACK,
                "{name}: {outcome}"
            );
            assert_eq!(
                fixture.backend.connections(),
                0,
                "{name}: a direct connection"
            );
        },
    );
    eprintln!("proxies that misbehave: {count} cases");
}

#[test]
fn a_proxy_that_is_not_there() {
    let fixture = Fixture::new(TlsKind::Valid);
    let refusing = RefusingPort::new();
    let address = refusing.address();
    let outcome = whoami(&fixture, &format!("http://user:hunter2@{address}")).run();
    outcome
        .exits(4)
        .complains("the proxy 127.0.0.1 refused the connection")
        .complains(&format!("through proxy {address}"))
        .complains("tried 3 times")
        .hides("hunter2");
    fixture.assert_clean_failure("refused", &outcome);
    let outcome = whoami(&fixture, "http://user:hunter2@proxy.invalid:3128")
        .args(["--timeout", "2"])
        .run();
    outcome.exits(4).complains("proxy.invalid").hides("hunter2");
    fixture.assert_clean_failure("unknown", &outcome);
}

#[test]
fn malformed_proxies_are_usage_errors() {
    let fixture = Fixture::new(TlsKind::Valid);
    let values = [
        "https://127.0.0.1:3128",
        "socks5://127.0.0.1:1080",
        "127.0.0.1:3128",
        "proxy",
        "http://127.0.0.1",
        "http://",
        "http://:3128",
        "http://127.0.0.1:",
        "http://127.0.0.1:0",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:+1",
        "http://127.0.0.1:3128/path",
        "http://127.0.0.1:3128?x",
        "http://127.0.0.1:3128#x",
        "http://127.0.0.1:31 28",
        "http://user:hunter2%zz@127.0.0.1:3128",
        "http://user:hunter2%@127.0.0.1:3128",
        "http://user:hunter2@",
        "http://[::1]:3128",
        "http://user:hunter2@127.0.0.1\r\nX: y:3128",
        "http://user:hunter2@\u{e9}:3128",
        " ",
        "\u{1b}[31mhunter2",
    ];
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        for value in values {
            let outcome = fixture
                .bare()
                .env("SEKUIRE_API_KEY", KEY)
                .env(variable, value)
                .args(["whoami", "--backend", &by_name(&fixture)])
                .run();
            assert_eq!(outcome.code, Some(2), "{variable}={value:?}: {outcome}");
            outcome
                .complains(variable)
                .complains("hint: ")
                .hides("hunter2")
                .hides("\u{1b}");
            fixture.assert_clean_failure(value, &outcome);
        }
    }
    assert_eq!(fixture.backend.connections(), 0);
    eprintln!("malformed proxies: {} cases", 2 * values.len());
}

/// `HTTPS_PROXY` goes before `https_proxy`; empty means unset; `HTTP_PROXY`, `ALL_PROXY` and minreq's own
/// reading of others mean nothing.
#[test]
fn which_variable_counts() {
    let fixture = Fixture::new(TlsKind::Valid);
    let good = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
    let refusing = RefusingPort::new();
    let bad = format!("http://{}", refusing.address());
    let cases: [(&str, &[(&str, &str)]); 5] = [
        (
            "upper",
            &[("HTTPS_PROXY", &good.url()), ("https_proxy", &bad)],
        ),
        ("lower", &[("https_proxy", &good.url())]),
        (
            "empty upper",
            &[("HTTPS_PROXY", ""), ("https_proxy", &good.url())],
        ),
        (
            "others",
            &[
                ("HTTPS_PROXY", &good.url()),
                ("HTTP_PROXY", &bad),
                ("http_proxy", &bad),
                ("ALL_PROXY", &bad),
                ("all_proxy", &bad),
            ],
        ),
        (
            "empty NO_PROXY",
            &[
                ("HTTPS_PROXY", &good.url()),
                ("NO_PROXY", ""),
                ("no_proxy", ""),
            ],
        ),
    ];
    for (name, variables) in cases {
        let mut command = fixture.bare().env("SEKUIRE_API_KEY", KEY).args([
            "whoami",
            "--backend",
            &by_name(&fixture),
        ]);
        for (variable, value) in variables {
            command = command.env(variable, value);
        }
        let outcome = command.run();
        assert_eq!(outcome.code, Some(0), "{name}: {outcome}");
    }
    assert_eq!(good.heads().len(), cases.len());
}

#[test]
fn no_proxy() {
    let own_port = "PORT";
    let cases = [
        ("backend.example", false),
        ("BACKEND.EXAMPLE", false),
        ("example", false),
        (".example", false),
        ("*", false),
        ("other.test, backend.example", false),
        ("other.test backend.example", false),
        (own_port, false),
        (".backend.example", true),
        ("other.test", true),
        ("end.example", true),
        ("backend.example.", true),
        ("backend.example:1", true),
        ("ample", true),
        (",,", true),
        (".", true),
        (":", true),
        ("127.0.0.1", true),
        ("x.backend.example", true),
    ];
    in_parallel(
        cases.to_vec(),
        || Fixture::new(TlsKind::Valid),
        |fixture, (list, proxied)| {
            let port = fixture.backend.address().port();
            let value = list.replace(own_port, &format!("{NAME}:{port}"));
            for variable in ["NO_PROXY", "no_proxy"] {
                let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
                // The name does not resolve, so that without the proxy there is no answer.
                let (code, seconds) = if proxied { (0, "10") } else { (4, "1") };
                let outcome = whoami(fixture, &proxy.url())
                    .args(["--timeout", seconds])
                    .env(variable, &value)
                    .run();
                let name = format!("{variable}={value:?}");
                assert_eq!(
                    proxy.heads().len(),
                    usize::from(proxied),
                    "{name}: {outcome}"
                );
                assert_eq!(outcome.code, Some(code), "{name}: {outcome}");
                assert_no_panic(&name, &outcome);
            }
        },
    );
    eprintln!("NO_PROXY: {} cases", 2 * cases.len());
}

/// This machine and origins in clear are never asked for at a proxy.
#[test]
fn never_for_loopback_or_clear() {
    let fixture = Fixture::new(TlsKind::Valid);
    let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
    for url in [fixture.backend.url(), fixture.backend.origin_localhost()] {
        let outcome = fixture
            .bare()
            .env("SEKUIRE_API_KEY", KEY)
            .env("HTTPS_PROXY", proxy.url())
            .args(["whoami", "--backend", &url])
            .run();
        outcome.exits(0).complains_not();
    }
    let clear = Fixture::new(TlsKind::None);
    clear
        .whoami()
        .env("HTTPS_PROXY", proxy.url())
        .run()
        .exits(0);
    let allowed = format!("http://{NAME}:{}", clear.backend.address().port());
    let outcome = clear
        .bare()
        .env("SEKUIRE_API_KEY", KEY)
        .env("HTTPS_PROXY", proxy.url())
        .env("SEKUIRE_ALLOW_HTTP", &allowed)
        .args(["whoami", "--timeout", "1", "--backend", &allowed])
        .run();
    outcome.exits(4);
    assert_eq!(proxy.heads().len(), 0);
}

/// A proxy program that nobody here wrote, ended when dropped.
struct Real {
    _running: Running,
    port: u16,
    _reserved: RefusingPort,
    _place: TempDir,
}

impl Real {
    /// Starts it in a folder of its own, where `configure` puts its files, and waits until its port
    /// answers. None: it is not here, or can't be shown where `NAME` is.
    fn start(
        program: &str,
        options: &[&str],
        configure: impl Fn(&Path, u16) -> String,
    ) -> Option<Self> {
        let program = needs::tool(program)?;
        let machine = needs::machine()?;
        let place = TempDir::with_prefix_in("sekuire-proxy-", "/tmp").unwrap();
        // squid, where it is root's, gives itself to a user of its own.
        fs::set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
        let hosts = place.path().join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {NAME}\n")).unwrap();
        let reserved = RefusingPort::new();
        let port = reserved.address().port();
        let configuration = configure(place.path(), port);
        fs::write(place.path().join("configuration"), configuration).unwrap();
        let mut running = Sekuire::at(&program)
            .on(machine
                .mount(&hosts, "/etc/hosts")
                // Where squid keeps what another squid must not find.
                .mount(place.path(), "/dev/shm"))
            .directory(place.path())
            .args(options)
            .arg("configuration")
            .timeout(Duration::ZERO)
            .spawn();
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "{} does not listen: {}",
                program.display(),
                running.finish()
            );
            thread::sleep(Duration::from_millis(50));
        }
        Some(Self {
            _running: running,
            port,
            _reserved: reserved,
            _place: place,
        })
    }
}

fn login_through(
    fixture: &Fixture,
    real: &Real,
    credentials: &str,
) -> crate::support::outcome::Outcome {
    fixture
        .bare()
        .env(
            "HTTPS_PROXY",
            format!("http://{credentials}127.0.0.1:{}", real.port),
        )
        .args(["login", "--api-key-stdin", "--backend", &by_name(fixture)])
        .stdin(KEY.as_bytes())
        .run()
}

/// A login with and without the password, and one that must not get through.
fn try_real(start: impl Fn(&Fixture, bool) -> Option<Real>) {
    let fixture = Fixture::new(TlsKind::Valid);
    let Some(open) = start(&fixture, false) else {
        return;
    };
    login_through(&fixture, &open, "").exits(0).complains_not();
    assert_eq!(fixture.backend.requests().len(), 2);

    let fixture = Fixture::new(TlsKind::Valid);
    let guarded = start(&fixture, true).expect("as before");
    for (credentials, says) in [
        ("", "wants a user name and password (4"),
        ("user:wrong@", "refused the user name or password (4"),
    ] {
        let outcome = login_through(&fixture, &guarded, credentials);
        outcome.exits(4).complains(says);
        fixture.assert_clean_failure(credentials, &outcome);
    }
    assert_eq!(fixture.backend.requests().len(), 0);
    login_through(&fixture, &guarded, "user:password@")
        .exits(0)
        .complains_not();
    assert_eq!(fixture.backend.requests().len(), 2);
}

#[test]
fn tinyproxy() {
    try_real(|fixture, guarded| {
        let target = fixture.backend.address().port();
        let guard = if guarded {
            "BasicAuth user password\n"
        } else {
            ""
        };
        Real::start("tinyproxy", &["-d", "-c"], |_, port| {
            format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 20\nAllow 127.0.0.1\nMaxClients 10\nConnectPort {target}\n{guard}"
            )
        })
    });
}

#[test]
fn squid() {
    try_real(|_, guarded| {
        Real::start("squid", &["-N", "-f"], |place, port| {
            let here = place.display();
            // The helper's protocol: a line of user and password, answered OK or ERR.
            fs::write(place.join("helper"), "while read -r line; do [ \"$line\" = 'user password' ] && echo OK || echo ERR; done\n").unwrap();
            let guard = if guarded {
                format!(
                    "auth_param basic program /bin/sh {here}/helper\nauth_param basic children 1 startup=1\nacl known proxy_auth REQUIRED\nhttp_access allow known\n"
                )
            } else {
                "http_access allow all\n".to_owned()
            };
            format!(
                "http_port 127.0.0.1:{port}\nhosts_file /etc/hosts\npid_filename none\ncache_mem 8 MB\ncache deny all\naccess_log none\n\
                 cache_log {here}/cache.log\nnetdb_filename none\npinger_enable off\nshutdown_lifetime 0 seconds\nworkers 1\nmax_filedescriptors 256\n{guard}http_access deny all\n"
            )
        })
    });
}

/// curl would take it: a person who set only this one is told that it is not read.
#[test]
fn all_proxy_alone_is_not_read_and_said_so() {
    let fixture = Fixture::new(TlsKind::Valid);
    let unreachable = || {
        fixture
            .bare()
            .env("SEKUIRE_API_KEY", KEY)
            .args(["whoami", "--backend", "https://no-such-host.invalid"])
            .args(["--timeout", "1"])
    };
    let words = "is set, but only HTTPS_PROXY is read here";
    for name in ["ALL_PROXY", "all_proxy"] {
        let proxy = Proxy::start(ProxyBehaviour::good(), fixture.backend.address());
        let outcome = unreachable().env(name, proxy.url()).run();
        outcome.exits(4).complains(&format!("{name} {words}"));
        assert_eq!(proxy.heads().len(), 0, "{outcome}");
    }
    assert!(!unreachable().run().stderr.contains(words));
    // Nor where no proxy would help.
    let untrusted = Fixture::new(TlsKind::UnknownCa);
    let whoami = untrusted
        .whoami()
        .env("ALL_PROXY", "http://proxy.example:3128");
    whoami.run().exits(4).complains("CA").hides(words);
    let port = RefusingPort::new();
    let refusing = |scheme: &str| format!("{scheme}://{}", port.address());
    for backend in ["http", "https"].map(refusing) {
        let whoami = fixture.bare().env("ALL_PROXY", "http://proxy.example:3128");
        let whoami = whoami.env("SEKUIRE_API_KEY", KEY);
        let outcome = whoami
            .args(["whoami", "--timeout", "1", "--backend", &backend])
            .run();
        outcome.exits(4).complains("refused").hides(words);
    }
    // Nor where the one that is read is set.
    let whoami = unreachable().env("ALL_PROXY", "http://proxy.example:3128");
    let outcome = whoami.env("HTTPS_PROXY", refusing("http")).run();
    outcome.exits(4).complains("refused").hides(words);
}
