//! A line for each check, and their sum.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) struct Report {
    started: Instant,
    passed: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            passed: 0,
            failed: 0,
        }
    }

    /// A check fails by panicking, which says why on standard error.
    pub(crate) fn check(&mut self, what: &str, check: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(check)).is_ok() {
            self.passed += 1;
            say(&format!("ok: {what}"));
        } else {
            self.failed += 1;
            say(&format!("FAILED: {what}"));
        }
    }

    pub(crate) fn finish(&self) -> ExitCode {
        say(&format!(
            "\nforeign: {} passed, {} failed, {} s",
            self.passed,
            self.failed,
            self.started.elapsed().as_secs()
        ));
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn section(title: &str) {
    say(&format!("\n== {title}"));
}

pub(crate) fn skip(name: &str, why: &str) {
    say(&format!(
        "skipped: foreign: {name}: {}",
        why.trim().replace('\n', "; ")
    ));
}

/// Nobody is left to tell should standard output be closed.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
