//! Which CA certificates are trusted.
//!
//! minreq takes no root certificates from its caller. Its verifier reads what `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` name, else the usual places, and fails where it finds nothing; so those two
//! variables of our own environment are how it is told.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use webpki::anchor_from_trusted_cert;

use crate::error::{Error, Kind};
use crate::platform::{
    FileKind, create_private_file, file_kind, memory_file, open_to_read, set_variable,
};
use crate::{environment, random};

/// The largest CA file that is read, in bytes; the largest bundles in use have half a megabyte.
const MAX_BUNDLE: u64 = 8 * 1024 * 1024;

/// Where the trusted CA certificates come from.
#[derive(Debug)]
pub enum TrustSource {
    /// The variable of this name, with its value.
    Variable(&'static str, PathBuf),
    /// The system's store, at this path.
    System(PathBuf),
    /// Mozilla's roots, built into this program, and the file that holds them where it is not in
    /// memory.
    BuiltIn(#[expect(dead_code, reason = "it is there to be dropped")] Option<TemporaryBundle>),
}

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrustSource::Variable(name, path) => write!(f, "{name}={}", path.display()),
            TrustSource::System(path) => write!(f, "the system's CA store, {}", path.display()),
            TrustSource::BuiltIn(_) => f.write_str("the built-in CA certificates of Mozilla"),
        }
    }
}

/// Chooses the CA certificates and tells the TLS library. Call it before the first thread starts.
///
/// # Errors
/// A CA file that is missing, empty or unreadable is named: exit status 3. No store and no way to
/// hand over the built-in one: exit status 4.
pub fn prepare_trust() -> Result<TrustSource, Error> {
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if environment::raw(name).is_none() {
            // An empty value would name a file without a name.
            set_variable(name, None);
        }
    }
    if let Some(path) = environment::raw("SSL_CERT_FILE").map(PathBuf::from) {
        check_bundle(&path).map_err(|cause| unusable("SSL_CERT_FILE", &path, &cause))?;
        return Ok(TrustSource::Variable("SSL_CERT_FILE", path));
    }
    if let Some(folders) = environment::raw("SSL_CERT_DIR") {
        let any = std::env::split_paths(&folders).any(|folder| holds_files(&folder));
        let path = PathBuf::from(folders);
        if !any {
            return Err(unusable(
                "SSL_CERT_DIR",
                &path,
                "no folder with a file in it",
            ));
        }
        return Ok(TrustSource::Variable("SSL_CERT_DIR", path));
    }
    system_store()
}

fn system_store() -> Result<TrustSource, Error> {
    let found = openssl_probe::probe();
    if let Some(bundle) = found.cert_file {
        check_bundle(&bundle).map_err(|cause| {
            Error::machine(format!("the system's CA file {} {cause}", bundle.display())).with_hint(
                "reinstall your system's CA certificates, or name a CA file in SSL_CERT_FILE",
            )
        })?;
        // Names the file alone: the library would read the folder beside it, too (15 ms).
        set_variable("SSL_CERT_FILE", Some(bundle.as_os_str()));
        return Ok(TrustSource::System(bundle));
    }
    if let Some(folder) = found
        .cert_dir
        .into_iter()
        .find(|folder| holds_files(folder))
    {
        return Ok(TrustSource::System(folder));
    }
    let bundle = built_in_bundle();
    if let Ok(path) = memory_file(bundle.as_bytes()) {
        set_variable("SSL_CERT_FILE", Some(OsStr::new(&path)));
        return Ok(TrustSource::BuiltIn(None));
    }
    let file = TemporaryBundle::create(bundle.as_bytes()).map_err(|cause| {
        let folder = std::env::temp_dir();
        let message = format!(
            "this system has no CA certificates, and the built-in ones need /proc or {}: {cause}",
            folder.display()
        );
        Error::new(Kind::Backend, message).with_hint("name a CA file in SSL_CERT_FILE")
    })?;
    set_variable("SSL_CERT_FILE", Some(file.0.as_os_str()));
    Ok(TrustSource::BuiltIn(Some(file)))
}

/// Checks that a CA file is a regular file of sane size with at least one certificate in it.
fn check_bundle(path: &Path) -> Result<(), String> {
    let mut file = open_to_read(path).map_err(|cause| format!("can't be read: {cause}"))?;
    let metadata = file
        .metadata()
        .map_err(|cause| format!("can't be read: {cause}"))?;
    if file_kind(metadata.file_type()) != FileKind::Regular {
        return Err("is not a regular file".into());
    }
    if metadata.len() > MAX_BUNDLE {
        return Err("is larger than 8 MiB".into());
    }
    let mut content = Vec::new();
    let read = Read::take(&mut file, MAX_BUNDLE).read_to_end(&mut content);
    read.map_err(|cause| format!("can't be read: {cause}"))?;
    let mut certificates = CertificateDer::pem_slice_iter(&content).flatten();
    match certificates.any(|certificate| anchor_from_trusted_cert(&certificate).is_ok()) {
        true => Ok(()),
        false if content.is_empty() => Err("is empty".into()),
        false => Err("holds no certificate in PEM form".into()),
    }
}

fn holds_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn unusable(variable: &str, path: &Path, cause: &str) -> Error {
    Error::machine(format!(
        "{variable} names {}, which {cause}",
        path.display()
    ))
    .with_hint(format!(
        "correct {variable}, or unset it to trust the system's CA certificates"
    ))
}

fn built_in_bundle() -> String {
    let mut pem = String::with_capacity(160 * 1024);
    for certificate in built_in_roots() {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
}

/// Mozilla's roots, each a DER certificate whose length takes two bytes (`build_roots`).
fn built_in_roots() -> impl Iterator<Item = &'static [u8]> {
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

/// A file of certificates, for where there is no /proc; removed when dropped. It holds no secret, but
/// nobody else may change it.
#[derive(Debug)]
pub struct TemporaryBundle(PathBuf);

impl TemporaryBundle {
    fn create(content: &[u8]) -> io::Result<TemporaryBundle> {
        let name = format!("sekuire-roots-{}.pem", random::hex::<8>()?);
        let bundle = TemporaryBundle(std::env::temp_dir().join(name));
        create_private_file(&bundle.0)?.write_all(content)?;
        Ok(bundle)
    }
}

impl Drop for TemporaryBundle {
    fn drop(&mut self) {
        // Nothing depends on its being gone.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use rustls::pki_types::CertificateDer;
    use webpki::anchor_from_trusted_cert;

    #[test]
    fn roots_are_mozillas_though_they_lack_their_signatures() {
        let whole = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        assert_eq!(super::built_in_roots().count(), whole.len());
        for (ours, whole) in super::built_in_roots().zip(whole) {
            let ours = CertificateDer::from(ours);
            assert_eq!(
                anchor_from_trusted_cert(&ours).unwrap(),
                anchor_from_trusted_cert(whole).unwrap()
            );
        }
    }
}
