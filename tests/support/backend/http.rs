//! HTTP/1.1 messages, as far as RFC 9112 asks it of a server like this one.

use std::io::{self, BufRead, Read};

const HEAD_LIMIT: u64 = 64 * 1024;
const BODY_LIMIT: u64 = 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// None where the client closed instead of sending another one.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = from.take(HEAD_LIMIT);
        let Some(first) = line(&mut head)? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed("request line"));
        };
        let (method, target) = (method.to_owned(), target.to_owned());
        let headers = read_headers(&mut head)?;
        let body = read_body(from, &headers)?;
        Ok(Some(Self {
            method,
            target,
            headers,
            body,
        }))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub(super) fn wants_close(&self) -> bool {
        self.header("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// The first of that name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn read_headers(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
        headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

fn read_body(from: &mut impl BufRead, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if header(headers, "Transfer-Encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        while let Some(size @ 1..) = read_chunk_size(from)? {
            read_exactly(from, size, &mut body)?;
            if line(from)?.as_deref() != Some("") {
                return Err(malformed("chunk"));
            }
        }
        read_headers(from)?; // trailers
    } else if let Some(length) = header(headers, "Content-Length") {
        let length = length.parse().map_err(|_| malformed("Content-Length"))?;
        read_exactly(from, length, &mut body)?;
    }
    Ok(body)
}

fn read_chunk_size(from: &mut impl BufRead) -> io::Result<Option<u64>> {
    let line = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let digits = line.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(digits, 16)
        .map(Some)
        .map_err(|_| malformed("chunk size"))
}

fn read_exactly(from: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if body.len() as u64 + length > BODY_LIMIT {
        return Err(malformed("size"));
    }
    let read = from.take(length).read_to_end(body)?;
    if read as u64 == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Without its line end; None at the end of the stream.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let content = line
        .strip_suffix('\n')
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some(
        content.strip_suffix('\r').unwrap_or(content).to_owned(),
    ))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
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
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        // It may be empty (RFC 9112, section 4).
        _ => "",
    }
}
