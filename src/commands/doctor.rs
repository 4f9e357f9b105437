//! `sekuire doctor`: looks at each layer that a login needs, in the order in which they must be mended.
//! It asks the rooms that the other commands use, and has no rule of its own. It changes nothing.

mod check;
mod layers;
mod online;

use super::report;
use crate::cli::Options;
use crate::commands::shared;
use crate::error::Error;
use check::{Check, Report, describe};

/// Looks at each layer, and prints what was found there as soon as it is known.
///
/// # Errors
/// Standard output can't be written.
pub(super) fn run(options: &Options) -> Result<u8, Error> {
    let mut checks = Vec::new();
    let mut tell = |check: Check| {
        if !options.json {
            shared::print(&describe(&check))?;
        }
        checks.push(check);
        Ok(())
    };
    let patient = layers::examine(options, &mut tell)?;
    if options.online {
        online::examine(options, patient, &mut tell)?;
    }
    let failed = checks.iter().find(|check| check.result == "failed");
    let exit_status = failed.map_or(0, |check| check.exit_status);
    if options.json {
        let ok = failed.is_none();
        shared::print(&report::line(&Report { ok, checks }))?;
    }
    Ok(exit_status)
}
