//! Process 1 of a container, for which the kernel has no default actions (`pid_namespaces(7)`): what asks
//! it to end ends it all the same.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use nix::sys::signal::{Signal, kill};

use super::{child, prompted};
use crate::support::backend::{After, Backend, Behaviour, KEY};
use crate::support::command::{TestCommand, binary};
use crate::support::home::Home;
use crate::support::needs;

const ENDING: [Signal; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];

/// The program below unshare(1), whose exit status is that of its child, process 1 of a namespace. None: said
/// to be skipped.
fn as_first_process(home: &Home, url: &str, arguments: &[&str]) -> Option<TestCommand> {
    let user = ["--user", "--map-root-user"];
    let unshare = needs::unshare(&[&user[..], &["--pid", "--fork", "--kill-child"]].concat())?;
    let command = unshare.home(home).env("SEKUIRE_BACKEND_URL", url);
    Some(command.arg(binary()).args(arguments))
}

fn status_of(signal: Signal) -> i32 {
    128 + signal as i32
}

#[test]
fn signals_and_keys_at_the_prompt_end_it_and_give_the_echo_back() {
    let backend = Backend::http();
    let home = Home::new();
    // Ctrl-\ would end unshare(1), too.
    let cases = ENDING.map(|signal| (signal, "")).into_iter();
    for (signal, key) in cases.chain([(SIGINT, "\x03")]) {
        let Some(login) = as_first_process(&home, &backend.url(), &["login"]) else {
            return;
        };
        let mut terminal = prompted(login);
        if key.is_empty() {
            kill(child(terminal.pid()), signal).expect("a signal is sent");
        }
        terminal.send(key.as_bytes());
        terminal.finish().exits_with(status_of(signal));
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
            kill(child(running.pid()), signal).expect("a signal is sent");
            let outcome = running.finish();
            let code = Some(status_of(signal));
            assert_eq!(outcome.code, code, "{signal}, {case}; {outcome}");
            let is_quick = sent.elapsed() < Duration::from_secs(3);
            assert!(is_quick, "{signal}, {case}; {outcome}");
        }
    }
}
