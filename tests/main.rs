//! The tests of the built program, as a user runs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::too_many_lines,
    reason = "a table of cases is as long as it is"
)]

mod auth_file;
mod cli;
mod device;
mod foreign_backend;
mod golden;
mod login;
mod login_terminal;
mod logout;
mod origin;
mod output;
mod scene;
mod status;
mod store;
mod support;
mod system_calls;
mod token;
mod trust;
mod urls;
mod whoami;
