//! What several commands share.

use super::backend;
use crate::api::{self, Me};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Credential;
use crate::credentials;
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::redact::sanitize;
use crate::store::Store;
use crate::terminal::{self, WaitingLine};

/// A client within the limits that the options set. It says on the terminal what it waits for, unless
/// `--quiet` is given.
pub(super) fn client(base: BackendUrl, options: &Options) -> Result<Client, Error> {
    let limits = Limits {
        timeout: options.timeout,
        wait: options.wait,
        // No other command has the option.
        for_doctor: options.online,
    };
    Client::new(base, limits, WaitingLine::new(options.quiet, options.wait))
}

/// The key that a command needs. Warns of a file that may be planted.
///
/// # Errors
/// As [`credentials::find`]; there is no key: exit status 1.
pub(super) fn find_credential(options: &Options) -> Result<Credential, Error> {
    let found = credentials::find()?;
    warn(options, &found.foreign_owner);
    found.credential.ok_or_else(|| not_logged_in(options))
}

/// No API key on this machine: exit status 1.
pub(super) fn not_logged_in(options: &Options) -> Error {
    let backend = backend::of_login(options);
    let login = backend.map(|backend| backend::login_command(&backend.url));
    // Whoever runs it sees what is wrong with the backend's URL.
    let login = login.unwrap_or("sekuire login".to_owned());
    credentials::not_logged_in().with_hint(format!("run: {login}"))
}

/// Prints a result, unless `--quiet` is given.
pub(super) fn print(options: &Options, text: &str) -> Result<u8, Error> {
    terminal::print(if options.quiet { "" } else { text })
}

/// Warns of each, unless `--quiet` is given.
pub(super) fn warn(options: &Options, warnings: impl IntoIterator<Item = impl AsRef<str>>) {
    if !options.quiet {
        for warning in warnings {
            terminal::warning(warning.as_ref());
        }
    }
}

/// This device, as auth.json knows it, also where the key is a variable's.
pub(super) fn detect_device(known: Option<&Credential>) -> Device {
    let bound = match known {
        Some(known) if known.variable.is_none() => known.bound_fingerprint.clone(),
        _ => (Store::locate().ok()).and_then(|store| store.bound_fingerprint()),
    };
    Device::detect(bound.as_deref())
}

/// That a key from auth.json was bound to another device, and what to do.
pub(super) fn other_device(known: Option<&Credential>, device: &Device) -> Option<String> {
    let known = known?;
    let bound = known.bound_fingerprint.as_deref();
    bound.filter(|bound| !device.matches(bound))?;
    let login = backend::login_command(&backend::logged_in_to(known).ok()?.url);
    let advice = match device.source {
        device::VARIABLE => "correct or unset SEKUIRE_DEVICE_ID, or",
        _ => "if you logged in with SEKUIRE_DEVICE_ID, set it, else",
    };
    let warning = "this login belongs to another device";
    Some(format!("{warning}; {advice} run: {login}"))
}

/// A line for each of these values that is known.
pub(super) fn lines<const N: usize>(values: [(&str, Option<&str>); N]) -> String {
    let line = |(label, value)| Some(format!("{label}: {}\n", sanitize(value?)));
    values.into_iter().filter_map(line).collect()
}

/// The lines for this device, with so many characters of its fingerprint.
pub(super) fn device_lines(device: &Device, length: usize) -> String {
    let fingerprint = device::shorten(&device.fingerprint, length);
    lines([
        ("Device", Some(&device.name)),
        ("OS", Some(Device::os())),
        ("Fingerprint", Some(&fingerprint)),
    ])
}

/// Asks the backend whose key this is.
///
/// # Errors
/// As [`api::me`]; of a refused key, with what to do next.
pub(super) fn ask(client: &mut Client, known: &Credential, device: &Device) -> Result<Me, Error> {
    let result = api::me(client, &known.api_key, device);
    result.map_err(|error| explain(error, Some(known), device, client.base()))
}

/// Adds to a refusal what to do next: it depends on where the key came from.
pub(super) fn explain(
    error: Error,
    known: Option<&Credential>,
    device: &Device,
    base: &BackendUrl,
) -> Error {
    if error.kind() != Kind::Rejected {
        return error;
    }
    let login = backend::login_command(base);
    let variable = known.and_then(|known| known.variable);
    let bind =
        variable.map(|it| format!("put a valid key into {it}, then run: {login} --no-store"));
    let hint = other_device(known, device).or(bind);
    error.with_hint(hint.unwrap_or(format!("create a new key, then run: {login}")))
}
