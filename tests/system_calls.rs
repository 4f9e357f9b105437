//! What `status` asks of the kernel, as strace sees it: no network, no thread, no file that it does
//! not need.

use std::fs;

use nix::libc;

use crate::fixtures::{DEVICE_ID, logged_in_home, sekuire};
use crate::support::command::binary;
use crate::support::home::Home;
use crate::support::needs;
use crate::support::seccomp::filter;

/// What the dynamic loader and the C library read at start (`ld.so(8)`); a static file reads none.
const LOADER: &[&str] = &["/etc/ld.so.", "/lib", "/usr/lib", "/proc/self/maps"];

/// None where the test is skipped.
fn trace(home: &Home, device_id: Option<&str>, arguments: &[&str]) -> Option<Vec<String>> {
    let log = home.path().join("strace.log");
    let command = needs::strace()?.home(home);
    match device_id {
        Some(id) => command.env("SEKUIRE_DEVICE_ID", id),
        None => command.without("SEKUIRE_DEVICE_ID"),
    }
    .args(["-f", "-o"])
    .arg(&log)
    .arg(binary())
    .args(arguments)
    .run()
    .exits_with(0);
    let log = fs::read_to_string(log).expect("strace's log");
    assert!(
        log.contains("execve(") && log.contains("+++ exited with 0 +++"),
        "{log}"
    );
    Some(log.lines().map(str::to_owned).collect())
}

/// The name of the call in a line such as `123 openat(AT_FDCWD, "/etc/machine-id", …) = 3`.
fn call(line: &str) -> &str {
    let behind_pid = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    behind_pid.split('(').next().unwrap_or_default()
}

fn paths(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter(|line| {
            !["execve", "write", "read", "pread64", "uname", "getrandom"].contains(&call(line))
        })
        .filter_map(|line| line.split('"').nth(1))
        .filter(|path| !path.is_empty() && !LOADER.iter().any(|known| path.starts_with(known)))
        .collect()
}

/// And it keeps other processes out (prctl(2), `PR_SET_DUMPABLE`) before it holds the key.
#[test]
fn status_makes_no_network_call_and_no_thread_and_touches_only_its_files() {
    const FORBIDDEN: &str = "socket connect bind sendto recvfrom clone clone3 fork vfork mkdir unlink rename \
        fchmod chmod";
    let home = logged_in_home();
    let auth = home.auth_json().display().to_string();
    let with_id = [&auth, "/etc/machine-id", "/var/lib/dbus/machine-id"];
    for (device_id, arguments, allowed) in [
        (Some(DEVICE_ID), &["status"][..], &with_id[..1]),
        (None, &["status"], &with_id),
        (None, &["status", "--json"], &with_id),
        (None, &["status", "--quiet"], &with_id[..1]),
        (Some(DEVICE_ID), &["auth", "token"], &with_id[..1]),
    ] {
        let Some(lines) = trace(&home, device_id, arguments) else {
            return;
        };
        for line in &lines {
            let is_harmless = FORBIDDEN.split(' ').all(|name| call(line) != name);
            assert!(is_harmless, "{arguments:?}: {line}");
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"];
            let writes = writes.iter().any(|flag| line.contains(flag));
            assert!(!writes, "{arguments:?}: {line}");
        }
        for path in paths(&lines) {
            let is_allowed = allowed.contains(&path);
            assert!(is_allowed, "{arguments:?} touches {path}: {lines:#?}");
        }
        let places = |name: &str, part: &str| {
            let is_it = |line: &&String| call(line).starts_with(name) && line.contains(part);
            let found = lines.iter().enumerate().filter(|(_, line)| is_it(line));
            found.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let guard = places("prctl", "PR_SET_DUMPABLE, SUID_DUMP_DISABLE");
        let opened = places("open", &auth);
        assert_eq!(opened.len(), 1, "auth.json is opened once: {lines:#?}");
        assert!(guard.iter().any(|at| *at < opened[0]), "{lines:#?}");
    }
}

/// As sandboxes do (seccomp(2)): the command goes on, and says so.
#[test]
fn refused_protection_of_the_memory_is_a_warning() {
    let run = |arguments: &[&str]| {
        let home = logged_in_home();
        let command = sekuire(&home).args(arguments);
        command.before_exec(filter(&[libc::SYS_prctl])).run()
    };
    for arguments in [&["status"][..], &["auth", "token"], &["logout"]] {
        run(arguments)
            .exits_with(0)
            .stderr_contains("warning: ")
            .stderr_contains("protect")
            .stderr_contains("peration not permitted");
    }
    for silent in [&["status", "--quiet"][..], &["man"]] {
        run(silent).exits_with(0).stderr_is_empty();
    }
}
