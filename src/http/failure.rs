//! Why an attempt brought no answer, in words, and whether another one may.

use std::io;

use super::attempt::Target;
use crate::error::{self, CHECK_LIMITS, Error, Kind};
use crate::platform;
use crate::tls::{self, Trust};

/// What to do where the network is to blame.
const CHECK_NETWORK: &str = "check the URL and the network";

/// What is to blame for a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Blame {
    /// This machine: a shortage, or a refusal.
    Machine,
    /// The network: no address, no connection, or one lost before the head of an answer. It may pass.
    Network,
    /// The server's TLS.
    Tls,
    /// A clock: a certificate is not valid yet. It passes while `--wait` lasts.
    Clock,
    /// Something that is not an answer. It would come again.
    Answer,
}

/// Why an attempt brought no answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) blame: Blame,
    pub(super) cause: String,
    hint: &'static str,
}

impl Failure {
    /// A failure, in words, and what to do next.
    pub(super) fn new(blame: Blame, cause: impl Into<String>, hint: &'static str) -> Failure {
        let cause = cause.into();
        Failure { blame, cause, hint }
    }

    /// What the network is to blame for.
    pub(super) fn network(cause: String) -> Failure {
        Failure::new(Blame::Network, cause, CHECK_NETWORK)
    }

    /// What this machine is to blame for.
    pub(super) fn local(cause: &io::Error) -> Failure {
        let what = platform::shortage(cause).map(|what| format!("this machine is out of {what}"));
        let cause = what.unwrap_or_else(|| error::words(cause));
        Failure::new(Blame::Machine, cause, CHECK_LIMITS)
    }

    /// What an error of a connection means: this machine is short of something, the time was up while `doing`
    /// something, or what `otherwise` makes of its words.
    pub(super) fn of(
        cause: &io::Error,
        doing: &str,
        otherwise: impl FnOnce(String) -> Failure,
    ) -> Failure {
        match cause.kind() {
            _ if platform::shortage(cause).is_some() => Failure::local(cause),
            io::ErrorKind::TimedOut => Failure::network(format!("timed out while {doing}")),
            _ => otherwise(error::words(cause)),
        }
    }

    /// The same for a connection to the backend itself, which TLS may have refused.
    pub(super) fn of_backend(
        cause: &io::Error,
        trust: Option<&Trust>,
        doing: &str,
        otherwise: impl FnOnce(String) -> Failure,
    ) -> Failure {
        match trust.and_then(|trust| trust.explain(cause)) {
            Some((cause, tls::SET_CLOCK)) => Failure::new(Blame::Clock, cause, tls::SET_CLOCK),
            Some((cause, hint)) => Failure::new(Blame::Tls, cause, hint),
            None => Failure::of(cause, doing, otherwise),
        }
    }

    /// Whether another attempt may bring an answer; `is_waiting`: `--wait` is given.
    pub(super) fn may_pass(&self, is_waiting: bool) -> bool {
        self.blame == Blame::Network || self.blame == Blame::Clock && is_waiting
    }

    /// The error; `attempts` says in words how often it was tried.
    pub(super) fn error(&self, target: &Target, attempts: &str, for_doctor: bool) -> Error {
        let (base, cause) = (&target.base, &self.cause);
        let message = match (self.blame, &target.proxy) {
            (Blame::Machine, _) => format!("can't ask {base}: {cause}"),
            (Blame::Tls | Blame::Clock, _) => format!("{base}: {cause}"),
            (_, None) => format!("no answer from {base}: {cause}{attempts}"),
            (_, Some(proxy)) => {
                format!("no answer from {base} through proxy {proxy}: {cause}{attempts}")
            }
        };
        let mut hint = match self.hint {
            CHECK_NETWORK if target.proxy.is_some() => "check HTTPS_PROXY and the network",
            tls::SEE_DOCTOR if for_doctor => tls::ASK_ADMINISTRATOR,
            hint => hint,
        }
        .to_owned();
        if self.blame == Blame::Network && !for_doctor {
            hint += ", or run: sekuire doctor --online";
        }
        let is_local = self.blame == Blame::Machine;
        let kind = if is_local {
            Kind::Machine
        } else {
            Kind::Backend
        };
        Error::new(kind, message).with_hint(hint)
    }
}
