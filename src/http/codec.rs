//! HTTP/1.1 (RFC 9112): minreq turns a request into bytes and bytes into an answer. Where an answer
//! ends is found here.
//!
//! minreq 3.0.0 sends URLs and header values verbatim: it gets only what `backend_url` rebuilt, and visible
//! ASCII. It takes a head cut short for status 200, what is not HTTP for status 503, and a body cut
//! short for a whole one: it gets nothing but whole answers, whose size is bounded already.

use std::io;

use minreq::Method;
use zeroize::Zeroizing;

use super::failure::{Blame, Failure};
use super::message::{Request, Response, USER_AGENT};
use crate::backend_url::BackendUrl;
use crate::{json, platform};

/// The most that is read of an answer, in bytes: a body of 64 KiB, its head, and what frames its chunks.
const MAX_ANSWER: usize = 112 * 1024;

/// What minreq answers, with status 503, where there is no status line.
const NO_STATUS_LINE: &str = "Server did not provide a status line";

const ASK: &str = "check the host and port of the URL, or ask the backend's administrator";

/// The bytes of a request. minreq, which wipes nothing, gets neither the headers with the key nor the body,
/// but blanks in its place.
///
/// # Errors
/// This machine can't make them.
pub(super) fn encode(base: &BackendUrl, request: &Request) -> io::Result<Zeroizing<String>> {
    let path = format!("{}{}", base.path(), request.path);
    let blank = request.body.as_ref().map(|body| "_".repeat(body.len()));
    let method = blank.as_ref().map_or(Method::Get, |_| Method::Post);
    let request_line = format!("{method} {path} HTTP/1.1\r\n");
    let (result, sent) = platform::converse(&[], |start| {
        let mut call = minreq::Request::new(method, format!("{start}{path}"))
            .with_header("User-Agent", USER_AGENT)
            .with_header("Accept", "application/json")
            .with_header("Connection", "close");
        if let Some(blank) = blank {
            call = call
                .with_header("Content-Type", "application/json")
                .with_body(blank);
        }
        call.send()
    })?;
    complete(&sent, &request_line, &base.authority(), request).ok_or_else(|| match result {
        Err(minreq::Error::IoError(cause)) => cause,
        // Nobody answers: what minreq makes of that does not matter.
        _ => io::Error::other("the HTTP library did not write the request"),
    })
}

/// What minreq wrote, with the true host, the headers and the body; none where it is not the request.
fn complete(
    sent: &[u8],
    request_line: &str,
    authority: &str,
    request: &Request,
) -> Option<Zeroizing<String>> {
    let sent = std::str::from_utf8(sent).ok()?;
    let rest = sent.strip_prefix(request_line)?.strip_prefix("Host: ")?;
    let (_, rest) = rest.split_once("\r\n")?;
    let (head, blank) = rest.split_once("\r\n\r\n")?;
    let body = request.body.as_ref().map_or("", |body| body.as_str());
    if blank.len() != body.len() {
        return None;
    }
    let mut parts = vec![request_line, "Host: ", authority, "\r\n"];
    for (name, value) in &request.headers {
        parts.extend([name, ": ", value, "\r\n"]);
    }
    parts.extend([head, "\r\n\r\n", body]);
    // Joined in one piece: growing would leave a copy of the key behind.
    Some(Zeroizing::new(parts.concat()))
}

/// An answer as it comes in.
#[derive(Default)]
pub(super) struct Answer {
    /// What came, without interim answers.
    bytes: Vec<u8>,
    /// How many bytes came in all.
    received: usize,
    /// The head, once it is whole, and where the body begins.
    head: Option<(Response, usize)>,
}

