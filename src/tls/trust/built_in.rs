//! Mozilla's roots, which the build script (`build_roots.rs`) puts into this program.

/// The certificates, each in DER with a length of two bytes, by which the next one is found.
pub(super) fn roots() -> impl Iterator<Item = &'static [u8]> {
    let mut rest: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/roots.der"));
    std::iter::from_fn(move || {
        let [_, _, high, low, ..] = rest else {
            return None;
        };
        let length = 4 + usize::from(u16::from_be_bytes([*high, *low]));
        let (certificate, others) = rest.split_at_checked(length)?;
        rest = others;
        Some(certificate)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use rustls::pki_types::CertificateDer;
    use webpki::anchor_from_trusted_cert;

    #[test]
    fn roots_are_mozillas_though_they_lack_their_signatures() {
        let whole = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        assert_eq!(super::roots().count(), whole.len());
        for (ours, whole) in super::roots().zip(whole) {
            let ours = CertificateDer::from(ours);
            assert_eq!(
                anchor_from_trusted_cert(&ours).unwrap(),
                anchor_from_trusted_cert(whole).unwrap()
            );
        }
    }
}
