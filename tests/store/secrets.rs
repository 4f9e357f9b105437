//! Where the key could be found beside auth.json: core dumps, other processes, arguments, temporary
//! files, and memory that was not wiped.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, geteuid};

use super::{OLD, OLD_KEY, STRAY, login, login_with};
use crate::support::backend::{After, ApiKey, Backend, Behaviour, Endpoint, KEY};
use crate::support::command::{Running, Sekuire, full_pipe};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::other_user::{NOBODY, OtherUser};

const PATIENCE: Duration = Duration::from_secs(10);

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
    let backend = Backend::http();
    if !geteuid().is_root() {
        let home = Home::new();
        assert_eq!(owner(holding_key(&home, &backend).pid()), 0);
        return;
    }
    let other = OtherUser::new(NOBODY);
    backend.on(Endpoint::Me, Behaviour::Silent(After::Request));
    let run = other
        .sekuire()
        .args(["login", "--api-key-stdin", "--backend", &backend.url()])
        .stdin(KEY.as_bytes())
        .spawn();
    assert!(backend.wait_for_requests(2, PATIENCE));
    assert_eq!(owner(run.pid()), 0);
    // Another program of the same user can neither read the memory nor the environment.
    for name in ["mem", "environ", "fd"] {
        let path = format!("/proc/{}/{name}", run.pid());
        let cat = other.peer("/bin/ls").args(["-l", &path]).run();
        let read = other.peer("/bin/cat").arg(&path).run();
        assert!(
            read.code != Some(0) && read.stderr.contains("Permission denied"),
            "{name}: {read}{cat}"
        );
    }
}

fn owner(pid: Pid) -> u32 {
    fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid()
}

/// With the limit raised and a signal that dumps, against a program that does leave a core.
#[test]
#[cfg(target_os = "linux")]
fn a_crash_leaves_no_core_file() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if pattern.starts_with('|') || pattern.contains('/') {
        return needs::skip("core_pattern leads elsewhere");
    }
    let (_, most) = getrlimit(Resource::RLIMIT_CORE).unwrap();
    if most == 0 {
        return needs::skip("the limit for core files can't be raised");
    }
    let raise = move || Ok(setrlimit(Resource::RLIMIT_CORE, most, most)?);
    let home = Home::new();
    let control = home.path().join("control");
    fs::create_dir(&control).unwrap();
    let mut sleep = Sekuire::at(Path::new("/bin/sleep"))
        .arg("60")
        .directory(&control)
        .before_exec(raise)
        .spawn();
    sleep.signal(Signal::SIGABRT);
    sleep.finish().dies_of(Signal::SIGABRT);
    if fs::read_dir(&control).unwrap().count() == 0 {
        return needs::skip("this kernel writes none at all");
    }
    let backend = Backend::http();
    backend.on(Endpoint::Me, Behaviour::Silent(After::Request));
    let directory = home.path().join("crash");
    fs::create_dir(&directory).unwrap();
    let mut run = login(&home, &backend)
        .directory(&directory)
        .before_exec(raise)
        .spawn();
    assert!(backend.wait_for_requests(2, PATIENCE));
    run.signal(Signal::SIGABRT);
    run.finish().dies_of(Signal::SIGABRT);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn no_file_of_ours_holds_a_key_after_a_logout() {
    for (name, auth) in [("logged in", Some(OLD)), ("logged out", None)] {
        let home = Home::new();
        home.write_auth(auth.unwrap_or_default());
        if auth.is_none() {
            fs::remove_file(home.auth_json()).unwrap();
        }
        fs::write(home.sekuire_dir().join(STRAY), OLD).unwrap();
        fs::write(home.sekuire_dir().join(".auth.json.notours.tmp"), "other").unwrap();
        let outcome = Sekuire::new().home(&home).arg("logout").run();
        outcome.exits(0).hides(OLD_KEY);
        assert_eq!(home.listing(), [".auth.json.notours.tmp"], "{name}");
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
    assert!(
        asking.iter().any(|copy| copy.contains(&request)),
        "the scan is blind: {asking:?}"
    );
    assert!(
        !saved.is_empty(),
        "the scan is blind: the key itself is still there"
    );
    for copy in asking.iter().chain(&saved) {
        assert!(
            !copy.contains("api_key"),
            "the text of auth.json or of a request: {copy}"
        );
        assert!(
            !copy.contains(&format!("{TAIL}\\n")),
            "the line that was read: {copy}"
        );
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
    for _ in 0..200 {
        if home.listing() == ["auth.json"] {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
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
        found.extend(places(&region, TAIL).map(|at| {
            let around = &region[at.saturating_sub(40)..(at + 20).min(region.len())];
            format!("{name}: {}", around.escape_ascii())
        }));
    }
    found
}

fn places<'a>(content: &'a [u8], key: &'a str) -> impl Iterator<Item = usize> + 'a {
    content
        .windows(key.len())
        .enumerate()
        .filter(|(_, window)| *window == key.as_bytes())
        .map(|(at, _)| at)
}
