//! What a test needs of the machine that runs it and can't bring; where it is missing, the test says so and is skipped.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use nix::unistd::{AccessFlags, access, geteuid};

use super::command::{TestCommand, binary};
use super::machine::Machine;

/// Says that this test, or a part of it, is left out: past the harness, which shows only what failing
/// tests print. Where `SKIPS_EXPECTED` is set, as in CI, a reason that it does not list is a failure.
pub(crate) fn skip(why: &str) {
    if let Ok(expected) = env::var("SKIPS_EXPECTED") {
        let is_expected = expected.split("; ").any(|known| why.starts_with(known));
        assert!(is_expected, "an unexpected skip: {why}");
    }
    let test = thread::current();
    let test = test.name().unwrap_or("a part of a test");
    // In one write, to be a line of its own; nobody is left to tell should standard error be closed.
    let line = format!("skipped: {test}: {}\n", why.trim().replace('\n', "; "));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Root, or said that the test is skipped.
pub(crate) fn root() -> bool {
    let found = geteuid().is_root();
    if !found {
        skip("needs root");
    }
    found
}

/// A program on the PATH of whoever runs the tests.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file() && access(path, AccessFlags::X_OK).is_ok());
    if found.is_none() {
        skip(&format!("no {name} that can be run is on the PATH"));
    }
    found
}

/// A machine of the test's own, where this one allows it.
pub(crate) fn machine() -> Option<Machine> {
    allowed(Machine::new())
}

fn allowed(machine: Machine) -> Option<Machine> {
    let version = TestCommand::new().on(machine.clone()).arg("-V");
    works(version, "no namespaces (unshare(2)) here").then_some(machine)
}

/// strace, run by root, also of a user namespace: it can read the program's memory, which is not dumpable.
pub(crate) fn strace() -> Option<TestCommand> {
    let strace = tool("strace")?;
    let machine = if geteuid().is_root() {
        None
    } else {
        Some(allowed(Machine::as_root())?)
    };
    let command = || match machine.clone() {
        Some(machine) => TestCommand::at(&strace).on(machine),
        None => TestCommand::at(&strace),
    };
    let version = command().args(["-f", "-o", "/dev/null"]);
    let version = version.arg(binary()).arg("-V");
    works(version, "strace can't trace the program here").then(command)
}

/// unshare(1) with these options, to which a command is added: for what a shell sets up.
pub(crate) fn unshare(options: &[&str]) -> Option<TestCommand> {
    let unshare = tool("unshare")?;
    let command = || TestCommand::at(&unshare).args(options);
    let what = format!("unshare {} does not work here", options.join(" "));
    works(command().arg("true"), &what).then(command)
}

fn works(command: TestCommand, otherwise: &str) -> bool {
    let tried = command.try_run();
    if let Err(why) = &tried {
        skip(&format!("{otherwise}: {why}"));
    }
    tried.is_ok()
}
