//! Answers of every status and every body, whole and cut.

use super::{Asks, BOTH, Behaviour, Case, Fixture, body, case, framed, raw, try_all};
use crate::support::backend::{Framing, TlsKind};

/// Failures that may pass are tried three times; an answer here never takes longer than this.
const SECONDS: u32 = 5;

#[test]
fn every_status() {
    for kind in BOTH {
        for asks in [Asks::Verify, Asks::Me] {
            // 1xx is no final answer, 304 and 204 have no body (RFC 9110, 15.2, 15.3.5, 15.4.5).
            let statuses = [
                100, 103, 199, 204, 205, 300, 304, 305, 306, 399, 400, 401, 402, 403, 404, 405,
                407, 408, 409, 410, 418, 421, 422, 425, 426, 429, 451, 499, 500, 501, 502, 503,
                504, 505, 507, 511, 599, 600, 999,
            ];
            let cases = statuses.map(|status| {
                let codes: &[i32] = match status {
                    401 | 403 => &[1],
                    _ => &[4],
                };
                let says = match status {
                    401 | 403 => "refused the API key",
                    _ => "error: ",
                };
                case(
                    format!("{status}"),
                    raw(framed(&format!("{status} X"), b"")),
                    codes,
                    says,
                )
            });
            try_all("status", cases.into(), asks, kind, SECONDS);
        }
    }
}

/// Any 2xx with an object is an answer, as the existing client has it.
#[test]
fn every_good_status() {
    let cases = [200, 201, 202, 203, 206, 207, 226, 299].map(|status| {
        let answer = framed(&format!("{status} X"), b"{\"valid\":true}");
        case(format!("{status}"), raw(answer), &[0], "")
    });
    try_all(
        "good status",
        cases.into(),
        Asks::Verify,
        TlsKind::None,
        SECONDS,
    );
}

/// Statuses that never have a body (RFC 9110, 15.3.5 and 15.4.5).
#[test]
fn statuses_without_body() {
    for kind in BOTH {
        let cases = ["204 No Content", "304 Not Modified"].map(|status| {
            let bytes = format!("HTTP/1.1 {status}\r\n\r\n").into_bytes();
            case(status, Behaviour::Raw(bytes), &[4], "error: ")
        });
        try_all("no body", cases.into(), Asks::Verify, kind, SECONDS);
    }
}

/// It is an answer, though not one that was asked for, and would be the same again.
#[test]
fn no_content_is_not_a_connection_that_was_lost() {
    for kind in BOTH {
        let fixture = Fixture::new(kind);
        let bytes = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        fixture.backend.behave(Behaviour::Raw(bytes));
        fixture
            .ask(Asks::Verify)
            .run()
            .exits(4)
            .complains("status 204");
        assert_eq!(fixture.backend.requests().len(), 1);
    }
}

const MALFORMED: &[(&str, &str)] = &[
    ("empty", ""),
    ("space", " \r\n"),
    ("null", "null"),
    ("true", "true"),
    ("number", "1"),
    ("text", "\"valid\""),
    ("array", "[{\"valid\":true}]"),
    ("html", "<!doctype html><p>valid: true"),
    ("no valid", "{}"),
    ("valid null", "{\"valid\":null}"),
    ("valid text", "{\"valid\":\"true\"}"),
    ("valid number", "{\"valid\":1}"),
    (
        "valid long number",
        "{\"valid\":123456789012345678901234567890e999}",
    ),
    ("valid object", "{\"valid\":{\"valid\":true}}"),
    ("valid array", "{\"valid\":[true]}"),
    ("valid nested only", "{\"data\":{\"valid\":true}}"),
    ("other case", "{\"Valid\":true}"),
    ("duplicate", "{\"valid\":false,\"valid\":true}"),
    (
        "duplicate escaped",
        "{\"valid\":false,\"v\\u0061lid\":true}",
    ),
    (
        "duplicate elsewhere",
        "{\"valid\":true,\"x\":{\"a\":1,\"a\":2}}",
    ),
    ("trailing junk", "{\"valid\":true}x"),
    ("two objects", "{\"valid\":true}{\"valid\":true}"),
    ("trailing comma", "{\"valid\":true,}"),
    ("comment", "{\"valid\":true/**/}"),
    ("mismatched bracket", "{\"valid\":true]"),
    ("single quotes", "{'valid':true}"),
    ("bare key", "{valid:true}"),
    ("open value", "{\"valid\":true,\"x\":"),
    ("open array", "{\"valid\":true,\"x\":[1,2"),
    ("leading zero", "{\"valid\":true,\"x\":01}"),
    ("plus", "{\"valid\":true,\"x\":+1}"),
    ("NaN", "{\"valid\":true,\"x\":NaN}"),
    ("raw control", "{\"valid\":true,\"x\":\"\u{1}\"}"),
    ("byte order mark", "\u{feff}{\"valid\":true}"),
];

