//! Which CAs are trusted on Linux: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else the system's bundle and
//! hashed folder, else, where there is no store at all, Mozilla's roots in this program.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::environment;
use crate::error::{self, Error};
use crate::platform::open_to_read;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// The largest CA file that is read, in bytes; the largest bundles in use have half a megabyte.
const MAX_FILE: u64 = 8 * 1024 * 1024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// What to do with a CA that is not among them.
pub(super) const ADD_CA: &str = "for the backend's own CA set SSL_CERT_FILE=/path/ca.pem; or ask for its missing intermediate certificate";

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
        let (file, folders) = (environment::path(FILE)?, environment::path(FOLDERS)?);
        if file.is_none() && folders.is_none() {
            trust.add_system()?;
        }
        if let Some(file) = file {
            let read = trust.add_file(&file);
            trust.name_source(&format!("{FILE}={}", file.display()), read)?;
        }
        if let Some(folders) = folders {
            // One with certificates is enough, as for OpenSSL.
            let paths = std::env::split_paths(&folders);
            let read = paths.map(|path| trust.add_folder(&path, |_| true));
            let read = read.reduce(|one, other| match (one, other) {
                (Ok(one), Ok(other)) => Ok(one + other),
                (one, other) => one.or(other),
            });
            let source = format!("{FOLDERS}={}", folders.display());
            trust.name_source(&source, read.unwrap_or(Ok(0)))?;
        }
        Ok(trust)
    }

    /// The system's bundle; where there is none, its hashed folders; where there are none, Mozilla's roots.
    fn add_system(&mut self) -> Result<(), Error> {
        let places = openssl_probe::probe();
        self.unread_folders = places.cert_dir;
        let first = self.unread_folders.first();
        let folder = first.map(|folder| folder.display().to_string());
        match (places.cert_file, folder) {
            (Some(bundle), _) => {
                let read = self.add_file(&bundle);
                match self.name_source(&bundle.display().to_string(), read) {
                    // The store is both: a folder with certificates is enough.
                    Err(_) if self.read_folders() => Ok(()),
                    named => named,
                }
            }
            (None, Some(_)) if self.read_folders() => Ok(()),
            (None, Some(folder)) => self.name_source(&folder, Ok(0)),
            (None, None) => {
                self.roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                "Mozilla, in this program".clone_into(&mut self.source);
                Ok(())
            }
        }
    }

    /// Reads the system's hashed folders, whose certificates need not be in its bundle; false: there is nothing
    /// new. That takes longer than a handshake.
    pub fn read_folders(&mut self) -> bool {
        let known = self.roots.len();
        for folder in std::mem::take(&mut self.unread_folders) {
            let read = self.add_folder(&folder, is_hashed);
            // Beside a bundle a folder may be empty.
            let _ = self.name_source(&folder.display().to_string(), read);
        }
        self.roots.len() > known
    }

    /// How many there are, in words.
    pub fn count(&self) -> String {
        match self.roots.len() {
            1 => "1 CA".to_owned(),
            count => format!("{count} CAs"),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "one signature on every system")]
    pub(super) fn config(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    ) -> Result<ClientConfig, rustls::Error> {
        let roots = RootCertStore {
            roots: self.roots.clone(),
        };
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    /// Names a source, of which so many certificates were read.
    ///
    /// # Errors
    /// There was none.
    fn name_source(&mut self, source: &str, read: io::Result<usize>) -> Result<(), Error> {
        let cause = match read {
            Ok(0) => "no certificate in PEM form that can be read".to_owned(),
            Ok(_) => {
                let and = if self.source.is_empty() { "" } else { " and " };
                self.source = format!("{}{and}{source}", self.source);
                return Ok(());
            }
            Err(cause) => error::words(&cause),
        };
        let hint = match source.split_once('=') {
            Some((name, _)) => format!("correct {name}, or unset it to trust the system's CAs"),
            None => "install the package ca-certificates, or set SSL_CERT_FILE=/path/ca.pem".into(),
        };
        Err(Error::machine(format!("{source}: {cause}")).with_hint(hint))
    }

    /// Adds the certificates of a regular file, and returns how many could be read.
    fn add_file(&mut self, path: &Path) -> io::Result<usize> {
        let file = open_to_read(path)?;
        // A FIFO would be waited for.
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut content = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut content)?;
        Ok(self.add_pem(&content))
    }

    /// Adds the certificates of the files in a folder that are wanted by name, as [`Trust::add_file`].
    fn add_folder(&mut self, folder: &Path, is_wanted: fn(&str) -> bool) -> io::Result<usize> {
        let mut read = 0;
        for entry in fs::read_dir(folder)?.flatten() {
            if is_wanted(&entry.file_name().to_string_lossy()) && !entry.path().is_dir() {
                let added = self.add_file(&entry.path());
                self.unreadable += usize::from(added.is_err());
                read += added.unwrap_or(0);
            }
        }
        Ok(read)
    }

    /// Adds the certificates of a text (PEM, RFC 7468), whatever stands around them, each once; how many it has
    /// that can be read.
    fn add_pem(&mut self, content: &[u8]) -> usize {
        // rustls passes over a certificate behind a byte order mark in silence, and over glued ones.
        let text = String::from_utf8_lossy(content);
        let text = text.trim_start_matches('\u{feff}');
        let begun = text.matches(BEGIN).count();
        let mut found = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).flatten();
        let (read, _) = found.add_parsable_certificates(certificates);
        self.unreadable += begun.saturating_sub(read);
        for root in found.roots {
            if !self.roots.contains(&root) {
                self.roots.push(root);
            }
        }
        read
    }
}

/// Whether a file is named as OpenSSL looks for it, such as `3513523f.0` (openssl-rehash(1)).
fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        let is_hash = hash.len() == 8 && u32::from_str_radix(hash, 16).is_ok();
        is_hash && number.parse::<u32>().is_ok()
    })
}
