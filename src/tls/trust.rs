//! Which CAs are trusted on Linux: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else the system's bundle and
//! hashed folders, else, where there is no store at all, Mozilla's roots in this program.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{env, fs, mem};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::{ClientConfig, RootCertStore};

use super::Builder;
use crate::environment;
use crate::error::{self, Error};
use crate::platform::open_to_read;

/// The most that is read of a file, in bytes; the largest bundles in use have half a megabyte.
const MAX_FILE: u64 = 8 * 1024 * 1024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// What to do with a CA that is not among them.
pub const ADD_CA: &str = "for the backend's own CA set SSL_CERT_FILE=/path/ca.pem; or ask for its missing intermediate certificate";

/// The CAs that are trusted.
#[derive(Debug, Default)]
pub struct Trust {
    /// Where they come from.
    pub source: String,
    /// How many more could not be read.
    pub unreadable: usize,
    roots: Vec<TrustAnchor<'static>>,
    /// The system's hashed folders, as long as they were not needed.
    unread_folders: Vec<PathBuf>,
}

impl Trust {
    /// Reads the CAs.
    ///
    /// # Errors
    /// Exit status 3: what a variable names, or the system's store, has no certificate that can be read.
    pub fn prepare() -> Result<Trust, Error> {
        let mut trust = Trust::default();
        if let Some(file) = environment::path("SSL_CERT_FILE")? {
            trust.add(&format!("SSL_CERT_FILE={}", file.display()), [file])?;
        }
        if let Some(folders) = environment::path("SSL_CERT_DIR")? {
            let files = env::split_paths(&folders).flat_map(|folder| files(folder, |_| true));
            trust.add(&format!("SSL_CERT_DIR={}", folders.display()), files)?;
        }
        if trust.source.is_empty() {
            trust.add_system()?;
        }
        Ok(trust)
    }

    /// The system's bundle, or what else comes first of its store; where there is no store, Mozilla's roots.
    fn add_system(&mut self) -> Result<(), Error> {
        let store = openssl_probe::probe();
        let mut places = store.cert_file.into_iter().chain(store.cert_dir);
        let Some(first) = places.next() else {
            self.roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
            self.source.push_str("Mozilla, in this program");
            return Ok(());
        };
        self.unread_folders = places.collect();
        match self.add(&first.display().to_string(), files(first, is_hashed)) {
            Err(error) if !self.read_folders() => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads the system's hashed folders, whose certificates need not be in its bundle; false: there is nothing
    /// new. That takes longer than a handshake.
    pub fn read_folders(&mut self) -> bool {
        let known = self.roots.len();
        for folder in mem::take(&mut self.unread_folders) {
            // Beside a bundle a folder may be empty.
            let _ = self.add(&folder.display().to_string(), files(folder, is_hashed));
        }
        self.roots.len() > known
    }

    /// How many there are, in words.
    pub fn count(&self) -> String {
        let plural = if self.roots.len() == 1 { "" } else { "s" };
        format!("{} CA{plural}", self.roots.len())
    }

    #[expect(clippy::unnecessary_wraps, reason = "one signature on every system")]
    pub(super) fn config(&self, builder: Builder) -> Result<ClientConfig, rustls::Error> {
        let roots = self.roots.clone();
        let builder = builder.with_root_certificates(RootCertStore { roots });
        Ok(builder.with_no_client_auth())
    }

    /// Adds the certificates of a source's files. One certificate is enough, as for OpenSSL.
    ///
    /// # Errors
    /// None could be read.
    fn add(&mut self, source: &str, files: impl IntoIterator<Item = PathBuf>) -> Result<(), Error> {
        let mut added = 0;
        let mut cause = "no certificate in PEM form that can be read".to_owned();
        for file in files {
            let mut content = Vec::new();
            let read = match open_to_read(&file) {
                // A FIFO would be waited for.
                Ok(file) if file.metadata().is_ok_and(|found| !found.is_file()) => {
                    Err(io::Error::other("not a regular file"))
                }
                opened => opened.and_then(|file| file.take(MAX_FILE).read_to_end(&mut content)),
            };
            if let Err(error) = read {
                self.unreadable += 1;
                cause = error::words(&error);
            }
            added += self.add_pem(&content);
        }
        if added > 0 {
            let and = if self.source.is_empty() { "" } else { " and " };
            self.source.extend([and, source]);
            return Ok(());
        }
        let hint = match source.split_once('=') {
            Some((name, _)) => format!("correct {name}, or unset it to trust the system's CAs"),
            None => "install the package ca-certificates, or set SSL_CERT_FILE=/path/ca.pem".into(),
        };
        Err(Error::machine(format!("{source}: {cause}")).with_hint(hint))
    }

    /// Adds the certificates of a text (PEM, RFC 7468), whatever stands around them; how many can be read.
    fn add_pem(&mut self, text: &[u8]) -> usize {
        // rustls does not see one behind a byte order mark, or glued to another.
        let text = String::from_utf8_lossy(text).replace(BEGIN, &format!("\n{BEGIN}"));
        let mut found = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).flatten();
        let (read, _) = found.add_parsable_certificates(certificates);
        self.unreadable += text.matches(BEGIN).count().saturating_sub(read);
        found.roots.retain(|root| !self.roots.contains(root));
        self.roots.append(&mut found.roots);
        read
    }
}

/// The files in a folder that are wanted; for a path that can't be listed, the path itself.
fn files(path: PathBuf, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(&path) else {
        return vec![path];
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| is_wanted(path) && !path.is_dir())
        .collect()
}

/// Whether a file is named as OpenSSL looks for it, such as `3513523f.0` (openssl-rehash(1)).
fn is_hashed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (hash, number) = name.split_once('.').unwrap_or_default();
    let is_hash = hash.len() == 8 && u32::from_str_radix(hash, 16).is_ok();
    is_hash && number.parse::<u32>().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::symlink;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::{CertificateError, Error};

