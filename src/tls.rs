//! TLS: the handshake, and why it was refused, in words.

#[cfg(target_os = "linux")]
mod trust;
#[cfg(not(target_os = "linux"))]
#[path = "tls/system_trust.rs"]
mod trust;

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::CertificateError::{
    BadSignature, ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer,
};
use rustls::Error::{self, InvalidCertificate as Refused};
use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ClientConnection, ConfigBuilder, WantsVerifier};

use crate::clock;
pub use trust::{ADD_CA, Trust};

/// What to do where the cause is not a usual one.
pub const SEE_DOCTOR: &str = "run: sekuire doctor --online";
/// What to do where the server's TLS does not suit.
pub const ASK_ADMINISTRATOR: &str = "ask the backend's administrator";
/// What to do about a certificate that is not valid yet.
pub const SET_CLOCK: &str = "set this machine's clock; --wait SECS waits until it is set";
const CHECK_CLOCK: &str = "check this machine's clock, or ask for a new certificate";
const CHECK_URL: &str = "check the host and port of the URL; somebody may be in between";

type Builder = ConfigBuilder<ClientConfig, WantsVerifier>;

impl Trust {
    /// Shakes hands with the server at the other end of `stream`, verifying that it is `host`.
    ///
    /// # Errors
    /// As the stream; a refusal, which [`Trust::explain`] puts into words.
    pub fn shake_hands(
        &self,
        stream: &mut (impl Read + Write),
        host: &str,
    ) -> io::Result<ClientConnection> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let provider = Arc::new(CryptoProvider {
            key_provider: &NoPrivateKey,
            ..ring::default_provider()
        });
        let session = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| self.config(builder))
            .and_then(|config| ClientConnection::new(Arc::new(config), name));
        let mut session = session.map_err(io::Error::other)?;
        session.complete_io(stream)?;
        Ok(session)
    }

    /// Why the server was refused, and what to do next; none: not for a reason of TLS.
    pub fn explain(&self, cause: &io::Error) -> Option<(String, &'static str)> {
        let error: &Error = cause.get_ref()?.downcast_ref()?;
        let detail = match error {
            Refused(UnknownIssuer | BadSignature) => {
                let trusted = format!("; trusted: {} of {}", self.count(), self.source);
                match self.unreadable {
                    0 => trusted,
                    unreadable => format!("{trusted} ({unreadable} more could not be read)"),
                }
            }
            Refused(NotValidForNameContext { presented, .. }) => names(presented),
            Refused(ExpiredContext { time, not_after }) => valid("until", *not_after, *time),
            Refused(NotValidYetContext { time, not_before }) => valid("from", *not_before, *time),
            _ => String::new(),
        };
        let (cause, hint) = match name(error).as_str() {
            // The second comes of a CA that was made anew under its old name.
            "unknown issuer" | "bad signature" => ("certificate signed by an untrusted CA", ADD_CA),
            "not valid for name" => ("certificate is not for this host", CHECK_URL),
            "expired" => ("certificate expired", CHECK_CLOCK),
            "not valid yet" => ("certificate is not valid yet", SET_CLOCK),
            // What a plain `openssl req -x509` makes.
            "ca used as end entity" => (
                "certificate is a CA's own (CA:TRUE), not a server's",
                "give the server a certificate with basicConstraints=CA:FALSE",
            ),
            "invalid content type" => ("it does not speak TLS on this port", CHECK_URL),
            "server does not support tls12 or13" | "protocol version" => {
                ("it speaks neither TLS 1.2 nor TLS 1.3", ASK_ADMINISTRATOR)
            }
            "certificate required" => ("it wants a client certificate", ASK_ADMINISTRATOR),
            name => return Some((format!("TLS failed: {name}"), SEE_DOCTOR)),
        };
        Some((format!("{cause}{detail}"), hint))
    }
}

/// A client without a certificate signs nothing: 27 KB of signing stay out of the program.
#[derive(Debug)]
struct NoPrivateKey;

impl KeyProvider for NoPrivateKey {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("no private key".to_owned()))
    }
}

