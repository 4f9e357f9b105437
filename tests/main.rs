//! The tests of the built program, as a user runs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]
#![allow(
    clippy::too_many_lines,
    reason = "a table of cases is as long as it is"
)]

mod auth_file;
mod cli;
mod device;
mod doctor;
mod environment;
mod exec;
mod fixtures;
mod golden;
mod hints;
mod json_reports;
mod login;
mod login_terminal;
mod logout;
mod network;
mod output;
mod recipes;
mod shells;
mod status;
mod store;
mod support;
mod system_calls;
mod terminal_output;
mod token;
mod whoami;
