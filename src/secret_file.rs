//! Reading a file that may hold a key.

use std::fs::{self, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error;
use crate::platform::{self, Access};

/// Reads a regular file, through links, up to `most` bytes, and one more if there is more. What is
/// read is wiped when dropped.
///
/// # Errors
/// As open(2) and read(2); as [`require_regular`].
pub fn read(path: &Path, most: usize) -> io::Result<(Zeroizing<Vec<u8>>, Access)> {
    let file = platform::open_to_read(path)?;
    let metadata = file.metadata()?;
    require_regular(metadata.file_type())?;
    // Some file systems say 0 for every file.
    let length = match usize::try_from(metadata.len()) {
        Ok(length) if length > 0 => length.min(most),
        _ => most,
    };
    // Large enough never to grow, nor to be read by way of the stack: either would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 64));
    file.take(length as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, platform::access(&metadata)))
}

/// # Errors
/// It is a folder (`IsADirectory`), or something like a pipe (`NotSeekable`).
pub fn require_regular(found: FileType) -> io::Result<()> {
    let kind = match found {
        _ if found.is_file() => return Ok(()),
        _ if found.is_dir() => ErrorKind::IsADirectory,
        _ => ErrorKind::NotSeekable,
    };
    Err(io::Error::new(kind, "not a regular file"))
}

/// Why `path` could not be used, in words. Where permission is denied, they say who owns the nearest file or
/// folder that can be looked at, and name it unless it is `known`.
pub fn words(known: &Path, path: &Path, cause: &io::Error) -> String {
    let target = fs::read_link(path).map(|target| path.with_file_name(target));
    let path = target.as_deref().unwrap_or(path);
    let words = error::words(cause);
    let is_denied = cause.kind() == ErrorKind::PermissionDenied;
    let has_mode = |access: &Access| is_denied && access.mode.is_some();
    let Some((place, access)) = nearest(path).filter(|(_, access)| has_mode(access)) else {
        return words;
    };
    let name = (place != known).then(|| format!("{}: ", place.display()));
    let (name, user) = (name.unwrap_or_default(), platform::user(access.user));
    format!("{words} ({name}{access}; you are {user})")
}

/// The nearest thing that can be looked at: the path itself, or what is above it.
pub fn nearest(path: &Path) -> Option<(&Path, Access)> {
    let look = |path| Some((path, platform::access(&fs::metadata(path).ok()?)));
    path.ancestors().find_map(look)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{fs, read};

    #[test]
    fn no_more_is_read_than_is_wanted_and_the_buffer_never_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (length, most, expected) in [(0, 9, 0), (5, 9, 5), (9, 9, 9), (10, 9, 10), (500, 9, 10)]
        {
            fs::write(&path, "x".repeat(length)).unwrap();
            let (bytes, _) = read(&path, most).map_err(|cause| cause.kind()).unwrap();
            assert_eq!(bytes.len(), expected, "{length} of {most}");
            let room = if length == 0 { most } else { length.min(most) };
            assert_eq!(bytes.capacity(), room + 64, "{length} of {most}");
        }
    }
}
