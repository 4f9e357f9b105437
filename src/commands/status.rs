//! `sekuire status`, which is offline.

use std::fmt::Write;

use super::{backend, report, shared};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::redact::sanitize;
use crate::terminal;

/// Says whether there is a key.
///
/// # Errors
/// Whether there is one can't be found out, or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = shared::find(options);
    if !options.quiet {
        show(&found, options)?;
    }
    found.map(|found| match found.credential {
        Some(_) => 0,
        None => Kind::NotLoggedIn.exit_status(),
    })
}

fn show(found: &Result<Found, Error>, options: &Options) -> Result<u8, Error> {
    let credential = found.as_ref().map(|found| found.credential.as_ref());
    let known = credential.ok().flatten();
    let device = shared::detect_device(known);
    // A variable that a request would have to refuse does not matter here.
    let backend = known.and_then(|credential| backend::of_status(credential).ok());
    let url = backend.as_ref().map(|backend| &backend.url);
    let printed = match credential {
        _ if options.json || options.get.is_some() => {
            report::of_status(found, &device, url).print(options)
        }
        Ok(Some(credential)) => shared::print(&describe(credential, &device, url)),
        Ok(None) => shared::print("Not logged in\nRun 'sekuire login' to authenticate\n"),
        Err(_) => Ok(0),
    };
    if let Ok(found) = found {
        shared::warn(options, &found.foreign_owner);
        shared::warn_of_other_device(options, known, &device);
        shared::warn(options, &found.warnings);
    }
    if let (Ok(None), Some(note)) = (credential, credentials::where_looked()) {
        terminal::note(&note);
    }
    printed
}

fn describe(credential: &Credential, device: &Device, url: Option<&BackendUrl>) -> String {
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
    text + &url.map(backend::line).unwrap_or_default()
}
