//! What TLS is made of: rustls' own choice of ring's cipher suites, groups and signatures, less the signing of RSA and
//! ECDSA, which a client without a private key never does.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;

/// Chooses it for the whole process, once; minreq asks for the process's choice.
pub fn choose_provider() {
    let provider = CryptoProvider {
        key_provider: &NoPrivateKey,
        ..default_provider()
    };
    // An error says that it has been chosen already.
    let _ = provider.install_default();
}

#[derive(Debug)]
struct NoPrivateKey;

impl KeyProvider for NoPrivateKey {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "this client has no private key".to_owned(),
        ))
    }
}
