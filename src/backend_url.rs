//! URLs: parsed strictly, rebuilt from their parts, so that nothing unexpected reaches the HTTP
//! crate (minreq sends URLs verbatim, mis-parses user info and wraps ports at 65536).

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Error;

/// The longest URL that is taken, in bytes: auth.json has to hold it.
const MAX_LEN: usize = 2048;

/// A base URL: scheme, host, port and path prefix (RFC 3986), nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackendUrl {
    scheme: Scheme,
    /// A name in lower case, which may end in a dot, or an address without brackets.
    name: String,
    port: u16,
    path: String,
}

/// The two schemes that are spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// HTTP in clear, for loopback.
    Http,
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Scheme::Https => 443,
            Scheme::Http => 80,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }
}

impl BackendUrl {
    /// Parses an `http` or `https` URL; trailing slashes go, and so does `/api/v1`, with which
    /// Sekuire's own reference gives the base; another path prefix stays.
    ///
    /// # Errors
    /// What is wrong with it, in words that complete "the URL …" and quote nothing of it: user info
    /// may be a password.
    pub fn parse(url: &str) -> Result<BackendUrl, &'static str> {
        if url.len() > MAX_LEN {
            return Err("is longer than 2048 characters");
        }
        if !url.is_ascii() {
            return Err("is not ASCII; write an international host name in its xn-- form");
        }
        if url.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err("has white space or a control character in it");
        }
        let (scheme, rest) = split_scheme(url)?;
        if let Some(at) = rest.find(['\\', '?', '#']) {
            return Err(match rest.as_bytes().get(at) {
                Some(b'\\') => "has a backslash in it",
                Some(b'?') => "has a query",
                _ => "has a fragment",
            });
        }
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, without_api_path(path)),
            None => (rest, ""),
        };
        let (host, port) = split_port(authority, scheme)?;
        check_path(path)?;
        Ok(BackendUrl {
            scheme,
            name: parse_host(host)?,
            port,
            path: if path.is_empty() {
                String::new()
            } else {
                format!("/{path}")
            },
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, as TLS and `NO_PROXY` know it: a name in lower case, or an address.
    pub fn host(&self) -> &str {
        self.name.strip_suffix('.').unwrap_or(&self.name)
    }

    /// The host, as the resolver knows it: behind a dot at its end no search domain is tried.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path prefix: empty, or `/` and what is behind it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The TCP port, 1 to 65535.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Scheme, host and, where it is not the scheme's own, port (RFC 6454).
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.name(), self.authority())
    }

    /// Host and, where it is not the scheme's own, port: the header `Host` (RFC 9110, 7.2).
    pub fn authority(&self) -> String {
        self.authority_of(self.host())
    }

    fn authority_of(&self, host: &str) -> String {
        if self.port == self.scheme.default_port() {
            bracketed(host)
        } else {
            host_and_port(host, self.port)
        }
    }

    /// Checks that a key may travel there: by `https`, or in clear within this machine or to the one
    /// origin that a person named. `allow_http` is the value of `SEKUIRE_ALLOW_HTTP`.
    ///
    /// # Errors
    /// It would travel in clear: exit status 2.
    pub fn check_scheme(&self, allow_http: Option<&OsStr>) -> Result<(), Error> {
        let origin = self.origin();
        let allowed = allow_http.map(OsStr::to_string_lossy);
        let allowed = allowed
            .as_deref()
            .map(|allowed| allowed.trim_end_matches('/'));
        if self.scheme == Scheme::Https || self.is_loopback() || allowed == Some(&origin) {
            return Ok(());
        }
        // What stands before an @ may be a password, whether a URL is around it or not.
        let but = allowed.map(|allowed| match allowed.rsplit_once('@') {
            Some((_, host)) => format!("; SEKUIRE_ALLOW_HTTP holds ...@{host}"),
            None => format!("; SEKUIRE_ALLOW_HTTP holds {allowed}"),
        });
        let but = but.unwrap_or_default();
        let message = format!("{origin} is not https: the API key would travel in clear{but}");
        Err(Error::usage(message).with_hint(format!(
            "use https; in a network that nobody else can read, set SEKUIRE_ALLOW_HTTP={origin}"
        )))
    }

    /// Whether the host is this machine: `localhost` (RFC 6761), in 127.0.0.0/8, or `::1`.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.authority_of(&self.name);
        write!(f, "{}://{authority}{}", self.scheme.name(), self.path)
    }
}

/// `host:port`, an IPv6 address in brackets (RFC 3986, 3.2.2).
pub fn host_and_port(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// Splits `host:port`; the port is 1 to 65535 in decimal digits.
///
/// # Errors
/// What is wrong with the port.
pub fn parse_port(port: &str) -> Result<u16, &'static str> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number) if digits && number > 0 => Ok(number),
        _ => Err("has a port that is not a number from 1 to 65535"),
    }
}

