//! Reading a file that may hold a key.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error;
use crate::platform::{self, FileKind};

/// Why a file was not read.
pub enum Unread {
    /// It is no regular file.
    NotRegular(FileKind),
    /// What the system says.
    Failed(io::Error),
}

impl From<io::Error> for Unread {
    fn from(cause: io::Error) -> Unread {
        Unread::Failed(cause)
    }
}

/// Reads a regular file, through links, up to `most` bytes, and one more if there is more. What is
/// read is wiped when dropped.
///
/// # Errors
/// As open(2) and read(2); something else stands there.
pub fn read(path: &Path, most: usize) -> Result<(Zeroizing<Vec<u8>>, Metadata), Unread> {
    let mut file = platform::open_to_read(path)?;
    let metadata = file.metadata()?;
    let kind = platform::file_kind(metadata.file_type());
    if kind != FileKind::Regular {
        return Err(Unread::NotRegular(kind));
    }
    let bytes = read_up_to(&mut file, room(metadata.len(), most))?;
    Ok((bytes, metadata))
}

/// Room for a file of this length and a byte more. Some file systems say 0 of every file.
fn room(length: u64, most: usize) -> usize {
    match usize::try_from(length) {
        Ok(length) if length > 0 && length <= most => length + 1,
        _ => most + 1,
    }
}

/// Reads to the end or up to `room` bytes. The buffer never grows, which would leave a copy behind.
fn read_up_to(file: &mut impl Read, room: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    while let Some(free) = bytes.get_mut(filled..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Why `path` could not be used, in words. Where permission is denied, they say who owns the nearest file or
/// folder that can be looked at, and name it unless it is `known`.
pub fn words(known: &Path, path: &Path, cause: &io::Error) -> String {
    let denied = cause.kind() == io::ErrorKind::PermissionDenied;
    let Some((place, found)) = nearest(path).filter(|_| denied) else {
        return error::words(cause);
    };
    let name = Some(place).filter(|place| *place != known);
    let name = name.map(|place| format!("{}: ", place.display()));
    let (name, permissions) = (name.unwrap_or_default(), platform::permissions(&found));
    format!("permission denied ({name}{permissions})")
}

/// The nearest thing that can be looked at: the path itself, or what is above it.
pub fn nearest(path: &Path) -> Option<(&Path, Metadata)> {
    path.ancestors()
        .find_map(|path| Some((path, fs::metadata(path).ok()?)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{self, Read};

    use super::{read_up_to, room};

    /// Gives its bytes one by one, is interrupted before each, and fails at the end.
    struct Failing<'a>(&'a [u8], bool);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            match self.0.read(buffer.get_mut(..1).unwrap())? {
                0 => Err(io::ErrorKind::BrokenPipe.into()),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn no_more_is_read_than_there_is_room() {
        for (length, most, expected) in [(0, 9, 10), (5, 9, 6), (9, 9, 10), (10, 9, 10)] {
            assert_eq!(room(length, most), expected, "{length} of {most}");
        }
        let read = |room| read_up_to(&mut Failing(b"content", false), room);
        assert_eq!(**read(7).unwrap(), *b"content");
        assert_eq!(**read(3).unwrap(), *b"con");
        let cause = read(8).map(drop).unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
        let read = read_up_to(&mut &b"content"[..], 100);
        assert_eq!(**read.unwrap(), *b"content");
    }
}
