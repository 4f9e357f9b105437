//! What the tests and the tools stand on: a temporary home, the program run in it by pipes or at a
//! pseudo-terminal, and the development backend.

#![allow(
    dead_code,
    unused_imports,
    reason = "two binaries include this, each uses its part"
)]
pub(crate) mod backend;
pub(crate) mod command;
pub(crate) mod home;
pub(crate) mod machine;
pub(crate) mod needs;
#[cfg(target_os = "linux")]
pub(crate) mod other_user;
pub(crate) mod outcome;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod pty;
#[cfg(target_os = "linux")]
pub(crate) mod seccomp;
