//! Random numbers from the operating system, through the TLS library's own source. Without it nothing is
//! begun.

use std::io;

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;
use crate::hex;

/// Makes sure, before anything is sent, that there are random numbers: TLS and the standard library
/// rely on them.
///
/// # Errors
/// There are no random numbers: exit status 3.
pub fn require() -> Result<(), Error> {
    fraction().map(drop)
}

/// Sixteen hexadecimal digits that nobody can guess.
///
/// # Errors
/// The operating system gives none: getrandom(2) is refused, and there is no /dev/urandom either.
pub fn hex() -> io::Result<String> {
    Ok(hex::encode(&bytes::<8>()?))
}

/// How many values a `u32` has.
const TWO_TO_THE_32: f64 = 4_294_967_296.0;

/// A fraction from 0 up to, but not including, 1.
///
/// # Errors
/// As [`require`].
pub fn fraction() -> Result<f64, Error> {
    let bytes = bytes().map_err(|cause| {
        Error::machine(cause.to_string())
            .with_hint("allow getrandom(2) here, or provide /dev/urandom")
    })?;
    Ok(f64::from(u32::from_le_bytes(bytes)) / TWO_TO_THE_32)
}

fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the operating system gives no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;

    /// Each of these is drawn so often that a constant, or zeros, can't hide: 1,000 draws of 64 bits
    /// meet once in 10^13 runs.
    #[test]
    fn no_draw_is_like_another() {
        let draws: HashSet<[u8; 8]> = (0..1000).map(|_| super::bytes().unwrap()).collect();
        assert_eq!(draws.len(), 1000);
        let names: HashSet<String> = (0..1000).map(|_| super::hex().unwrap()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 16));
    }

    #[test]
    fn every_byte_is_filled() {
        let mut seen = [0_u8; 64];
        for _ in 0..20 {
            let bytes: [u8; 64] = super::bytes().unwrap();
            seen.iter_mut()
                .zip(bytes)
                .for_each(|(all, byte)| *all |= byte);
        }
        assert!(seen.iter().all(|byte| *byte != 0), "{seen:?}");
    }

    #[test]
    fn fractions_spread_from_zero_to_one() {
        let fractions: Vec<f64> = (0..1000).map(|_| super::fraction().unwrap()).collect();
        assert!(
            fractions
                .iter()
                .all(|fraction| (0.0..1.0).contains(fraction))
        );
        for quarter in [0.0, 0.25, 0.5, 0.75] {
            let drawn = fractions
                .iter()
                .filter(|f| (quarter..quarter + 0.25).contains(*f));
            assert!(drawn.count() > 100, "from {quarter}");
        }
    }
}