/// Parses a host: labels of letters, digits, `-` and `_` between dots, four decimal numbers, or an IPv6
/// address in brackets, which it loses.
///
/// # Errors
/// What is wrong with the host.
pub fn parse_host(host: &str) -> Result<String, &'static str> {
    if host.is_empty() {
        return Err("has no host");
    }
    if let Some(address) = host.strip_prefix('[') {
        let address = address
            .strip_suffix(']')
            .and_then(|inner| inner.parse().ok());
        let address: Ipv6Addr = address.ok_or("has brackets around what is no IPv6 address")?;
        return Ok(address.to_string());
    }
    let host = host.to_ascii_lowercase();
    let name = host.strip_suffix('.').unwrap_or(&host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("has a host that is neither a name nor an address");
    }
    // A resolver takes 127.1, 2130706433 and 0x7f.1 for addresses: what ends in a number must be
    // four decimal numbers (WHATWG URL, "ends in a number").
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let numeric = hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err("has an address that is not four decimal numbers");
    }
    Ok(host)
}

fn split_scheme(url: &str) -> Result<(Scheme, &str), &'static str> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or("does not begin with https://")?;
    if scheme.eq_ignore_ascii_case("https") {
        Ok((Scheme::Https, rest))
    } else if scheme.eq_ignore_ascii_case("http") {
        Ok((Scheme::Http, rest))
    } else {
        Err("does not begin with https://")
    }
}

fn split_port(authority: &str, scheme: Scheme) -> Result<(&str, u16), &'static str> {
    if authority.contains('@') {
        return Err("has a user name or password in it");
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => Ok((host, parse_port(port)?)),
        _ => Ok((authority, scheme.default_port())),
    }
}

/// A path without its trailing slashes and without the path of the API, which requests bring along.
fn without_api_path(path: &str) -> &str {
    let mut path = path.trim_end_matches('/');
    // Again, so that what is saved means the same when it is read.
    while let Some(prefix) = path.strip_suffix("api/v1")
        && (prefix.is_empty() || prefix.ends_with('/'))
    {
        path = prefix.trim_end_matches('/');
    }
    path
}

