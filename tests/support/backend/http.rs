//! One request and one answer, as far as our clients need them.

use std::io;
use std::time::{Instant, SystemTime};

use super::Endpoint;
use super::wire::Wire;

#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    /// As sent: order, case and repetitions.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Recorded {
    pub(super) fn read(wire: &mut Wire) -> io::Result<Self> {
        let mut bytes = Vec::new();
        loop {
            wire.receive(&mut bytes)?;
            if let Some(request) = Self::parse(&bytes)? {
                return Ok(request);
            }
        }
    }

    /// None where more is to come.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut headers);
        let status = parsed.parse(bytes).map_err(io::Error::other)?;
        let httparse::Status::Complete(head) = status else {
            return Ok(None);
        };
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let headers = parsed.headers.iter();
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            headers: headers
                .map(|it| (it.name.to_owned(), text(it.value)))
                .collect(),
            body: bytes[head..].to_vec(),
            at: Instant::now(),
        };
        let length = request.header("Content-Length").unwrap_or("0");
        let length: usize = length.parse().map_err(io::Error::other)?;
        Ok(Some(request).filter(|request| request.body.len() >= length))
    }

    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        match self.target.as_str() {
            "/api/v1/api-keys/verify" => Some(Endpoint::Verify),
            "/api/v1/me" => Some(Endpoint::Me),
            _ => None,
        }
    }

    /// The first of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
        .header("Content-Type", content_type)
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"error": {"message": message}}))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", self.status);
        if !self.headers.iter().any(|(name, _)| name == "Date") {
            let now = httpdate::fmt_http_date(SystemTime::now());
            head.extend(["Date: ", &now, "\r\n"]);
        }
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let length = format!("Content-Length: {}\r\n\r\n", self.body.len());
        [head.as_bytes(), length.as_bytes(), &self.body].concat()
    }
}
