//! What several commands share.

use std::io::Write;

use super::backend;
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
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
        for_doctor: false,
    };
    let waiting = WaitingLine::new(options.quiet, options.wait.is_some());
    Client::new(base, limits, waiting)
}

/// Finds the key.
///
/// # Errors
/// As [`credentials::find`]; of a damaged file, with what replaces it.
pub(super) fn find(options: &Options) -> Result<Found, Error> {
    credentials::find().map_err(|error| hint_at_damage(error, options))
}

/// Adds, where auth.json is damaged, what replaces it.
pub(super) fn hint_at_damage(error: Error, options: &Options) -> Error {
    if error.kind() != Kind::DamagedFile {
        return error;
    }
    match backend::of_damaged_file() {
        Some(url) => error.with_hint(format!("run: {}", backend::login_command(&url))),
        None => hint_at_first_login(error, options),
    }
}

/// No API key on this machine: exit status 1.
pub(super) fn not_logged_in(options: &Options) -> Error {
    hint_at_first_login(credentials::not_logged_in(), options)
}

/// Adds the login that these options and the variables lead to, or what is wrong with them.
fn hint_at_first_login(error: Error, options: &Options) -> Error {
    match backend::of_login(options) {
        Ok(backend) => error.with_hint(format!("run: {}", backend::login_command(&backend.url))),
        Err(cause) => error.with_hint(cause.hint().unwrap_or_default()),
    }
}

/// This device, as the key's file knows it. Tells, unless `quiet`, what a person should know of both.
pub(super) fn examine(found: Option<&Found>, quiet: bool) -> Device {
    let credential = found.and_then(|found| found.credential.as_ref());
    let bound = credential.and_then(|credential| credential.bound_fingerprint.as_deref());
    let device = Device::detect(bound);
    if let Some(found) = found.filter(|_| !quiet) {
        warn(found);
        if let Some(advice) = credential.and_then(|found| other_device(found, &device)) {
            terminal::warning(&advice);
        }
    }
    device
}

/// Warns of a file that may be planted.
pub(super) fn warn(found: &Found) {
    if let Some(warning) = &found.foreign_owner {
        terminal::warning(warning);
    }
}

/// Warns of what else is wrong with the file.
pub(super) fn warn_of_file(found: &Found) {
    for warning in &found.warnings {
        terminal::warning(warning);
    }
}

/// What to say of a key from auth.json that was bound to another device.
pub(super) fn other_device(credential: &Credential, device: &Device) -> Option<String> {
    let advice = bind_again(credential, device)?;
    Some(format!("this login belongs to another device; {advice}"))
}

fn bind_again(credential: &Credential, device: &Device) -> Option<String> {
    let bound = credential.bound_fingerprint.as_deref()?;
    let url = backend::logged_in_to(credential).ok()?.url;
    (!device.matches(bound)).then(|| {
        format!(
            "if you logged in with SEKUIRE_DEVICE_ID, set it, else run: {}",
            backend::login_command(&url)
        )
    })
}

/// Adds, where the backend refused a key, what to do next: it depends on where the key came from.
pub(super) fn hint_at_login(
    error: Error,
    credential: &Credential,
    device: &Device,
    base: &BackendUrl,
) -> Error {
    if error.kind() != Kind::Rejected {
        return error;
    }
    match credential.source {
        Source::File => match bind_again(credential, device) {
            Some(advice) => error.with_hint(advice),
            None => hint_at_new_key(error, base),
        },
        Source::Variable(_) => error.with_hint(format!(
            "if the key is not bound to this device yet, run: {} --no-store",
            backend::login_command(base)
        )),
    }
}

/// Adds, where the backend refused a key that is bound to this device, what to do next.
pub(super) fn hint_at_new_key(error: Error, base: &BackendUrl) -> Error {
    let login = backend::login_command(base);
    error.with_hint(format!("create a new key, then run: {login}"))
}
