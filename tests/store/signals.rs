//! A login that is ended at each of its stages. (make faults kills it at every single system call.)

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{OLD, holds, login};
use crate::support::backend::{After, Backend, Behaviour, Endpoint, KEY};
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
        let backend = Backend::http();
        backend.on(Endpoint::Me, Behaviour::Delay(Duration::from_millis(300)));
        let home = home();
        let mut run = login(&home, &backend).spawn();
        assert!(backend.wait_for_requests(2, PATIENCE));
        run.signal(signal);
        run.finish().exits(0);
        assert!(holds(home.read_auth().as_bytes(), KEY), "{signal}");
    }
}

fn home() -> Home {
    let home = Home::new();
    home.write_auth(OLD);
    home
}

fn check(outcome: &Outcome, signal: Signal, home: &Home) {
    outcome.dies_of(signal);
    assert_eq!(home.read_auth(), OLD, "after {signal}");
    assert_eq!(home.listing(), ["auth.json"], "after {signal}");
}
