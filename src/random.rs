//! Random numbers from the operating system, through the TLS library's own source.

use ring::rand::{SecureRandom, SystemRandom};

use crate::hex;

/// Fills `bytes` from the operating system; false where that refuses (it does not, once booted:
/// getrandom(2)).
pub fn fill(bytes: &mut [u8]) -> bool {
    SystemRandom::new().fill(bytes).is_ok()
}

/// `N` bytes that nobody can guess; should the operating system refuse, zeros: a name that is taken
/// or a pause without spread, never a secret.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Twice `N` hexadecimal digits that nobody can guess.
pub fn hex<const N: usize>() -> String {
    hex::encode(&bytes::<N>())
}

/// A fraction from 0 up to, but not including, 1.
pub fn fraction() -> f64 {
    let number = u32::from_le_bytes(bytes());
    f64::from(number) / (f64::from(u32::MAX) + 1.0)
}
