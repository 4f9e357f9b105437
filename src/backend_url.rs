//! URLs: parsed strictly, rebuilt from their parts, so that nothing unexpected reaches the HTTP
//! crate (minreq sends URLs verbatim, mis-parses user info and wraps ports at 65536).

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::error::Error;

/// The longest URL that is accepted, in bytes: auth.json has to hold it.
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

impl BackendUrl {
    /// Parses an `http` or `https` URL; trailing slashes are dropped, and so is `/api/v1`, which
    /// Sekuire's own reference has in the base URL; any other path prefix stays.
    ///
    /// # Errors
    /// What is wrong with it, in words that complete "the URL …" and quote nothing of it: user info
    /// may be a password.
    pub fn parse(url: &str) -> Result<BackendUrl, &'static str> {
        let is_wrong = |c: &char| !c.is_ascii_graphic() || "\\?#".contains(*c);
        let wrong = match url.chars().find(is_wrong) {
            _ if url.len() > MAX_LEN => "is longer than 2048 bytes",
            Some('?') => "has a query",
            Some('#') => "has a fragment",
            Some(c) if c.is_ascii() => "has white space, a backslash or a control character",
            Some(_) => "is not ASCII; write an international name in its xn-- form",
            None => "",
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let (scheme, port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => (Scheme::Https, 443),
            "http" => (Scheme::Http, 80),
            _ => return Err("does not begin with https://"),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("has a user name or password in it");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => (host, parse_port(port)?),
            _ => (authority, port),
        };
        let mut path = path.trim_end_matches('/');
        // Again, so that what is saved means the same when it is read.
        while let Some(prefix) = path.strip_suffix("/api/v1") {
            path = prefix.trim_end_matches('/');
        }
        // A server or a proxy may undo the encoding before it resolves dots.
        let decoded = path.to_ascii_lowercase().replace("%2e", ".");
        if decoded.split('/').any(|it| matches!(it, "." | "..")) {
            return Err("has a . or .. in its path");
        }
        Ok(BackendUrl {
            scheme,
            name: parse_host(host)?,
            port,
            path: path.to_owned(),
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

    /// The host, as the resolver knows it: with a dot at its end no search domain is tried.
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
        self.origin_of(self.host())
    }

    fn origin_of(&self, host: &str) -> String {
        let is_https = self.scheme == Scheme::Https;
        let scheme = if is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority_of(host))
    }

    /// Host and, where it is not the scheme's own, port: the header `Host` (RFC 9110, 7.2).
    pub fn authority(&self) -> String {
        self.authority_of(self.host())
    }

    fn authority_of(&self, host: &str) -> String {
        let is_https = self.scheme == Scheme::Https;
        let own_port = if is_https { ":443" } else { ":80" };
        let authority = host_and_port(host, self.port);
        authority.trim_end_matches(own_port).to_owned()
    }

    /// Checks that a key may travel there: by `https`, or in clear within this machine or to the one
    /// origin that a person named. `allow_http` is the value of `SEKUIRE_ALLOW_HTTP`.
    ///
    /// # Errors
    /// It would travel in clear: exit status 2.
    pub fn check_scheme(&self, allow_http: Option<&OsStr>) -> Result<(), Error> {
        let origin = self.origin();
        let allowed = allow_http.and_then(OsStr::to_str).unwrap_or_default();
        let is_allowed = allowed.trim_end_matches('/') == origin;
        if self.scheme == Scheme::Https || self.is_loopback() || is_allowed {
            return Ok(());
        }
        let message = format!("{origin} is not https: plain http is allowed on loopback only");
        Err(Error::usage(message).with_hint(format!(
            "use https; in a network that nobody else can read, set SEKUIRE_ALLOW_HTTP={origin}"
        )))
    }

    /// Whether the host is this machine: `localhost` (RFC 6761), in 127.0.0.0/8, or `::1`.
    pub fn is_loopback(&self) -> bool {
        let address = self.host().parse();
        self.host() == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin_of(&self.name), self.path)
    }
}

/// `host:port`, an IPv6 address in brackets (RFC 3986, 3.2.2).
pub fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        return format!("[{host}]:{port}");
    }
    format!("{host}:{port}")
}

/// Parses a port: 1 to 65535 in decimal digits.
///
/// # Errors
/// What is wrong with the port.
pub fn parse_port(port: &str) -> Result<u16, &'static str> {
    let is_plain = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|number| is_plain && *number > 0);
    number.ok_or("has a port that is not a number from 1 to 65535")
}

