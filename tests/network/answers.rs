//! Answers of every kind, whole and cut. How the end of one is found: `src/http/codec.rs`; what is JSON:
//! `src/json.rs`; in which words each status is explained: `src/api.rs`.

use super::{Asks, BOTH, Case, framed, raw, rows, try_all};
use crate::support::backend::TlsKind;

/// An answer here never takes longer than this.
const SECONDS: u32 = 5;

/// `CODE | STATUSES | WORDS`. 1xx is no final answer, 205 and 304 have no body (RFC 9110, 15).
const STATUSES: &str = "
    0 | 200 201 299                                                     |
    1 | 401 403                                                         | refused the API key
    4 | 199 204 205 300 304 399 400 402 404 408 429 500 503 599 600 999 | error:
";

#[test]
fn each_status_has_its_exit_status() {
    let mut cases: Vec<Case> = Vec::new();
    for [code, statuses, says] in rows(STATUSES) {
        let body = if code == "0" { r#"{"valid":true}"# } else { "" };
        for status in statuses.split(' ') {
            let answer = raw(framed(&format!("{status} X"), body.as_bytes()));
            cases.push((answer, code.parse().unwrap(), says.clone()));
        }
    }
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        try_all(cases.clone(), asks, kind, SECONDS);
    }
}

/// `CODE | BODY | WORDS`.
const OF_VERIFY: &str = r#"
    4 |                                  | is not a JSON object
    4 | {"valid":true}x                  | is not JSON
    4 | {}                               | without "valid"
    4 | {"valid":"true"}                 | without "valid"
    1 | {"valid":false}                  | refused the API key
    0 | ·{·"v\u0061lid"·:·true·}¶        |
    0 | {"valid":true,"org_id":7}        |
    0 | {"valid":true,"org_id":"\ud800"} |
"#;

/// The same: a field of a wrong type is left out.
const OF_ME: &str = r#"
    4 | []                                                              | sent an answer
    0 | {"id":1,"email":[],"organization":true,"workspaces":"ws"}       |
    0 | {"id":null,"workspaces":[null,1,"ws",{},{"id":null},{"id":{}}]} |
    0 | {"organization":{"name":[]}}                                    |
    0 | {}                                                              |
"#;

#[test]
fn bodies_of_each_request_are_judged_by_their_fields() {
    for (asks, table) in [(Asks::Verify, OF_VERIFY), (Asks::Me, OF_ME)] {
        let mut cases = rows(table);
        // `{"valid":true,"x":""}` has 21 bytes.
        let long =
            |length: usize| format!("{{\"valid\":true,\"x\":\"{}\"}}", "x".repeat(length - 21));
        let (most, more) = (long(64 * 1024), long(64 * 1024 + 1));
        cases.push(["0".into(), most, String::new()]);
        cases.push(["4".into(), more, "more than 64 KiB".into()]);
        let case = |[code, body, says]: [String; 3]| {
            let answer = raw(framed("200 OK", body.as_bytes()));
            (answer, code.parse().unwrap(), says)
        };
        try_all(
            cases.into_iter().map(case).collect(),
            asks,
            TlsKind::Valid,
            SECONDS,
        );
    }
}

/// `CODE | ANSWER | WORDS`, where the connection is closed behind it.
const ANSWERS: &str = r#"
    0 | HTTP/1.1 200¶¶{"valid":true}                              |
    4 | HTTP/1.1 200 OK¶Content-                                  | connection closed (3 attempts
    4 | HTTP/1.1 200 OK¶Content-Length: 15¶¶{"valid":true}        | broke off within its answer
    4 | HTTP/1.1 200 OK¶Content-Length: 13¶¶{"valid":true}        | is not JSON
    4 | HTTP/1.1 OK¶¶{"valid":true}                               | does not speak HTTP
"#;

#[test]
fn answers_that_end_too_early_are_none() {
    for kind in BOTH {
        let case = |[code, answer, says]: [String; 3]| (raw(answer), code.parse().unwrap(), says);
        let cases = rows(ANSWERS).into_iter().map(case).collect();
        try_all(cases, Asks::Verify, kind, SECONDS);
    }
}
