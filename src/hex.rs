//! Bytes in hexadecimal.

/// Two lower-case digits a byte.
pub fn encode(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_is_two_digits() {
        for byte in 0..=255 {
            assert_eq!(super::encode(&[byte]), format!("{byte:02x}"));
        }
        assert_eq!(super::encode(&[0, 0xab, 0x10]), "00ab10");
        assert_eq!(super::encode(&[]), "");
    }
}