const WELL_FORMED: &[(&str, &str)] = &[
    ("plain", "{\"valid\":true}"),
    ("space around", " \t\r\n{ \"valid\" : true }\n"),
    ("org null", "{\"valid\":true,\"org_id\":null}"),
    ("org number", "{\"valid\":true,\"org_id\":7}"),
    ("org object", "{\"valid\":true,\"org_id\":{}}"),
    (
        "big numbers",
        "{\"valid\":true,\"x\":[1e+5,-0.0E-999,123456789012345678901234567890]}",
    ),
    (
        "surrogate pair",
        "{\"valid\":true,\"org_id\":\"\\ud83d\\ude00\"}",
    ),
    ("lone surrogate", "{\"valid\":true,\"org_id\":\"\\ud800\"}"),
    (
        "reversed surrogates",
        "{\"valid\":true,\"org_id\":\"\\udc00\\ud800\"}",
    ),
    (
        "cut surrogate",
        "{\"valid\":true,\"org_id\":\"\\ud83d\\n\"}",
    ),
    ("surrogate in a key", "{\"\\ud800\":1,\"valid\":true}"),
    ("escaped key", "{\"v\\u0061lid\":true}"),
    (
        "zero byte escaped",
        "{\"valid\":true,\"org_id\":\"a\\u0000b\"}",
    ),
    ("unknown fields", "{\"x\":[[],{},\"\",null],\"valid\":true}"),
];

#[test]
fn bodies() {
    for kind in BOTH {
        let mut cases: Vec<Case> = Vec::new();
        for (name, text) in MALFORMED {
            cases.push(case(*name, body(text), &[4], " sent an answer"));
        }
        for (name, text) in WELL_FORMED {
            cases.push(case(*name, body(text), &[0], ""));
        }
        let deep = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            body(format!("{{\"valid\":true,\"x\":{open}{close}}}"))
        };
        let long = |length: usize| {
            body(format!(
                "{{\"valid\":true,\"x\":\"{}\"}}",
                "x".repeat(length)
            ))
        };
        // `{"valid":true,"x":""}` has 21 bytes.
        cases.extend([
            case(
                "not UTF-8",
                body(b"{\"valid\":true,\"x\":\"\xff\"}"),
                &[4],
                "UTF-8",
            ),
            case("32 deep", deep(31), &[0], ""),
            case("33 deep", deep(32), &[4], "deeper than 32"),
            case("20000 deep", deep(20_000), &[4], "deeper than 32"),
            case("64 KiB", long(64 * 1024 - 21), &[0], ""),
            case(
                "64 KiB and one",
                long(64 * 1024 - 20),
                &[4],
                "more than 64 KiB",
            ),
            case(
                "endless",
                Behaviour::EndlessBody(Framing::UntilClose),
                &[4],
                "more than 64 KiB",
            ),
            case(
                "endless chunks",
                Behaviour::EndlessBody(Framing::Chunked),
                &[4],
                "more than 64 KiB",
            ),
            case("chunks of one byte", Behaviour::Chunked(1), &[0], ""),
        ]);
        try_all("body", cases, Asks::Verify, kind, SECONDS);
    }
}

/// `whoami` prints nothing unless the backend confirmed; a field of a wrong type is left out.
#[test]
fn bodies_of_me() {
    let mut cases: Vec<Case> = MALFORMED
        .iter()
        // What only a verification's answer must have.
        .filter(|(name, _)| {
            !name.starts_with("no valid") && !name.starts_with("valid ") && *name != "other case"
        })
        .map(|(name, text)| case(*name, body(text), &[4], " sent an answer"))
        .collect();
    for text in [
        "{\"id\":1,\"email\":[],\"organization\":true,\"workspaces\":\"ws\"}",
        "{\"id\":null,\"workspaces\":[null,1,\"ws\",{},{\"id\":null},{\"id\":{}}]}",
        "{\"organization\":{\"name\":[]}}",
        "{}",
    ] {
        cases.push(case(text, body(text), &[0], ""));
    }
    try_all("body", cases, Asks::Me, TlsKind::None, SECONDS);
}

