//! The tests of the built program, as a user runs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

mod environment;
mod json_reports;
mod manners;
mod recipes;
mod shells;
mod support;
