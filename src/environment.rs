//! The environment variables that are read: the one list behind the code, the help and the man page.

use std::ffi::OsString;

use crate::error::Error;

/// Every variable that changes what `sekuire` does, and what it does, in a few words without a full stop.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "SEKUIRE_API_KEY",
        "API key; takes precedence over auth.json",
    ),
    (
        "SEKUIRE_API_KEY_FILE",
        "file that holds the API key, such as a mounted secret; read if SEKUIRE_API_KEY is unset",
    ),
    (
        "SEKUIRE_BACKEND_URL",
        "backend, unless --backend is given; a key from auth.json never leaves its own backend for it",
    ),
    (
        "SEKUIRE_API_URL",
        "the same, read after it: the name that Sekuire's SDK reads, and that auth exec sets",
    ),
    ("SEKUIRE_WEB_URL", "web app, unless --web-url is given"),
    (
        "SEKUIRE_CONFIG_DIR",
        "folder of auth.json, instead of ~/.sekuire",
    ),
    (
        "SEKUIRE_DEVICE_ID",
        "fixed device identity, used instead of the machine ID, for containers and CI runners",
    ),
    (
        "SEKUIRE_ALLOW_HTTP",
        "the one origin that may be reached without TLS, such as http://backend:9300",
    ),
    (
        "SSL_CERT_FILE",
        "file of trusted CA certificates (PEM), instead of the system's (Linux)",
    ),
    (
        "SSL_CERT_DIR",
        "folders of trusted CA certificates, separated by colons (Linux)",
    ),
    (
        "HTTPS_PROXY",
        "proxy for https backends, http://[user:password@]host:port; then https_proxy",
    ),
    (
        "NO_PROXY",
        "hosts that are reached without the proxy: names with their subdomains, .suffixes, addresses, CIDR ranges, each also with :port, or *; then no_proxy",
    ),
];

/// The raw value of a variable; empty means unset.
pub fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The value of a variable as text; empty means unset.
///
/// # Errors
/// A value that is not UTF-8, without showing it.
pub fn text(name: &str) -> Result<Option<String>, Error> {
    let value = raw(name).map(OsString::into_string).transpose();
    value.map_err(|_| {
        Error::usage(format!("{name} is not UTF-8 text"))
            .with_hint(format!("correct or unset {name}"))
    })
}

/// What is probably meant otherwise, in words: a line end of Windows behind a value, or the quotation
/// marks of a file that no shell reads (`docker run --env-file`). It counts as it is all the same, for
/// an identity must not change.
pub fn oddities() -> Vec<String> {
    let mut found = Vec::new();
    for name in ["SEKUIRE_DEVICE_ID", "SEKUIRE_CONFIG_DIR"] {
        let value = raw(name).unwrap_or_default();
        let value = value.as_encoded_bytes();
        if value.ends_with(b"\r") || value.ends_with(b"\n") {
            found.push(format!(
                "{name} ends in a line end (CR or LF), which is taken for a part of it"
            ));
        }
        let quoted =
            |mark: &[u8]| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark);
        if quoted(b"\"") || quoted(b"'") {
            found.push(format!(
                "{name} stands in quotation marks, which are taken for a part of it"
            ));
        }
    }
    found
}
