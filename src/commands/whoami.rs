//! `sekuire auth whoami`.

use std::fmt::Write;

use super::backend;
use super::report::{self, WhoamiReport};
use crate::api::{self, Me};
use crate::backend_url::BackendUrl;
use crate::cli::Options;
use crate::credential::{Credential, Source};
use crate::credentials;
use crate::device::{self, Device};
use crate::error::{Error, Kind};
use crate::http::{Client, Limits};
use crate::redact::sanitize;
use crate::terminal::WaitingLine;

/// Asks the backend whose key this is. Nothing is printed as a result unless it confirmed the key.
///
/// # Errors
/// There is no key, the backend refused it or could not be asked.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let found = credentials::find();
    let credential = match &found {
        Ok(found) => found.credential.as_ref().ok_or_else(Error::not_logged_in),
        Err(error) => Err(error.clone()),
    };
    let device = Device::detect(
        credential
            .as_ref()
            .ok()
            .and_then(|credential| credential.bound_fingerprint.as_deref()),
    );
    if let (Ok(found), false) = (&found, options.quiet) {
        super::warn(found);
    }
    if let (Ok(credential), false) = (&credential, options.quiet) {
        super::warn_of_other_device(credential, &device);
    }
    let base = credential
        .clone()
        .and_then(|credential| backend::of_key(options, credential));
    let result = match (&credential, &base) {
        (Ok(credential), Ok(base)) => ask(options, credential, base, &device),
        (Err(error), _) | (_, Err(error)) => Err(error.clone()),
    };
    if options.json {
        let report = WhoamiReport::new(&result, &device, credential.ok(), base.as_ref().ok());
        super::print(&report::line(&report))?;
    }
    match result {
        Ok(me) if !options.json && !options.quiet => super::print(&describe(&me, &device)),
        Ok(_) => Ok(0),
        Err(error)
            if options.quiet && matches!(error.kind(), Kind::NotLoggedIn | Kind::Rejected) =>
        {
            Ok(error.kind().exit_status())
        }
        Err(error) => Err(error),
    }
}

fn ask(
    options: &Options,
    credential: &Credential,
    base: &BackendUrl,
    device: &Device,
) -> Result<Me, Error> {
    let limits = Limits::new(options.timeout, options.wait);
    let mut client = Client::new(base.clone(), limits, WaitingLine::new(options.quiet))?;
    api::me(&mut client, &credential.api_key, device).map_err(|error| match error.kind() {
        Kind::Rejected => error.with_hint(match credential.source {
            Source::File => "log in again: sekuire login",
            Source::Variable(_) => {
                "a key must be bound to this device once, by 'sekuire login'; SEKUIRE_DEVICE_ID keeps one identity for many runners"
            }
        }),
        _ => error,
    })
}

fn describe(me: &Me, device: &Device) -> String {
    let mut text = String::from("Current User Information:\nAuthenticated as:\n");
    for (label, value) in [
        ("Email", &me.email),
        ("User ID", &me.id),
        ("Organization", &me.organization),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{label}: {}", sanitize(value));
        }
    }
    // Writing to a String cannot fail, here and above.
    let _ = write!(
        text,
        "\nDevice Info:\nDevice: {}\nOS: {}\nFingerprint: {}\n",
        sanitize(&device.name),
        Device::os(),
        device::shorten(&device.fingerprint, device::SHORT),
    );
    text
}