/// The version of TLS that was agreed on.
pub fn version(session: &ClientConnection) -> &'static str {
    let is_old = session.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_2);
    if is_old { "TLS 1.2" } else { "TLS 1.3" }
}

fn valid(word: &str, limit: UnixTime, now: UnixTime) -> String {
    let [limit, now] = [limit, now].map(|time| clock::date(time.as_secs()));
    format!(": valid {word} {limit}; this machine's clock says {now}")
}

/// The first names that a certificate has; rustls writes them as `DnsName("example.org")` and `IpAddress(::1)`.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| Some(name.split(['(', ')']).nth(1)?.trim_matches('"').to_owned());
    let names: Vec<String> = presented.iter().filter_map(plain).collect();
    match names.as_slice() {
        [] => "; it names no host".to_owned(),
        [one, two, _, ..] => format!(", but for {one}, {two}, ..."),
        names => format!(", but for {}", names.join(", ")),
    }
}

/// The innermost name of an error, in words: `Other(OtherError(CaUsedAsEndEntity))` is "ca used as end entity".
fn name(error: &Error) -> String {
    let debug = format!("{error:?}");
    let names = debug.split(|c: char| !c.is_ascii_alphanumeric());
    let names = names.take_while(|name| name.starts_with(char::is_uppercase));
    let mut words = names.last().unwrap_or_default().replace("Context", "");
    for capital in 'A'..='Z' {
        words = words.replace(capital, &format!(" {capital}"));
    }
    words.trim_start().to_ascii_lowercase()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{
        BadSignature, Error, ExpiredContext, NotValidForNameContext, NotValidYetContext, Refused,
        ServerName, UnixTime, UnknownIssuer, name, names,
    };
    use rustls::{
        AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible,
    };
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_first_names_of_a_certificate_are_shown() {
        let presented = ["DnsName(\"a.example\")", "IpAddress(::1)", "DnsName(\"b\")"];
        let presented = presented.map(str::to_owned);
        for (count, shown) in [
            (0, "; it names no host"),
            (1, ", but for a.example"),
            (2, ", but for a.example, ::1"),
            (3, ", but for a.example, ::1, ..."),
        ] {
            let first = presented.get(..count).unwrap_or_default();
            assert_eq!(names(first), shown);
        }
    }

    /// As webpki's reason, which rustls hands on.
    #[derive(Debug)]
    struct CaUsedAsEndEntity;

    impl std::fmt::Display for CaUsedAsEndEntity {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }

    impl std::error::Error for CaUsedAsEndEntity {}

    /// [`super::Trust::explain`] knows these by name.
    #[test]
    fn reasons_of_rustls_have_names_in_words() {
        let time = || UnixTime::since_unix_epoch(Duration::ZERO);
        let other = OtherError(Arc::new(CaUsedAsEndEntity));
        let other_host = NotValidForNameContext {
            expected: ServerName::try_from("b.example").unwrap(),
            presented: vec!["DnsName(\"a.example\")".to_owned()],
        };
        let expired = ExpiredContext {
            time: time(),
            not_after: time(),
        };
        let too_early = NotValidYetContext {
            time: time(),
            not_before: time(),
        };
        for (reason, expected) in [
            (UnknownIssuer, "unknown issuer"),
            (BadSignature, "bad signature"),
            (other_host, "not valid for name"),
            (CertificateError::NotValidForName, "not valid for name"),
            (expired, "expired"),
            (too_early, "not valid yet"),
            (CertificateError::Other(other), "ca used as end entity"),
        ] {
            assert_eq!(name(&Refused(reason)), expected);
        }
        let too_old = PeerIncompatible::ServerDoesNotSupportTls12Or13;
        for (error, expected) in [
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "invalid content type",
            ),
            (
                Error::PeerIncompatible(too_old),
                "server does not support tls12 or13",
            ),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                "protocol version",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "certificate required",
            ),
            (Error::General("Some Words".to_owned()), "general"),
        ] {
            assert_eq!(name(&error), expected);
        }
    }
}
