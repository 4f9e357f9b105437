//! Random numbers from the operating system, through the TLS library's own source.

use crate::hex;

/// `N` bytes that nobody can guess.
///
/// Should the operating system refuse (it does not, once booted: getrandom(2)), they are zeros: a
/// name that is taken or a pause without spread, never a secret.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // A failure leaves the zeros, see above.
    let _ = rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes);
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
