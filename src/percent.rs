//! Percent-encoding (RFC 3986, 2.1).

use std::iter;

/// The bytes of `text`, decoded once, each with its place in it. What is not an escape stands for itself.
pub fn decoded(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut rest = text.as_bytes();
    iter::from_fn(move || {
        let place = text.len() - rest.len();
        let (first, behind) = rest.split_first()?;
        let (byte, behind) = escaped(rest).unwrap_or((*first, behind));
        rest = behind;
        Some((place, byte))
    })
}

/// The byte that an escape at the beginning stands for, and what is behind it.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((byte, behind))
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn escapes_are_undone_once() {
        for (text, expected) in [
            ("%00%fF%2541a", &b"\x00\xff%41a"[..]),
            ("% %4 %4g %g4 %%41 %+1 %", b"% %4 %4g %g4 %A %+1 %"),
            ("%\u{e4}4", b"%\xc3\xa44"),
        ] {
            let bytes: Vec<u8> = decoded(text).map(|(_, byte)| byte).collect();
            assert_eq!(bytes, expected, "{text}");
        }
    }
}
