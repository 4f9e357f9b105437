//! Process 1 of a container, for which the kernel has no default actions (`pid_namespaces(7)`): what asks
//! it to end ends it all the same.

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{prompted, wait_until};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;

const ENDING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// The program below unshare(1), whose exit status is that of its child, process 1 of a namespace. None: said
/// to be skipped.
fn as_first_process(home: &Home, url: &str, arguments: &[&str]) -> Option<Sekuire> {
    let user = ["--user", "--map-root-user"];
    let unshare = needs::unshare(&[&user[..], &["--pid", "--fork", "--kill-child"]].concat())?;
    let command = unshare.home(home).env("SEKUIRE_BACKEND_URL", url);
    Some(command.arg(binary()).args(arguments))
}

/// Signals the process that unshare(1) waits for, once it is our program.
fn send(unshare: Pid, signal: Signal) {
    let mut found = None;
    wait_until("unshare starts the program", || {
        let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
        found = children.ok().and_then(|pid| pid.trim().parse().ok());
        let name = |pid: i32| fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        found.and_then(name).is_some_and(|name| name == "sekuire\n")
    });
    let pid = Pid::from_raw(found.expect("a process id"));
    kill(pid, signal).expect("a signal is sent");
}

fn status_of(signal: Signal) -> i32 {
    128 + signal as i32
}

#[test]
fn signals_and_keys_at_the_prompt_end_it_and_give_the_echo_back() {
    let backend = Backend::http();
    let home = Home::new();
    // Ctrl-\ would end unshare(1), too.
    for (signal, key) in ENDING
        .map(|signal| (signal, None))
        .into_iter()
        .chain([(Signal::SIGINT, Some(b"\x03"))])
    {
        let Some(login) = as_first_process(&home, &backend.url(), &["login"]) else {
            return;
        };
        let mut terminal = prompted(login);
        match key {
            Some(key) => terminal.send(key),
            None => send(terminal.pid(), signal),
        }
        terminal.finish().exits(status_of(signal));
        assert!(terminal.echo_on(), "{signal}");
    }
    assert_eq!(backend.connections(), 0);
}

#[test]
fn signals_end_it_while_it_asks_reads_and_waits() {
    let backend = Backend::http();
    backend.behave(Behaviour::Silent(After::Request));
    let home = Home::new();
    for signal in ENDING {
        let (input, _nobody_writes) = io::pipe().expect("a pipe");
        let whoami = ["whoami", "--timeout", "300"];
        let cases = [
            as_first_process(&home, &backend.url(), &whoami),
            as_first_process(&home, &backend.url(), &["login", "--api-key-stdin"])
                .map(|login| login.without("SEKUIRE_API_KEY").stdin_from(input)),
            as_first_process(&home, "http://127.0.0.1:1", &["whoami", "--wait", "300"]),
        ];
        for (case, command) in cases.into_iter().enumerate() {
            let Some(command) = command else { return };
            let mut running = command.env("SEKUIRE_API_KEY", KEY).spawn();
            // Until it is there: nothing outside shows it.
            thread::sleep(Duration::from_millis(300));
            let sent = Instant::now();
            send(running.pid(), signal);
            let outcome = running.finish();
            assert_eq!(
                outcome.code,
                Some(status_of(signal)),
                "{signal}, {case}; {outcome}"
            );
            assert!(
                sent.elapsed() < Duration::from_secs(3),
                "{signal}, {case}; {outcome}"
            );
        }
    }
}

/// As nohup(1) asks for.
#[test]
fn what_the_caller_ignores_stays_ignored() {
    let backend = Backend::http();
    let home = Home::new();
    let Some(login) = as_first_process(&home, &backend.url(), &["login"]) else {
        return;
    };
    let mut terminal = prompted(login.before_exec(ignore_hangup));
    send(terminal.pid(), Signal::SIGHUP);
    thread::sleep(Duration::from_millis(300));
    assert!(!terminal.echo_on(), "{}", terminal.output());
    send(terminal.pid(), Signal::SIGTERM);
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
