//! What can go wrong with an attempt, and the words for it: one table.

use std::io;
use std::time::Duration;

use crate::error::{CHECK_LIMITS, Kind};
use crate::platform;
use crate::tls::Refusal;

/// Why an attempt brought no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// This machine is short of something, or refuses it.
    Local(String),
    /// The same in the middle of a request.
    LocalWithin(String),
    /// Nothing came in time, while this was done.
    TimedOut { doing: String, time: Duration },
    /// A name has no address.
    NotResolved { peer: String, cause: io::Error },
    /// No address of a host could be connected to.
    NotConnected {
        peer: String,
        port: u16,
        cause: io::Error,
    },
    /// The connection was lost, in these words, before there was a complete head of an answer.
    Lost { host: String, how: String },
    /// The answer is none, in these words, and would be none again.
    NoAnswer { host: String, how: String },
    /// The answer is no HTTP.
    NotHttp { host: String },
    /// The server does not speak TLS.
    NotTls { host: String },
    /// TLS was refused.
    Tls(Refusal),
    /// The connection to a proxy was lost.
    ProxyLost { proxy: String, cause: io::Error },
    /// A proxy does not speak HTTP.
    ProxyNotHttp { proxy: String },
    /// A proxy wants to know who asks, or does not believe it.
    ProxyLogin {
        proxy: String,
        status: u16,
        /// Whether a user name was sent.
        has_user_info: bool,
        /// The authentication schemes that it offers (RFC 9110, 11.7.1), where it says.
        offers: Vec<String>,
    },
    /// A proxy could not reach the backend, or does not want to.
    ProxyRefused {
        proxy: String,
        status: u16,
        host: String,
    },
}

/// Whether a failure is worth another attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Retryable {
    /// It would fail again.
    No,
    /// Only while `--wait` lasts: a clock that is not yet set.
    WhileWaiting,
    /// It may pass.
    Yes,
}

/// What a failure means to a script and to a person.
pub(super) struct Words {
    pub(super) kind: Kind,
    pub(super) retryable: Retryable,
    pub(super) cause: String,
    pub(super) hint: String,
}

impl Failure {
    /// A failure of this machine, before anything was sent.
    pub(super) fn local(cause: &io::Error) -> Failure {
        Failure::Local(match platform::shortage(cause) {
            Some(what) => format!("this machine is out of {what}"),
            None => format!("this machine can't begin a request ({cause})"),
        })
    }

    /// A failure of this machine, when something may have been sent.
    pub(super) fn local_within(cause: &io::Error) -> Failure {
        Failure::LocalWithin(match platform::shortage(cause) {
            Some(what) => format!("this machine is out of {what}"),
            None => format!("this machine can't go on with a request ({cause})"),
        })
    }

    /// Nothing came in time, while `doing` was done; [`Failure::within`] adds the time.
    pub(super) fn timed_out(doing: String) -> Failure {
        let time = Duration::ZERO;
        Failure::TimedOut { doing, time }
    }

    /// Says how long the attempt was that has failed.
    pub(super) fn within(self, time: Duration) -> Failure {
        match self {
            Failure::TimedOut { doing, .. } => Failure::TimedOut { doing, time },
            failure => failure,
        }
    }

