//! What TLS is made of: ring's, less what a client without a private key never runs.
//!
//! rustls' own list of the same names keeps QUIC and the signing of RSA and ECDSA in the program, 40 KB. The
//! cipher suites, the groups and the signatures that are accepted are those of `rustls::crypto::ring`, in its order.

use std::sync::Arc;

use rustls::crypto::ring::{ALL_KX_GROUPS, cipher_suite as suite};
use rustls::crypto::{
    CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom,
    WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{SignatureScheme as Scheme, SupportedCipherSuite, Tls13CipherSuite};
use webpki::ring as verify;

use crate::random;

/// Chooses it for the whole process, once; minreq asks for the process's choice.
pub fn choose_provider() {
    // An error says that it has been chosen already.
    let _ = provider().install_default();
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: ALL_KX_GROUPS.to_vec(),
        signature_verification_algorithms: SIGNATURES,
        secure_random: &System,
        key_provider: &System,
    }
}

#[derive(Debug)]
struct System;

impl SecureRandom for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        if random::fill(bytes) {
            Ok(())
        } else {
            Err(GetRandomFailed)
        }
    }
}

impl KeyProvider for System {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "this client has no private key".to_owned(),
        ))
    }
}

/// The same suite without QUIC.
#[allow(clippy::panic, reason = "it could only panic at compile time")]
const fn without_quic(suite: &SupportedCipherSuite) -> Tls13CipherSuite {
    match suite.tls13() {
        Some(s) => Tls13CipherSuite {
            common: CipherSuiteCommon {
                suite: s.common.suite,
                hash_provider: s.common.hash_provider,
                confidentiality_limit: s.common.confidentiality_limit,
            },
            hkdf_provider: s.hkdf_provider,
            aead_alg: s.aead_alg,
            quic: None,
        },
        None => panic!("a TLS 1.3 suite"),
    }
}

static AES_256: Tls13CipherSuite = without_quic(&suite::TLS13_AES_256_GCM_SHA384);
static AES_128: Tls13CipherSuite = without_quic(&suite::TLS13_AES_128_GCM_SHA256);
static CHACHA20: Tls13CipherSuite = without_quic(&suite::TLS13_CHACHA20_POLY1305_SHA256);

static SUITES: [SupportedCipherSuite; 9] = [
    SupportedCipherSuite::Tls13(&AES_256),
    SupportedCipherSuite::Tls13(&AES_128),
    SupportedCipherSuite::Tls13(&CHACHA20),
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        verify::ECDSA_P256_SHA256,
        verify::ECDSA_P256_SHA384,
        verify::ECDSA_P384_SHA256,
        verify::ECDSA_P384_SHA384,
        verify::ED25519,
        verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        verify::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        verify::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        verify::RSA_PKCS1_2048_8192_SHA256,
        verify::RSA_PKCS1_2048_8192_SHA384,
        verify::RSA_PKCS1_2048_8192_SHA512,
        verify::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        verify::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        verify::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        (
            Scheme::ECDSA_NISTP384_SHA384,
            &[verify::ECDSA_P384_SHA384, verify::ECDSA_P256_SHA384],
        ),
        (
            Scheme::ECDSA_NISTP256_SHA256,
            &[verify::ECDSA_P256_SHA256, verify::ECDSA_P384_SHA256],
        ),
        (Scheme::ED25519, &[verify::ED25519]),
        (
            Scheme::RSA_PSS_SHA512,
            &[verify::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PSS_SHA384,
            &[verify::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PSS_SHA256,
            &[verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            Scheme::RSA_PKCS1_SHA512,
            &[verify::RSA_PKCS1_2048_8192_SHA512],
        ),
        (
            Scheme::RSA_PKCS1_SHA384,
            &[verify::RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            Scheme::RSA_PKCS1_SHA256,
            &[verify::RSA_PKCS1_2048_8192_SHA256],
        ),
    ],
};

#[cfg(test)]
mod tests {
    #[test]
    fn offers_what_rings_own_provider_offers() {
        let (ours, rings) = (super::provider(), rustls::crypto::ring::default_provider());
        let names = |p: &rustls::crypto::CryptoProvider| {
            format!(
                "{:?} {:?} {:?} {}",
                p.cipher_suites
                    .iter()
                    .map(rustls::SupportedCipherSuite::suite)
                    .collect::<Vec<_>>(),
                p.kx_groups.iter().map(|g| g.name()).collect::<Vec<_>>(),
                p.signature_verification_algorithms.supported_schemes(),
                p.signature_verification_algorithms.all.len(),
            )
        };
        assert_eq!(names(&ours), names(&rings));
    }
}
