//! TLS: the handshake, and in words why it was refused.

#[cfg(target_os = "linux")]
mod trust;
#[cfg(not(target_os = "linux"))]
#[path = "tls/system_trust.rs"]
mod trust;

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, InvalidMessage,
    PeerIncompatible,
};

use crate::clock;
pub use trust::Trust;

/// What to do where the cause is not a usual one.
pub const SEE_DOCTOR: &str = "run: sekuire doctor --online";
/// What to do where the server's TLS does not suit.
pub const ASK_ADMINISTRATOR: &str = "ask the backend's administrator";
const CHECK_HOST: &str = "check the host of the URL; somebody may be in between";

/// rustls' name, in words, for what a plain `openssl req -x509` makes.
const CA_AS_SERVER: &str = "ca used as end entity";

/// How many names of a certificate are shown.
const SHOWN: usize = 2;

impl Trust {
    /// Shakes hands with the server at the other end of `stream`, verifying that it is `host`.
    ///
    /// # Errors
    /// As the stream, or a [`rustls::Error`] within: see [`error`].
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
        while session.is_handshaking() {
            session.complete_io(stream)?;
        }
        Ok(session)
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count(), self.source)?;
        match self.unreadable {
            0 => Ok(()),
            unreadable => write!(f, " ({unreadable} more could not be read)"),
        }
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
    match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS 1.3",
    }
}

/// The error of TLS within an error of its stream.
pub fn error(cause: &io::Error) -> Option<Error> {
    cause.get_ref()?.downcast_ref().cloned()
}

/// Whether the server's certificate is by a CA that is not trusted, as far as its chain shows. A CA that was
/// made anew under its old name fails by its signature.
pub fn is_unknown_ca(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    )
}

/// Whether the server's certificate is not valid yet: this machine's clock may be set while the program waits.
pub fn is_too_early(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })
    )
}

/// Why the connection with `host` was refused, and what to do next.
pub fn explain(error: &Error, host: &str, trust: &str) -> (String, &'static str) {
    use CertificateError as Reason;
    let (cause, hint) = match error {
        error if is_unknown_ca(error) => {
            let cause = format!("certificate signed by an untrusted CA; trusted: {trust}");
            return (cause, trust::ADD_CA);
        }
        Error::InvalidCertificate(Reason::NotValidForNameContext { presented, .. }) => {
            let cause = format!("certificate is not for {host}{}", names(presented));
            return (cause, CHECK_HOST);
        }
        // From the system's own verifier, on macOS and Windows.
        Error::InvalidCertificate(Reason::NotValidForName) => {
            ("certificate is for another host", CHECK_HOST)
        }
        Error::InvalidCertificate(Reason::ExpiredContext { time, not_after }) => {
            let hint = "check this machine's clock, or ask for a new certificate";
            return (times("expired on", *not_after, *time), hint);
        }
        Error::InvalidCertificate(Reason::NotValidYetContext { time, not_before }) => {
            let hint = "set this machine's clock; --wait SECS waits until it is set";
            return (times("not valid before", *not_before, *time), hint);
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            "it does not speak TLS on this port",
            "check the host and port of the URL",
        ),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            ("it speaks neither TLS 1.2 nor TLS 1.3", ASK_ADMINISTRATOR)
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            ("it wants a client certificate", ASK_ADMINISTRATOR)
        }
        error if spell(error) == CA_AS_SERVER => (
            "certificate is a CA's own (CA:TRUE), not a server's",
            "give the server a certificate with basicConstraints=CA:FALSE",
        ),
        error => return (format!("TLS failed: {}", spell(error)), SEE_DOCTOR),
    };
    (cause.to_owned(), hint)
}

fn times(what: &str, limit: UnixTime, now: UnixTime) -> String {
    let (limit, now) = (clock::date(limit.as_secs()), clock::date(now.as_secs()));
    format!("certificate {what} {limit}; this machine's clock says {now}")
}

/// The first names that a certificate has; rustls writes them as `DnsName("example.org")` and `IpAddress(::1)`.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| Some(name.split(['(', ')']).nth(1)?.trim_matches('"').to_owned());
    let shown: Vec<String> = presented.iter().filter_map(plain).take(SHOWN).collect();
    let more = if presented.len() > SHOWN { ", ..." } else { "" };
    match shown.join(", ").as_str() {
        "" => "; it names no host".to_owned(),
        names => format!(", but for {names}{more}"),
    }
}

/// The innermost name of an error, in words: `Other(OtherError(CaUsedAsEndEntity))` is "ca used as end entity".
fn spell(error: &Error) -> String {
    let debug = format!("{error:?}");
    let names = debug.split(|c: char| !c.is_ascii_alphanumeric());
    let is_name = |part: &&str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let name = names.take_while(is_name).last().unwrap_or_default();
    let mut words = String::new();
    for letter in name.trim_end_matches("Context").chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::names;

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
}
