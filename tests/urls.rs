//! URLs of backends: what is asked of those that are accepted. What is wrong with others: the unit tests of
//! `backend_url`; that they are refused before any request: `environment`.

use serde_json::json;

use crate::fixtures::{auth_with, logged_in_home, sekuire};
use crate::support::backend::Backend;

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
