//! `NO_PROXY` against its rules as SPEC.md states them, and another reader of addresses and blocks.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src"]
mod program {
    pub mod backend_url;
    pub mod error;
    pub mod http {
        pub mod no_proxy;
    }
}

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv4Net;
use program::backend_url::BackendUrl;
use program::http::no_proxy::exception;
use program::{backend_url, error};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some((host, list)) = text.split_once('\n') else {
        return;
    };
    let Ok(base) = BackendUrl::parse(&format!("https://{host}")) else {
        return;
    };
    if base.host().contains(':') {
        return;
    }
    let mut entries = list
        .split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase());
    let named = entries.find(|entry| names(entry, &base));
    assert_eq!(exception(&base, list), named, "{host:?} {list:?}");
});

fn names(entry: &str, base: &BackendUrl) -> bool {
    // Its colons are no port's, and the host is none.
    if entry.parse::<Ipv6Addr>().is_ok() {
        return false;
    }
    match entry.rsplit_once(':') {
        Some((name, port)) => is_port(port, base.port()) && covers(name, base.host()),
        None => covers(entry, base.host()),
    }
}

fn is_port(text: &str, port: u16) -> bool {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number && text.trim_start_matches('0') == port.to_string()
}

fn covers(name: &str, host: &str) -> bool {
    if name == "*" {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        let inner = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let name = inner.unwrap_or(name);
        let is_it = name.parse() == Ok(address);
        return is_it || block(name).is_some_and(|block| block.contains(&address));
    }
    let parent = name.strip_prefix("*.").or(name.strip_prefix('.'));
    let labels: Vec<&str> = host.split('.').collect();
    let wanted: Vec<&str> = parent.unwrap_or(name).split('.').collect();
    labels.ends_with(&wanted) && (parent.is_none() || labels.len() > wanted.len())
}

/// A block, but for one with a leading zero, which some take for octal and std for no address.
fn block(text: &str) -> Option<Ipv4Net> {
    let (address, _) = text.split_once('/')?;
    let mut numbers = address.split('.');
    let is_decimal = numbers.all(|number| number == "0" || !number.starts_with('0'));
    text.parse().ok().filter(|_| is_decimal)
}
