//! `sekuire status`: offline, and computing nothing that it does not print.

use std::fmt::Write;

use super::report::StatusReport;
use super::{backend, field};
use crate::cli::Options;
use crate::commands::shared;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::redact::sanitize;
use crate::terminal;

/// Says whether there is a key.
///
/// # Errors
/// The key can't be found out, or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options);
    if let Ok(found) = &found
        && !options.quiet
    {
        shared::warn_of_file(found);
    }
    if options.json || options.get.is_some() {
        print_report(&found, options)?;
    }
    let found = found?;
    if options.json || options.get.is_some() || options.quiet {
        return Ok(exit_status(&found));
    }
    let Some(credential) = &found.credential else {
        shared::warn(&found);
        if let Some(note) = credentials::where_looked() {
            terminal::note(&note);
        }
        shared::print("Not logged in\nRun 'sekuire login' to authenticate\n")?;
        return Ok(exit_status(&found));
    };
    let device = shared::examine(Some(&found), false);
    shared::print(&describe(credential, &device))
}

fn print_report(found: &Result<Found, Error>, options: &Options) -> Result<u8, Error> {
    let device = shared::examine(found.as_ref().ok(), false);
    if let Some(field) = &options.get {
        let failed = StatusReport::new(&Err(shared::not_logged_in(options)), &device, None);
        field::check(field, &failed)?;
    }
    let credential = found
        .as_ref()
        .ok()
        .and_then(|found| found.credential.as_ref());
    let backend_url = credential.and_then(|credential| backend::of_status(credential).ok());
    let backend_url = backend_url.map(|backend| backend.url);
    shared::print_report(
        &StatusReport::new(found, &device, backend_url.as_ref()),
        options,
    )
}

fn exit_status(found: &Found) -> u8 {
    match found.credential {
        Some(_) => 0,
        None => Kind::NotLoggedIn.exit_status(),
    }
}

fn describe(credential: &Credential, device: &Device) -> String {
    let fingerprint = match &credential.bound_fingerprint {
        Some(bound) if !device.matches(bound) => sanitize(bound),
        _ => device.fingerprint.clone(),
    };
    let mut text = format!(
        "Authentication Status:\nAuthenticated with API Key\nKey: {}\nDevice Fingerprint: {}\nDevice: {}\nOS: {}\n",
        credential.api_key,
        device::shorten(&fingerprint, device::SHORT),
        sanitize(&device.name),
        Device::os(),
    );
    // Writing to a String cannot fail.
    if let Some(workspace) = &credential.workspace_id {
        let _ = writeln!(text, "Workspace: {}", sanitize(workspace));
    }
    if let Source::Variable(name) = credential.source {
        let _ = writeln!(text, "Source: {name}");
    }
    // A variable that a request would have to refuse does not matter here.
    if let Ok(backend) = backend::of_status(credential) {
        text.push_str(&backend::line(&backend.url));
    }
    text
}
