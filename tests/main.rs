//! The tests of the built program, as a user runs it.

mod network;
mod support;
