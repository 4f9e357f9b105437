//! URLs: which are refused, before any request, and which are accepted.

use serde_json::json;

use crate::fixtures::{auth_with, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;

/// Each with the words that say what is wrong.
const REFUSED: &[(&str, &str)] = &[
    ("backend.example", "https://"),
    ("//backend.example", "https://"),
    ("ftp://backend.example", "https://"),
    ("file:///etc/passwd", "https://"),
    ("https:/backend.example", "https://"),
    ("https:backend.example", "https://"),
    ("javascript:alert(1)", "https://"),
    ("https://", "no host"),
    ("https:///path", "no host"),
    ("https://:443", "no host"),
    ("https://user@backend.example", "user name or password"),
    (
        "https://user:secret@backend.example",
        "user name or password",
    ),
    (
        "https://api.sekuire.ai@evil.example",
        "user name or password",
    ),
    ("https://:@backend.example", "user name or password"),
    ("https://backend.example?x=1", "query"),
    ("https://backend.example/a?x", "query"),
    ("https://backend.example#top", "fragment"),
    ("https://backend.example/#", "fragment"),
    ("https://backend.example:", "port"),
    ("https://backend.example:0", "port"),
    ("https://backend.example:65536", "port"),
    ("https://backend.example:65979", "port"),
    ("https://backend.example:99999999999999999999", "port"),
    ("https://backend.example:-1", "port"),
    ("https://backend.example:+443", "port"),
    ("https://backend.example:443x", "port"),
    ("https://backend.example:44 3", "white space"),
    ("https://backend.example\\@evil.example", "backslash"),
    ("https:\\\\backend.example", "https://"),
    ("https://backend.example/a b", "white space"),
    ("https://backend .example", "white space"),
    ("https://backend.example/\r\nX-Evil:1", "control character"),
    ("https://backend.example/\u{1}", "control character"),
    ("https://backend.example/\u{7f}", "control character"),
    ("https://b\u{e4}ckend.example", "ASCII"),
    ("https://b\u{430}ckend.example", "ASCII"),
    ("https://backend.example/\u{e4}", "ASCII"),
    ("https://backend\u{3002}example", "ASCII"),
    ("https://.example", "host"),
    ("https://a..example", "host"),
    ("https://backend.example,evil.example", "host"),
    ("https://%62ackend.example", "host"),
    ("https://127.1", "address"),
    ("https://2130706433", "address"),
    ("https://0x7f.0.0.1", "address"),
    ("https://0x7f000001", "address"),
    ("https://127.0.0.256", "address"),
    ("https://1.2.3", "address"),
    ("https://backend.example/../x", ".."),
    ("https://backend.example/a/%2e%2E/x", ".."),
    ("https://backend.example/%2e", ".."),
    ("https://backend.example/.%2e", ".."),
    ("https://backend.example/x%2f..%2fy", ".."),
    ("https://backend.example/x%5C..", ".."),
    ("https://backend.example/../api/v1", ".."),
    ("https://backend.example/%zz", "percent-encoded"),
    ("https://backend.example/<", "percent-encoded"),
    // http is for loopback.
    ("http://backend.example", "https"),
    ("http://backend.example:9300", "https"),
    ("http://10.0.0.1", "https"),
    ("http://0.0.0.0", "https"),
    ("http://localhost.evil.example", "https"),
    ("http://127.0.0.1.evil.example", "https"),
    ("http://notlocalhost", "https"),
    ("http://api.sekuire.ai", "https"),
];

#[test]
fn refused_urls_end_with_two_before_any_request() {
    // Whatever gets past the check meets a proxy that counts.
    let proxy = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    for (url, part) in REFUSED {
        for arguments in [
            &["login", "--api-key-stdin", "--backend"][..],
            &["whoami", "--backend-url"],
        ] {
            let outcome = sekuire(&home)
                .env("HTTPS_PROXY", proxy.url())
                .args(arguments)
                .arg(url)
                .stdin(KEY.as_bytes())
                .run();
            assert_eq!(outcome.code, Some(2), "{url:?}, {arguments:?}; {outcome}");
            assert!(
                outcome.stderr.contains(part),
                "{url:?} lacks {part:?}; {outcome}"
            );
            outcome
                .prints("")
                .complains("error: ")
                .complains("\nhint: ")
                .hides("secret@");
            assert_eq!(home.read_auth(), before, "{url:?}");
        }
        let by_variable = sekuire(&Home::new())
            .env("HTTPS_PROXY", proxy.url())
            .env("SEKUIRE_BACKEND_URL", url)
            .args(["login", "--api-key-stdin"])
            .stdin(KEY.as_bytes())
            .run();
        assert_eq!(by_variable.code, Some(2), "variable {url:?}; {by_variable}");
    }
    assert_eq!(proxy.connections(), 0);
    assert_eq!(home.listing(), ["auth.json"]);
}

/// A host that does not exist, asked for through a proxy that is not there: the URL was fine.
#[test]
fn accepted_urls_get_as_far_as_the_connection() {
    let home = logged_in_home();
    let before = home.read_auth();
    // All at once, for each tries three times.
    let runs = [
        "https://backend.invalid",
        "HTTPS://Backend.Invalid/",
        "https://backend.invalid:8443/prefix/",
        "https://xn--bckend-bua.invalid",
        "https://a-b_c.invalid",
        "https://backend.invalid/a%20b/~c;d=e,f",
        "https://10.1.2.3:65535",
        "https://backend.invalid:1",
    ]
    .map(|url| {
        let command = sekuire(&home).env("HTTPS_PROXY", "http://127.0.0.1:1");
        (
            url,
            command
                .args(["whoami", "--timeout", "1", "--backend", url])
                .spawn(),
        )
    });
    for (url, mut run) in runs {
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(4), "{url:?}; {outcome}");
        outcome.prints("");
    }
    assert_eq!(home.read_auth(), before);
}

