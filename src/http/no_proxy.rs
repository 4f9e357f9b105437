//! `NO_PROXY`: who is reached without the proxy.

use std::net::IpAddr;

use crate::backend_url::{self, BackendUrl};

/// The entry of the list that names the host: `*`, the host itself or a parent domain of it, as
/// `.suffix` or `*.suffix` only a parent domain, its address or a block that holds it (CIDR, RFC 4632);
/// with a port behind a colon, only for that port.
pub fn exception(base: &BackendUrl, list: &str) -> Option<String> {
    list.split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .find(|entry| names_host(entry, base.host()) || names_host_and_port(entry, base))
}

fn names_host_and_port(entry: &str, base: &BackendUrl) -> bool {
    entry.rsplit_once(':').is_some_and(|(name, port)| {
        backend_url::parse_port(port) == Ok(base.port()) && names_host(name, base.host())
    })
}

fn names_host(name: &str, host: &str) -> bool {
    if name == "*" {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if name == host {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        let name = name.trim_matches(['[', ']']);
        return name.parse() == Ok(address) || block_holds(name, address);
    }
    let suffix = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
    host.strip_suffix(suffix.unwrap_or(name))
        .is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a block, such as `10.0.0.0/8`, holds an address.
fn block_holds(block: &str, address: IpAddr) -> bool {
    let Some((network, length)) = block.split_once('/') else {
        return false;
    };
    let (Ok(network), Ok(length)) = (network.parse(), length.parse::<u32>()) else {
        return false;
    };
    // The bits of the network that an address must share; a length of 0 holds all.
    let share = |a: u128, b: u128, bits: u32| {
        length <= bits && (a ^ b).checked_shr(bits - length).unwrap_or_default() == 0
    };
    match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => share(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => share(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
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
            ("https://10.1.2.3", "10.1.2.3:+443", false),
            ("https://10.1.2.3", "2.3", false),
            ("https://10.1.2.3", "::/0", false),
            ("https://10.1.2.3", "::ffff:10.1.2.3", false),
            ("https://[2001:db8::1]", "2001:db8::/32", true),
            ("https://[2001:db9::1]", "2001:db8::/32", false),
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
