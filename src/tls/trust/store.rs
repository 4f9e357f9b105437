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
        self.add_some(|added| {
            added.add_text(content);
            Ok(())
        })
    }

    /// Adds the certificates of the files in a folder.
    ///
    /// # Errors
    /// Why it holds none, or what this machine is short of: without some of them others would be blamed.
    pub(super) fn add_folder(&mut self, path: &Path, files: Files) -> Result<(), Problem> {
        let entries = fs::read_dir(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotADirectory => "is a file, not a folder".into(),
            _ => Problem::from(cause),
        })?;
        self.add_some(|added| {
            for entry in entries {
                let entry = entry.map_err(Problem::from);
                match entry.and_then(|entry| added.add_entry(path, &entry, files)) {
                    Err(shortage @ Problem::Shortage(_)) => return Err(shortage),
                    // Forbidden, too large, or a link that leads nowhere.
                    Err(_) => added.unreadable += 1,
                    Ok(()) => {}
                }
            }
            Ok(())
        })
    }

    /// Lets `add` add certificates, of which at least one must be readable.
    fn add_some(
        &mut self,
        add: impl FnOnce(&mut Store) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let (read, unreadable) = (self.read, self.unreadable);
        add(self)?;
        match self.unreadable - unreadable {
            _ if self.read > read => Ok(()),
            0 => Err("holds no certificate in PEM form".into()),
            lost => Err(Problem::Other(format!(
                "holds no certificate that can be read ({lost} could not)"
            ))),
        }
    }

    fn add_entry(&mut self, folder: &Path, entry: &DirEntry, files: Files) -> Result<(), Problem> {
        let path = entry.path();
        let skipped = match files {
            Files::All => is_another_name(folder, &path),
            Files::Hashed => !is_hashed(&entry.file_name().to_string_lossy()),
        };
        if skipped {
            return Ok(());
        }
        match read(&path) {
            Ok(content) if is_der(&content) => self.unreadable += 1,
            Ok(content) => self.add_text(content),
            Err(Problem::IsFolder | Problem::IsSpecial) => {}
            Err(cause) => return Err(cause),
        }
        Ok(())
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
    let mut content = Vec::new();
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
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::{Files, Path, Problem, Store, fs, io, is_hashed};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn certificate() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap()
            .pem()
    }

    /// How many certificates there are, and how many could not be read.
    fn counts(store: &Store) -> (usize, usize) {
        (store.certificates.len(), store.unreadable)
    }

    fn of_text(text: impl Into<Vec<u8>>) -> (usize, usize) {
        let mut store = Store::default();
        store.add_text(text.into());
        counts(&store)
    }

    #[test]
    fn certificates_are_found_in_any_text_and_what_is_lost_is_counted() {
        let (one, other) = (certificate(), certificate());
        let utf16 = |mark: [u8; 2], pair: fn(u8) -> [u8; 2]| {
            [mark.to_vec(), one.bytes().flat_map(pair).collect()].concat()
        };
        assert_eq!(of_text(utf16([0xff, 0xfe], |byte| [byte, 0])), (1, 0));
        assert_eq!(of_text(utf16([0xfe, 0xff], |byte| [0, byte])), (1, 0));
        for (text, found) in [
            (String::new(), (0, 0)),
            ("a text".into(), (0, 0)),
            (format!("a\n{one}b\n{other}c"), (2, 0)),
            (format!("{one}{one}"), (1, 0)),
            (one.replace('\n', "\r\n  "), (1, 0)),
            (one.replace('\n', " "), (1, 0)),
            (one.replace("CERTIFICATE", "X509 CERTIFICATE"), (1, 0)),
            (
                one.replace("CERTIFICATE", "TRUSTED CERTIFICATE") + &other,
                (1, 1),
            ),
            (one.replace("CERTIFICATE", "PRIVATE KEY"), (0, 0)),
            (one.replace("-----END", "") + &other, (1, 1)),
            (one.split_once("-----END").unwrap().0.to_owned(), (0, 1)),
            (one.replace('M', "!"), (0, 1)),
            (one.replacen("MI", "AA", 1) + &other, (1, 1)),
        ] {
            assert_eq!(of_text(text.as_str()), found, "{text}");
        }
    }

    #[test]
    fn what_is_handed_over_is_what_was_read() {
        let mut store = Store::default();
        store.add_text((certificate() + &certificate()).into());
        let mut again = Store::default();
        again.add_text(store.to_pem().into());
        assert_eq!(again.certificates, store.certificates);
        assert_eq!(counts(&again), (2, 0));
    }

    fn said(result: Result<(), Problem>) -> String {
        result.map_or_else(|problem| problem.to_string(), |()| String::new())
    }

    #[test]
    fn a_file_without_a_certificate_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let of = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            said(Store::default().add_file(&path))
        };
        let one = certificate();
        assert_eq!(of(one.as_bytes()), "");
        assert_eq!(of(b""), "is empty");
        assert_eq!(of(b"x"), "holds no certificate in PEM form");
        let damaged = one.replace('M', "!");
        assert_eq!(
            of(damaged.as_bytes()),
            "holds no certificate that can be read (1 could not)"
        );
        let body: String = one.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        assert_eq!(
            of(&der),
            "is in DER form, not PEM (openssl x509 -inform der converts it)"
        );
        assert_eq!(
            said(Store::default().add_file(folder.path())),
            "is a folder, not a file"
        );
        assert_eq!(
            said(Store::default().add_file(Path::new("/dev/null"))),
            "is not a regular file"
        );
        fs::remove_file(&path).unwrap();
        assert!(said(Store::default().add_file(&path)).starts_with("can't be read: No such file"));
        let large = |length| {
            File::create(&path).unwrap().set_len(length).unwrap();
            said(Store::default().add_file(&path))
        };
        assert_eq!(large(8 << 20), "holds no certificate in PEM form");
        assert_eq!(large((8 << 20) + 1), "is larger than 8 MiB");
    }

    #[test]
    fn a_folder_is_read_whole_or_as_openssl_would() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let of = |files| {
            let mut store = Store::default();
            (said(store.add_folder(folder.path(), files)), counts(&store))
        };
        let none = "holds no certificate in PEM form".to_owned();
        assert_eq!(of(Files::All), (none.clone(), (0, 0)));
        fs::write(place("ca.pem"), certificate()).unwrap();
        assert_eq!(of(Files::All), (String::new(), (1, 0)));
        assert_eq!(of(Files::Hashed), (none, (0, 0)));
        symlink("ca.pem", place("3513523f.0")).unwrap();
        assert_eq!(of(Files::All), (String::new(), (1, 0)));
        assert_eq!(of(Files::Hashed), (String::new(), (1, 0)));
        // Links to elsewhere are read, those to nowhere are counted, folders and sockets passed over.
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(&elsewhere, certificate()).unwrap();
        symlink(elsewhere.path(), place("0000000a.1")).unwrap();
        symlink("nothing", place("0000000b.0")).unwrap();
        fs::create_dir(place("0000000c.0")).unwrap();
        let _listener = UnixListener::bind(place("socket")).unwrap();
        fs::write(place("0000000d.0"), [0x30, 0x82]).unwrap();
        fs::write(place("text"), certificate().replace('M', "!")).unwrap();
        assert_eq!(of(Files::Hashed), (String::new(), (2, 2)));
        // A socket can't be opened.
        assert_eq!(of(Files::All), (String::new(), (2, 4)));
        assert_eq!(
            said(Store::default().add_folder(&place("text"), Files::All)),
            "is a file, not a folder"
        );
    }

    #[test]
    fn a_shortage_is_told_from_other_failures() {
        let shortage = Problem::from(io::Error::from_raw_os_error(libc::EMFILE));
        assert!(matches!(shortage, Problem::Shortage(ref words) if words.contains("open files")));
        let other = Problem::from(io::Error::from_raw_os_error(libc::EACCES));
        assert!(matches!(other, Problem::Other(ref words) if words.contains("denied")));
    }

    #[test]
    fn the_same_certificate_twice_counts_as_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, certificate()).unwrap();
        let mut store = Store::default();
        for _ in 0..2 {
            assert_eq!(said(store.add_file(&path)), "");
        }
        assert_eq!(counts(&store), (1, 0));
    }

    #[test]
    fn what_an_earlier_place_lost_is_not_the_next_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, certificate().replace('M', "!") + &certificate()).unwrap();
        let mut store = Store::default();
        assert_eq!(said(store.add_file(&path)), "");
        fs::write(&path, "x").unwrap();
        for _ in 0..2 {
            assert_eq!(
                said(store.add_folder(folder.path(), Files::All)),
                "holds no certificate in PEM form"
            );
        }
        assert_eq!(counts(&store), (1, 1));
    }

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
