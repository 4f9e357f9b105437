//! The URL parser: what it takes is plain, means the same when read again, and splits as it says.

#![no_main]

#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/backend_url.rs"]
mod backend_url;
#[allow(dead_code, reason = "what this target does not use")]
#[path = "../../src/error.rs"]
mod error;

use backend_url::{BackendUrl, Scheme};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(url) = BackendUrl::parse(text) else {
        return;
    };
    let shown = url.to_string();
    // It goes into a request line as it is.
    assert!(
        shown.bytes().all(|byte| byte.is_ascii_graphic()),
        "{shown:?}"
    );
    assert!(
        !shown.contains(['@', '?', '#', '\\'])
            || shown.rfind('@') > shown.find("//").map(|at| at + 2 + url.host().len()),
        "{shown}"
    );
    assert!(!shown.ends_with('/'), "{shown}");
    let again = BackendUrl::parse(&shown).expect("its own form");
    assert_eq!(again.to_string(), shown);
    assert_eq!(
        (again.host(), again.port(), again.origin()),
        (url.host(), url.port(), url.origin())
    );
    let scheme = match url.scheme() {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    assert!(
        shown.starts_with(&format!("{scheme}://{}", url.host())),
        "{shown}"
    );
    assert!(url.port() > 0);
});
