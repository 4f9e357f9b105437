//! A private CA, made anew for each backend, and the certificates it gives to the server.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsKind {
    /// Clear text.
    None,
    Valid,
    /// By another CA than the one in `ca_file`, or by an intermediate one that is not sent.
    UnknownCa,
    /// For another host.
    WrongHost,
    Expired,
    NotYetValid,
    /// Valid, without TLS 1.3.
    Tls12Only,
    /// By itself, and no CA's; it is what `ca_file` holds.
    SelfSigned,
    /// By itself, and a CA's: what `openssl req -x509` makes; it is what `ca_file` holds.
    SelfSignedCa,
    /// To whoever has a certificate, too.
    WantsClientCertificate,
    /// For clients only.
    ClientOnly,
}

pub(super) struct Authority {
    directory: TempDir,
    /// Of the server, beside those that it always has.
    name: Option<String>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: Option<&str>) -> Self {
        let authority = Self {
            directory: TempDir::with_prefix("sekuire-ca-").expect("a place for the CA's file"),
            name: name.map(str::to_owned),
            issuer: issuer("sekuire development CA"),
        };
        let certificate = ca("sekuire development CA").self_signed(authority.issuer.key());
        authority.write(&certificate.expect("a CA certificate").pem());
        authority
    }

    pub(super) fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    fn write(&self, pem: &str) {
        fs::write(self.file(), pem).expect("the CA's file is written");
    }

    pub(super) fn server(&self, kind: TlsKind) -> Option<Arc<ServerConfig>> {
        let versions: &[_] = match kind {
            TlsKind::None => return None,
            TlsKind::Tls12Only => &[&TLS12],
            _ => &[&TLS12, &TLS13],
        };
        let key = KeyPair::generate().expect("a key");
        let chain = vec![self.certificate(kind, &key)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a PKCS #8 key");
        let key = ring::sign::any_supported_type(&key).expect("ring knows this kind of key");
        // Not looked at: some are refused by rustls' own server, too.
        let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("ring knows these versions");
        let config = match kind {
            TlsKind::WantsClientCertificate => config.with_client_cert_verifier(self.verifier()),
            _ => config.with_no_client_auth(),
        };
        Some(Arc::new(config.with_cert_resolver(Arc::new(resolver))))
    }

    /// Of clients' certificates, which must be by our CA.
    fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(self.file()).expect("the CA's file");
        roots.add(ca).expect("a CA");
        let provider = Arc::new(ring::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.build().expect("a verifier")
    }

    fn certificate(&self, kind: TlsKind, key: &KeyPair) -> CertificateDer<'static> {
        let params = leaf(kind, self.name.clone());
        let signed = match kind {
            TlsKind::SelfSigned | TlsKind::SelfSignedCa => params.self_signed(key),
            TlsKind::UnknownCa => params.signed_by(key, &issuer("another CA")),
            _ => params.signed_by(key, &self.issuer),
        };
        let certificate = signed.expect("a certificate");
        if matches!(kind, TlsKind::SelfSigned | TlsKind::SelfSignedCa) {
            self.write(&certificate.pem());
        }
        certificate.der().clone()
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn issuer(name: &str) -> Issuer<'static, KeyPair> {
    Issuer::new(ca(name), KeyPair::generate().expect("a key"))
}

fn leaf(kind: TlsKind, name: Option<String>) -> CertificateParams {
    let hosts: &[&str] = match kind {
        TlsKind::WrongHost => &["backend.example.org", "192.0.2.1"],
        // The last is for proxies, which are never asked for loopback.
        _ => &["localhost", "127.0.0.1", "backend.example"],
    };
    let hosts = hosts.iter().map(|&host| host.to_owned()).chain(name);
    let mut params = CertificateParams::new(hosts.collect::<Vec<_>>()).expect("host names");
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CommonName, "sekuire development backend");
    params.extended_key_usages = vec![match kind {
        TlsKind::ClientOnly => ExtendedKeyUsagePurpose::ClientAuth,
        _ => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    params.is_ca = match kind {
        TlsKind::SelfSigned => IsCa::ExplicitNoCa,
        TlsKind::SelfSignedCa => IsCa::Ca(BasicConstraints::Unconstrained),
        _ => IsCa::NoCa,
    };
    let (from, until) = match kind {
        TlsKind::Expired => (2001, 2002),
        TlsKind::NotYetValid => (2090, 2091),
        _ => (2001, 2091),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}
