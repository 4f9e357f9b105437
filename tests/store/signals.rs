//! A login that is ended at each of its stages. (make faults kills it at every single system call.)

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{OLD, PATIENCE, holds, login};
use crate::support::backend::{After, Backend, Behaviour, Endpoint, KEY};
use crate::support::home::Home;

#[test]
fn while_the_backend_hangs_nothing_is_changed_and_the_next_login_works() {
    for (endpoint, requests) in [(Endpoint::Verify, 1), (Endpoint::Me, 2)] {
        for signal in [
            Signal::SIGINT,
            Signal::SIGTERM,
            Signal::SIGHUP,
            Signal::SIGQUIT,
            Signal::SIGKILL,
        ] {
            let backend = Backend::http();
            backend.script_on(endpoint, vec![Behaviour::Silent(After::Request)]);
            let home = Home::new();
            home.write_auth(OLD);
            let mut run = login(&home, &backend).spawn();
            assert!(
                backend.wait_for_requests(requests, PATIENCE),
                "{endpoint:?}"
            );
            run.signal(signal);
            run.finish().killed_by(signal);
            assert_eq!(home.read_auth(), OLD, "after {signal}");
            assert_eq!(home.listing(), ["auth.json"], "after {signal}");
            login(&home, &backend).run().exits_with(0);
            assert!(holds(home.read_auth().as_bytes(), KEY));
            assert_eq!(home.listing(), ["auth.json"]);
        }
    }
}

/// What a write may raise is an error there, and no end.
#[test]
fn sigpipe_and_sigxfsz_do_not_end_a_login() {
    for signal in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        let backend = Backend::http();
        backend.on(Endpoint::Me, Behaviour::Delay(Duration::from_millis(300)));
        let home = Home::new();
        let mut run = login(&home, &backend).spawn();
        assert!(backend.wait_for_requests(2, PATIENCE));
        run.signal(signal);
        run.finish().exits_with(0);
        assert!(holds(home.read_auth().as_bytes(), KEY), "{signal}");
    }
}
