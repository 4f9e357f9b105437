//! The temporary file that takes auth.json's place.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::if_there;
use crate::{platform, random};

/// Temporary files are called so, with sixteen hexadecimal digits between.
const TEMPORARY: (&str, &str) = (".auth.json.", ".tmp");

/// How often a file is written that a logout sweeps before its rename.
const MAX_ATTEMPTS: usize = 5;

/// Puts a new private file with `content` into the place of `file`.
///
/// # Errors
/// It could not be written, synced or renamed: then `file` is as it was.
pub(super) fn replace(folder: &Path, file: &Path, content: &[u8]) -> io::Result<()> {
    for _ in 1..MAX_ATTEMPTS {
        match write_and(folder, content, |new| fs::rename(new, file)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
    write_and(folder, content, |new| fs::rename(new, file))
}

/// Writes this many blanks to the disk as a private file, and removes it.
///
/// # Errors
/// As [`replace`].
pub(super) fn try_out(folder: &Path, length: usize) -> io::Result<()> {
    write_and(folder, &vec![b' '; length], |file| {
        if_there(fs::remove_file(file)).map(drop)
    })
}

/// Writes a private file and does `then` with it; what fails leaves no file.
fn write_and(
    folder: &Path,
    content: &[u8],
    then: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let path = folder.join([TEMPORARY.0, &random::hex()?, TEMPORARY.1].concat());
    let mut file = platform::open_private(&path, true)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| then(&path)).inspect_err(|_| {
        // The first failure is reported; the next login sweeps.
        let _ = fs::remove_file(&path);
    })
}

/// Removes temporary files of at least this age, which a crash left behind. One that can't be removed keeps no
/// other.
pub(super) fn sweep(folder: &Path, age: Duration) -> io::Result<()> {
    let mut result = Ok(());
    for entry in if_there(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let found = entry.metadata();
        // A time in the future is no age.
        let is_young = |time: SystemTime| time.elapsed().unwrap_or_default() < age;
        let is_kept = found.is_ok_and(|it| it.is_dir() || it.modified().is_ok_and(is_young));
        if is_temporary(&entry.file_name().to_string_lossy()) && !is_kept {
            result = result.and(if_there(fs::remove_file(entry.path())).map(drop));
        }
    }
    result
}

/// Whether a file of this name is one of ours.
fn is_temporary(name: &str) -> bool {
    let rest = name.strip_prefix(TEMPORARY.0);
    let digits = rest.and_then(|rest| rest.strip_suffix(TEMPORARY.1));
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.is_some_and(|digits| digits.len() == 16 && is_hex(digits))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Duration, fs, is_temporary, replace, sweep, try_out, write_and};

    #[test]
    fn temporary_file_is_removed_however_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let count = || fs::read_dir(folder).unwrap().count();
        let mut name = None;
        let failed = write_and(folder, b"content", |new| {
            name = new
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            fs::rename(new, folder.join("no/file"))
        });
        assert!(failed.is_err());
        assert!(name.is_some_and(|name| is_temporary(&name)));
        assert_eq!(count(), 0);
        try_out(folder, 10).unwrap();
        assert_eq!(count(), 0);
        let file = folder.join("file");
        replace(folder, &file, b"content").unwrap();
        assert_eq!(count(), 1);
        assert_eq!(fs::read(&file).unwrap(), b"content");
    }

    /// Nor is it in the way of a login.
    #[test]
    fn a_folder_is_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let [file, other] = ["0", "f"].map(|digit| {
            let name = format!(".auth.json.{}.tmp", digit.repeat(16));
            folder.path().join(name)
        });
        fs::write(&file, "a key").unwrap();
        fs::create_dir(&other).unwrap();
        sweep(folder.path(), Duration::ZERO).unwrap();
        assert!(!file.exists() && other.exists());
    }

    #[test]
    fn only_names_of_ours_are_temporary() {
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