impl Answer {
    /// The status, once the head is whole.
    pub(super) fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|(head, _)| head.status)
    }

    /// Takes what came next; the answer, once it is whole.
    ///
    /// # Errors
    /// It is not an answer.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<Response>, Failure> {
        // A blank line that ends in them begins at most two bytes before.
        let mut new = self.bytes.len().saturating_sub(2);
        self.bytes.extend_from_slice(bytes);
        self.received += bytes.len();
        while self.head.is_none() && self.read_head(new)? {
            new = 0;
        }
        let (is_whole, is_endless) = (self.has_body()?, self.received > MAX_ANSWER);
        if !is_whole && !is_endless {
            return Ok(None);
        }
        if self.head.is_none() {
            return Err(no_answer("sent an answer without end"));
        }
        // An endless answer still has a status.
        let mut response = decode(&self.bytes)?;
        response.too_long |= !is_whole;
        Ok(Some(response))
    }

    /// The answer, where the connection has ended in order.
    ///
    /// # Errors
    /// It is not whole.
    pub(super) fn end(&self) -> Result<Response, Failure> {
        match &self.head {
            Some((head, _)) if !is_chunked(head) && length(head).is_none() => decode(&self.bytes),
            _ => Err(self.lost("connection closed".to_owned())),
        }
    }

    /// The connection was lost, in words: before there was a head, another attempt may help.
    pub(super) fn lost(&self, how: String) -> Failure {
        match &self.head {
            Some(_) => no_answer(&format!("broke off within its answer: {how}")),
            None => Failure::network(how),
        }
    }

    /// Reads a head, if a blank line ends behind `new`; true: it was an interim answer's (RFC 9110, 15.2),
    /// and was removed.
    fn read_head(&mut self, new: usize) -> Result<bool, Failure> {
        if self.bytes.iter().zip(b"HTTP/").any(|(a, b)| a != b) {
            return Err(not_http());
        }
        let Some(end) = blank_line(self.bytes.get(new..).unwrap_or_default()) else {
            return Ok(false);
        };
        let end = new + end;
        let head = self.bytes.get_mut(..end).unwrap_or_default();
        // minreq accepts only UTF-8 there.
        for byte in head.iter_mut().filter(|byte| !byte.is_ascii()) {
            *byte = b'?';
        }
        let head = decode(head)?;
        let is_interim = (100..200).contains(&head.status);
        if is_interim {
            self.bytes.drain(..end);
        } else {
            self.head = Some((head, end));
        }
        Ok(is_interim)
    }

    /// Whether there is a head, and the whole body behind it (RFC 9112, 6.3).
    fn has_body(&self) -> Result<bool, Failure> {
        let Some((head, at)) = &self.head else {
            return Ok(false);
        };
        let body = self.bytes.get(*at..).unwrap_or_default();
        match length(head) {
            // RFC 9110, 15.3.5 and 15.4.5.
            _ if matches!(head.status, 204 | 304) => Ok(true),
            _ if is_chunked(head) => has_last_chunk(body),
            length => Ok(length.is_some_and(|length| body.len() >= length)),
        }
    }
}

fn is_chunked(head: &Response) -> bool {
    let is_one = |(name, value): &(String, String)| {
        name.trim() == "transfer-encoding" && value.trim().eq_ignore_ascii_case("chunked")
    };
    head.headers.iter().any(is_one)
}

fn length(head: &Response) -> Option<usize> {
    head.header("content-length")?.parse().ok()
}

fn no_answer(how: &str) -> Failure {
    Failure::new(Blame::Answer, format!("it {how}"), ASK)
}

fn not_http() -> Failure {
    no_answer("does not speak HTTP on this port")
}

/// Whether the last chunk is there, and the trailers behind it (RFC 9112, 7.1).
fn has_last_chunk(mut body: &[u8]) -> Result<bool, Failure> {
    while let Some((line, data)) = split_line(body) {
        let size = chunk_size(line).ok_or_else(not_http)?;
        if size == 0 {
            // Trailers end in a blank line; where there are none, it is the next.
            return Ok(blank_line(&[b"\n", data].concat()).is_some());
        }
        match data.get(size..).and_then(split_line) {
            Some((_, next)) => body = next,
            None => break,
        }
    }
    Ok(false)
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(find(bytes, b"\n")? + 1)
}

/// The size in a chunk's first line, in front of its extensions.
fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    let digits = std::str::from_utf8(digits).ok()?;
    // std would accept a sign, too.
    let size = usize::from_str_radix(digits, 16).ok();
    size.filter(|_| !digits.starts_with('+'))
}

/// Has minreq read bytes, as if they came from a server.
fn decode(bytes: &[u8]) -> Result<Response, Failure> {
    let conversation = platform::converse(bytes, |start| {
        minreq::get(start)
            .with_follow_redirects(false)
            .with_max_headers_size(None)
            .with_max_status_line_length(None)
            .send()
    });
    let answer = match conversation {
        Ok((Ok(answer), _)) if answer.reason_phrase != NO_STATUS_LINE => answer,
        // These bytes come from this machine.
        Err(cause) => return Err(Failure::local(&cause)),
        Ok((Err(minreq::Error::IoError(cause)), _)) if cause.raw_os_error().is_some() => {
            return Err(Failure::local(&cause));
        }
        _ => return Err(not_http()),
    };
    let mut response = Response {
        status: answer.status_code,
        headers: answer.headers.clone(),
        body: answer.into_bytes(),
        ..Response::default()
    };
    response.too_long = response.body.len() > json::MAX_LEN;
    response.body.truncate(json::MAX_LEN);
    Ok(response)
}

