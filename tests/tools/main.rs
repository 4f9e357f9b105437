//! The programs beside the suite, in one that shares one copy of the tests' support: the demo, the development
//! backend, and the checks that `make` runs by name.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a check fails by panicking, and says what it does"
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
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
