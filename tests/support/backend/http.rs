//! HTTP/1.1 messages, as far as RFC 9110 and 9112 ask it of a server like this one.

use std::io::{self, BufRead, Read, Take};
use std::time::SystemTime;

const HEAD_LIMIT: u64 = 64 * 1024;
const BODY_LIMIT: u64 = 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    is_http_1_0: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no request.
pub(super) enum Unreadable {
    /// It is answered with this status, and the connection ended.
    Refused(u16, &'static str),
    Lost(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

impl Request {
    /// All but the body. None where the client closed instead of sending another one.
    pub(super) fn read_head(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut head = from.take(HEAD_LIMIT);
        let mut first = line(&mut head, 414)?;
        if first.as_deref() == Some("") {
            // RFC 9112, 2.2: an empty line before it is passed over.
            first = line(&mut head, 414)?;
        }
        let Some(first) = first else {
            return Ok(None);
        };
        let words: Vec<&str> = first.split(' ').collect();
        let &[method, target, version] = words.as_slice() else {
            return malformed("request line");
        };
        if !is_token(method) || target.is_empty() {
            return malformed("request line");
        }
        let is_http_1_0 = match version {
            "HTTP/1.1" => false,
            "HTTP/1.0" => true,
            _ if version.starts_with("HTTP/") => return refused(505, "unknown version"),
            _ => return malformed("request line"),
        };
        let headers = read_headers(&mut head)?;
        let count = |name| values(&headers, name).count();
        // RFC 9112, 3.2: one host, which HTTP/1.0 did not know.
        if count("Host") > 1 || count("Host") == 0 && !is_http_1_0 {
            return malformed("Host");
        }
        Ok(Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: Vec::new(),
            is_http_1_0,
        }))
    }

    /// Whether the client waits to be told that its body is wanted (RFC 9110, 10.1.1).
    pub(super) fn expects_continue(&self) -> Result<bool> {
        match self.header("Expect") {
            None => Ok(false),
            Some(expected) if expected.eq_ignore_ascii_case("100-continue") => {
                Ok(!self.is_http_1_0 && self.framing()? != Framing::Length(0))
            }
            Some(_) => refused(417, "unknown expectation"),
        }
    }

    pub(super) fn read_body(&mut self, from: &mut impl BufRead) -> Result<()> {
        match self.framing()? {
            Framing::Length(length) => read_exactly(from, length, &mut self.body),
            Framing::Chunked => read_chunks(from, &mut self.body),
        }
    }

    /// RFC 9112, 6: what is not clear is refused, for others could read it in another way.
    fn framing(&self) -> Result<Framing> {
        let lengths: Vec<&str> = values(&self.headers, "Content-Length").collect();
        let codings: Vec<&str> = values(&self.headers, "Transfer-Encoding").collect();
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(Framing::Length(0)),
            ([length], []) if is_all(length, |byte| byte.is_ascii_digit()) => {
                // Too many digits are too large a number.
                let length = length.parse().unwrap_or(u64::MAX);
                if length > BODY_LIMIT {
                    return refused(413, "too long");
                }
                Ok(Framing::Length(length))
            }
            ([], [_, ..]) if self.is_http_1_0 => malformed("Transfer-Encoding"),
            ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            ([], _) => refused(501, "unknown transfer coding"),
            _ => malformed("Content-Length"),
        }
    }

    /// The target without scheme, host and query (RFC 9112, 3.2).
    pub(super) fn path(&self) -> &str {
        let target = self.target.split('?').next().unwrap_or_default();
        let Some((_, rest)) = target.split_once("://") else {
            return target;
        };
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// RFC 9112, 9.3.
    pub(super) fn wants_close(&self) -> bool {
        let options = values(&self.headers, "Connection").flat_map(|value| value.split(','));
        let mut options = options.map(str::trim);
        if self.is_http_1_0 {
            !options.any(|option| option.eq_ignore_ascii_case("keep-alive"))
        } else {
            options.any(|option| option.eq_ignore_ascii_case("close"))
        }
    }
}

#[derive(PartialEq)]
enum Framing {
    Length(u64),
    Chunked,
}

/// The first of that name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    values(headers, name).next()
}

