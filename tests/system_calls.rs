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
    .exits(0);
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

#[test]
fn status_makes_no_network_call_and_no_thread_and_touches_only_its_files() {
    let home = logged_in_home();
    let auth = home.auth_json().display().to_string();
    let cases: &[(Option<&str>, &[&str], &[&str])] = &[
        (Some(DEVICE_ID), &["status"], &[&auth]),
        (
            None,
            &["status"],
            &[&auth, "/etc/machine-id", "/var/lib/dbus/machine-id"],
        ),
        (
            None,
            &["status", "--json"],
            &[&auth, "/etc/machine-id", "/var/lib/dbus/machine-id"],
        ),
        (None, &["status", "--quiet"], &[&auth]),
    ];
    for (device_id, arguments, allowed) in cases {
        let Some(lines) = trace(&home, *device_id, arguments) else {
            return;
        };
        for line in &lines {
            let forbidden = [
                "socket", "connect", "bind", "sendto", "recvfrom", "clone", "clone3", "fork",
                "vfork", "mkdir", "unlink", "rename", "fchmod", "chmod",
            ];
            assert!(!forbidden.contains(&call(line)), "{arguments:?}: {line}");
            let writes =
                line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT");
            assert!(!writes, "{arguments:?}: {line}");
        }
        for path in paths(&lines) {
            assert!(
                allowed.contains(&path),
                "{arguments:?} touches {path}: {lines:#?}"
            );
        }
        let opens = |line: &&String| call(line).starts_with("open") && line.contains(&auth);
        let opened = lines.iter().filter(opens).count();
        assert_eq!(opened, 1, "auth.json is opened once: {lines:#?}");
    }
}

/// Before a command holds a key, the process is not dumpable (prctl(2)).
#[test]
fn core_dumps_are_forbidden_before_the_key_is_read() {
    let home = logged_in_home();
    let auth = home.auth_json().display().to_string();
    for arguments in [&["status"][..], &["auth", "token"]] {
        let Some(lines) = trace(&home, Some(DEVICE_ID), arguments) else {
            return;
        };
        let first = |part: &str| lines.iter().position(|line| line.contains(part));
        let opened = first(&auth).expect("auth.json is opened");
        let guard = first("PR_SET_DUMPABLE, SUID_DUMP_DISABLE");
        assert!(guard.is_some_and(|at| at < opened), "{lines:#?}");
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
            .exits(0)
            .complains("warning: ")
            .complains("protect")
            .complains("peration not permitted");
    }
    for silent in [&["status", "--quiet"][..], &["man"]] {
        run(silent).exits(0).complains_not();
    }
}
