//! auth.json where things are not as they should be: unusual files and homes, races, signals, disks,
//! and the key's own traces.

mod disk;
mod modes;
mod races;
mod randomness;
mod secrets;
mod signals;
mod strangers;
mod unusual_files;
mod unusual_homes;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::backend::{Backend, KEY};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::needs;

/// The key of an earlier login.
const OLD_KEY: &str = "sk_live_ofanearlierlogin";

/// Its auth.json.
const OLD: &str = "{\n  \"api_key\": \"sk_live_ofanearlierlogin\",\n  \"device_fingerprint\": null,\n  \"org_id\": null,\n  \"workspace_id\": null\n}\n";

/// What a crash of an earlier login leaves behind.
const STRAY: &str = ".auth.json.0123456789abcdef.tmp";

const PATIENCE: Duration = Duration::from_secs(10);

fn wait_until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "it does not come about");
        thread::sleep(Duration::from_millis(5));
    }
}

fn login(home: &Home, backend: &Backend) -> TestCommand {
    login_with(KEY, home, backend)
}

fn login_with(key: &str, home: &Home, backend: &Backend) -> TestCommand {
    TestCommand::new()
        .home(home)
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(format!("{key}\n").as_bytes())
}

/// The program under strace, with these options.
fn strace(home: &Home, trace: &Path, options: &[&str]) -> Option<TestCommand> {
    let strace = needs::strace()?.home(home).args(["-f", "-qq", "-o"]);
    Some(strace.arg(trace).args(options).arg(binary()))
}

/// `login`, with this injection of strace's.
fn login_under(injection: &str, home: &Home, backend: &Backend) -> Option<TestCommand> {
    let login = ["login", "--api-key-stdin", "--backend", &backend.url()];
    let strace = strace(home, Path::new("/dev/null"), &["-e", injection])?;
    Some(strace.args(login).stdin(KEY.as_bytes()))
}

/// Whether `content` is one whole auth.json with `key`.
fn holds(content: &[u8], key: &str) -> bool {
    let value: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
    value.get("api_key").and_then(|value| value.as_str()) == Some(key)
}

/// A row's cells; the first is what they are about.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = table.lines().filter(|row| row.contains('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

/// An exit status, and words behind it.
fn answer(cell: &str) -> (i32, &str) {
    let (code, words) = cell.split_once(' ').unwrap_or((cell, ""));
    (code.parse().expect("an exit status"), words)
}
