//! Process 1 of a container, for which the kernel has no default actions (`pid_namespaces(7)`): what asks
//! it to end ends it all the same.

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{PROMPT, wait_until};
use crate::fixtures::{SECRET, auth_with};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{Running, Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::pty::Pty;

const ENDING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// unshare(1), whose exit status is that of its child, process 1 of a namespace. None: said to be skipped.
fn unshare() -> Option<Sekuire> {
    needs::unshare(&[
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ])
}

fn as_first_process(home: &Home, url: &str) -> Sekuire {
    let unshare = unshare().expect("unshare(1), as before").home(home);
    unshare.env("SEKUIRE_BACKEND_URL", url).arg(binary())
}

/// The process that unshare(1) waits for, once it is our program.
fn first_process(unshare: Pid) -> Pid {
    let mut found = None;
    wait_until("unshare starts the program", || {
        let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
        found = children.ok().and_then(|pid| pid.trim().parse().ok());
        found.is_some_and(|pid: i32| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name == "sekuire\n")
        })
    });
    Pid::from_raw(found.expect("a process id"))
}

fn status_of(signal: Signal) -> i32 {
    128 + signal as i32
}

#[track_caller]
fn ends_at_once(running: &mut Running, signal: Signal, when: &str) {
    kill(first_process(running.pid()), signal).expect("a signal is sent");
    let before = Instant::now();
    let outcome = running.finish();
    assert_eq!(
        outcome.code,
        Some(status_of(signal)),
        "{signal} {when}; {outcome}"
    );
    assert!(
        before.elapsed() < Duration::from_secs(3),
        "{signal} {when}: {:?}",
        before.elapsed()
    );
}

#[test]
fn signals_and_keys_at_the_prompt_end_it_and_give_the_echo_back() {
    if unshare().is_none() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    let at_prompt = || {
        let terminal = as_first_process(&home, &backend.url()).arg("login").pty();
        terminal.wait_for(PROMPT);
        wait_until("echo is off", || !terminal.echo_on());
        terminal
    };
    let ends = |mut terminal: Pty, signal: Signal| {
        let outcome = terminal.finish();
        outcome.exits(status_of(signal)).hides(SECRET);
        assert!(outcome.elapsed < Duration::from_secs(10), "{outcome}");
        assert!(terminal.echo_on(), "{signal}");
    };
    for signal in ENDING {
        let terminal = at_prompt();
        kill(first_process(terminal.pid()), signal).expect("a signal is sent");
        ends(terminal, signal);
    }
    // Ctrl-\ would end unshare(1), too.
    let terminal = at_prompt();
    terminal.send(b"\x03");
    ends(terminal, Signal::SIGINT);
    assert_eq!(backend.connections(), 0);
}

#[test]
fn signals_end_it_while_it_asks_waits_and_reads() {
    if unshare().is_none() {
        return;
    }
    let backend = Backend::http();
    backend.behave(Behaviour::Silent(After::Request));
    let home = Home::new();
    home.write_auth(&auth_with("backend_url", backend.url().into()).to_string());
    for (count, signal) in ENDING.into_iter().enumerate() {
        let mut asking = as_first_process(&home, &backend.url())
            .args(["whoami", "--timeout", "300"])
            .spawn();
        assert!(backend.wait_for_requests(count + 1, Duration::from_secs(10)));
        ends_at_once(&mut asking, signal, "in a request");

        let (input, _nobody_writes) = io::pipe().expect("a pipe");
        let mut reading = as_first_process(&home, &backend.url())
            .args(["login", "--api-key-stdin"])
            .stdin_from(input)
            .spawn();
        first_process(reading.pid());
        thread::sleep(Duration::from_millis(300));
        ends_at_once(&mut reading, signal, "while it reads a pipe");

        let mut waiting = as_first_process(&home, "http://127.0.0.1:1")
            .env("SEKUIRE_API_KEY", KEY)
            .args(["whoami", "--wait", "300"])
            .spawn();
        first_process(waiting.pid());
        thread::sleep(Duration::from_millis(300));
        ends_at_once(&mut waiting, signal, "in a pause");
    }
}

/// As nohup(1) asks for.
#[test]
fn what_the_caller_ignores_stays_ignored() {
    if unshare().is_none() {
        return;
    }
    let backend = Backend::http();
    let home = Home::new();
    let mut terminal = as_first_process(&home, &backend.url())
        .arg("login")
        .before_exec(ignore_hangup)
        .pty();
    terminal.wait_for(PROMPT);
    let program = first_process(terminal.pid());
    kill(program, Signal::SIGHUP).expect("a signal is sent");
    thread::sleep(Duration::from_millis(300));
    assert!(!terminal.echo_on(), "{}", terminal.output());
    kill(program, Signal::SIGTERM).expect("a signal is sent");
    terminal.finish().exits(status_of(Signal::SIGTERM));
    assert!(terminal.echo_on());
}

#[allow(unsafe_code, reason = "signal is unsafe")]
#[allow(clippy::unnecessary_wraps, reason = "what before_exec takes")]
fn ignore_hangup() -> io::Result<()> {
    // SAFETY: SIG_IGN is a valid disposition for it.
    unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    Ok(())
}
