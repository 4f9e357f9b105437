//! HTTP proxies: `HTTPS_PROXY`, and the CONNECT method (RFC 9110, 9.3.6).

use std::fmt;
use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::codec::Answer;
use super::failure::{Blame, Failure};
use super::message::{USER_AGENT, is_passing};
use super::no_proxy::exception;
use crate::backend_url::{BackendUrl, Scheme, host_and_port, parse_port};
use crate::environment;
use crate::error::Error;
use crate::percent;

/// A proxy, and how to log in to it.
pub struct Proxy {
    /// Only its host and port count.
    pub(super) url: BackendUrl,
    /// The header with user name and password, or nothing.
    login: Zeroizing<String>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&host_and_port(self.url.name(), self.url.port()))
    }
}

/// How a backend is reached, and which variable says so.
pub enum Route {
    /// Directly: no variable names a proxy.
    Direct,
    /// Directly: loopback, and origins that are allowed in clear, are never reached through a proxy.
    NeverProxied,
    /// Directly: this entry of this variable names the backend.
    Bypassed(&'static str, String),
    /// Through the proxy of this variable, by CONNECT.
    Through(&'static str, Proxy),
}

/// Chooses the way to `base`; where that is not known, as if no exception were made for it.
///
/// # Errors
/// The variable holds something other than `http://[user:password@]host:port`: exit status 2, never a
/// silent direct connection.
pub fn choose_route(base: Option<&BackendUrl>) -> Result<Route, Error> {
    if base.is_some_and(|base| base.scheme() == Scheme::Http || base.is_loopback()) {
        return Ok(Route::NeverProxied);
    }
    let Some((name, value)) = environment::first(&["HTTPS_PROXY", "https_proxy"])? else {
        return Ok(Route::Direct);
    };
    if let Some(base) = base
        && let Some((list_name, list)) = environment::first(&["NO_PROXY", "no_proxy"])?
        && let Some(entry) = exception(base, &list)
    {
        return Ok(Route::Bypassed(list_name, entry));
    }
    let proxy = parse(&value).map_err(|cause| {
        let hint = format!("write {name}=http://[user:password@]host:port, or unset it");
        Error::usage(format!("the proxy in {name} {cause}")).with_hint(hint)
    })?;
    Ok(Route::Through(name, proxy))
}

fn parse(value: &str) -> Result<Proxy, &'static str> {
    let rest = value.trim().strip_prefix("http://");
    let rest = rest.ok_or("does not begin with http://")?;
    let (login, address) = match rest.rsplit_once('@') {
        Some((user_info, address)) => (login(user_info), address),
        None => (Zeroizing::default(), rest),
    };
    let (_, port) = address.rsplit_once(':').ok_or("has no port")?;
    parse_port(port.trim_end_matches('/'))?;
    Ok(Proxy {
        url: BackendUrl::parse(&format!("http://{address}"))?,
        login,
    })
}

/// The header that logs in with `user:password`; a user alone has an empty password (RFC 7617, 2).
fn login(user_info: &str) -> Zeroizing<String> {
    // Large enough never to grow, and joined in one piece: growing would leave a copy behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(user_info.len() + 1));
    decoded.extend(percent::decoded(user_info).map(|(_, byte)| byte));
    if !user_info.contains(':') {
        decoded.push(b':');
    }
    let encoded = Zeroizing::new(STANDARD.encode(&decoded));
    Zeroizing::new(["Proxy-Authorization: Basic ", &encoded, "\r\n"].concat())
}

impl Proxy {
    /// Asks the proxy, over a connection to it, for a tunnel to `base` (RFC 9110, 9.3.6).
    ///
    /// # Errors
    /// It refused, or did not answer as a proxy does.
    pub(super) fn tunnel(
        &self,
        stream: &mut (impl Read + Write),
        base: &BackendUrl,
    ) -> Result<(), Failure> {
        let lost = |cause: io::Error| {
            Failure::of(&cause, "waiting for the proxy", |how| {
                Failure::network(format!("the proxy broke off: {how}"))
            })
        };
        let authority = host_and_port(base.host(), base.port());
        let head = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT}\r\n"
        );
        // Joined in one piece, as above.
        let request = Zeroizing::new([&head, self.login.as_str(), "\r\n"].concat());
        stream.write_all(request.as_bytes()).map_err(lost)?;
        let mut answer = Answer::default();
        let status = loop {
            // Byte by byte: what follows belongs to the tunnel.
            let mut byte = [0];
            stream.read_exact(&mut byte).map_err(lost)?;
            answer.push(&byte).map_err(|failure| match failure.blame {
                Blame::Machine => failure,
                _ => Failure::new(
                    Blame::Answer,
                    "the proxy does not speak HTTP",
                    "check HTTPS_PROXY",
                ),
            })?;
            if let Some(status) = answer.status() {
                break status;
            }
        };
        let (blame, hint) = match status {
            200..=299 => return Ok(()),
            // 401 is what tinyproxy says to a wrong password.
            401 | 407 => (
                Blame::Answer,
                "check the login in HTTPS_PROXY=http://user:password@host:port; only Basic is spoken here",
            ),
            _ if is_passing(status) => (Blame::Network, "ask the proxy's administrator"),
            _ => (
                Blame::Answer,
                "ask the proxy's administrator to allow this host, or name it in NO_PROXY",
            ),
        };
        let cause = format!("the proxy refused to connect ({status})");
        Err(Failure::new(blame, cause, hint))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Engine, STANDARD, parse};

    #[test]
    fn a_proxy_has_host_and_port_and_perhaps_a_user() {
        for (value, shown, user_info) in [
            ("http://proxy.example:3128", "proxy.example:3128", None),
            (" http://Proxy.Example:1/ ", "proxy.example:1", None),
            ("http://u:p@10.0.0.1:8080", "10.0.0.1:8080", Some("u:p")),
            ("http://u@h:1", "h:1", Some("u:")),
            ("http://:p@h:1", "h:1", Some(":p")),
            ("http://u%3a%40%2F:p@q@h:1", "h:1", Some("u:@/:p@q")),
            ("http://u:100%@h:1", "h:1", Some("u:100%")),
            ("http://@h:1", "h:1", Some(":")),
            ("http://[::1]:3128", "[::1]:3128", None),
        ] {
            let proxy = parse(value).map_err(|_| value);
            let proxy = proxy.unwrap();
            assert_eq!(proxy.to_string(), shown);
            let login = user_info.map(|user_info| {
                let encoded = STANDARD.encode(user_info);
                format!("Proxy-Authorization: Basic {encoded}\r\n")
            });
            assert_eq!(*proxy.login, login.unwrap_or_default(), "{value}");
        }
        let port = "has a port that is not a number from 1 to 65535";
        for (value, why) in [
            ("h:1", "does not begin with http://"),
            ("https://h:1", "does not begin with http://"),
            ("http://h", "has no port"),
            ("http://h:0", port),
            ("http://[::1]", port),
            ("http://h/x:y", port),
            ("http://h:1/x", port),
            ("http://:1", "has no host"),
        ] {
            assert_eq!(parse(value).err(), Some(why), "{value}");
        }
    }
}
