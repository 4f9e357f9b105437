//! Waiting for things to happen, and what a running process does meanwhile.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

/// Whether this holds within the limit.
pub(crate) fn eventually(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a running process comes to rest within ten seconds: it neither runs nor wakes up (Linux;
/// `proc_pid_status(5)`, `proc_pid_stat(5)`).
pub(crate) fn comes_to_rest(pid: Pid) -> bool {
    let activity = || {
        let read = |name| fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a process");
        let status = read("status");
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        (switches.collect::<String>(), read("stat"))
    };
    let mut before = activity();
    eventually(Duration::from_secs(10), || {
        thread::sleep(Duration::from_millis(200));
        let now = activity();
        let rests = now == before;
        before = now;
        rests
    })
}
