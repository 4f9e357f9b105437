//! HTTP proxies: `HTTPS_PROXY`, and the CONNECT method (RFC 9110, 9.3.6).
//!
//! minreq's own reading of the variables is broken, and its CONNECT panics on a reset, fails on a
//! reply in two pieces and stalls on one of 256 bytes; it never meets a real proxy.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::deadline::Deadline;
use super::failure::Failure;
use super::message::USER_AGENT;
use super::no_proxy::exception;
use crate::backend_url::{self, BackendUrl, Scheme};
use crate::environment;
use crate::error::Error;

/// The longest head of a proxy's reply that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// How many authentication schemes are named.
const MAX_OFFERS: usize = 8;

/// A proxy and how to authenticate to it.
#[derive(Clone)]
pub struct Proxy {
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

/// How a backend is reached, and what says so.
#[derive(Debug)]
pub enum Route {
    /// Directly: no variable names a proxy.
    Direct,
    /// Directly: this machine, and origins that are allowed in clear, are never reached through a proxy.
    NeverProxied,
    /// Directly: this entry of this variable names the backend.
    Excepted(&'static str, String),
    /// Through the proxy of this variable, by CONNECT.
    Through(&'static str, Proxy),
}

/// Chooses the way to `base`; where that is not known, as if no exception were made for it.
///
/// # Errors
/// The variable holds something else than `http://[user:password@]host:port`: exit status 2, never a
/// silent direct connection.
pub fn choose_route(base: Option<&BackendUrl>) -> Result<Route, Error> {
    if base.is_some_and(|base| base.scheme() == Scheme::Http || base.is_loopback()) {
        return Ok(Route::NeverProxied);
    }
    let Some((name, value)) = first_of(&["HTTPS_PROXY", "https_proxy"])? else {
        return Ok(Route::Direct);
    };
    if let Some(base) = base
        && let Some((list_name, list)) = first_of(&["NO_PROXY", "no_proxy"])?
        && let Some(entry) = exception(base, &list)
    {
        return Ok(Route::Excepted(list_name, entry));
    }
    match parse(&value) {
        Ok(proxy) => Ok(Route::Through(name, proxy)),
        Err(cause) => Err(
            Error::usage(format!("the proxy in {name} {cause}")).with_hint(format!(
                "write {name}=http://[user:password@]host:port, or unset it"
            )),
        ),
    }
}

/// The variable of a proxy that curl would take and this program does not, where that is the only one.
pub(super) fn unread_variable(base: &BackendUrl) -> Option<&'static str> {
    let is_set = |name: &&str| environment::raw(name).is_some();
    let names = ["ALL_PROXY", "all_proxy"];
    let read = ["HTTPS_PROXY", "https_proxy"].iter().any(is_set);
    let matters = base.scheme() == Scheme::Https && !base.is_loopback() && !read;
    names.into_iter().find(is_set).filter(|_| matters)
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

impl Proxy {
    /// Whether there is a user name for it.
    pub fn has_user_info(&self) -> bool {
        self.user_info.is_some()
    }

    /// Asks the proxy, over a connection to it that does not block, for a tunnel to `base`.
    ///
    /// # Errors
    /// It refused, or did not answer as a proxy does.
    pub(super) fn tunnel(
        &self,
        stream: &TcpStream,
        base: &BackendUrl,
        deadline: &mut Deadline<'_>,
    ) -> Result<(), Failure> {
        let proxy = self.to_string();
        let head = self.exchange(stream, base, deadline).map_err(|cause| {
            if deadline.left().is_zero() {
                return Failure::timed_out("waiting for the proxy's answer".into());
            }
            Failure::ProxyLost {
                proxy: self.to_string(),
                cause,
            }
        })?;
        match status_of(&head) {
            Some(200..=299) => Ok(()),
            // 401 is what tinyproxy says to a wrong password.
            Some(status @ (401 | 407)) => Err(Failure::ProxyLogin {
                offers: offered_schemes(&head),
                has_user_info: self.has_user_info(),
                proxy,
                status,
            }),
            Some(status) => Err(Failure::ProxyRefused {
                host: base.host().to_owned(),
                proxy,
                status,
            }),
            None => Err(Failure::ProxyNotHttp { proxy }),
        }
    }

    fn exchange(
        &self,
        stream: &TcpStream,
        base: &BackendUrl,
        deadline: &mut Deadline<'_>,
    ) -> io::Result<Vec<u8>> {
        let mut stream = deadline.bound(stream);
        stream.write_all(self.connect_request(base).as_bytes())?;
        loop {
            let head = read_head(&mut stream)?;
            // An interim answer (RFC 9110, 15.2); 101 is the last in HTTP.
            if !matches!(status_of(&head), Some(100 | 102..=199)) {
                return Ok(head);
            }
        }
    }

    fn connect_request(&self, base: &BackendUrl) -> Zeroizing<String> {
        let (host, port) = (base.host(), base.port());
        let head = format!(
            "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {USER_AGENT}\r\n"
        );
        let login = self.user_info.as_ref();
        let login = login.map(|user_info| Zeroizing::new(STANDARD.encode(user_info)));
        // Joined in one piece: growing would leave a copy of the password behind.
        let request = match &login {
            Some(login) => [&head, "Proxy-Authorization: Basic ", login, "\r\n\r\n"].concat(),
            None => [&head, "\r\n"].concat(),
        };
        Zeroizing::new(request)
    }
}

/// Reads up to the empty line, byte by byte: what follows belongs to the tunnel.
fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") && is_http_so_far(&head) {
        if head.len() >= MAX_HEAD || stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&byte);
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

/// The names of the authentication schemes that the head offers (RFC 9110, 11.6.1), each once.
fn offered_schemes(head: &[u8]) -> Vec<String> {
    let head = String::from_utf8_lossy(head);
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let offers = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate"));
    let mut schemes: Vec<String> = Vec::new();
    for scheme in offers
        .flat_map(|(_, list)| elements(list))
        .filter_map(scheme)
    {
        if schemes.len() < MAX_OFFERS && !schemes.iter().any(|known| known == scheme) {
            schemes.push(scheme.to_owned());
        }
    }
    schemes
}

/// The elements of a list (RFC 9110, 5.6.1), of which a comma in quotation marks ends none (5.6.4).
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |c| {
        let is_mark = c == '"' && !escaped;
        quoted ^= is_mark;
        escaped = quoted && c == '\\' && !escaped;
        c == ',' && !quoted
    })
}

