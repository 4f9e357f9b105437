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
