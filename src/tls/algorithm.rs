//! The names of the algorithms that certificates use: of those, at least, that people meet.

use std::fmt::Write;

/// The name of a signature algorithm, or of a key's curve, from the content of its `AlgorithmIdentifier`
/// (RFC 5280, 4.1.1.2): an object identifier, and for a key on a curve that curve's behind it. Numbers
/// in dots where it has no name here.
pub(super) fn name(mut identifier: &[u8]) -> String {
    let mut dotted = String::new();
    // An object identifier: its tag, its length, its content.
    while let [0x06, length, rest @ ..] = identifier {
        let Some((content, after)) = rest.split_at_checked(usize::from(*length)) else {
            break;
        };
        dotted = decode(content);
        identifier = after;
    }
    match dotted.as_str() {
        "" => "an unknown algorithm",
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS with unusual parameters",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.2.840.10040.4.1" | "2.16.840.1.101.3.4.3.2" => "DSA",
        "1.2.840.10045.2.1" => "an elliptic curve without a name",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        numbers => return format!("the algorithm {numbers}"),
    }
    .to_owned()
}

/// An object identifier as numbers in dots (X.690, 8.19).
fn decode(content: &[u8]) -> String {
    let mut dotted = String::new();
    let mut number: u64 = 0;
    for byte in content {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = if dotted.is_empty() {
            // The first two numbers share one place.
            let first = (number / 40).min(2);
            write!(dotted, "{first}.{}", number - first * 40)
        } else {
            write!(dotted, ".{number}")
        };
        number = 0;
    }
    dotted
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn the_last_identifier_has_a_name_or_numbers() {
        let p521 = [
            0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
            0x00, 0x23,
        ];
        assert_eq!(name(&p521), "P-521");
        let sha1 = [
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
        ];
        assert_eq!(name(&sha1), "RSA with SHA-1");
        assert_eq!(name(&[0x06, 0x02, 0x88, 0x37]), "the algorithm 2.999");
        for damaged in [&[][..], &[0x06], &[0x06, 9, 1], &[0x30, 0x00], &[0x06, 0]] {
            assert_eq!(name(damaged), "an unknown algorithm");
        }
        assert!(name(&[&[0x06, 20], &[0xff; 20][..]].concat()).contains("unknown"));
    }
}
