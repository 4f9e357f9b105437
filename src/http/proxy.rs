//! HTTP proxies: `HTTPS_PROXY`, `NO_PROXY`, and the CONNECT method (RFC 9110, 9.3.6).
//!
//! minreq's own reading of the variables is broken, and its CONNECT panics on a reset, fails on a
//! reply in two pieces and stalls on one of 256 bytes; it never meets a real proxy (relay.rs).

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Failure;
use crate::backend_url::{self, BackendUrl};
use crate::environment;
use crate::error::Error;

/// The longest head of a proxy's reply that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// A proxy and how to authenticate to it.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `user:password`, decoded.
    user_info: Option<Zeroizing<Vec<u8>>>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The proxy through which `base` is reached, if there is one.
///
/// # Errors
/// The variable holds something else than `http://[user:password@]host:port`.
pub(super) fn for_backend(base: &BackendUrl) -> Result<Option<Proxy>, Error> {
    let Some((name, value)) = first_of(&["HTTPS_PROXY", "https_proxy"])? else {
        return Ok(None);
    };
    let exceptions = first_of(&["NO_PROXY", "no_proxy"])?;
    if exceptions.is_some_and(|(_, list)| is_excepted(base, &list)) {
        return Ok(None);
    }
    match parse(&value) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(cause) => Err(
            Error::usage(format!("the proxy in {name} {cause}")).with_hint(format!(
                "write {name}=http://[user:password@]host:port, or unset it"
            )),
        ),
    }
}

fn first_of(names: &[&'static str]) -> Result<Option<(&'static str, String)>, Error> {
    for name in names {
        if let Some(value) = environment::text(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

fn parse(value: &str) -> Result<Proxy, &'static str> {
    let value = value.trim();
    let rest = match value.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some(_) => return Err("has a scheme other than http"),
        None => return Err("does not begin with http://"),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (user_info, address) = match rest.rsplit_once('@') {
        Some((user_info, address)) => (Some(credentials(user_info)?), address),
        None => (None, rest),
    };
    let (host, port) = address.rsplit_once(':').ok_or("has no port")?;
    let host = host.to_ascii_lowercase();
    backend_url::check_host(&host)?;
    Ok(Proxy {
        port: backend_url::parse_port(port)?,
        host,
        user_info,
    })
}

/// `user:password`, decoded; a user alone has an empty password (RFC 7617, 2).
fn credentials(user_info: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    if user_info.contains(':') {
        return decode(user_info);
    }
    decode(&Zeroizing::new(format!("{user_info}:")))
}

/// Undoes percent-encoding (RFC 3986, 2.1).
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = (
                    bytes.next().and_then(hex_digit),
                    bytes.next().and_then(hex_digit),
                );
                let (Some(high), Some(low)) = digits else {
                    return Err("has a % that is not followed by two hexadecimal digits");
                };
                high << 4 | low
            }
            byte => byte,
        });
    }
    Ok(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Whether an entry of the list is `*`, the host, a parent domain of it, or its address; with a port
/// behind a colon, only that port.
fn is_excepted(base: &BackendUrl, list: &str) -> bool {
    let host = base.host();
    list.split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let entry = entry.to_ascii_lowercase();
            let name = match entry.rsplit_once(':') {
                Some((name, port)) if entry.parse::<IpAddr>().is_err() => {
                    if port.parse() != Ok(base.port()) {
                        return false;
                    }
                    name
                }
                _ => entry.as_str(),
            };
            let parent = if name.starts_with('.') {
                name.to_owned()
            } else {
                format!(".{name}")
            };
            name == "*" || host == name || host.ends_with(&parent)
        })
}

impl Proxy {
    /// Asks the proxy, over a connection to it, for a tunnel to `base`.
    ///
    /// # Errors
    /// It refused, or did not answer as a proxy does.
    pub(super) fn tunnel(
        &self,
        mut stream: TcpStream,
        base: &BackendUrl,
        deadline: Instant,
    ) -> Result<TcpStream, Failure> {
        let lost = |cause: io::Error| {
            Failure::transient(
                format!("the proxy {self} broke off: {cause}"),
                "check HTTPS_PROXY, or ask whoever runs the proxy",
            )
        };
        stream
            .write_all(&self.connect_request(base))
            .map_err(lost)?;
        let head = read_head(&mut stream, deadline).map_err(lost)?;
        match status_of(&head) {
            Some(200..=299) => Ok(stream),
            // 401 is what tinyproxy says to a wrong password.
            Some(status @ (401 | 407)) => Err(Failure::lasting(
                match self.user_info {
                    Some(_) => {
                        format!("the proxy {self} refused the user name or password ({status})")
                    }
                    None => format!("the proxy {self} wants a user name and password ({status})"),
                },
                "set HTTPS_PROXY=http://user:password@host:port",
            )),
            Some(status @ (429 | 502 | 503 | 504)) => Err(Failure::transient(
                format!(
                    "the proxy {self} could not reach {} (status {status})",
                    base.host()
                ),
                "check the backend's URL, or ask whoever runs the proxy; --wait SECS keeps trying",
            )),
            Some(status) => Err(Failure::lasting(
                format!(
                    "the proxy {self} refused to connect to {} (status {status})",
                    base.host()
                ),
                "ask whoever runs the proxy to allow this host, or name it in NO_PROXY",
            )),
            None => Err(Failure::lasting(
                format!("the proxy {self} did not answer in HTTP"),
                "check the host and port in HTTPS_PROXY",
            )),
        }
    }

    fn connect_request(&self, base: &BackendUrl) -> Zeroizing<Vec<u8>> {
        let (host, port) = (base.host(), base.port());
        let agent = super::USER_AGENT;
        // Large enough never to grow: growing would leave a copy of the password behind.
        let room = 512
            + 2 * host.len()
            + 2 * self
                .user_info
                .as_ref()
                .map_or(0, |user_info| user_info.len());
        let mut request = Zeroizing::new(Vec::with_capacity(room));
        request.extend_from_slice(
            format!(
                "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\n"
            )
            .as_bytes(),
        );
        if let Some(user_info) = &self.user_info {
            request.extend_from_slice(b"Proxy-Authorization: Basic ");
            request.extend_from_slice(Zeroizing::new(STANDARD.encode(user_info)).as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }
}

/// Reads up to the empty line, byte by byte: what follows belongs to the tunnel.
fn read_head(stream: &mut TcpStream, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        super::relay::set_deadline(stream, deadline)?;
        if head.len() >= MAX_HEAD || stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&byte);
        if !is_http_so_far(&head) {
            break;
        }
    }
    Ok(head)
}

fn is_http_so_far(head: &[u8]) -> bool {
    head.iter()
        .zip(b"HTTP/")
        .all(|(found, wanted)| found == wanted)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
