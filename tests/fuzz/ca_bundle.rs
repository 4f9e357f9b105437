//! The reader of CA certificates: it takes what another reader finds, loses none in silence, and what it hands over reads
//! the same again.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/tls/trust"]
mod trust {
    mod pem;

    /// The certificates of a text, in base64, and how many could not be read; the PEM that is handed over.
    pub fn read(text: &[u8]) -> (Vec<String>, usize, usize, String) {
        let mut store = pem::Store::default();
        store.add_text(text.to_vec());
        let handed_over = store.to_pem();
        let certificates = store.certificates.into_iter().collect();
        (certificates, store.read, store.unreadable, handed_over)
    }
}

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = compose(bytes);
    let (certificates, read, unreadable, handed_over) = trust::read(&text);

    let ours: BTreeSet<Vec<u8>> = certificates
        .iter()
        .map(|certificate| STANDARD.decode(certificate).expect("base64"))
        .collect();
    assert_eq!(ours.len(), certificates.len(), "one of them twice");

    // Two other readers, of which each stops at what it does not like.
    let mut found: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&text)
        .map_while(|found| Some(found.ok()?.to_vec()))
        .collect();
    let others = ::pem::parse_many(&text).unwrap_or_default().into_iter();
    found.extend(
        others
            .filter(|other| matches!(other.tag(), "CERTIFICATE" | "X509 CERTIFICATE"))
            .map(::pem::Pem::into_contents),
    );
    for certificate in found.iter().filter(|one| is_certificate(one)) {
        assert!(ours.contains(certificate), "one was not taken");
    }
    assert!(
        ours.iter().all(|one| is_certificate(one)),
        "something else was taken"
    );

    // Each section is either read or counted.
    let sections = ["", "X509 ", "TRUSTED "].map(|kind| {
        count(
            &without_zeros(&text),
            format!("-----BEGIN {kind}CERTIFICATE-----").as_bytes(),
        )
    });
    assert_eq!(read + unreadable, sections.iter().sum(), "lost in silence");

    let again: BTreeSet<Vec<u8>> = CertificateDer::pem_slice_iter(handed_over.as_bytes())
        .map(|found| found.expect("what we wrote").to_vec())
        .collect();
    assert_eq!(again, ours, "handed over");
});

/// A reader of certificates that is not the program's.
fn is_certificate(der: &[u8]) -> bool {
    x509_parser::parse_x509_certificate(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// As it is, or, behind a zero byte, a text of pieces such as bundles are made of.
fn compose(bytes: &[u8]) -> Vec<u8> {
    let Some(script) = bytes.strip_prefix(&[0]) else {
        return bytes.to_vec();
    };
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    let mut text = Vec::new();
    let mut script = script.iter().copied();
    while let Some(step) = script.next() {
        let mut next = || script.next().unwrap_or_default();
        match step % 16 {
            0 => text.extend_from_slice(b"-----BEGIN CERTIFICATE-----"),
            1 => text.extend_from_slice(b"-----END CERTIFICATE-----"),
            2 => text.extend_from_slice(b"-----BEGIN TRUSTED CERTIFICATE-----"),
            3 => text.extend_from_slice(b"-----BEGIN X509 CERTIFICATE-----"),
            4 => text.extend_from_slice(b"-----END X509 CERTIFICATE-----"),
            5 => text.extend_from_slice(
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            ),
            6 => text.extend_from_slice(b"\xef\xbb\xbf"),
            7 => text.push(next()),
            8 => text.extend_from_slice(b"\r\n"),
            9 => text.extend_from_slice(b"# a comment \xe9 ---\n"),
            10..=12 => text.push(b'\n'),
            // A certificate, in lines of a width of its own, perhaps cut.
            _ => {
                let root = STANDARD.encode(&roots[usize::from(next()) % roots.len()]);
                let width = match next() {
                    width @ 1..200 => usize::from(width),
                    _ => 64,
                };
                let line_end: &[u8] =
                    [&b"\n"[..], b"\r\n", b" \n", b"\n\t"][usize::from(next() % 4)];
                let cut = root.len() - usize::from(next().saturating_sub(200)).min(root.len());
                for line in root.as_bytes()[..cut].chunks(width) {
                    text.extend_from_slice(line);
                    text.extend_from_slice(line_end);
                }
            }
        }
    }
    text
}

/// As the reader takes UTF-16.
fn without_zeros(text: &[u8]) -> Vec<u8> {
    let is_utf16 = text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]);
    let kept = text.iter().copied().filter(|byte| !is_utf16 || *byte != 0);
    kept.collect()
}

fn count(text: &[u8], wanted: &[u8]) -> usize {
    let windows = text.windows(wanted.len());
    windows.filter(|window| *window == wanted).count()
}
