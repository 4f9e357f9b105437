//! Where the key could be found beside auth.json: other processes, and memory that was not wiped.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Duration;

use nix::unistd::Pid;

use super::{PATIENCE, login_with, wait_until};
use crate::support::backend::{After, ApiKey, Backend, Behaviour, Endpoint, KEY};
use crate::support::command::{Running, full_pipe};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};

/// Long enough to be told from all else in memory.
const MARKED_KEY: &str = "sk_live_q7Zr4Wm9Xt2Lk8Vb5Nc3";

/// What is left of it where an allocator has written its links over the beginning of what was freed.
const TAIL: &str = "Xt2Lk8Vb5Nc3";

/// A login that holds the key and waits for the answer of `/me`.
fn holding_key(home: &Home, backend: &Backend) -> Running {
    backend.add_key(ApiKey::new(MARKED_KEY));
    backend.on(Endpoint::Me, Behaviour::Silent(After::Request));
    let run = login_with(MARKED_KEY, home, backend).spawn();
    assert!(backend.wait_for_requests(2, PATIENCE));
    run
}

/// The kernel gives the /proc entries of a process that is not dumpable to root (proc(5)), and lets
/// nobody but root trace it or dump its core, by file or by pipe (prctl(2), `PR_SET_DUMPABLE`).
#[test]
#[cfg(target_os = "linux")]
fn a_process_with_a_key_is_not_dumpable() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let other = OtherUser::new(NOBODY);
    backend.on(Endpoint::Me, Behaviour::Silent(After::Request));
    let run = other
        .sekuire()
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .spawn();
    assert!(backend.wait_for_requests(2, PATIENCE));
    let environment = fs::metadata(format!("/proc/{}/environ", run.pid()));
    assert_eq!(environment.unwrap().uid(), 0);
    // Another program of the same user can neither read the memory nor the environment.
    for name in ["mem", "environ", "fd"] {
        let path = format!("/proc/{}/{name}", run.pid());
        let read = other.peer("/bin/cat").arg(&path).run();
        assert!(read.stderr.contains("Permission denied"), "{name}: {read}");
    }
}

/// While /me is asked there is the key itself, and what the HTTP library keeps of the request under
/// way; but never the line that was read, the body of the verification, or the text of auth.json.
#[test]
#[cfg(target_os = "linux")]
fn our_own_copies_in_memory_are_wiped() {
    if !needs::root() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    let run = holding_key(&home, &backend);
    let asking = copies(run.pid());
    drop(run);
    let saved = memory_after_saving();
    let request = format!("X-API-Key: {MARKED_KEY}");
    let is_seen = asking.iter().any(|copy| copy.contains(&request));
    assert!(
        is_seen && !saved.is_empty(),
        "the scan is blind: {asking:?}"
    );
    let line = format!("{TAIL}\\n");
    for copy in asking.iter().chain(&saved) {
        assert!(
            !copy.contains("api_key"),
            "the text of auth.json or of a request: {copy}"
        );
        assert!(!copy.contains(&line), "the line that was read: {copy}");
    }
}

/// Where the key is when all is done but for the words of success, which nobody reads.
fn memory_after_saving() -> Vec<String> {
    let backend = Backend::http();
    backend.add_key(ApiKey::new(MARKED_KEY));
    let home = Home::new();
    let (_reader, writer) = full_pipe();
    let run = login_with(MARKED_KEY, &home, &backend)
        .stdout_to(writer)
        .spawn();
    wait_until(|| home.listing() == ["auth.json"]);
    // Time for the sync of the folder, and to come to the pipe that is full.
    std::thread::sleep(Duration::from_millis(500));
    assert!(super::holds(home.read_auth().as_bytes(), MARKED_KEY));
    copies(run.pid())
}

/// Each place in the process's memory that holds the key, as what stands around it.
fn copies(pid: Pid) -> Vec<String> {
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let length = u64::from_str_radix(end, 16).unwrap() - start;
        let mut region = vec![0; usize::try_from(length).unwrap()];
        // Some regions can't be read, such as those of devices.
        if memory.read_exact_at(&mut region, start).is_err() {
            continue;
        }
        let name = line.split_whitespace().nth(5).unwrap_or("anonymous");
        let is_there = |at: &usize| region[*at..].starts_with(TAIL.as_bytes());
        found.extend((0..region.len()).filter(is_there).map(|at| {
            let around = &region[at.saturating_sub(40)..(at + 20).min(region.len())];
            format!("{name}: {}", around.escape_ascii())
        }));
    }
    found
}
