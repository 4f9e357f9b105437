//! The programs beside the suite, in one that shares one copy of the tests' support: the demo, the development
//! backend, and the checks that `make` runs by name.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod backend;
mod demo;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod foreign;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: tools demo|backend|faults|foreign [ARGUMENT]...";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["demo", ref rest @ ..] => end("demo", demo::run(rest)),
        ["backend", ref rest @ ..] => end("backend", backend::run(rest)),
        #[cfg(target_os = "linux")]
        ["faults"] => end("faults", faults::run()),
        #[cfg(target_os = "linux")]
        ["foreign"] => end("foreign", foreign::run()),
        _ => end("tools", Err(USAGE.into())),
    }
}

fn end(name: &str, result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell should standard error be closed.
            let _ = writeln!(io::stderr(), "{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
