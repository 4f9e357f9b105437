//! URLs of backends: which are refused before any request, and what is asked of the others. What is wrong with each
//! kind of malformed URL: the unit tests of `backend_url`.

use serde_json::json;

use crate::fixtures::{auth_with, logged_in_home, sekuire};
use crate::support::backend::{Backend, KEY};
use crate::support::home::Home;

#[test]
fn a_refused_url_ends_with_two_before_any_request() {
    // Whatever gets past the check meets a proxy that counts.
    let proxy = Backend::http();
    let home = logged_in_home();
    let before = home.read_auth();
    let malformed = ("https://u:hunter2@a.example", "has a user name or password");
    let clear = ("http://a.example:9300", "is not https");
    for (url, part) in [malformed, clear] {
        let call = || sekuire(&home).env("HTTPS_PROXY", proxy.url());
        let login = || call().args(["login", "--api-key-stdin"]);
        for (refused, name) in [
            (login().args(["--backend", url]), "--backend"),
            (
                login().env("SEKUIRE_BACKEND_URL", url),
                "SEKUIRE_BACKEND_URL",
            ),
            (login().env("SEKUIRE_API_URL", url), "SEKUIRE_API_URL"),
            (call().args(["whoami", "--backend-url", url]), "--backend"),
        ] {
            let outcome = refused.stdin(KEY.as_bytes()).run();
            outcome
                .exits(2)
                .prints("")
                .complains(part)
                .complains("\nhint: ")
                .hides("hunter2");
            if part == malformed.1 {
                outcome.complains(&format!("error: the URL in {name} "));
            }
        }
    }
    assert_eq!(home.read_auth(), before);
    // One in auth.json.
    home.write_auth(&auth_with("backend_url", json!(clear.0)).to_string());
    let outcome = sekuire(&home).arg("whoami").run();
    outcome.exits(2).prints("").complains(clear.0);
    assert_eq!(proxy.connections(), 0);
}

/// What is behind a proxy that is not there is asked for: the URL was fine.
#[test]
fn an_accepted_url_gets_as_far_as_the_connection() {
    let home = logged_in_home();
    // All at once, for each tries three times.
    let runs = [
        "HTTPS://Backend.Invalid:8443/prefix/",
        "https://a-b_c.invalid/a%20b/~c;d=e,f",
        "https://10.1.2.3:65535",
        "https://[2001:db8::1]",
        "https://backend.invalid.",
    ]
    .map(|url| {
        let command = sekuire(&home).env("HTTPS_PROXY", "http://127.0.0.1:1");
        let command = command.args(["whoami", "--timeout", "1", "--backend", url]);
        (url, command.spawn())
    });
    for (url, mut run) in runs {
        let outcome = run.finish();
        assert_eq!(outcome.code, Some(4), "{url}; {outcome}");
    }
}

#[test]
fn http_is_for_loopback_and_for_the_origin_that_is_allowed() {
    let backend = Backend::http();
    let port = backend.address().port();
    let login = |url: &str, allowed: &str| {
        let home = Home::new();
        let call = sekuire(&home).env("SEKUIRE_ALLOW_HTTP", allowed);
        call.args(["login", "--api-key-stdin", "--timeout", "1", "--wait", "1"])
            .args(["--backend", url])
            .stdin(KEY.as_bytes())
            .run()
    };
    login(&backend.url(), "").exits(0);
    login(&format!("HTTP://LOCALHOST:{port}/"), "").exits(0);
    let clear = "http://backend.invalid:9300";
    login(clear, "http://backend.invalid:9300/").exits(4);
    for other in ["", "http://backend.invalid", "*"] {
        login(clear, other).exits(2).complains(&format!(
            "hint: use https; in a network that nobody else can read, set SEKUIRE_ALLOW_HTTP={clear}\n"
        ));
    }
}

/// Sekuire's own reference gives the base with the API's path.
#[test]
fn the_path_of_the_api_is_not_doubled() {
    let backend = Backend::http();
    for (suffix, prefix) in [("///", ""), ("/api/v1/", ""), ("/a/api/v1", "/a")] {
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
}
