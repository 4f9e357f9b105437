//! A TLS handshake without a request: what `doctor --online` shows. It is made with the same provider and
//! the same verifier that minreq takes.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use rustls_platform_verifier::BuilderVerifierExt;

use super::x509::Summary;

/// What was agreed on, and with whom.
pub struct Session {
    version: String,
    suite: String,
    certificate: Option<Summary>,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.version, self.suite)?;
        match &self.certificate {
            Some(certificate) => write!(f, "; {certificate}"),
            None => Ok(()),
        }
    }
}

/// Shakes hands with the server at the other end of `stream`, verifying that it is `host`.
///
/// # Errors
/// As the stream, or a [`rustls::Error`] within.
pub fn shake_hands(stream: &mut (impl Read + Write), host: &str) -> io::Result<Session> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let config = ClientConfig::builder()
        .with_platform_verifier()
        .map_err(io::Error::other)?
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(stream)?;
    }
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS 1.3",
    };
    let suite = connection.negotiated_cipher_suite();
    let certificates = connection.peer_certificates().unwrap_or_default();
    Ok(Session {
        version: version.to_owned(),
        suite: suite
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or("an unnamed cipher suite")
            .to_owned(),
        certificate: certificates
            .first()
            .and_then(|certificate| Summary::of(certificate, host)),
    })
}
