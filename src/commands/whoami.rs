//! `sekuire auth whoami`.

use super::report::{self, Member, Value};
use super::{backend, shared};
use crate::api::Me;
use crate::cli::Options;
use crate::device::{self, Device};
use crate::error::Error;

/// Asks the backend whose key this is. Nothing is printed as a result unless it confirmed the key.
///
/// # Errors
/// There is no key, the backend refused it or could not be asked; or `--get` names no field.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let credential = shared::find_credential(options);
    let known = credential.as_ref().ok();
    let device = shared::detect_device(known);
    let target = credential.as_ref().map_err(Clone::clone);
    let target = target.and_then(|known| Ok((known, backend::to_ask(options, Some(known))?.url)));
    let base = target.as_ref().ok().map(|(_, base)| base.clone());
    let report = |me: &Me, error| report::report(fields(me), error, known, &device, base.as_ref());
    let nobody = Me::default();
    // Nothing is sent for a field that does not exist.
    if let Some(field) = &options.get {
        report::get(&report(&nobody, None), field)?;
    }
    let result = target.and_then(|(known, base)| {
        let mut client = shared::client(base, options)?;
        shared::ask(&mut client, known, &device)
    });
    let (me, error) = (result.as_ref().unwrap_or(&nobody), result.as_ref().err());
    let text = result.as_ref().map(|me| describe(me, &device));
    let printed = report::print(options, || report(me, error), &text.unwrap_or_default());
    // The hint of a refused key says the same.
    if result.is_ok() {
        shared::warn(options, shared::other_device(known, &device));
    }
    printed?;
    match result {
        Err(error) if options.quiet && error.kind().exit_status() == 1 => Ok(1),
        result => result.map(|_| 0),
    }
}

fn fields(me: &Me) -> Vec<Member> {
    vec![
        ("email", Value::text(me.email.as_ref())),
        ("user_id", Value::text(me.id.as_ref())),
        ("organization", Value::text(me.organization.as_ref())),
        ("workspaces", Value::List(me.workspaces.clone())),
    ]
}

fn describe(me: &Me, device: &Device) -> String {
    let user = shared::lines([
        ("Email", me.email.as_deref()),
        ("User ID", me.id.as_deref()),
        ("Organization", me.organization.as_deref()),
    ]);
    let device = shared::device_lines(device, device::SHORT);
    format!("Current User Information:\nAuthenticated as:\n{user}\nDevice Info:\n{device}")
}