#[test]
fn heads() {
    let object = "{\"valid\":true}";
    let with = |headers: &str| raw(format!("HTTP/1.1 200 OK\r\n{headers}\r\n{object}"));
    for kind in BOTH {
        let cases = vec![
            case("until close", with(""), &[0], ""),
            case(
                "line feeds only",
                raw(format!("HTTP/1.1 200 OK\nContent-Length: 14\n\n{object}")),
                &[0],
                "",
            ),
            case(
                "no reason",
                raw(format!("HTTP/1.1 200\r\n\r\n{object}")),
                &[0],
                "",
            ),
            case(
                "HTTP/1.0",
                raw(format!("HTTP/1.0 200 OK\r\n\r\n{object}")),
                &[0],
                "",
            ),
            case(
                "length too long",
                with("Content-Length: 15\r\n"),
                &[4],
                "sent 14 bytes of an answer of 15",
            ),
            case(
                "length huge",
                with("Content-Length: 18446744073709551615\r\n"),
                &[4],
                "sent 14 bytes",
            ),
            case(
                "length too short",
                with("Content-Length: 13\r\n"),
                &[4],
                "cut short",
            ),
            case(
                "length zero",
                with("Content-Length: 0\r\n"),
                &[4],
                "sent an answer",
            ),
            case(
                "length beyond 64 bits",
                with("Content-Length: 18446744073709551616\r\n"),
                &[4],
                "error: ",
            ),
            case(
                "length negative",
                with("Content-Length: -1\r\n"),
                &[4],
                "error: ",
            ),
            case(
                "length no number",
                with("Content-Length: many\r\n"),
                &[4],
                "error: ",
            ),
            case(
                "two lengths, last too long",
                with("Content-Length: 14\r\nContent-Length: 15\r\n"),
                &[4],
                "error: ",
            ),
            case(
                "space before colon",
                with("Content-Length : 15\r\n"),
                &[4],
                "sent 14 bytes",
            ),
            case(
                "header not UTF-8",
                raw(b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\n{\"valid\":true}"),
                &[4],
                "not HTTP",
            ),
            case("header without colon", with("nonsense\r\n"), &[0], ""),
            case("empty header name", with(": x\r\n"), &[0], ""),
            case(
                "status no number",
                raw(format!("HTTP/1.1 OK\r\n\r\n{object}")),
                &[4],
                "does not speak HTTP",
            ),
            case(
                "status beyond 16 bits",
                raw(format!("HTTP/1.1 65736 OK\r\n\r\n{object}")),
                &[4],
                "does not speak HTTP",
            ),
            case(
                "endless status line",
                Behaviour::EndlessStatusLine,
                &[4],
                "error: ",
            ),
            case("endless head", Behaviour::EndlessHead, &[4], "error: "),
            case(
                "chunk size no number",
                with("Transfer-Encoding: chunked\r\n\r\nx\r\n"),
                &[4],
                "error: ",
            ),
        ];
        try_all("head", cases, Asks::Verify, kind, SECONDS);
    }
}

/// minreq 3.0.0 subtracts each header from what is left of its limit, line end included: the line that
/// has exactly the rest, with a line feed alone, makes that negative.
#[test]
fn heads_at_every_limit() {
    for kind in BOTH {
        let mut cases = Vec::new();
        for limit in [4096, 16_384, 32_768] {
            for short in 0..5 {
                let line = format!("a:{}\n", "x".repeat(limit - 3 - short));
                let flood = "b:\n".repeat(40_000);
                let head = format!("HTTP/1.1 200 OK\n{line}{flood}\n{{\"valid\":true}}");
                cases.push(case(format!("{limit} less {short}"), raw(head), &[4], ""));
            }
        }
        try_all("head at a limit", cases, Asks::Verify, kind, SECONDS);
    }
}

/// Trailers are headers, too, and come when the head has long been counted.
#[test]
fn trailers_without_end() {
    for kind in BOTH {
        let mut cases = Vec::new();
        for rest in [0, 16_384, 16_355, 16_354, 16_353] {
            let line = if rest == 0 {
                String::new()
            } else {
                format!("a:{}\n", "x".repeat(rest - 3))
            };
            let answer = format!(
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\ne\r\n{{\"valid\":true}}\r\n0\r\n{line}{}\r\n",
                "b:\n".repeat(100_000)
            );
            cases.push(case(
                format!("trailers after {rest}"),
                raw(answer),
                &[4],
                "error: ",
            ));
        }
        try_all("trailers", cases, Asks::Verify, kind, SECONDS);
    }
}

/// Cut at every byte, the connection closed as it should be or reset: a success only where the whole
/// object had come. (Of a chunked answer the object may have come whole without the last chunk: it
/// says itself where it ends.)
#[test]
fn cut_at_every_byte() {
    let object = "{\"valid\":true}";
    let answers = [
        (
            "length",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{object}"),
            0,
        ),
        (
            "chunked",
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n{object}\r\n0\r\n\r\n"
            ),
            7,
        ),
        ("until close", format!("HTTP/1.1 200 OK\r\n\r\n{object}"), 0),
    ];
    for kind in BOTH {
        let mut cases = Vec::new();
        for (framing, answer, behind) in &answers {
            let whole = answer.len() - behind;
            for cut in 0..=answer.len() {
                let bytes = answer.as_bytes()[..cut].to_vec();
                let (closed, reset): (&[i32], &[i32]) = match cut {
                    cut if cut < whole => (&[4], &[4]),
                    cut if cut < answer.len() => (&[0, 4], &[0, 4]),
                    _ => (&[0], &[0, 4]),
                };
                cases.push(case(
                    format!("{framing} closed after {cut}"),
                    Behaviour::Raw(bytes.clone()),
                    closed,
                    "",
                ));
                // Every second one: each way to end is met at every part of the answer.
                if cut % 2 == 0 {
                    cases.push(case(
                        format!("{framing} reset after {cut}"),
                        Behaviour::RawThenReset(bytes),
                        reset,
                        "",
                    ));
                }
            }
        }
        try_all("cut", cases, Asks::Verify, kind, SECONDS);
    }
}

/// Interim answers are passed over (RFC 9110, 15.2): a server or a proxy in front of it may send them
/// unasked.
#[test]
fn interim_answers_are_passed_over() {
    let continued = "HTTP/1.1 100 Continue\r\n\r\n";
    let processing = "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
    let interims = [
        continued.to_owned(),
        processing.to_owned(),
        hints.to_owned(),
        [continued, processing, hints].concat(),
        continued.repeat(8),
    ];
    let good = b"{\"valid\":true,\"org_id\":\"org_acme\",\"email\":\"dev@example.com\"}";
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        good.len(),
        String::from_utf8_lossy(good)
    );
    let until_close = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], good].concat();
    let long = vec![b' '; 70_000];
    for kind in BOTH {
        for asks in [Asks::Verify, Asks::Me] {
            let mut cases = Vec::new();
            for (index, interim) in interims.iter().enumerate() {
                let behind = |answer: &[u8]| raw([interim.as_bytes(), answer].concat());
                let name = |what| format!("{what} behind interim {index}");
                cases.extend([
                    case(name("an answer"), behind(&framed("200 OK", good)), &[0], ""),
                    case(name("chunks"), behind(chunked.as_bytes()), &[0], ""),
                    case(name("an end"), behind(&until_close), &[0], ""),
                    case(
                        name("a refusal"),
                        behind(&framed("401 X", b"")),
                        &[1],
                        "refused the API key",
                    ),
                    case(
                        name("a cut body"),
                        behind(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"),
                        &[4],
                        "sent 1 bytes of an answer of 20",
                    ),
                    case(name("nothing"), behind(b""), &[4], "closed the connection"),
                    case(
                        name("too much"),
                        behind(&framed("200 OK", &long)),
                        &[4],
                        "an answer of more than 64 KiB",
                    ),
                ]);
            }
            let nothing_else = raw(continued.repeat(9));
            cases.push(case("nothing else", nothing_else, &[4], "interim"));
            try_all("interim", cases, asks, kind, SECONDS);
        }
    }
}

