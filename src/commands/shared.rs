//! What several commands share.

use std::io::Write;

use super::backend::{self, Backend};
use crate::api::{self, Me};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::store::Store;
use crate::terminal::WaitingLine;
use crate::{platform, terminal};

/// Writes a result to standard output, in one piece.
pub(super) fn print(text: &str) -> Result<u8, Error> {
    platform::standard_output()
        .write_all(text.as_bytes())
        .map_err(|cause| terminal::output_error(&cause))?;
    Ok(0)
}

/// A client within the limits that the options set. It says on the terminal what it waits for, unless
/// `--quiet` is given.
pub(super) fn client(base: BackendUrl, options: &Options) -> Result<Client, Error> {
    let limits = Limits {
        timeout: options.timeout,
        wait: options.wait,
        // No other command has the option.
        for_doctor: options.online,
    };
    let waiting = WaitingLine::new(options.quiet, options.wait);
    Client::new(base, limits, waiting)
}

/// Finds the key.
///
/// # Errors
/// As [`credentials::find`]; of a damaged file, with what replaces it.
pub(super) fn find(options: &Options) -> Result<Found, Error> {
    credentials::find().map_err(|error| hint_at_damage(error, options))
}

/// The key that a command needs. Warns of a file that may be planted.
///
/// # Errors
/// As [`find`]; there is none: exit status 1.
pub(super) fn find_credential(options: &Options) -> Result<Credential, Error> {
    let found = find(options)?;
    warn(options, &found.foreign_owner);
    found.credential.ok_or_else(|| not_logged_in(options))
}

/// No API key on this machine: exit status 1.
pub(super) fn not_logged_in(options: &Options) -> Error {
    hint_at_login(credentials::not_logged_in(), backend::of_login(options))
}

/// Adds, where auth.json is damaged, what replaces it.
pub(super) fn hint_at_damage(error: Error, options: &Options) -> Error {
    if error.kind() != Kind::DamagedFile {
        return error;
    }
    match backend::of_damaged_file() {
        Ok(Some(backend)) => hint_at_login(error, Ok(backend)),
        Ok(None) => hint_at_login(error, backend::of_login(options)),
        Err(hint) => error.with_hint(hint),
    }
}

/// Adds the login to a backend, or what is wrong with the backend's URL.
fn hint_at_login(error: Error, backend: Result<Backend, Error>) -> Error {
    match backend {
        Ok(backend) => error.with_hint(format!("run: {}", backend::login_command(&backend.url))),
        Err(cause) => error.with_hint(cause.hint().unwrap_or_default()),
    }
}

/// Warns of each, unless `--quiet` is given.
pub(super) fn warn(options: &Options, warnings: impl IntoIterator<Item = impl AsRef<str>>) {
    if options.quiet {
        return;
    }
    for warning in warnings {
        terminal::warning(warning.as_ref());
    }
}

/// Warns of a key that was bound to another device.
pub(super) fn warn_of_other_device(options: &Options, known: Option<&Credential>, device: &Device) {
    warn(options, known.and_then(|known| other_device(known, device)));
}

/// This device, as auth.json knows it, also where the key is a variable's.
pub(super) fn detect_device(credential: Option<&Credential>) -> Device {
    let bound = credential.and_then(|known| match known.source {
        Source::File => known.bound_fingerprint.clone(),
        Source::Variable(_) => Store::locate().ok()?.bound_fingerprint(),
    });
    Device::detect(bound.as_deref())
}

/// That a key from auth.json was bound to another device.
pub(super) fn other_device(credential: &Credential, device: &Device) -> Option<String> {
    let advice = bind_again(credential, device)?;
    Some(format!("this login belongs to another device; {advice}"))
}

fn bind_again(credential: &Credential, device: &Device) -> Option<String> {
    let bound = credential.bound_fingerprint.as_deref();
    bound.filter(|bound| !device.matches(bound))?;
    let login = backend::login_command(&backend::logged_in_to(credential).ok()?.url);
    Some(format!(
        "if you logged in with SEKUIRE_DEVICE_ID, set it, else run: {login}"
    ))
}

/// Asks the backend whose key this is.
///
/// # Errors
/// As [`api::me`]; of a refused key, with what to do next: it depends on where the key came from.
pub(super) fn ask(
    client: &mut Client,
    credential: &Credential,
    device: &Device,
) -> Result<Me, Error> {
    let result = api::me(client, &credential.api_key, device);
    result.map_err(|error| match (error.kind(), credential.source) {
        (Kind::Rejected, Source::File) => match bind_again(credential, device) {
            Some(advice) => error.with_hint(advice),
            None => hint_at_new_key(error, client.base()),
        },
        (Kind::Rejected, Source::Variable(_)) => error.with_hint(format!(
            "if the key is not bound to this device yet, run: {} --no-store",
            backend::login_command(client.base())
        )),
        _ => error,
    })
}

/// Adds, where the backend refused a key that is bound to this device, what to do next.
pub(super) fn hint_at_new_key(error: Error, base: &BackendUrl) -> Error {
    let login = backend::login_command(base);
    error.with_hint(format!("create a new key, then run: {login}"))
}
