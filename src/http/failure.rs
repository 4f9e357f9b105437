//! Why an attempt brought no answer, in words, and whether another one may.

use std::io;

use super::attempt::Target;
use crate::error::{self, CHECK_LIMITS, Error, Kind};
use crate::{platform, tls};

/// What to do where the network is to blame.
const CHECK_NETWORK: &str = "check the URL and the network";

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

/// Why an attempt brought no answer.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    pub(super) retryable: Retryable,
    pub(super) cause: String,
    hint: &'static str,
    /// Whether the server did answer, but TLS was refused.
    is_about_tls: bool,
}

impl Failure {
    /// What would be met again: no answer, or one that is none.
    pub(super) fn lasting(cause: impl Into<String>, hint: &'static str) -> Failure {
        Failure {
            kind: Kind::Backend,
            retryable: Retryable::No,
            cause: cause.into(),
            hint,
            is_about_tls: false,
        }
    }

    /// What may pass: no address, no connection, or one lost before there was the head of an answer.
    pub(super) fn passing(cause: impl Into<String>, hint: &'static str) -> Failure {
        Failure {
            retryable: Retryable::Yes,
            ..Failure::lasting(cause, hint)
        }
    }

    /// What the network is to blame for: it may pass.
    pub(super) fn network(cause: String) -> Failure {
        Failure::passing(cause, CHECK_NETWORK)
    }

    /// What is this machine's: a shortage, or a refusal.
    pub(super) fn local(cause: &io::Error) -> Failure {
        let what = platform::shortage(cause).map(|what| format!("this machine is out of {what}"));
        Failure {
            kind: Kind::Machine,
            ..Failure::lasting(what.unwrap_or_else(|| error::words(cause)), CHECK_LIMITS)
        }
    }

    /// What an error of a connection is: a shortage of this machine's, the end of the time while `doing` was
    /// done, or what `otherwise` makes of it in words.
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

    /// What was refused in TLS.
    pub(super) fn tls(error: &rustls::Error, target: &Target) -> Failure {
        let trust = target.trust.as_ref().map(ToString::to_string);
        let (cause, hint) = tls::explain(error, target.base.host(), &trust.unwrap_or_default());
        let mut failure = Failure::lasting(cause, hint);
        failure.is_about_tls = true;
        if tls::is_too_early(error) {
            failure.retryable = Retryable::WhileWaiting;
        }
        failure
    }

    /// Whether it is this machine's.
    pub(super) fn is_local(&self) -> bool {
        self.kind == Kind::Machine
    }

    /// The error, after attempts as `attempts` has it in words; `may_ask_doctor`: the hint may name doctor.
    pub(super) fn error(&self, target: &Target, attempts: &str, may_ask_doctor: bool) -> Error {
        let (base, cause) = (&target.base, &self.cause);
        let message = match &target.proxy {
            _ if self.is_local() => format!("can't ask {base}: {cause}"),
            _ if self.is_about_tls => format!("{base}: {cause}"),
            Some(proxy) => {
                format!("no answer from {base} through proxy {proxy}: {cause}{attempts}")
            }
            None => format!("no answer from {base}: {cause}{attempts}"),
        };
        let hint = match &target.proxy {
            Some(_) if self.hint == CHECK_NETWORK => "check HTTPS_PROXY and the network",
            _ if self.hint == tls::SEE_DOCTOR && !may_ask_doctor => tls::ASK_ADMINISTRATOR,
            _ => self.hint,
        };
        let mut hint = hint.to_owned();
        if may_ask_doctor && self.retryable == Retryable::Yes {
            hint += ", or run: sekuire doctor --online";
        }
        Error::new(self.kind, message).with_hint(hint)
    }
}
