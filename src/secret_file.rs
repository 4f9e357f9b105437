//! Reading a file that may hold a key.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// What any usual file fits into, in bytes: more room would only be more to wipe.
const SMALL: usize = 512;

/// Reads a file up to `most` bytes, and one more if there is more. What is read is wiped when
/// dropped, every copy of it.
///
/// # Errors
/// As read(2).
pub fn read_capped(file: &mut impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
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
