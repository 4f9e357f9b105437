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
use std::process::ExitCode;

const USAGE: &str =
    "usage: tools demo [--serve] | backend FOLDER ADDRESS:PORT [NAME] | faults | foreign";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["demo"] => demo::run(),
        ["demo", "--serve"] => demo::serve(),
        ["backend", folder, listen] => backend::run(folder, listen, None),
        ["backend", folder, listen, name] => backend::run(folder, listen, Some(name)),
        #[cfg(target_os = "linux")]
        ["faults"] => faults::run(),
        #[cfg(target_os = "linux")]
        ["foreign"] => foreign::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
