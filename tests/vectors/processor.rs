//! What the processor has of that which ring chooses by.

/// An error where one of `with` is missing, or one of `without` is there and can't be hidden.
pub fn hold_to(with: &[String], without: &[String]) -> Result<(), String> {
    hide(without);
    let has = features();
    for feature in with {
        if !has.contains(&feature.as_str()) {
            return Err(format!("the processor has no {feature}"));
        }
    }
    for feature in without {
        if has.contains(&feature.as_str()) {
            return Err(format!("the processor has {feature}"));
        }
    }
    Ok(())
}

#[cfg(target_arch = "x86_64")]
macro_rules! detected {
    ($($feature:tt)*) => {
        [$(($feature, std::arch::is_x86_feature_detected!($feature))),*]
    };
}

#[cfg(target_arch = "x86_64")]
pub fn features() -> Vec<&'static str> {
    detected!("ssse3" "sse4.1" "aes" "pclmulqdq" "avx" "movbe" "avx2" "bmi2" "adx" "sha" "vaes" "vpclmulqdq")
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect()
}

#[cfg(target_arch = "x86_64")]
fn hide(_: &[String]) {}

#[cfg(not(target_arch = "x86_64"))]
pub use by_kernel::features;
#[cfg(not(target_arch = "x86_64"))]
use by_kernel::hide;

/// Elsewhere the kernel says it, in the auxiliary vector (getauxval(3)), which ring reads at its first use.
#[cfg(not(target_arch = "x86_64"))]
mod by_kernel {
    use std::ffi::c_char;

    const AT_HWCAP: usize = 16; // <elf.h>

    /// The bits that ring reads: <asm/hwcap.h>.
    const BITS: &[(&str, usize)] = if cfg!(target_arch = "aarch64") {
        &[
            ("aes", 1 << 3),
            ("pmull", 1 << 4),
            ("sha2", 1 << 6),
            ("sha512", 1 << 21),
        ]
    } else if cfg!(target_arch = "arm") {
        &[("neon", 1 << 12)]
    } else {
        &[]
    };

    pub fn features() -> Vec<&'static str> {
        let word = with_word(|word| *word);
        BITS.iter()
            .filter_map(|(name, bit)| (word & bit != 0).then_some(*name))
            .collect()
    }

    pub fn hide(names: &[String]) {
        for (name, bit) in BITS {
            if names.iter().any(|hidden| hidden == name) {
                with_word(|word| *word &= !bit);
            }
        }
    }

    /// The C library does not copy the vector: it reads where the kernel laid it, behind the environment.
    fn with_word<T: Default>(use_it: impl FnOnce(&mut usize) -> T) -> T {
        unsafe extern "C" {
            static mut environ: *mut *mut c_char;
        }
        // SAFETY: The kernel lays out the environment's pointers, a null, and pairs of words up to AT_NULL, in memory
        // of this process that may be written. Nothing here sets variables, so `environ` is still the kernel's; and no
        // other thread runs yet.
        unsafe {
            let mut at = environ;
            while !(*at).is_null() {
                at = at.add(1);
            }
            let mut pair = at.add(1).cast::<[usize; 2]>();
            while (*pair)[0] != 0 {
                if (*pair)[0] == AT_HWCAP {
                    return use_it(&mut (*pair)[1]);
                }
                pair = pair.add(1);
            }
        }
        T::default()
    }
}
