//! Reading a file that may hold a key.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::platform::{self, FileKind};

/// What any usual file fits into, in bytes: more room would only be more to wipe.
const SMALL: usize = 512;

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
/// read is wiped when dropped, every copy of it.
///
/// # Errors
/// As open(2) and read(2); something else stands there.
pub fn read(path: &Path, most: usize) -> Result<(Zeroizing<Vec<u8>>, Metadata), Unread> {
    let opened = platform::open_to_read(path);
    // Of what can't even be opened, such as a socket, it is said what it is.
    let metadata = match &opened {
        Ok(file) => file.metadata(),
        Err(_) => fs::metadata(path),
    };
    let kind = |found: &Metadata| platform::file_kind(found.file_type());
    if let Some(other) = metadata
        .as_ref()
        .ok()
        .map(kind)
        .filter(|kind| *kind != FileKind::Regular)
    {
        return Err(Unread::NotRegular(other));
    }
    let bytes = read_capped(&mut opened?, most)?;
    Ok((bytes, metadata?))
}

fn read_capped(file: &mut impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; SMALL.min(most + 1)]);
    let mut filled = 0;
    while let Some(free) = bytes.get_mut(filled..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
        if filled == bytes.len() && filled <= most {
            let mut larger = Zeroizing::new(Vec::with_capacity(most + 1));
            larger.extend_from_slice(&bytes);
            larger.resize(most + 1, 0);
            bytes = larger;
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use std::io::{self, Read};

    use super::{SMALL, read_capped};

    /// Gives its bytes in pieces, and is interrupted before each.
    struct Pieces<'a>(&'a [u8], usize, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let length = self.1.min(buffer.len());
            self.0.read(buffer.get_mut(..length).unwrap())
        }
    }

    #[test]
    fn one_byte_more_than_the_most_is_read_and_no_more() {
        let content: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
        for most in [0, 1, SMALL - 2, SMALL - 1, SMALL, SMALL + 1, 4096] {
            for length in [
                0,
                1,
                SMALL - 1,
                SMALL,
                SMALL + 1,
                most,
                most + 1,
                most + 2,
                3 * most,
                4095,
                4096,
                4097,
            ] {
                for piece in [1, 100, usize::MAX] {
                    let content = content.get(..length).unwrap();
                    let read = read_capped(&mut Pieces(content, piece, false), most).unwrap();
                    let expected = content.get(..length.min(most + 1)).unwrap();
                    assert_eq!(*read, expected, "{length} of at most {most} by {piece}");
                }
            }
        }
    }

    #[test]
    fn a_failure_is_passed_on() {
        let cause = read_capped(&mut Failing(Some(io::ErrorKind::BrokenPipe)), 10)
            .map(drop)
            .unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
    }

    /// Fails once; then it ends.
    struct Failing(Option<io::ErrorKind>);

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
        }
    }
}