    use super::{Path, Trust, files, fs, is_hashed};

    fn ca() -> String {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    /// How many certificates of a text are read, and how many are not.
    fn read(text: impl AsRef<[u8]>) -> (usize, usize) {
        let mut trust = Trust::default();
        (trust.add_pem(text.as_ref()), trust.unreadable)
    }

    #[test]
    fn certificates_are_read_as_people_write_them() {
        let (one, two) = (ca(), ca());
        assert_eq!(read(format!("\u{feff}{one}")), (1, 0));
        assert_eq!(read(one.replace('\n', "\r\n")), (1, 0));
        assert_eq!(
            read(format!("# -----\n{one}Subject: CN=é\n{two}end")),
            (2, 0)
        );
        assert_eq!(
            read([b"# Societ\xe9 --\n", one.as_bytes()].concat()),
            (1, 0)
        );
        assert_eq!(read(one.trim_end()), (1, 0));
        assert_eq!(read(format!("{}{two}", one.trim_end())), (2, 0));
        assert_eq!(read(format!("{}{two}", one.replace("MII", "AAA"))), (1, 1));
    }

    #[test]
    fn what_is_no_certificate_is_counted_where_it_claims_to_be_one() {
        let pem = |inner: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{inner}\n-----END CERTIFICATE-----\n")
        };
        for (text, unreadable) in [
            (String::new(), 0),
            ("0\u{2}\u{1}\u{2}".to_owned(), 0),
            (pem("AAAA").replace("CERTIFICATE", "PRIVATE KEY"), 0),
            (pem("!!!!"), 1),
            (pem("AAAA"), 1),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(), 1),
        ] {
            assert_eq!(read(&text), (0, unreadable), "{text}");
        }
    }

    #[test]
    fn what_could_not_be_read_of_a_folder_is_counted() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let (one, two) = (ca(), ca());
        let several = [&*one, &one.replace("MII", "AAA"), &two].concat();
        fs::write(path("several.pem"), several).unwrap();
        fs::write(path("README"), "no certificate").unwrap();
        fs::create_dir(path("java")).unwrap();
        symlink("several.pem", path("01234567.0")).unwrap();
        symlink("/nonexistent/gone.crt", path("gone.pem")).unwrap();
        let mut trust = Trust::default();
        let all = files(place.path().to_owned(), |_| true);
        trust.add("SSL_CERT_DIR=/x", all).unwrap();
        let refusal = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let (cause, _) = trust.explain(&std::io::Error::other(refusal)).unwrap();
        let trusted = "; trusted: 2 CAs of SSL_CERT_DIR=/x (3 more could not be read)";
        assert!(cause.ends_with(trusted), "{cause}");
    }

    #[test]
    fn a_hashed_name_is_eight_digits_and_a_number() {
        for (name, expected) in [
            ("3513523f.0", true),
            ("3513523f.12", true),
            ("3513523f.r0", false),
            ("company.pem", false),
            ("3513523.0", false),
            ("3513523g.0", false),
            ("company.pem.1", false),
        ] {
            assert_eq!(is_hashed(Path::new(name)), expected, "{name}");
        }
    }
}