fn values<'a>(headers: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    let found = headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn read_headers(from: &mut Take<impl BufRead>) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(from, 431)?.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if line.is_empty() {
            return Ok(headers);
        }
        match line.split_once(':') {
            Some((name, value)) if is_token(name) && is_field_value(value) => {
                headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
            }
            _ => return malformed("header"),
        }
    }
}

/// RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    is_all(text, |byte| {
        byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
    })
}

/// RFC 9110, 5.5.
fn is_field_value(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b'\t' || !byte.is_ascii_control())
}

fn is_all(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is_one)
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let mut limited = from.take(HEAD_LIMIT);
        let size = line(&mut limited, 400)?.unwrap_or_default();
        let digits = size.split(';').next().unwrap_or_default().trim_end();
        if !is_all(digits, |byte| byte.is_ascii_hexdigit()) {
            return malformed("chunk size");
        }
        match u64::from_str_radix(digits, 16) {
            Ok(0) => break,
            size => read_exactly(from, size.unwrap_or(u64::MAX), body)?,
        }
        if line(&mut from.take(2), 400)?.as_deref() != Some("") {
            return malformed("chunk");
        }
    }
    let trailers = read_headers(&mut from.take(HEAD_LIMIT));
    trailers.map(drop)
}

fn read_exactly(from: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<()> {
    if length > BODY_LIMIT - body.len() as u64 {
        return refused(413, "too long");
    }
    let read = from.take(length).read_to_end(body)?;
    if read as u64 == length {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
    }
}

/// Without its line end; None at the end of the stream. One that is too long is refused with this status.
fn line(from: &mut Take<impl BufRead>, too_long: u16) -> Result<Option<String>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 && from.limit() > 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return match from.limit() {
            0 => refused(too_long, "too long"),
            _ => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        };
    }
    line.pop_if(|last| *last == b'\r');
    match String::from_utf8(line) {
        Ok(line) => Ok(Some(line)),
        Err(_) => malformed("text"),
    }
}

fn malformed<T>(what: &'static str) -> Result<T> {
    refused(400, what)
}

fn refused<T>(status: u16, why: &'static str) -> Result<T> {
    Err(Unreadable::Refused(status, why))
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it answers HEAD (RFC 9110, 9.3.2).
    pub(super) fn without_body(mut self) -> Self {
        if header(&self.headers, "Content-Length").is_none() {
            let length = self.body.len().to_string();
            self = self.header("Content-Length", &length);
        }
        self.body.clear();
        self
    }

    /// With a Content-Length, unless the headers frame the body otherwise.
    pub(super) fn encode(&self) -> Vec<u8> {
        let framed = ["Content-Length", "Transfer-Encoding"]
            .iter()
            .any(|name| header(&self.headers, name).is_some());
        let mut head = self.head();
        if !framed {
            head = head + "Content-Length: " + &self.body.len().to_string() + "\r\n";
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }

    /// In the chunked coding, `size` bytes at a time.
    pub(super) fn encode_chunked(&self, size: usize) -> Vec<u8> {
        let mut bytes = (self.head() + "Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for chunk in self.body.chunks(size) {
            bytes.extend(chunk_of(chunk));
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }

    /// Status line and headers, not yet ended.
    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        head += "Server: sekuire-development-backend\r\n";
        if header(&self.headers, "Date").is_none() {
            let now = httpdate::fmt_http_date(SystemTime::now());
            head.extend(["Date: ", &now, "\r\n"]);
        }
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head
    }
}

pub(super) fn chunk_of(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        // It may be empty (RFC 9112, section 4).
        _ => "",
    }
}