    /// The table.
    pub(super) fn words(&self) -> Words {
        use Kind::{Backend, Machine};
        use Retryable::{No, WhileWaiting, Yes};
        let (kind, retryable, cause, hint) = match self {
            Failure::Local(cause) => (
                Machine,
                No,
                cause.clone(),
                format!("nothing was sent; {CHECK_LIMITS}"),
            ),
            // What was begun is to be finished: another attempt may.
            Failure::LocalWithin(cause) => (
                Machine,
                Yes,
                cause.clone(),
                format!("the request may have arrived; {CHECK_LIMITS}, then run this again"),
            ),
            Failure::TimedOut { doing, time } => (
                Backend,
                Yes,
                format!("nothing within {:.0} s, while {doing}", time.as_secs_f64()),
                "check the URL, the network and the firewall; --timeout SECS allows more time"
                    .into(),
            ),
            Failure::NotResolved { peer, cause } => (
                Backend,
                Yes,
                format!("{peer} did not resolve ({cause})"),
                "check the name, the network and its name servers".into(),
            ),
            Failure::NotConnected { peer, port, cause } => (
                Backend,
                Yes,
                match cause.kind() {
                    io::ErrorKind::ConnectionRefused => {
                        format!("{peer} refused the connection on port {port}")
                    }
                    io::ErrorKind::TimedOut => format!("{peer} did not answer on port {port}"),
                    _ => format!("can't connect to {peer} port {port}: {cause}"),
                },
                "check the URL, the network and the firewall".into(),
            ),
            Failure::Lost { host, how } => (
                Backend,
                Yes,
                format!("{host} {how} before it had answered"),
                "try again later".into(),
            ),
            Failure::NoAnswer { host, how } => (
                Backend,
                No,
                format!("{host} {how}"),
                "try again later, or ask whoever runs the backend".into(),
            ),
            Failure::NotHttp { host } => wrong_port(host, "HTTP"),
            Failure::NotTls { host } => wrong_port(host, "TLS"),
            Failure::Tls(refusal) => (
                refusal.kind,
                if refusal.clock { WhileWaiting } else { No },
                refusal.cause.clone(),
                refusal.hint.clone(),
            ),
            Failure::ProxyLost { proxy, cause } => (
                Backend,
                Yes,
                format!("the proxy {proxy} broke off: {cause}"),
                "check HTTPS_PROXY, or ask whoever runs the proxy".into(),
            ),
            Failure::ProxyNotHttp { proxy } => (
                Backend,
                No,
                format!("the proxy {proxy} did not answer in HTTP"),
                "check the host and port in HTTPS_PROXY".into(),
            ),
            Failure::ProxyLogin {
                proxy,
                status,
                has_user_info,
                offers,
            } => {
                let (cause, hint) = login_words(proxy, *status, *has_user_info, offers);
                (Backend, No, cause, hint)
            }
            Failure::ProxyRefused {
                proxy,
                status,
                host,
            } => proxy_refused(proxy, *status, host),
        };
        Words {
            kind,
            retryable,
            cause,
            hint,
        }
    }
}

fn wrong_port(host: &str, protocol: &str) -> (Kind, Retryable, String, String) {
    (
        Kind::Backend,
        Retryable::No,
        format!("{host} does not speak {protocol} on this port"),
        "check the host and port of the URL".into(),
    )
}

fn proxy_refused(proxy: &str, status: u16, host: &str) -> (Kind, Retryable, String, String) {
    match status {
        429 | 502..=504 => (
            Kind::Backend,
            Retryable::Yes,
            format!("the proxy {proxy} could not reach {host} (status {status})"),
            "check the backend's URL, or ask whoever runs the proxy".into(),
        ),
        _ => (
            Kind::Backend,
            Retryable::No,
            format!("the proxy {proxy} refused to connect to {host} (status {status})"),
            "ask whoever runs the proxy to allow this host, or name it in NO_PROXY".into(),
        ),
    }
}

fn login_words(
    proxy: &str,
    status: u16,
    has_user_info: bool,
    offers: &[String],
) -> (String, String) {
    let speaks_basic = offers.is_empty()
        || offers
            .iter()
            .any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let cause = match (has_user_info, offers.join(", ")) {
        _ if !speaks_basic => format!(
            "the proxy {proxy} wants a login by {} ({status}), and only Basic is spoken here",
            offers.join(", ")
        ),
        (true, _) => format!("the proxy {proxy} refused the user name or password ({status})"),
        (false, offers) if offers.is_empty() => {
            format!("the proxy {proxy} wants a user name and password ({status})")
        }
        (false, offers) => {
            format!(
                "the proxy {proxy} wants a user name and password ({status}; it offers {offers})"
            )
        }
    };
    let hint = if speaks_basic {
        "set HTTPS_PROXY=http://user:password@host:port"
    } else {
        "ask whoever runs the proxy for Basic, or for a way without a login; a local proxy that speaks the other scheme can stand between"
    };
    (cause, hint.into())
}
