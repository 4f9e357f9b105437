//! What is said where there is no TLS connection. Never in Rust's own (`Debug`) words.

use crate::error::Kind;

/// Why there is no TLS connection.
#[derive(Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Who is to blame: the backend, or this machine.
    pub kind: Kind,
    /// What happened.
    pub cause: String,
    /// What to do next.
    pub hint: String,
    /// Whether this machine's clock is behind: it may be set while the program waits.
    pub clock: bool,
}

impl Refusal {
    /// A refusal that is the backend's, and would be met again.
    pub(super) fn new(cause: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal {
            kind: Kind::Backend,
            cause: cause.into(),
            hint: hint.into(),
            clock: false,
        }
    }

    /// A refusal for which this machine is to blame.
    pub(super) fn machine(cause: &str, hint: &str) -> Refusal {
        Refusal {
            kind: Kind::Machine,
            ..Refusal::new(cause, hint)
        }
    }
}

/// A name of rustls' in words: `NoCipherSuitesInCommon` is "no cipher suites in common". What it holds
/// is left out, but for a name in it: that is the reason.
pub(super) fn spell(reason: &impl std::fmt::Debug) -> String {
    let debug = format!("{reason:?}");
    let name = debug
        .split(|c: char| !c.is_ascii_alphanumeric())
        .take_while(|part| part.starts_with(|c: char| c.is_ascii_uppercase()))
        .last()
        .unwrap_or_default();
    let mut words = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            words.push(' ');
        }
        after_small = !letter.is_ascii_uppercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, Error, InvalidMessage, PeerMisbehaved};

    use super::spell;

    #[test]
    fn names_become_words() {
        assert_eq!(spell(&AlertDescription::DecryptError), "decrypt error");
        let error = Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite);
        assert_eq!(spell(&error), "selected unoffered cipher suite");
        let error = Error::InvalidMessage(InvalidMessage::MissingData("ServerHello"));
        assert_eq!(spell(&error), "missing data");
    }
}
