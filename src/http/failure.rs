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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::Retryable::{No, WhileWaiting, Yes};
    use super::{Duration, Failure, Kind, Retryable, io};
    use crate::tls::Refusal;

    fn told(failure: &Failure) -> (Kind, Retryable, String) {
        let words = failure.words();
        assert!(!words.hint.is_empty());
        (words.kind, words.retryable, words.cause)
    }

    fn error(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    #[test]
    fn this_machine_is_to_blame_for_what_it_lacks() {
        let out = "this machine is out of open files (ulimit -n)".to_owned();
        assert_eq!(
            told(&Failure::local(&error(libc::EMFILE))),
            (Kind::Machine, No, out.clone())
        );
        assert_eq!(
            told(&Failure::local_within(&error(libc::EMFILE))),
            (Kind::Machine, Yes, out)
        );
        for (failure, words) in [
            (
                Failure::local(&error(libc::EPERM)),
                "this machine can't begin a request (",
            ),
            (
                Failure::local_within(&error(libc::EPERM)),
                "this machine can't go on with a request (",
            ),
        ] {
            assert!(told(&failure).2.starts_with(words));
        }
    }

    #[test]
    fn how_long_it_took_is_told_of_what_came_too_late_alone() {
        let late = Failure::timed_out("connecting".into()).within(Duration::from_secs(7));
        let words = "nothing within 7 s, while connecting".to_owned();
        assert_eq!(told(&late), (Kind::Backend, Yes, words));
        let host = || "it".to_owned();
        let other = Failure::NotTls { host: host() }.within(Duration::from_secs(7));
        let words = "it does not speak TLS on this port".to_owned();
        assert_eq!(told(&other), (Kind::Backend, No, words));
    }

    #[test]
    fn a_connection_that_failed_says_how() {
        for (kind, words) in [
            (
                io::ErrorKind::ConnectionRefused,
                "it refused the connection on port 7",
            ),
            (io::ErrorKind::TimedOut, "it did not answer on port 7"),
            (
                io::ErrorKind::HostUnreachable,
                "can't connect to it port 7: host unreachable",
            ),
        ] {
            let (peer, cause) = ("it".to_owned(), kind.into());
            let failure = Failure::NotConnected {
                peer,
                port: 7,
                cause,
            };
            assert_eq!(told(&failure), (Kind::Backend, Yes, words.to_owned()));
        }
    }

    #[test]
    fn a_clock_may_be_set_while_the_program_waits() {
        for (clock, retryable) in [(true, WhileWaiting), (false, No)] {
            let refusal = Refusal {
                kind: Kind::Machine,
                cause: "c".into(),
                hint: "h".into(),
                clock,
            };
            assert_eq!(
                told(&Failure::Tls(refusal)),
                (Kind::Machine, retryable, "c".into())
            );
        }
    }

    #[test]
    fn a_proxy_may_be_short_of_a_way_or_not_want_to() {
        for (status, retryable) in [
            (429, Yes),
            (502, Yes),
            (503, Yes),
            (504, Yes),
            (403, No),
            (500, No),
            (501, No),
            (505, No),
        ] {
            let (proxy, host) = ("p:1".to_owned(), "it".to_owned());
            let failure = Failure::ProxyRefused {
                proxy,
                status,
                host,
            };
            assert_eq!(told(&failure).1, retryable, "{status}");
        }
    }

    #[test]
    fn a_proxy_that_wants_a_login_says_which() {
        for (has_user_info, offers, words, hint) in [
            (
                false,
                &[][..],
                "the proxy p wants a user name and password (407)",
                "set HTTPS_PROXY",
            ),
            (
                true,
                &[],
                "the proxy p refused the user name or password (407)",
                "set HTTPS_PROXY",
            ),
            (
                false,
                &["NTLM", "BASIC"],
                "the proxy p wants a user name and password (407; it offers NTLM, BASIC)",
                "set HTTPS_PROXY",
            ),
            (
                true,
                &["Basic"],
                "the proxy p refused the user name or password (407)",
                "set HTTPS_PROXY",
            ),
            (
                true,
                &["NTLM", "Negotiate"],
                "the proxy p wants a login by NTLM, Negotiate (407), and only Basic is spoken here",
                "ask whoever runs the proxy for Basic",
            ),
        ] {
            let failure = Failure::ProxyLogin {
                proxy: "p".into(),
                status: 407,
                has_user_info,
                offers: offers.iter().map(|&scheme| scheme.to_owned()).collect(),
            };
            let told = failure.words();
            assert_eq!(
                (told.kind, told.retryable, told.cause.as_str()),
                (Kind::Backend, No, words)
            );
            assert!(told.hint.starts_with(hint), "{}", told.hint);
        }
    }
}