/// Many servers end TLS without goodbye (RFC 9112, 9.8): what has told its length is whole all the same.
#[test]
fn tls_that_ends_without_goodbye() {
    let good = b"{\"valid\":true,\"org_id\":\"org_acme\",\"email\":\"dev@example.com\"}";
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        good.len(),
        String::from_utf8_lossy(good)
    );
    let until_close = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], good].concat();
    for asks in [Asks::Verify, Asks::Me] {
        let mut cases = Vec::new();
        for interim in ["", "HTTP/1.1 100 Continue\r\n\r\n"] {
            let answer = |bytes: &[u8]| Behaviour::RawThenEnd([interim.as_bytes(), bytes].concat());
            let name = |what| format!("{what} behind {interim:?}");
            let cut = "closed the connection without ending TLS";
            cases.extend([
                case(name("a length"), answer(&framed("200 OK", good)), &[0], ""),
                case(name("chunks"), answer(chunked.as_bytes()), &[0], ""),
                case(name("an end"), answer(&until_close), &[4], cut),
                case(
                    name("a cut body"),
                    answer(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"),
                    &[4],
                    "",
                ),
                case(
                    name("a cut head"),
                    answer(b"HTTP/1.1 200 OK\r\nContent-"),
                    &[4],
                    "before it had answered (tried 3 times",
                ),
            ]);
        }
        try_all("no goodbye", cases, asks, TlsKind::Valid, SECONDS);
    }
    let fixture = Fixture::new(TlsKind::Valid);
    fixture.backend.behave(Behaviour::RawThenEnd(until_close));
    let outcome = fixture.whoami().run();
    assert!(!outcome.stderr.contains("docs.rs"), "{outcome}");
}
