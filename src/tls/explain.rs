//! Why there is no TLS connection, in words, and what to do about it.

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};

use super::certificate;
use super::refusal::{Refusal, spell};
use super::trust::MEND_TRUST;

const CHECK_PORT: &str =
    "check the host and port of the URL; if they are right, ask whoever runs the backend";
const ASK_FOR_TLS: &str = "ask whoever runs the backend: this program speaks TLS 1.2 and 1.3, with ECDHE (X25519, P-256, \
     P-384), AES-GCM or ChaCha20-Poly1305, and certificates with RSA (2048 bits or more), P-256, P-384 or \
     Ed25519";
const NO_CLIENT_CERTIFICATE: &str = "this program has none, only the API key: ask whoever runs the backend for a \
     host or port that does without";

/// Says why the connection with `host` was refused, and where it was for a certificate, what is `trust`ed.
pub fn refusal(error: &Error, host: &str, trust: &str) -> Refusal {
    match error {
        Error::InvalidCertificate(reason) => {
            let refusal = certificate::refusal(reason, host);
            let cause = format!("{}; trusted are {trust}", refusal.cause);
            Refusal { cause, ..refusal }
        }
        Error::NoCertificatesPresented => {
            Refusal::new(format!("{host} showed no certificate"), ASK_FOR_TLS)
        }
        Error::AlertReceived(alert) => alert_refusal(*alert, host),
        Error::PeerIncompatible(reason) => incompatible(reason, host),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => Refusal::new(
            format!("{host} does not speak TLS on this port"),
            CHECK_PORT,
        ),
        Error::FailedToGetRandomBytes => Refusal::machine(
            "this machine gives no random numbers",
            "allow getrandom(2), or /dev/urandom, to this program",
        ),
        Error::FailedToGetCurrentTime => Refusal {
            clock: true,
            ..Refusal::machine(
                "this machine's clock says a time before 1970",
                "set this machine's clock",
            )
        },
        // Its text says what; here, that the trusted certificates can't be read again.
        Error::General(text) => Refusal::machine(
            &format!("TLS can't begin: {text}; trusted are {trust}"),
            MEND_TRUST,
        ),
        error => Refusal::new(
            format!(
                "{host} does not keep to the rules of TLS ({})",
                spell(error)
            ),
            CHECK_PORT,
        ),
    }
}

fn alert_refusal(alert: AlertDescription, host: &str) -> Refusal {
    match alert {
        AlertDescription::ProtocolVersion => too_old(host),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            Refusal::new(
                format!(
                    "{host} has no cipher suite, group or signature in common with this program, or demands \
                     a certificate of it"
                ),
                ASK_FOR_TLS,
            )
        }
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown => Refusal::new(
            format!("{host} demands a certificate of this program"),
            NO_CLIENT_CERTIFICATE,
        ),
        AlertDescription::UnrecognisedName => Refusal::new(
            format!("no server of the name {host} is known there"),
            CHECK_PORT,
        ),
        AlertDescription::InternalError => Refusal::new(
            format!("{host} failed while it was speaking TLS (internal error)"),
            "try again later, or ask whoever runs the backend",
        ),
        alert => Refusal::new(
            format!(
                "{host} ended TLS with alert {} ({})",
                u8::from(alert),
                spell(&alert)
            ),
            CHECK_PORT,
        ),
    }
}

fn incompatible(reason: &PeerIncompatible, host: &str) -> Refusal {
    match reason {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => too_old(host),
        reason => Refusal::new(
            format!(
                "{host} has no TLS in common with this program ({})",
                spell(reason)
            ),
            ASK_FOR_TLS,
        ),
    }
}

fn too_old(host: &str) -> Refusal {
    Refusal::new(
        format!("{host} speaks neither TLS 1.2 nor 1.3"),
        "ask whoever runs the backend: older versions of TLS are not safe (RFC 8996)",
    )
}

#[cfg(test)]
mod tests {
    use super::{Error, refusal};
    use crate::error::Kind;

    #[test]
    fn this_machine_is_blamed_for_what_it_lacks() {
        for (error, clock) in [
            (Error::FailedToGetRandomBytes, false),
            (Error::FailedToGetCurrentTime, true),
            (Error::General("no file".to_owned()), false),
        ] {
            let refusal = refusal(&error, "backend.example", "2 CA certificates");
            assert_eq!((refusal.kind, refusal.clock), (Kind::Machine, clock));
        }
    }
}
