//! `NO_PROXY`: who is reached without the proxy.

use std::net::Ipv4Addr;

use crate::backend_url::{self, BackendUrl};

/// The entry of the list that names the host: `*`, the host itself or a parent domain of it, as
/// `.suffix` or `*.suffix` only a parent domain, its address or a block that holds it (CIDR, RFC 4632);
/// with a port behind a colon, only for that port.
pub fn exception(base: &BackendUrl, list: &str) -> Option<String> {
    list.split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .find(|entry| match entry.rsplit_once(':') {
            // An IPv6 address is no host of a base URL, cut or whole.
            Some((name, port)) => {
                backend_url::parse_port(port) == Ok(base.port()) && names_host(name, base.host())
            }
            None => names_host(entry, base.host()),
        })
}

fn names_host(name: &str, host: &str) -> bool {
    if name == "*" || name == host {
        return true;
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return block(name)
            .is_some_and(|(network, mask)| address.to_bits() & mask == network.to_bits() & mask);
    }
    let suffix = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
    host.strip_suffix(suffix.unwrap_or(name))
        .is_some_and(|rest| rest.ends_with('.'))
}

/// `10.0.0.0/8` as an address and a mask.
fn block(text: &str) -> Option<(Ipv4Addr, u32)> {
    let (network, length) = text.split_once('/')?;
    // std would take a sign, too, and any number of zeros.
    let is_number = length.len() <= 2 && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u32 = length.parse().ok()?;
    if !is_number || length > 32 {
        return None;
    }
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or_default();
    Some((network.parse().ok()?, mask))
}

#[cfg(test)]
mod tests {
    use super::exception;
    use crate::backend_url::BackendUrl;

    #[test]
    fn no_proxy_names_hosts_suffixes_addresses_and_blocks() {
        let cases = [
            ("https://api.example.org", "example.org", true),
            ("https://api.example.org", ".example.org", true),
            ("https://api.example.org", "*.example.org", true),
            ("https://example.org", "*.example.org", false),
            ("https://example.org", ".example.org", false),
            ("https://badexample.org", "example.org", false),
            ("https://badexample.org", "*example.org", false),
            ("https://api.example.org", "*", true),
            ("https://api.example.org", "*.", false),
            ("https://api.example.org", "API.example.ORG:443", true),
            ("https://api.example.org", "api.example.org:8443", false),
            ("https://api.example.org:8443", "*:8443", true),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://10.1.2.3", "10.0.0.0/8:443", true),
            ("https://10.1.2.3", "10.1.2.2/31", true),
            ("https://10.1.2.3", "10.1.2.4/31", false),
            ("https://10.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.1.2.3/32", true),
            ("https://10.1.2.3", "10.1.2.3/33", false),
            ("https://10.1.2.3", "10.0.0.0/+8", false),
            ("https://10.1.2.3", "11.0.0.0/000", false),
            ("https://10.1.2.3", "10.1.2.3:+443", false),
            ("https://10.1.2.3", "2.3", false),
            ("https://10.1.2.3", "::/0", false),
            ("https://10.1.2.3", "::ffff:10.1.2.3", false),
            ("https://1.example", "::1", false),
            ("https://api.example.org", ".", false),
            ("https://api.example.org", ".api.example.org", false),
            ("https://api.example.org", "0.0.0.0/0", false),
            (
                "https://api.example.org",
                "other.org, api.example.org",
                true,
            ),
            ("https://api.example.org", "", false),
        ];
        for (url, list, expected) in cases {
            let base = BackendUrl::parse(url).ok();
            assert_eq!(
                base.map(|base| exception(&base, list).is_some()),
                Some(expected),
                "{url} {list}"
            );
        }
    }
}
