//! This machine as the backend sees it: name, system and fingerprint.
//!
//! The fingerprint detects a copied auth.json; it does not defend: whoever can read the file can
//! claim any fingerprint.

use sha2::{Digest, Sha256};

use crate::{environment, hex, platform};

/// How many characters of a fingerprint `status` and `whoami` show.
pub const SHORT: usize = 8;

/// How many characters of a fingerprint `login` shows.
pub const LONG: usize = 12;

/// The variable that names the device.
pub const VARIABLE: &str = "SEKUIRE_DEVICE_ID";

/// The source of a fingerprint that the existing client made.
const HOST_NAME: &str = "hostname";

/// This device.
pub struct Device {
    /// The host name up to the first dot.
    pub name: String,
    /// 64 lower-case hexadecimal digits.
    pub fingerprint: String,
    /// What the fingerprint was made from: `SEKUIRE_DEVICE_ID`, `machine-id` or `hostname`.
    pub source: &'static str,
}

impl Device {
    /// This device, given the fingerprint that auth.json holds: a key that the existing client bound
    /// to the host name keeps that fingerprint on the same host.
    pub fn detect(bound: Option<&str>) -> Device {
        let host_name = platform::host_name();
        let name = host_name.split('.').next().filter(|name| !name.is_empty());
        let name = name.unwrap_or("unknown").to_owned();
        let (fingerprint, source) = own_fingerprint(&host_name, bound);
        Device {
            name,
            fingerprint,
            source,
        }
    }

    /// The operating system: `linux`, `macos` or `windows`.
    pub fn os() -> &'static str {
        std::env::consts::OS
    }

    /// The operating system and processor for the backend, such as `linux x86_64`.
    pub fn os_and_arch() -> String {
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
    }

    /// Whether `bound`, the fingerprint that auth.json holds, is this device's.
    pub fn matches(&self, bound: &str) -> bool {
        self.fingerprint == bound
    }

    /// That the fingerprint follows the host name.
    pub fn warning(&self) -> Option<&'static str> {
        (self.source == HOST_NAME).then_some(
            "this machine has no machine id: its fingerprint follows the host name; \
             set SEKUIRE_DEVICE_ID to keep one identity",
        )
    }
}

/// The first `length` characters of a fingerprint and `...`.
pub fn shorten(fingerprint: &str, length: usize) -> String {
    fingerprint
        .chars()
        .take(length)
        .chain("...".chars())
        .collect()
}

fn own_fingerprint(host_name: &str, bound: Option<&str>) -> (String, &'static str) {
    if let Some(id) = environment::raw(VARIABLE) {
        return (of_id("device-id", id.as_encoded_bytes()), VARIABLE);
    }
    let by_host = of_host_name(host_name, std::env::consts::OS, std::env::consts::ARCH);
    match platform::machine_id() {
        Some(id) if bound != Some(&by_host) => (of_id("machine-id", id.as_bytes()), "machine-id"),
        _ => (by_host, HOST_NAME),
    }
}

/// The prefix separates these fingerprints from any other use of the same id.
fn of_id(kind: &str, id: &[u8]) -> String {
    let prefix = format!("sekuire device fingerprint v1\0{kind}\0");
    hex_sha256(&[prefix.as_bytes(), id].concat())
}

/// The existing client's formula.
fn of_host_name(host_name: &str, os: &str, arch: &str) -> String {
    hex_sha256(format!("{host_name}|{os}|{arch}").as_bytes())
}

fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::{of_host_name, of_id};

    /// The three vectors of the specification.
    #[test]
    fn fingerprints_are_as_specified() {
        assert_eq!(
            of_id("device-id", b"runner-1"),
            "b225d7090cabd38227579da53951772b66c6d8db28cdad668ce79ee26f733b1d"
        );
        assert_eq!(
            of_id("machine-id", b"0123456789abcdef0123456789abcdef"),
            "a47803fe139a14c7ba8f594300d0997a8606f1a5929a097225d032da807454bd"
        );
        assert_eq!(
            of_host_name("build-7.example.org", "linux", "x86_64"),
            "cfa74540d04fdbb51fb97c0681e302622c6fde1696993719013478bbf72dcc85"
        );
    }
}
