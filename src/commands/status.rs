//! `sekuire status`: offline, and computing nothing that it does not print.

use std::fmt::Write;

use super::backend;
use super::report::{self, StatusReport};
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials::{self, Found};
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::redact::sanitize;

/// Says whether there is a key.
///
/// # Errors
/// The key can't be found out.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = credentials::find();
    if options.json {
        print_report(&found)?;
        return found.map(|found| exit_status(&found));
    }
    let found = found?;
    if options.quiet {
        return Ok(exit_status(&found));
    }
    super::warn(&found);
    let Some(credential) = &found.credential else {
        super::print("Not logged in\nRun 'sekuire login' to authenticate\n")?;
        return Ok(exit_status(&found));
    };
    let device = Device::detect(credential.bound_fingerprint.as_deref());
    super::warn_of_other_device(credential, &device);
    super::print(&describe(credential, &device))
}

fn print_report(found: &Result<Found, Error>) -> Result<u8, Error> {
    let credential = found
        .as_ref()
        .ok()
        .and_then(|found| found.credential.as_ref());
    let device =
        Device::detect(credential.and_then(|credential| credential.bound_fingerprint.as_deref()));
    if let Ok(found) = found {
        super::warn(found);
    }
    if let Some(credential) = credential {
        super::warn_of_other_device(credential, &device);
    }
    let backend_url = credential.and_then(|credential| backend::of_status(credential).ok());
    super::print(&report::line(&StatusReport::new(
        found,
        &device,
        backend_url.as_ref(),
    )))
}

fn exit_status(found: &Found) -> u8 {
    match found.credential {
        Some(_) => 0,
        None => Kind::NotLoggedIn.exit_status(),
    }
}

fn describe(credential: &Credential, device: &Device) -> String {
    let shown = credential
        .bound_fingerprint
        .as_deref()
        .unwrap_or(&device.fingerprint);
    let mut text = format!(
        "Authentication Status:\nAuthenticated with API Key\nKey: {}\nDevice Fingerprint: {}\nDevice: {}\nOS: {}\n",
        credential.api_key,
        sanitize(&device::shorten(shown, device::SHORT)),
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
    text
}