/// Where the first blank line ends. A line may end in LF alone (RFC 9112, 2.2).
fn blank_line(bytes: &[u8]) -> Option<usize> {
    let end_of = |line: &[u8]| Some(find(bytes, line)? + line.len());
    end_of(b"\n\r\n").into_iter().chain(end_of(b"\n\n")).min()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{
        Answer, BackendUrl, Failure, MAX_ANSWER, Request, Response, Zeroizing, complete, encode,
    };

    #[test]
    fn a_request_is_encoded() {
        let base = BackendUrl::parse("https://backend.corp:8443/prefix").unwrap();
        let request = |body: Option<&str>| Request {
            path: "/api/v1/me",
            headers: vec![("X-API-Key", Zeroizing::new("sk_test_1".to_owned()))],
            body: body.map(|body| Zeroizing::new(body.to_owned())),
        };
        let version = env!("CARGO_PKG_VERSION");
        let common = format!(
            "Host: backend.corp:8443\r\nX-API-Key: sk_test_1\r\nUser-Agent: sekuire/{version}\r\n\
             Accept: application/json\r\nConnection: close\r\n"
        );
        let text = |request| encode(&base, &request).unwrap().to_string();
        assert_eq!(
            text(request(None)),
            format!("GET /prefix/api/v1/me HTTP/1.1\r\n{common}\r\n")
        );
        let largest = format!("{{\"x\":\"{}\"}}", "x".repeat(8192));
        let length = largest.len();
        assert_eq!(
            text(request(Some(&largest))),
            format!(
                "POST /prefix/api/v1/me HTTP/1.1\r\n{common}Content-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{largest}"
            )
        );
    }

    #[test]
    fn what_is_not_the_request_is_not_sent() {
        let sent = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:0\r\nC: d\r\n\r\n____";
        let completed = |sent: &[u8], line, body: &str| {
            let request = Request {
                path: "/",
                headers: vec![("A", Zeroizing::new("b".to_owned()))],
                body: Some(Zeroizing::new(body.to_owned())),
            };
            complete(sent, line, "it", &request)
        };
        let line = "GET / HTTP/1.1\r\n";
        let whole = completed(sent, line, "body").unwrap();
        assert_eq!(
            *whole,
            "GET / HTTP/1.1\r\nHost: it\r\nA: b\r\nC: d\r\n\r\nbody"
        );
        assert!(completed(sent, "GET /x HTTP/1.1\r\n", "body").is_none());
        for other in ["bod", "bodies"] {
            assert!(completed(sent, line, other).is_none());
        }
        let (cut, _) = sent.split_at(40);
        assert!(completed(cut, line, "").is_none());
        assert!(completed(b"", "", "").is_none());
    }

    /// What becomes of an answer that comes at once, byte by byte, and then ends in order.
    fn read(text: &[u8]) -> String {
        let mut at_once = Answer::default();
        let all = outcome(
            at_once
                .push(text)
                .transpose()
                .unwrap_or_else(|| at_once.end()),
        );
        let mut in_pieces = Answer::default();
        let pushed = text
            .iter()
            .find_map(|byte| in_pieces.push(&[*byte]).transpose());
        let pieces = outcome(pushed.unwrap_or_else(|| in_pieces.end()));
        assert_eq!(all, pieces, "{}", String::from_utf8_lossy(text));
        all
    }

    fn outcome(result: Result<Response, Failure>) -> String {
        match result {
            Ok(response) => format!(
                "{} {}",
                response.status,
                String::from_utf8(response.body).unwrap()
            ),
            Err(failure) => format!("{:?}: {}", failure.blame, failure.cause),
        }
    }

    #[test]
    fn the_end_of_an_answer_is_found() {
        let cases: &[(&[u8], &str)] = &[
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}and more", "200 {}"),
            (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", "200 {}"),
            (b"HTTP/1.0 200\r\n\r\n{}", "200 {}"),
            (b"HTTP/1.0 200\r\nA: chunked\r\n\r\n{}", "200 {}"),
            (b"HTTP/1.1 200 OK\r\nnonsense\r\n: x\r\n\r\n{}", "200 {}"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{}", "200 "),
            (b"HTTP/1.1 204 No Content\r\n\r\n", "204 "),
            (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "304 "),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n",
                "200 {}",
            ),
            // A size that ends in 0, and data that looks like a last chunk.
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"x\":\r\n0\r\n\r\n   }\r\n0\r\nA: b\r\n\r\n",
                "200 {\"x\":\r\n0\r\n\r\n   }",
            ),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "200 ",
            ),
            (b"HTTP/1.1 200 Caf\xe9\r\nX: \xff\r\nContent-Length: 2\r\n\r\n{}", "200 {}"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{}", String::from_utf8_lossy(text));
        }
    }

    const BROKEN_OFF: &str = "Answer: it broke off within its answer: connection closed";
    const LOST: &str = "Network: connection closed";
    const NOT_HTTP: &str = "Answer: it does not speak HTTP on this port";

    #[test]
    fn what_is_cut_or_no_answer_is_found() {
        let cases: &[(&[u8], &str)] = &[
            (b"", LOST),
            (b"HTT", LOST),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", LOST),
            (b"HTTP/1.1 100 Continue\r\n\r\n", LOST),
            (b"SSH-2.0-OpenSSH_9.2\r\n", NOT_HTTP),
            (b"HTTP/1.1 200 O", LOST),
            (b"HTTP/1.1 OK\r\n\r\n", NOT_HTTP),
            (b"HTTP/1.1 65736 OK\r\n\r\n{}", NOT_HTTP),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", NOT_HTTP),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
                NOT_HTTP,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}",
                BROKEN_OFF,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n{}",
                BROKEN_OFF,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                NOT_HTTP,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
                NOT_HTTP,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
                BROKEN_OFF,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                BROKEN_OFF,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
                NOT_HTTP,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{}", String::from_utf8_lossy(text));
        }
        let mut empty = Answer::default();
        let no_content = empty.push(b"HTTP/1.1 204 No Content\r\n\r\n");
        assert!(no_content.unwrap().is_some(), "it ends at its head");
    }

    #[test]
    fn an_answer_cut_at_any_byte_is_none() {
        for text in [
            "HTTP/1.1 100 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n",
        ] {
            for cut in 0..text.len() {
                let mut answer = Answer::default();
                let (came, _) = text.as_bytes().split_at(cut);
                assert!(matches!(answer.push(came), Ok(None)), "{cut} of {text}");
                assert!(answer.end().is_err(), "{cut} of {text}");
            }
        }
    }

    #[test]
    fn an_answer_without_end_is_not_read_to_it() {
        let mut endless = Answer::default();
        endless.push(b"HTTP/1.1 500 X\r\n\r\n").unwrap();
        let response = (0..200)
            .find_map(|_| endless.push(&[b'x'; 1024]).unwrap())
            .unwrap();
        assert_eq!((response.status, response.too_long), (500, true));
        assert_eq!(response.body.len(), 64 * 1024);
        for endless_head in [
            "HTTP/1.1 200 OK\r\nX: ",
            "HTTP/1.1 100 X\r\n\r\nHTTP/1.1 103 X\r\n\r\n",
        ] {
            let mut endless = Answer::default();
            let end = (0..8192).find_map(|_| endless.push(endless_head.as_bytes()).err());
            let cause = end.unwrap().cause;
            assert!(cause.contains("without end"), "{endless_head}: {cause}");
        }
        let mut longest = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
        longest.resize(MAX_ANSWER, b'x');
        let mut answer = Answer::default();
        assert!(answer.push(&longest).unwrap().is_none());
        assert!(answer.push(b"x").is_err());
    }

    /// Whatever the checks let through, minreq does not panic; the numbers are the same in every run (Marsaglia, "Xorshift RNGs", 2003).
    #[test]
    fn changed_answers_are_read_without_a_panic() {
        const SEEDS: [&str; 4] = [
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"valid\":true}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"id\r\n9;x=y\r\n\":\"user\"}\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.0 503 Later\nRetry-After: 0\n\nlater",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: https://u:p@example.com/\r\nContent-Length: 0\r\n\r\n",
        ];
        const WORDS: &str = "\r\n|\n|\r\n\r\n|:| |0\r\n|ffffffffffffffff|-1|99999999999999999999|Content-Length: |\
            Transfer-Encoding: chunked\r\n|Location: x\r\n|HTTP/1.1 |200|100|204|\u{e9}|\0";
        let mut state = 0x5eed_u64;
        let mut throw = |sides: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % sides
        };
        for _ in 0..5000 {
            let mut bytes = SEEDS.get(throw(4)).unwrap().as_bytes().to_vec();
            for _ in 0..=throw(4) {
                let at = throw(bytes.len() + 1);
                let end = (at + throw(40)).min(bytes.len());
                let word = WORDS.split('|').nth(throw(18)).unwrap().as_bytes();
                match throw(4) {
                    0 => bytes.truncate(at),
                    1 => drop(bytes.drain(at..end)),
                    2 => drop(bytes.splice(at..at, word.repeat(1 << throw(9)))),
                    _ => drop(bytes.splice(at..at, word.to_vec())),
                }
            }
            let mut answer = Answer::default();
            if let Ok(None) = answer.push(&bytes) {
                let _ = answer.end();
            }
        }
    }
}
