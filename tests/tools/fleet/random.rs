//! Chance that can be had again.

/// xorshift64* (Marsaglia 2003, Vigna 2016): from the same seed, which is not 0, the same sequence.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below 1.
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32);
        f64::from(high.unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
    }
}
