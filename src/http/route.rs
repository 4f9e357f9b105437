//! The way to a backend: direct, or through a proxy.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

use super::Failure;
use super::progress::Progress;
use super::proxy::{self, Proxy};
use crate::backend_url::{BackendUrl, Scheme};
use crate::error::Error;

/// The way to a backend.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// To the backend itself.
    Direct,
    /// Through an HTTP proxy, by CONNECT.
    Through(Proxy),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Direct => Ok(()),
            Route::Through(proxy) => write!(f, " through proxy {proxy}"),
        }
    }
}

impl Route {
    /// Chooses the way, from `HTTPS_PROXY` and `NO_PROXY`. This machine, and origins that are allowed
    /// in clear, are never reached through a proxy.
    ///
    /// # Errors
    /// A proxy that is malformed: exit status 2, never a silent direct connection.
    pub(super) fn choose(base: &BackendUrl) -> Result<Route, Error> {
        if base.scheme() == Scheme::Http || base.is_loopback() {
            return Ok(Route::Direct);
        }
        Ok(match proxy::for_backend(base)? {
            Some(proxy) => Route::Through(proxy),
            None => Route::Direct,
        })
    }

    /// Opens the way.
    ///
    /// # Errors
    /// Who could not be reached, and why.
    pub(super) fn open(
        &self,
        base: &BackendUrl,
        deadline: Instant,
        progress: &Progress,
    ) -> Result<TcpStream, Failure> {
        match self {
            Route::Direct => connect(base.host(), base.port(), "", deadline, progress),
            Route::Through(proxy) => {
                let stream = connect(&proxy.host, proxy.port, "the proxy ", deadline, progress)?;
                progress.note("waiting for the proxy's answer");
                proxy.tunnel(stream, base, deadline)
            }
        }
    }
}

/// Connects to one of a host's addresses; each gets its share of the time.
fn connect(
    host: &str,
    port: u16,
    what: &str,
    deadline: Instant,
    progress: &Progress,
) -> Result<TcpStream, Failure> {
    progress.note(format!("looking up {what}{host}"));
    let addresses = resolve(host, port).map_err(|cause| {
        Failure::transient(
            format!("{what}{host} did not resolve ({cause})"),
            "check the name, the network and its name servers; --wait SECS keeps trying",
        )
    })?;
    progress.note(format!("connecting to {what}{host} port {port}"));
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (index, address) in addresses.iter().enumerate() {
        let others = u32::try_from(addresses.len() - index).unwrap_or(1);
        let share = deadline.saturating_duration_since(Instant::now()) / others.max(1);
        if share.is_zero() {
            last = io::ErrorKind::TimedOut.into();
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                // minreq never does; without it a request can wait 40 ms for an acknowledgement.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(cause) => last = cause,
        }
    }
    Err(unreachable(host, port, what, &last))
}

fn unreachable(host: &str, port: u16, what: &str, cause: &io::Error) -> Failure {
    let cause = match cause.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("{what}{host} refused the connection on port {port}")
        }
        io::ErrorKind::TimedOut => format!("{what}{host} did not answer on port {port}"),
        _ => format!("can't connect to {what}{host} port {port}: {cause}"),
    };
    Failure::transient(
        cause,
        "check the URL, the network and the firewall; --wait SECS keeps trying",
    )
}

/// The addresses of a host. This machine's own name needs no resolver (RFC 6761, 6.3).
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host == "localhost" {
        return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]);
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::from((address, port))]);
    }
    Ok((host, port).to_socket_addrs()?.collect())
}
