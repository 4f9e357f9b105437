//! A private CA, made anew for each backend, and the certificates it gives to the server.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsKind {
    /// Clear text.
    None,
    Valid,
    /// By another CA than the one in `ca_file`.
    UnknownCa,
    /// For another host.
    WrongHost,
    Expired,
    NotYetValid,
    /// Valid, without TLS 1.3.
    Tls12Only,
}

pub(super) struct Authority {
    directory: TempDir,
    /// Of the server, beside those that it always has.
    name: Option<String>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: Option<&str>) -> Self {
        let directory = TempDir::with_prefix("sekuire-ca-").expect("a place for the CA's file");
        let (issuer, pem) = issuer("sekuire development CA");
        let authority = Self {
            directory,
            name: name.map(str::to_owned),
            issuer,
        };
        fs::write(authority.file(), pem).expect("the CA's file is written");
        authority
    }

    pub(super) fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub(super) fn server(&self, kind: TlsKind) -> Option<Arc<ServerConfig>> {
        let versions: &[_] = match kind {
            TlsKind::None => return None,
            TlsKind::Tls12Only => &[&TLS12],
            _ => &[&TLS12, &TLS13],
        };
        let key = KeyPair::generate().expect("a key");
        let params = leaf(kind, self.name.as_deref());
        let certificate = match kind {
            TlsKind::UnknownCa => params.signed_by(&key, &issuer("another CA").0),
            _ => params.signed_by(&key, &self.issuer),
        }
        .expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a PKCS #8 key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("ring knows these versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("the certificate fits its key");
        Some(Arc::new(config))
    }
}

/// A CA and its certificate as PEM.
fn issuer(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a CA certificate").pem();
    (Issuer::new(params, key), pem)
}

fn leaf(kind: TlsKind, name: Option<&str>) -> CertificateParams {
    let hosts: &[&str] = match kind {
        TlsKind::WrongHost => &["backend.example.org"],
        // The last is for proxies, which are never asked for loopback.
        _ => &["localhost", "127.0.0.1", "backend.example"],
    };
    let hosts: Vec<String> = hosts
        .iter()
        .copied()
        .chain(name)
        .map(str::to_owned)
        .collect();
    let mut params = CertificateParams::new(hosts).expect("host names");
    params
        .distinguished_name
        .push(DnType::CommonName, "sekuire development backend");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (from, until) = match kind {
        TlsKind::Expired => (2001, 2002),
        TlsKind::NotYetValid => (2090, 2091),
        _ => (2001, 2091),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}
