//! The temporary file that takes auth.json's place.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{platform, random};

/// Temporary files are called so, with sixteen hexadecimal digits between.
const TEMPORARY: (&str, &str) = (".auth.json.", ".tmp");

/// A new private file that is removed unless it takes another's place.
pub(super) struct Temporary(Option<PathBuf>);

impl Temporary {
    pub(super) fn create(folder: &Path, content: &[u8]) -> io::Result<Temporary> {
        let path = folder.join([TEMPORARY.0, &random::hex::<8>()?, TEMPORARY.1].concat());
        let mut file = platform::create_private_file(&path)?;
        let temporary = Temporary(Some(path));
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }

    pub(super) fn rename_to(mut self, path: &Path) -> io::Result<()> {
        if let Some(own) = &self.0 {
            fs::rename(own, path)?;
        }
        self.0 = None;
        Ok(())
    }

    pub(super) fn remove(mut self) -> io::Result<()> {
        match self.0.take().map_or(Ok(()), fs::remove_file) {
            // A logout has swept it.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Something has failed already and is reported; the next login sweeps.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a file of this name is one of ours.
pub(super) fn is_temporary(name: &str) -> bool {
    let digits = name
        .strip_prefix(TEMPORARY.0)
        .and_then(|rest| rest.strip_suffix(TEMPORARY.1));
    digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Temporary, fs, is_temporary};

    #[test]
    fn it_goes_however_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let create = || Temporary::create(folder.path(), b"content").unwrap();
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<Vec<String>>()
        };
        let unfinished = create();
        let name = names().pop().unwrap();
        assert!(is_temporary(&name), "{name}");
        drop(unfinished);
        assert_eq!(names(), [""; 0]);
        create().remove().unwrap();
        assert_eq!(names(), [""; 0]);
        assert!(create().rename_to(&folder.path().join("no/file")).is_err());
        assert_eq!(names(), [""; 0]);
        let file = folder.path().join("file");
        create().rename_to(&file).unwrap();
        assert_eq!(names(), ["file"]);
        assert_eq!(fs::read(&file).unwrap(), b"content");
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn only_a_name_of_ours_is_taken_for_one() {
        assert!(is_temporary(".auth.json.0123456789abcdef.tmp"));
        for other in [
            ".auth.json.0123456789abcde.tmp",
            ".auth.json.0123456789abcdef0.tmp",
            ".auth.json.0123456789abcdeg.tmp",
            ".auth.json.tmp",
            "auth.json.0123456789abcdef.tmp",
            ".auth.json.0123456789abcdef",
        ] {
            assert!(!is_temporary(other), "{other}");
        }
    }
}
