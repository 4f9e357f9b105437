//! A login that is ended at each of its stages. (make faults kills it at every single system call.)

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{OLD, holds, login};
use crate::support::backend::{After, Backend, Behaviour, Endpoint, KEY};
use crate::support::command::{Running, Sekuire};
use crate::support::home::Home;
use crate::support::outcome::Outcome;

const ENDING: [Signal; 5] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGKILL,
];

const PATIENCE: Duration = Duration::from_secs(10);

/// How long the backend thinks before its last answer.
const LAST_ANSWER: Duration = Duration::from_millis(300);

#[test]
fn at_the_prompt_nothing_was_asked_and_nothing_is_changed() {
    let backend = Backend::http();
    for signal in ENDING {
        let home = home();
        let mut prompt = Sekuire::new()
            .home(&home)
            .args(["login", "--backend", &backend.url()])
            .pty();
        prompt.wait_for("Enter your API Key: ");
        prompt.send(b"sk_live_half");
        prompt.signal(signal);
        check(&prompt.finish(), signal, &home);
        // Nothing can be done about SIGKILL.
        assert_eq!(
            prompt.echo_on(),
            signal != Signal::SIGKILL,
            "echo after {signal}"
        );
    }
    assert!(backend.requests().is_empty());
}

#[test]
fn while_the_backend_hangs_nothing_is_changed_and_the_next_login_works() {
    for (endpoint, requests) in [(Endpoint::Verify, 1), (Endpoint::Me, 2)] {
        for signal in ENDING {
            let backend = Backend::http();
            backend.script_on(endpoint, vec![Behaviour::Silent(After::Request)]);
            let home = home();
            let mut run = login(&home, &backend).spawn();
            assert!(
                backend.wait_for_requests(requests, PATIENCE),
                "{endpoint:?}"
            );
            run.signal(signal);
            check(&run.finish(), signal, &home);
            login(&home, &backend).run().exits(0);
            assert!(holds(home.read_auth().as_bytes(), KEY));
            assert_eq!(home.listing(), ["auth.json"]);
        }
    }
}

/// What a write may raise is an error there, and no end.
#[test]
fn a_signal_of_writing_does_not_end_a_login() {
    for signal in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        let (home, mut run, _backend) = about_to_save();
        run.signal(signal);
        run.finish().exits(0);
        assert!(holds(home.read_auth().as_bytes(), KEY), "{signal}");
    }
}

#[test]
fn a_stop_is_no_end() {
    let (home, mut run, _backend) = about_to_save();
    run.signal(Signal::SIGSTOP);
    thread::sleep(2 * LAST_ANSWER);
    assert_eq!(home.read_auth(), OLD);
    run.signal(Signal::SIGCONT);
    run.finish().exits(0);
    assert!(holds(home.read_auth().as_bytes(), KEY));
}

fn home() -> Home {
    let home = Home::new();
    home.write_auth(OLD);
    home
}

/// A login that waits for its last answer.
fn about_to_save() -> (Home, Running, Backend) {
    let backend = Backend::http();
    backend.on(Endpoint::Me, Behaviour::Delay(LAST_ANSWER));
    let home = home();
    let run = login(&home, &backend).spawn();
    assert!(backend.wait_for_requests(2, PATIENCE));
    (home, run, backend)
}

fn check(outcome: &Outcome, signal: Signal, home: &Home) {
    outcome.dies_of(signal);
    assert_eq!(home.read_auth(), OLD, "after {signal}");
    assert_eq!(home.listing(), ["auth.json"], "after {signal}");
}
