//! The environment variables that are read: the one list behind the code, the help and the man page.

use std::ffi::OsString;
use std::path::PathBuf;

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

/// The path that a variable names; empty means unset.
///
/// # Errors
/// It begins with `~`, which only a shell expands.
pub fn path(name: &str) -> Result<Option<PathBuf>, Error> {
    let value = raw(name);
    let begins = |value: &OsString| value.as_encoded_bytes().starts_with(b"~");
    if value.as_ref().is_some_and(begins) {
        return Err(
            Error::usage(format!("{name} begins with ~, which is not expanded here"))
                .with_hint("write the full path, or $HOME in place of ~ where a shell reads it"),
        );
    }
    Ok(value.map(PathBuf::from))
}
