//! The build script: Mozilla's roots as one file for trust.rs to hold, each without the signature that
//! it gives itself. Nobody ever checks that one (RFC 5280, 6.1: a trust anchor is trusted as it is), and
//! they are a third of the bytes. A test compares what is left with the whole certificates.

use std::path::Path;
use std::{env, error, fs};

/// An empty BIT STRING.
const NO_SIGNATURE: [u8; 3] = [0x03, 0x01, 0x00];

fn main() -> Result<(), Box<dyn error::Error>> {
    #[allow(clippy::print_stdout, reason = "it is how cargo is told")]
    {
        println!("cargo::rerun-if-changed=src/tls/build_roots.rs");
    }
    let mut roots = Vec::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        roots.extend(without_signature(certificate).ok_or("a certificate of another form")?);
    }
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&folder).join("roots.der"), roots)?;
    Ok(())
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }` (RFC 5280, 4.1),
/// with the signature empty and a length of two bytes, by which trust.rs finds the next one.
fn without_signature(certificate: &[u8]) -> Option<Vec<u8>> {
    let (header, _) = measure(certificate)?;
    let body = certificate.get(header..)?;
    let (tbs_header, tbs) = measure(body)?;
    let algorithm = body.get(tbs_header + tbs..)?;
    let (algorithm_header, algorithm) = measure(algorithm)?;
    let kept = body.get(..tbs_header + tbs + algorithm_header + algorithm)?;
    let length = u16::try_from(kept.len() + NO_SIGNATURE.len()).ok()?;
    let [high, low] = length.to_be_bytes();
    Some([&[0x30, 0x82, high, low], kept, &NO_SIGNATURE].concat())
}

/// The lengths of a DER value's header and of its content (X.690, 8.1.3).
fn measure(der: &[u8]) -> Option<(usize, usize)> {
    match der {
        [_, length @ ..=0x7f, ..] => Some((2, usize::from(*length))),
        [_, 0x81, length, ..] => Some((3, usize::from(*length))),
        [_, 0x82, high, low, ..] => Some((4, usize::from(u16::from_be_bytes([*high, *low])))),
        _ => None,
    }
}
