//! Answers of every status and every body, whole and cut. How the end of one is found: `transport`, and the
//! unit tests of `src/http/codec.rs`; what is JSON: those of `src/json.rs`.

use super::{Asks, BOTH, Behaviour, Case, framed, raw, rows, try_all};
use crate::support::backend::{Framing, TlsKind};

/// Failures that may pass are tried three times; an answer here never takes longer than this.
const SECONDS: u32 = 5;

/// `CODE | STATUSES`. 1xx is no final answer, 205 and 304 have no body (RFC 9110, 15).
const STATUSES: &str = "
    0 | 200 201 202 203 206 207 226 299
    1 | 401 403
    4 | 100 103 199 204 205 300 304 305 306 399 400 402 404 405 407 408 409 410 418 421 422 425 426
    4 | 429 451 499 500 501 502 503 504 505 507 511 599 600 999
";

#[test]
fn every_status() {
    for (kind, asks) in BOTH.into_iter().zip([Asks::Verify, Asks::Me]) {
        let mut cases: Vec<Case> = Vec::new();
        for [code, statuses] in rows(STATUSES) {
            for status in statuses.split(' ') {
                let body: &[u8] = if code == "0" {
                    b"{\"valid\":true}"
                } else {
                    b""
                };
                let answer = raw(framed(&format!("{status} X"), body));
                let says = if code == "1" {
                    "refused the API key"
                } else {
                    ""
                };
                cases.push((answer, code.parse().unwrap(), says.into()));
            }
        }
        try_all("status", cases, asks, kind, SECONDS);
    }
}

/// `CODE | BODY | WORDS`, of a verification's answer.
const BODIES: &str = r#"
    4 |                                        | is not a JSON object
    4 | [{"valid":true}]                       | is not a JSON object
    4 | <!doctype html><p>valid: true          | is not a JSON object
    4 | {"valid":true}x                        | is not JSON
    4 | {"valid":true,"x":[1,2                 | is not JSON
    4 | {"valid":false,"v\u0061lid":true}      | has a key twice
    4 | {}                                     | without "valid"
    4 | {"valid":null}                         | without "valid"
    4 | {"valid":"true"}                       | without "valid"
    4 | {"valid":1}                            | without "valid"
    4 | {"valid":{"valid":true}}               | without "valid"
    4 | {"Valid":true}                         | without "valid"
    4 | {"data":{"valid":true}}                | without "valid"
    1 | {"valid":false}                        | refused the API key
    0 | ·{·"valid"·:·true·}¶                   |
    0 | {"v\u0061lid":true}                    |
    0 | {"valid":true,"org_id":null}           |
    0 | {"valid":true,"org_id":7}              |
    0 | {"valid":true,"org_id":"\ud83d\ude00"} |
    0 | {"valid":true,"org_id":"\ud800"}       |
    0 | {"x":[[],{},"",null,1e+5],"valid":true} |
"#;

#[test]
fn bodies() {
    let mut cases: Vec<Case> = Vec::new();
    for [code, body, says] in rows(BODIES) {
        let answer = raw(framed("200 OK", body.as_bytes()));
        cases.push((answer, code.parse().unwrap(), says));
    }
    // `{"valid":true,"x":""}` has 21 bytes.
    let long = |length: usize| format!("{{\"valid\":true,\"x\":\"{}\"}}", "x".repeat(length - 21));
    let deep = |depth: usize| {
        format!(
            "{{\"valid\":true,\"x\":{}{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    for (body, code, says) in [
        (long(64 * 1024), 0, ""),
        (long(64 * 1024 + 1), 4, "more than 64 KiB"),
        (deep(31), 0, ""),
        (deep(32), 4, "deeper than 32"),
    ] {
        cases.push((raw(framed("200 OK", body.as_bytes())), code, says.into()));
    }
    let whole = format!(
        "e\r\n{{\"valid\":true}}\r\n0\r\n{}",
        "a: b\r\n".repeat(40_000)
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (long, endless) = ("more than 64 KiB", "sent an answer without end");
    for (behaviour, says) in [
        (Behaviour::EndlessBody(Framing::UntilClose), long),
        (Behaviour::EndlessBody(Framing::Chunked), long),
        (raw(format!("{chunked}{whole}")), long),
        (Behaviour::EndlessStatusLine, endless),
        (Behaviour::EndlessHead, endless),
    ] {
        cases.push((behaviour, 4, says.into()));
    }
    try_all("body", cases, Asks::Verify, TlsKind::Valid, SECONDS);
}

/// `CODE | BODY | WORDS`: a field of a wrong type is left out.
const BODIES_OF_ME: &str = r#"
    4 | []                                                                          | sent an answer
    0 | {"id":1,"email":[],"organization":true,"workspaces":"ws"}                   |
    0 | {"id":null,"workspaces":[null,1,"ws",{},{"id":null},{"id":{}}]}             |
    0 | {"organization":{"name":[]}}                                                |
    0 | {}                                                                          |
"#;

#[test]
fn bodies_of_me() {
    let case = |[code, body, says]: [String; 3]| {
        let answer = raw(framed("200 OK", body.as_bytes()));
        (answer, code.parse().unwrap(), says)
    };
    let cases = rows(BODIES_OF_ME).into_iter().map(case).collect();
    try_all("body", cases, Asks::Me, TlsKind::None, SECONDS);
}

/// `CODE | ANSWER | WORDS`, where the connection is closed behind it.
const ANSWERS: &str = r#"
    0 | HTTP/1.1 200¶¶{"valid":true}                                                    |
    0 | HTTP/1.1 200 OK¶nonsense¶: x¶¶{"valid":true}                                    |
    4 |                                                              | connection closed (3 attempts
    4 | HTTP/1.1 200 O                                               | connection closed (3 attempts
    4 | HTTP/1.1 200 OK¶Content-                                     | connection closed (3 attempts
    4 | HTTP/1.1 100 Continue¶¶                                      | connection closed (3 attempts
    4 | HTTP/1.1 200 OK¶Content-Length: 15¶¶{"valid":true}           | broke off within its answer
    4 | HTTP/1.1 200 OK¶Content-Length: 18446744073709551615¶¶{}     | broke off within its answer
    4 | HTTP/1.1 200 OK¶Content-Length: 13¶¶{"valid":true}           | is not JSON
    4 | HTTP/1.1 200 OK¶Content-Length: 0¶¶{"valid":true}            | sent an answer
    4 | HTTP/1.1 200 OK¶Content-Length: 18446744073709551616¶¶{}     | does not speak HTTP
    4 | HTTP/1.1 200 OK¶Content-Length: -1¶¶{}                       | does not speak HTTP
    4 | HTTP/1.1 200 OK¶Content-Length : 15¶¶{"valid":true}          | broke off within its answer
    4 | HTTP/1.1 200 OK¶Transfer-Encoding: chunked¶¶e¶{"valid":true}¶   | broke off within its answer
    4 | HTTP/1.1 200 OK¶Transfer-Encoding: chunked¶¶x¶                  | does not speak HTTP
    4 | HTTP/1.1 OK¶¶{"valid":true}                                     | does not speak HTTP
    4 | HTTP/1.1 65736 OK¶¶{"valid":true}                               | does not speak HTTP
    4 | SSH-2.0-OpenSSH_9.2p1¶                                          | does not speak HTTP
"#;

#[test]
fn answers_that_end() {
    for kind in BOTH {
        let case = |[code, answer, says]: [String; 3]| (raw(answer), code.parse().unwrap(), says);
        let cases = rows(ANSWERS).into_iter().map(case).collect();
        try_all("answers", cases, Asks::Verify, kind, SECONDS);
    }
}
