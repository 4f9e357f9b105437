//! CA certificates as people keep them: in files, and in folders of such files.

use std::fmt;
use std::fs::{self, DirEntry};
use std::io::{self, Read};
use std::path::Path;

use super::pem::Store;
use crate::platform::{FileKind, file_kind, open_to_read, shortage};

/// The largest CA file that is read, in bytes; the largest bundles in use have half a megabyte.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// Which files of a folder are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Files {
    /// All.
    All,
    /// Those that OpenSSL, and so curl, would find: named by a hash (openssl-rehash(1)).
    Hashed,
}

/// Why a file or folder has no certificate, in words that follow its name.
#[derive(Debug)]
pub(super) enum Problem {
    /// It stands where a file should.
    IsFolder,
    /// A FIFO, a socket, a device.
    IsSpecial,
    /// This machine is short of something, in words.
    Shortage(String),
    /// In words.
    Other(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::IsFolder => "is a folder, not a file",
            Problem::IsSpecial => "is not a regular file",
            Problem::Shortage(words) | Problem::Other(words) => words,
        })
    }
}

impl From<&str> for Problem {
    fn from(words: &str) -> Problem {
        Problem::Other(words.to_owned())
    }
}

impl From<io::Error> for Problem {
    fn from(cause: io::Error) -> Problem {
        match shortage(&cause) {
            Some(what) => {
                Problem::Shortage(format!("can't be read: this machine is out of {what}"))
            }
            None => Problem::Other(format!("can't be read: {cause}")),
        }
    }
}

impl Store {
    /// Adds the certificates of a file.
    ///
    /// # Errors
    /// Why it holds none.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), Problem> {
        let content = read(path)?;
        if content.is_empty() {
            return Err("is empty".into());
        }
        if is_der(&content) {
            return Err("is in DER form, not PEM (openssl x509 -inform der converts it)".into());
        }
        self.add_some(|added| added.add_text(content))
    }

    /// Adds the certificates of the files in a folder.
    ///
    /// # Errors
    /// Why it holds none.
    pub(super) fn add_folder(&mut self, path: &Path, files: Files) -> Result<(), Problem> {
        let entries = fs::read_dir(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotADirectory => "is a file, not a folder".into(),
            _ => Problem::from(cause),
        })?;
        self.add_some(|added| {
            for entry in entries {
                match entry {
                    Ok(entry) => added.add_entry(path, &entry, files),
                    Err(_) => added.unreadable += 1,
                }
            }
        })
    }

    /// Lets `add` add certificates, of which at least one must be readable.
    fn add_some(&mut self, add: impl FnOnce(&mut Store)) -> Result<(), Problem> {
        let (read, unreadable) = (self.read, self.unreadable);
        add(self);
        match self.unreadable - unreadable {
            _ if self.read > read => Ok(()),
            0 => Err("holds no certificate in PEM form".into()),
            lost => Err(Problem::Other(format!(
                "holds no certificate that can be read ({lost} could not)"
            ))),
        }
    }

    fn add_entry(&mut self, folder: &Path, entry: &DirEntry, files: Files) {
        let path = entry.path();
        let skipped = match files {
            Files::All => is_another_name(folder, &path),
            Files::Hashed => !is_hashed(&entry.file_name().to_string_lossy()),
        };
        if skipped {
            return;
        }
        match read(&path) {
            Ok(content) if is_der(&content) => self.unreadable += 1,
            Ok(content) => self.add_text(content),
            Err(Problem::IsFolder | Problem::IsSpecial) => {}
            // Forbidden, too large, or a link that leads nowhere.
            Err(_) => self.unreadable += 1,
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = open_to_read(path)?;
    let metadata = file.metadata()?;
    match file_kind(metadata.file_type()) {
        FileKind::Regular => {}
        FileKind::Folder => return Err(Problem::IsFolder),
        _ => return Err(Problem::IsSpecial),
    }
    // What it says of its length is only a hint: it may grow.
    let length = metadata.len().min(MAX_FILE) + 1;
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err("is larger than 8 MiB".into());
    }
    Ok(content)
}

/// Whether this is a certificate that wants converting: a long SEQUENCE (X.690, 8.1.3), which no text is.
fn is_der(content: &[u8]) -> bool {
    content.starts_with(&[0x30, 0x82])
}

/// Whether a file is a link to another one of its folder, which is read as itself.
fn is_another_name(folder: &Path, file: &Path) -> bool {
    fs::read_link(file).is_ok_and(|target| {
        target.parent() == Some(Path::new("")) && folder.join(target).symlink_metadata().is_ok()
    })
}

/// `3513523f.0`: a hash of the subject, and a number.
fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn hashed_names() {
        assert!(is_hashed("3513523f.0") && is_hashed("FFFFFFFF.12"));
        for other in [
            "3513523f.r0",
            "3513523f",
            "3513523f.",
            "351352.0",
            "ca.0",
            "3513523g.0",
        ] {
            assert!(!is_hashed(other), "{other}");
        }
    }
}
