//! What several commands share.

use std::io::Write;

use nanoserde::SerJson;

use super::{field, report};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::Source;
use crate::credentials::Found;
use crate::device::Device;
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::terminal::WaitingLine;
use crate::{platform, terminal};

/// What to say where the key's file was made on another device.
pub(super) const OTHER_DEVICE: &str = "the key is bound to another device: auth.json was copied, or this device has changed; \
                            run 'sekuire login' to verify it again";

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
    let limits = Limits::new(options.timeout, options.wait);
    let waiting = WaitingLine::new(options.quiet);
    Client::new(base, limits, Box::new(waiting.notify()))
}

/// Prints a report: the whole, or the field that was asked for.
pub(super) fn print_report(report: &impl SerJson, options: &Options) -> Result<u8, Error> {
    match &options.get {
        Some(field) => print(&field::lines(field, report)),
        None => print(&report::line(report)),
    }
}

/// This device, as the key's file knows it. Tells, unless `quiet`, what a person should know of both.
pub(super) fn examine(found: Option<&Found>, quiet: bool) -> Device {
    let credential = found.and_then(|found| found.credential.as_ref());
    let bound = credential.and_then(|credential| credential.bound_fingerprint.as_deref());
    let device = Device::detect(bound);
    if let Some(found) = found.filter(|_| !quiet) {
        warn(found);
        if bound.is_some_and(|bound| !device.matches(bound)) {
            terminal::warning(OTHER_DEVICE);
        }
    }
    device
}

pub(super) fn warn(found: &Found) {
    for warning in &found.warnings {
        terminal::warning(warning);
    }
}

/// Adds, where the backend refused a key, what to do next: it depends on where the key came from.
pub(super) fn hint_at_login(error: Error, source: Source) -> Error {
    match (error.kind(), source) {
        (Kind::Rejected, Source::File) => error.with_hint("log in again: sekuire login"),
        (Kind::Rejected, Source::Variable(_)) => error.with_hint(
            "a key must be bound to this device once, by 'sekuire login'; \
             SEKUIRE_DEVICE_ID keeps one identity for many runners",
        ),
        _ => error,
    }
}
