//! Which CA certificates are trusted on Linux.
//!
//! minreq takes no root certificates from its caller. Its verifier (rustls-native-certs) reads what
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` name, once per process, and passes over in silence what it can't read:
//! a certificate behind a byte order mark, say. So they are read here first, and those that can be read are
//! handed over as one plain file, which `SSL_CERT_FILE` of our own environment then names.

mod built_in;
mod handover;
mod pem;
mod store;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::environment;
use crate::error::{CHECK_LIMITS, Error};
use crate::platform::remove_variable;
use handover::{PrivateFolder, hand_over};
use pem::Store;
use store::{Files, Problem};

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// What to do with a CA that is not among them.
pub(super) const ADD_CA: &str = "name its file in SSL_CERT_FILE";
/// What to do where they can't be read.
pub(super) const MEND_TRUST: &str = "name a CA file in SSL_CERT_FILE";

/// Which CA certificates are trusted.
#[derive(Debug)]
pub struct TrustSource {
    /// Where they come from, in words.
    source: String,
    /// How many there are.
    certificates: usize,
    /// How many more could not be read.
    unreadable: usize,
    #[expect(dead_code, reason = "it is there to be dropped")]
    folder: Option<PrivateFolder>,
}

impl TrustSource {
    /// Where the certificates come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many there are, in words.
    pub fn count(&self) -> String {
        match self.certificates {
            1 => "1 CA certificate".to_owned(),
            certificates => format!("{certificates} CA certificates"),
        }
    }

    /// How many more could not be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        match self.unreadable {
            0 => Ok(()),
            unreadable => write!(
                f,
                " ({unreadable} of {} could not be read)",
                self.certificates + unreadable
            ),
        }
    }
}

/// Chooses the CA certificates and tells the TLS library, by variables of this process's environment. Call it
/// before the first thread starts.
///
/// # Errors
/// Exit status 3: a variable's file or folder, or the system's store, has no certificate that can be read; or
/// the built-in ones can't be handed over.
pub fn prepare_trust() -> Result<TrustSource, Error> {
    let found = match named()? {
        Some(found) => Some(found),
        None => system()?,
    };
    let no_store = found.is_none();
    let Found { store, source } = found.unwrap_or_else(built_in);
    let folder = match hand_over(&store.to_pem()) {
        Ok(folder) => folder,
        Err(cause) if no_store => return Err(no_place(&cause)),
        // Left alone, the library reads the same places by itself.
        Err(_) => None,
    };
    Ok(TrustSource {
        source,
        certificates: store.certificates.len(),
        unreadable: store.unreadable,
        folder,
    })
}

/// Certificates, and where they come from, in words.
struct Found {
    store: Store,
    source: String,
}

/// What the variables name: both count, where both are set.
fn named() -> Result<Option<Found>, Error> {
    let mut store = Store::default();
    let mut sources = Vec::new();
    if let Some(file) = value(FILE) {
        store
            .add_file(&file)
            .map_err(|cause| unusable(FILE, &file, &cause))?;
        sources.push(format!("{FILE}={}", file.display()));
    }
    if let Some(folders) = value(FOLDERS) {
        add_folders(&mut store, &folders).map_err(|cause| unusable(FOLDERS, &folders, &cause))?;
        sources.push(format!("{FOLDERS}={}", folders.display()));
    }
    let source = sources.join(" and ");
    Ok(Some(Found { store, source }).filter(|found| !found.source.is_empty()))
}

/// A variable's value. An empty one, which would name a file without a name, is removed.
fn value(variable: &str) -> Option<PathBuf> {
    let value = environment::raw(variable);
    if value.is_none() {
        remove_variable(variable);
    }
    value.map(PathBuf::from)
}

/// Adds the folders of a list. As for OpenSSL, it is enough that one of them has certificates.
fn add_folders(store: &mut Store, folders: &Path) -> Result<(), Problem> {
    let mut results = Vec::new();
    for folder in std::env::split_paths(folders) {
        let result = store.add_folder(&folder, Files::All);
        if matches!(result, Err(Problem::Shortage(_))) {
            return result;
        }
        results.push(result);
    }
    if results.iter().any(Result::is_ok) {
        Ok(())
    } else if results.len() > 1 {
        Err("are folders without a certificate that can be read".into())
    } else {
        results.into_iter().collect()
    }
}

/// The system's store: its bundle, and beside it the certificates that its folder alone has, as those of a
/// company often are; curl takes both, too. None: there is no store at all.
fn system() -> Result<Option<Found>, Error> {
    let places = openssl_probe::probe();
    let mut store = Store::default();
    let mut sources = Vec::new();
    let mut failures = Vec::new();
    if let Some(bundle) = &places.cert_file {
        store
            .add_file(bundle)
            .map_err(|cause| damaged(&[(bundle, cause)]))?;
        sources.push(bundle.display().to_string());
    }
    let files = match places.cert_file {
        Some(_) => Files::Hashed,
        None => Files::All,
    };
    for folder in &places.cert_dir {
        match store.add_folder(folder, files) {
            Ok(()) => sources.push(folder.display().to_string()),
            Err(shortage @ Problem::Shortage(_)) => return Err(damaged(&[(folder, shortage)])),
            Err(cause) => failures.push((folder, cause)),
        }
    }
    if !sources.is_empty() {
        let source = format!("the system's CA store, {}", sources.join(" and "));
        return Ok(Some(Found { store, source }));
    }
    if !failures.is_empty() {
        return Err(damaged(&failures));
    }
    Ok(None)
}

/// For where there is no store at all, as in a container from scratch.
fn built_in() -> Found {
    let mut store = Store::default();
    let roots = built_in::roots().map(|root| STANDARD.encode(root));
    store.certificates.extend(roots);
    Found {
        store,
        source: "the built-in CA certificates of Mozilla".to_owned(),
    }
}

fn unusable(variable: &str, path: &Path, cause: &Problem) -> Error {
    let hint = match cause {
        Problem::IsFolder => format!("name a folder in {FOLDERS}"),
        Problem::Shortage(_) => CHECK_LIMITS.to_owned(),
        _ => format!("correct {variable}, or unset it to trust the system's CA certificates"),
    };
    let path = path.display();
    Error::machine(format!("{variable} names {path}, which {cause}")).with_hint(hint)
}

/// The system's store in these places, which have no certificate or could not be read.
fn damaged(places: &[(&PathBuf, Problem)]) -> Error {
    let words = places
        .iter()
        .map(|(place, cause)| format!("{} {cause}", place.display()));
    let words: Vec<String> = words.collect();
    let hint = match places {
        [(_, Problem::Shortage(_)), ..] => CHECK_LIMITS,
        _ => {
            "install your system's CA certificates again (the package ca-certificates), or name a CA file in \
             SSL_CERT_FILE"
        }
    };
    Error::machine(format!("the system's CA store: {}", words.join(", "))).with_hint(hint)
}

fn no_place(cause: &io::Error) -> Error {
    Error::machine(format!(
        "this system has no CA certificates, and the built-in ones need /proc or a folder for temporary files, \
         {}: {cause}",
        std::env::temp_dir().display()
    ))
    .with_hint("mount /proc, or name a CA file in SSL_CERT_FILE")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{CHECK_LIMITS, FILE, Problem, damaged, unusable};

    #[test]
    fn a_shortage_is_not_mended_by_other_certificates() {
        let place = PathBuf::from("/ca");
        let short = || Problem::Shortage("can't be read: short".into());
        let error = unusable(FILE, &place, &short());
        assert_eq!(error.hint(), Some(CHECK_LIMITS));
        let error = unusable(FILE, &place, &"is empty".into());
        let hint = "correct SSL_CERT_FILE, or unset it to trust the system's CA certificates";
        assert_eq!(error.hint(), Some(hint));
        let error = damaged(&[(&place, short())]);
        assert_eq!(error.hint(), Some(CHECK_LIMITS));
        let error = damaged(&[(&place, "is empty".into()), (&place, "is a file".into())]);
        let message = "the system's CA store: /ca is empty, /ca is a file";
        assert_eq!(error.to_string(), message);
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.starts_with("install "))
        );
    }
}