#[test]
fn http_is_for_loopback_and_for_the_origin_that_is_allowed() {
    let backend = Backend::http();
    let port = backend.address().port();
    let login = |url: &str, allowed: Option<&str>| {
        let home = Home::new();
        let mut command = sekuire(&home)
            .args([
                "login",
                "--api-key-stdin",
                "--timeout",
                "1",
                "--wait",
                "1",
                "--backend",
                url,
            ])
            .stdin(KEY.as_bytes());
        if let Some(origin) = allowed {
            command = command.env("SEKUIRE_ALLOW_HTTP", origin);
        }
        command.run()
    };
    for url in [
        backend.url(),
        backend.origin_localhost(),
        format!("HTTP://LOCALHOST:{port}/"),
    ] {
        login(&url, None).exits(0);
    }
    let refused = login("http://backend.invalid:9300", None);
    refused.exits(2).complains("SEKUIRE_ALLOW_HTTP");
    for (allowed, code) in [
        ("http://backend.invalid:9300", 4),
        ("http://backend.invalid:9300/", 4),
        ("http://backend.invalid", 2),
        ("backend.invalid:9300", 2),
        ("http://backend.invalid:9301", 2),
        ("https://backend.invalid:9300", 2),
        ("http://other.invalid:9300", 2),
        ("*", 2),
        ("1", 2),
        ("", 2),
    ] {
        let outcome = login("http://backend.invalid:9300", Some(allowed));
        assert_eq!(outcome.code, Some(code), "{allowed:?}; {outcome}");
        if code == 2 && !allowed.is_empty() {
            outcome.complains(&format!("SEKUIRE_ALLOW_HTTP holds {allowed}\n"));
        }
    }
}

/// Sekuire's own reference gives the base with the API's path.
#[test]
fn the_path_of_the_api_is_not_doubled() {
    let backend = Backend::http();
    for (suffix, prefix) in [
        ("", ""),
        ("///", ""),
        ("/api/v1", ""),
        ("/api/v1//", ""),
        ("/a/api/v1/", "/a"),
        ("/a/api/v1/b/", "/a/api/v1/b"),
        ("/my-api/v1", "/my-api/v1"),
        ("/api/v2", "/api/v2"),
        ("/API/v1", "/API/v1"),
    ] {
        let home = logged_in_home();
        let url = format!("{}{suffix}", backend.url());
        sekuire(&home).args(["whoami", "--backend", &url]).run();
        let requests = backend.requests();
        let asked = requests.last().expect("a request");
        assert_eq!(asked.target, format!("{prefix}/api/v1/me"), "{suffix}");
        // In auth.json, too, and shown without it.
        home.write_auth(&auth_with("backend_url", json!(url)).to_string());
        let status = sekuire(&home).args(["status", "--json"]).run();
        let shown = format!("\"backend_url\":\"{}{prefix}\"", backend.url());
        assert!(status.stdout.contains(&shown), "{suffix}: {status}");
    }
    // The default with it is the default: nothing of it is remembered.
    let home = logged_in_home();
    home.write_auth(&auth_with("backend_url", json!("https://api.sekuire.ai/api/v1/")).to_string());
    let whoami = sekuire(&home)
        .env("SEKUIRE_BACKEND_URL", "https://other.invalid")
        .arg("whoami")
        .run();
    whoami
        .exits(2)
        .complains("belongs to https://api.sekuire.ai,");
}

#[test]
fn web_urls_are_validated_too() {
    let backend = Backend::http();
    for url in [
        "sekuire.ai",
        "https://u:p@sekuire.ai",
        "https://sekuire.ai/\u{1b}[2J",
        "https://sekuire.ai?x",
        "ftp://x.example",
    ] {
        for by_variable in [false, true] {
            let home = Home::new();
            let mut command = sekuire(&home)
                .args(["login", "--backend", &backend.url()])
                .stdin(KEY.as_bytes());
            command = if by_variable {
                command.env("SEKUIRE_WEB_URL", url)
            } else {
                command.args(["--web-url", url])
            };
            let outcome = command.run();
            assert_eq!(outcome.code, Some(2), "{url:?}; {outcome}");
            outcome.prints("").hides("\x1b");
        }
    }
    assert_eq!(backend.connections(), 0);
}

/// One in auth.json that is no longer a backend's.
#[test]
fn http_in_the_file_is_refused_like_any_other() {
    let home = Home::new();
    home.write_auth(&auth_with("backend_url", json!("http://backend.example")).to_string());
    let before = home.read_auth();
    let outcome = sekuire(&home).arg("whoami").run();
    outcome
        .exits(2)
        .prints("")
        .complains("http://backend.example");
    assert_eq!(home.read_auth(), before);
}