/// Checks a path without its outer slashes: RFC 3986's `pchar`s, and no segment that a server or a
/// proxy might resolve to another place.
fn check_path(path: &str) -> Result<(), &'static str> {
    // A server may undo the encoding before it splits the path.
    let mut decoded = path.to_ascii_lowercase();
    for (encoded, plain) in [("%2e", "."), ("%2f", "/"), ("%5c", "/")] {
        decoded = decoded.replace(encoded, plain);
    }
    if decoded
        .split('/')
        .any(|segment| matches!(segment, "." | ".."))
    {
        return Err("has a . or .. in its path");
    }
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                bytes.next().is_some_and(|b| b.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|b| b.is_ascii_hexdigit())
            }
            _ => byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return Err("has a character in its path that must be percent-encoded");
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use super::{BackendUrl, MAX_LEN, Scheme, parse_host, parse_port};

    fn shown(url: &str) -> String {
        BackendUrl::parse(url).unwrap().to_string()
    }

    #[test]
    fn a_url_is_rebuilt_from_its_parts() {
        for (url, rebuilt) in [
            ("HTTPS://Backend.Example:443/", "https://backend.example"),
            ("http://localhost:80///", "http://localhost"),
            ("https://backend.example:80", "https://backend.example:80"),
            ("http://127.0.0.1:443/", "http://127.0.0.1:443"),
            (
                "https://a-b_c.example:65535/A/b//",
                "https://a-b_c.example:65535/A/b",
            ),
            ("https://backend.example/api/v1/", "https://backend.example"),
            (
                "https://backend.example/a/api/v1//api/v1",
                "https://backend.example/a",
            ),
            (
                "https://backend.example/a/api/v1",
                "https://backend.example/a",
            ),
            (
                "https://backend.example/my-api/v1",
                "https://backend.example/my-api/v1",
            ),
            (
                "https://backend.example/a%2a/-._~!$&'()*+,;=:@",
                "https://backend.example/a%2a/-._~!$&'()*+,;=:@",
            ),
            (
                "https://backend.example/..a/b../...",
                "https://backend.example/..a/b../...",
            ),
        ] {
            assert_eq!(shown(url), rebuilt);
            assert_eq!(shown(rebuilt), rebuilt);
        }
        let url = BackendUrl::parse("https://backend.example:8443/a").unwrap();
        assert_eq!(
            (url.scheme(), url.host(), url.port()),
            (Scheme::Https, "backend.example", 8443)
        );
        assert_eq!(url.origin(), "https://backend.example:8443");
        let longest = format!("https://backend.example/{}", "a".repeat(MAX_LEN - 24));
        assert_eq!(shown(&longest), longest);
        let longer = BackendUrl::parse(&format!("{longest}a"));
        assert_eq!(longer, Err("is longer than 2048 characters"));
    }

    #[test]
    fn what_is_refused_says_why() {
        for (url, why) in [
            ("https:/backend.example", "does not begin with https://"),
            ("ftp://backend.example", "does not begin with https://"),
            ("https://backend.example\\a", "has a backslash in it"),
            ("https://backend.example/a?b#c", "has a query"),
            ("https://backend.example/#?", "has a fragment"),
            (
                "https://u:p@backend.example",
                "has a user name or password in it",
            ),
            (
                "https://[::1%25eth0]",
                "has brackets around what is no IPv6 address",
            ),
            (
                "https://::1",
                "has a host that is neither a name nor an address",
            ),
            ("https:///a", "has no host"),
            (
                "https://backend.example:/",
                "has a port that is not a number from 1 to 65535",
            ),
            ("https://backend.example/a/./b", "has a . or .. in its path"),
            (
                "https://backend.example/a%2F%2E.%5cb",
                "has a . or .. in its path",
            ),
            (
                "https://backend.example/%2",
                "has a character in its path that must be percent-encoded",
            ),
            (
                "https://backend.example/%g0",
                "has a character in its path that must be percent-encoded",
            ),
            (
                "https://backend.example/%0g",
                "has a character in its path that must be percent-encoded",
            ),
            (
                "https://backend.example/a|b",
                "has a character in its path that must be percent-encoded",
            ),
            (
                "https://backend.example/\u{e4}",
                "is not ASCII; write an international host name in its xn-- form",
            ),
            (
                "https://backend.example/a b",
                "has white space or a control character in it",
            ),
            (
                "https://backend.example/\x7f",
                "has white space or a control character in it",
            ),
        ] {
            assert_eq!(BackendUrl::parse(url), Err(why), "{url}");
        }
    }

    #[test]
    fn a_dot_at_the_end_is_for_the_resolver_alone() {
        let url = BackendUrl::parse("https://Backend.corp.:8443/a").unwrap();
        assert_eq!(url.name(), "backend.corp.");
        assert_eq!(url.host(), "backend.corp");
        assert_eq!(url.authority(), "backend.corp:8443");
        assert_eq!(url.origin(), "https://backend.corp:8443");
        assert_eq!(url.to_string(), "https://backend.corp.:8443/a");
        let url = BackendUrl::parse("https://[::1]").unwrap();
        assert_eq!((url.host(), url.authority()), ("::1", "[::1]".to_owned()));
    }

    #[test]
    fn a_port_is_a_number_in_plain_digits() {
        for (port, number) in [("1", 1), ("65535", 65535), ("00443", 443)] {
            assert_eq!(parse_port(port), Ok(number));
        }
        for other in ["", "0", "65536", "+1", "-1", " 1", "1x", "99999999999"] {
            assert!(parse_port(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), 253);
        for host in [
            "a",
            "A-1_b.c",
            "1.2.3.4",
            "1a.b2",
            "0x7f.example",
            "1.example",
            "0xg",
            "a.0x7g",
            "backend.corp.",
            &label,
            &longest,
        ] {
            assert_eq!(parse_host(host), Ok(host.to_ascii_lowercase()), "{host}");
        }
        let neither = Err("has a host that is neither a name nor an address");
        let (long_label, long_host) = (format!("{label}a"), format!("{longest}a"));
        for host in [
            ".",
            "a..",
            ".a",
            "a..b",
            "a b",
            "a,b",
            "a%62",
            "a:b",
            &long_label,
            &long_host,
        ] {
            assert_eq!(parse_host(host), neither, "{host}");
        }
        let address = Err("has an address that is not four decimal numbers");
        for host in [
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "a.0xAf",
            "a.0x",
            "1.2.3.256",
            "1.2.3.4.5",
            "a.1",
        ] {
            assert_eq!(parse_host(host), address, "{host}");
        }
        assert_eq!(parse_host(""), Err("has no host"));
        assert_eq!(parse_host("[0:0::1]"), Ok("::1".to_owned()));
    }

    #[test]
    fn in_clear_only_within_this_machine_and_where_it_is_allowed() {
        let check = |url: &str, allowed: Option<&str>| {
            let url = BackendUrl::parse(url).unwrap();
            url.check_scheme(allowed.map(AsRef::as_ref))
                .map_err(|error| error.to_string())
        };
        for url in [
            "https://a.example",
            "http://localhost:1",
            "http://127.255.255.254",
            "http://LOCALHOST",
            "http://localhost.:1",
            "http://[::1]:1",
        ] {
            assert_eq!(check(url, None), Ok(()), "{url}");
        }
        for url in [
            "http://a.example",
            "http://localhost.example",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://[::2]",
        ] {
            let message = format!("{url} is not https: the API key would travel in clear");
            assert_eq!(check(url, None), Err(message.clone()));
            assert_eq!(check(url, Some(url)), Ok(()));
            assert_eq!(check(url, Some(&format!("{url}//"))), Ok(()));
            let other = format!("{message}; SEKUIRE_ALLOW_HTTP holds {url}:81");
            assert_eq!(check(url, Some(&format!("{url}:81/"))), Err(other));
            let hidden = format!("{message}; SEKUIRE_ALLOW_HTTP holds ...@host");
            assert_eq!(check(url, Some("user:secret@host")), Err(hidden));
        }
    }
}
