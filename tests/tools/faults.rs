//! `make faults`: what is left of auth.json when a login or a logout is killed at any of its system
//! calls, or when any of its file calls fails. Needs strace.
//!
//! strace counts the calls of each name and thread by itself (strace(1), `when=`), so each name is
//! swept by itself and has a row of its own: a sweep that misses the saving would show it.

mod fault;
mod judge;
pub(crate) mod naive;
mod report;
mod scenario;
mod strace;
mod sweep;

use std::error::Error;

use crate::support::backend::Backend;
use scenario::Scenario;

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    strace::require()?;
    let backend = Backend::http();
    let mut failures = Vec::new();
    for scenario in [Scenario::Login, Scenario::FirstLogin, Scenario::Logout] {
        let report = sweep::run(scenario, &backend.url());
        report.print();
        failures.extend(report.failures());
    }
    let naive = sweep::run(Scenario::Naive, &backend.url());
    naive.print();
    if naive.lost() == 0 {
        failures.push("the naive writer lost nothing: this sweep is blind".into());
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\nfaults: ").into())
    }
}