/// The scheme of a list's element; none where that is a further parameter, `name=value`.
fn scheme(element: &str) -> Option<&str> {
    let mut words = element.split_ascii_whitespace();
    let name = words.next()?;
    let is_token = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let is_parameter = words.next().is_some_and(|next| next.starts_with('='));
    (is_token && !is_parameter).then_some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{decode, offered_schemes, parse, read_head, status_of};

    #[test]
    fn a_proxy_has_host_and_port_and_perhaps_a_user() {
        for (value, shown, user_info) in [
            ("http://proxy.example:3128", "proxy.example:3128", None),
            (" HTTP://Proxy.Example:1/ ", "proxy.example:1", None),
            ("http://u:p@10.0.0.1:8080", "10.0.0.1:8080", Some("u:p")),
            ("http://u@h:1", "h:1", Some("u:")),
            ("http://:p@h:1", "h:1", Some(":p")),
            ("http://u%3a%40%2F:p@q@h:1", "h:1", Some("u:@/:p@q")),
            ("http://@h:1", "h:1", Some(":")),
        ] {
            let proxy = parse(value).map_err(|_| value);
            let proxy = proxy.unwrap();
            assert_eq!(format!("{proxy} {proxy:?}"), format!("{shown} {shown}"));
            let told = proxy.user_info.as_ref().map(|told| told.as_slice());
            assert_eq!(told, user_info.map(str::as_bytes), "{value}");
            assert_eq!(proxy.has_user_info(), user_info.is_some());
        }
        for (value, why) in [
            ("h:1", "does not begin with http://"),
            ("https://h:1", "has a scheme other than http"),
            ("http://h", "has no port"),
            (
                "http://h:1//",
                "has a port that is not a number from 1 to 65535",
            ),
            (
                "http://h:0",
                "has a port that is not a number from 1 to 65535",
            ),
            ("http://:1", "has no host"),
            (
                "http://u%4:p@h:1",
                "has a % that is not followed by two hexadecimal digits",
            ),
        ] {
            assert_eq!(parse(value).err(), Some(why), "{value}");
        }
    }

    #[test]
    fn percent_encoding_is_undone_once() {
        assert_eq!(
            decode("%00%fF%2541a").map(|bytes| bytes.to_vec()),
            Ok(b"\x00\xff%41a".to_vec())
        );
        for damaged in ["%", "%4", "%4g", "%g4", "a%", "%%41", "%+1", "%\u{e4}"] {
            assert!(decode(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_or_where_it_is_none() {
        for (sent, head) in [
            ("HTTP/1.1 200 OK\r\n\r\ntunnel", "HTTP/1.1 200 OK\r\n\r\n"),
            ("HTTP/1.1 200\n\ntunnel", "HTTP/1.1 200\n\n"),
            (
                "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            ),
            ("SSH-2.0", "S"),
            ("HTTQ/", "HTTQ"),
        ] {
            let read = read_head(&mut sent.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), head);
        }
        for cut in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r"] {
            assert!(read_head(&mut cut.as_bytes()).is_err(), "{cut}");
        }
        let long = |length: usize| format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(length - 17));
        let longest = long(16_384);
        assert_eq!(read_head(&mut longest.as_bytes()).unwrap().len(), 16_384);
        assert!(read_head(&mut long(16_385).as_bytes()).is_err());
    }

    #[test]
    fn a_head_has_a_status_and_offers_schemes() {
        for (head, status) in [
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
                Some(407),
            ),
            ("HTTP/1.0 200\n\n", Some(200)),
            ("HTTP/1.1\r\n\r\n", None),
            ("HTTP/2 200\r\n\r\n", None),
            ("HTTP/1.1 x\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(status_of(head.as_bytes()), status, "{head:?}");
        }
        let head = "HTTP/1.1 407 Basic\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate :NTLM, Basic\r\n\
            WWW-Authenticate: Digest\r\nproxy-authenticate:\r\n\r\n";
        assert_eq!(
            offered_schemes(head.as_bytes()),
            ["Negotiate", "NTLM", "Basic"]
        );
        for (field, offers) in [
            (
                r#"Basic realm="a, NTLM, b", Negotiate"#,
                &["Basic", "Negotiate"][..],
            ),
            (
                r#"Basic realm="\", NTLM, b", Negotiate"#,
                &["Basic", "Negotiate"],
            ),
            (r#"Basic realm="\\", NTLM"#, &["Basic", "NTLM"]),
            (r#"Basic realm=\", NTLM, b"#, &["Basic"]),
            ("Basic realm=a, charset=b, NTLM, ", &["Basic", "NTLM"]),
        ] {
            let head = format!("HTTP/1.1 407 X\r\nProxy-Authenticate: {field}\r\n\r\n");
            assert_eq!(offered_schemes(head.as_bytes()), offers, "{field}");
        }
    }
}
