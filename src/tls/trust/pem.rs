//! CA certificates as text, one or many in each (PEM, RFC 7468).

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use webpki::anchor_from_trusted_cert;

/// CA certificates, each once, and how many could not be read.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// In base64, on one line: each certificate has one such form only.
    pub(super) certificates: BTreeSet<String>,
    /// Damaged ones, files that can't be opened, links that lead nowhere.
    pub(super) unreadable: usize,
    /// How many could be read, those among them that were there already.
    pub(super) read: usize,
}

impl Store {
    /// Adds the certificates of a text, whatever stands around them.
    pub(super) fn add_text(&mut self, mut content: Vec<u8>) {
        if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
            // UTF-16, as Windows writes it: what counts is ASCII, with a zero beside each character.
            content.retain(|byte| *byte != 0);
        }
        let text = String::from_utf8(content)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        for section in text.split("-----BEGIN ").skip(1) {
            // Cut short, it may have no more than a beginning.
            let (label, rest) = section.split_once("-----").unwrap_or((section, ""));
            match label {
                "CERTIFICATE" | "X509 CERTIFICATE" => self.add_section(rest),
                // OpenSSL's own, with a list of purposes behind the certificate.
                "TRUSTED CERTIFICATE" => self.unreadable += 1,
                _ => {}
            }
        }
    }

    /// Adds the certificate between a section's first line and its last.
    fn add_section(&mut self, section: &str) {
        let Some((body, _)) = section.split_once("-----END ") else {
            self.unreadable += 1;
            return;
        };
        let mut base64 = String::with_capacity(body.len());
        base64.extend(body.lines().map(str::trim));
        if !self.take(base64) && !self.take(body.split_ascii_whitespace().collect()) {
            self.unreadable += 1;
        }
    }

    /// Takes what is a certificate; most stores have each of theirs several times.
    fn take(&mut self, base64: String) -> bool {
        let known = self.certificates.contains(&base64);
        if !known && !is_certificate(&base64) {
            return false;
        }
        self.certificates.insert(base64);
        self.read += 1;
        true
    }

    /// The certificates as one text of the plainest form.
    pub(super) fn to_pem(&self) -> String {
        let (begin, end) = (
            "-----BEGIN CERTIFICATE-----\n",
            "\n-----END CERTIFICATE-----\n",
        );
        let certificates = self.certificates.iter();
        certificates
            .flat_map(|certificate| [begin, certificate, end])
            .collect()
    }
}

fn is_certificate(base64: &str) -> bool {
    STANDARD
        .decode(base64)
        .is_ok_and(|der| anchor_from_trusted_cert(&CertificateDer::from(der)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn a_certificate_that_ends_before_it_begins_is_counted() {
        for text in [
            "-----BEGIN CERTIFICATE-----BEGIN CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE",
        ] {
            let mut store = Store::default();
            store.add_text(text.into());
            assert_eq!(store.unreadable, 2, "{text}");
        }
    }
}
