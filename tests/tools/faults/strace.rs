//! The program under strace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::scenario::{Scenario, input};
use crate::support::command::Sekuire;
use crate::support::home::Home;
use crate::support::outcome::Outcome;

const PROGRAM: &str = "/usr/bin/strace";

pub(crate) fn require() -> Result<(), String> {
    if Path::new(PROGRAM).exists() {
        Ok(())
    } else {
        Err(format!("needs strace: there is no {PROGRAM}"))
    }
}

/// Runs it once with nothing going wrong: how often each call occurs in the thread that makes it
/// most often, which is as far as `when=` counts.
pub(crate) fn count(scenario: Scenario, backend_url: &str, home: &Home) -> BTreeMap<String, usize> {
    run(scenario, backend_url, home, &[]).exits(0);
    let trace = trace(home);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        // The exec is strace's own, before the program.
        if let Some(found) = call(line).filter(|(_, name)| *name != "execve") {
            *counts.entry(found).or_default() += 1;
        }
    }
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, name), count) in counts {
        let known = most.entry(name.to_owned()).or_default();
        *known = count.max(*known);
    }
    most
}

/// Runs it with one fault. Whether an error was injected stands in the trace.
pub(crate) fn inject(
    scenario: Scenario,
    backend_url: &str,
    home: &Home,
    fault: &Fault,
) -> (Outcome, bool) {
    let only = format!("trace={}", fault.call);
    let injection = fault.injection();
    // Not --seccomp-bpf, which would be faster: with it strace 6.1 does not send its signals to the
    // first thread.
    let options = ["-e", &only, "-e", &injection];
    let outcome = run(scenario, backend_url, home, &options);
    let injected = trace(home).contains("(INJECTED)");
    (outcome, injected)
}

fn run(scenario: Scenario, backend_url: &str, home: &Home, options: &[&str]) -> Outcome {
    Sekuire::at(Path::new(PROGRAM))
        .home(home)
        .args(["-f", "-qq", "-o"])
        .arg(trace_file(home))
        .args(options)
        .arg("--")
        .args(scenario.command(backend_url))
        .stdin(input().as_bytes())
        .run()
}

fn trace_file(home: &Home) -> PathBuf {
    home.path().join("trace")
}

fn trace(home: &Home) -> String {
    let bytes = fs::read(trace_file(home)).expect("strace's trace");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The thread and the name of the call that a line of the trace begins with: `123 read(0, …`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((thread, name))
}