/// Parses a host: labels of letters, digits, `-` and `_` between dots, or an IPv6 address in brackets, which
/// are dropped.
fn parse_host(host: &str) -> Result<String, &'static str> {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address: Option<Ipv6Addr> = inner.and_then(|inner| inner.parse().ok());
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| !label.is_empty() && label.chars().all(is_plain);
    match address {
        Some(address) => Ok(address.to_string()),
        None if host.is_empty() => Err("has no host"),
        None if name.split('.').all(is_label) => Ok(host.to_ascii_lowercase()),
        None => Err("has a host that is neither a name nor an address"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{BackendUrl, MAX_LEN, Scheme, parse_port};

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
            ("https://[0:0::1]:443", "https://[::1]"),
            (
                "https://xn--bckend-bua.example",
                "https://xn--bckend-bua.example",
            ),
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
        assert_eq!(longer, Err("is longer than 2048 bytes"));
    }

    #[test]
    fn a_refusal_says_why() {
        let scheme = "does not begin with https://";
        let space = "has white space, a backslash or a control character";
        let ascii = "is not ASCII; write an international name in its xn-- form";
        let user = "has a user name or password in it";
        let port = "has a port that is not a number from 1 to 65535";
        let host = "has a host that is neither a name nor an address";
        let dots = "has a . or .. in its path";
        for (url, why) in [
            ("", scheme),
            ("backend.example", scheme),
            ("//backend.example", scheme),
            ("ftp://backend.example", scheme),
            ("https:/backend.example", scheme),
            ("https://", "has no host"),
            ("https:///path", "has no host"),
            ("https://:443", "has no host"),
            ("https://user@backend.example", user),
            ("https://api.sekuire.ai:x@evil.example", user),
            ("https://backend.example?x=1", "has a query"),
            ("https://backend.example/a?b#c", "has a query"),
            ("https://backend.example#top", "has a fragment"),
            ("https://backend.example/#?", "has a fragment"),
            ("https://backend.example\\@evil.example", space),
            ("https:\\\\backend.example", space),
            ("https://backend.example/a b", space),
            ("https://backend.example/\r\nX-Evil:1", space),
            ("https://backend.example/\u{7f}", space),
            ("https://b\u{430}ckend.example", ascii),
            ("https://backend.example/\u{e4}", ascii),
            ("https://backend\u{3002}example", ascii),
            ("https://backend.example:", port),
            ("https://backend.example:/", port),
            ("https://backend.example:443x", port),
            ("https://[::1%25eth0]", host),
            ("https://[1.2.3.4]", host),
            ("https://::1", host),
            ("https://.", host),
            ("https://.example", host),
            ("https://a..example", host),
            ("https://a..", host),
            ("https://backend.example,evil.example", host),
            ("https://%62ackend.example", host),
            ("https://backend.example/../x", dots),
            ("https://backend.example/a/./b", dots),
            ("https://backend.example/a/%2e%2E/x", dots),
            ("https://backend.example/.%2e", dots),
            ("https://backend.example/../api/v1", dots),
        ] {
            assert_eq!(BackendUrl::parse(url), Err(why), "{url:?}");
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
    fn plain_http_is_for_loopback_and_for_the_origin_that_is_allowed() {
        let check = |url: &str, allowed: Option<&str>| {
            let url = BackendUrl::parse(url).unwrap();
            url.check_scheme(allowed.map(AsRef::as_ref)).is_ok()
        };
        for url in [
            "https://a.example",
            "http://localhost:1",
            "http://127.255.255.254",
            "http://LOCALHOST",
            "http://localhost.:1",
            "http://[::1]:1",
        ] {
            assert!(check(url, None), "{url}");
        }
        for url in [
            "http://a.example",
            "http://a.example:9300",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://128.0.0.1",
            "http://127.1",
            "http://0.0.0.0",
            "http://[::2]",
        ] {
            assert!(!check(url, None), "{url}");
            assert!(check(url, Some(url)));
            assert!(check(url, Some(&format!("{url}//"))));
            for other in [
                "",
                "*",
                "1",
                "http://",
                "http://a.example:81",
                &url.replace("http", "https"),
            ] {
                assert!(!check(url, Some(other)), "{url} {other}");
            }
        }
    }
}
