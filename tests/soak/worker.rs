//! One who logs in, looks and logs out, again and again, and is killed now and then.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::command::Command;
use crate::judge::Run;
use crate::place::{Held, Place, Strays};
use crate::server::Server;
use crate::support::outcome::Outcome;
use crate::support::random::Random;
use crate::tally::Tally;

/// Of all runs.
const KILLED: f64 = 0.2;

/// Of these; the others are ended by SIGINT.
const BY_SIGKILL: f64 = 0.5;
const BY_SIGTERM: f64 = 0.25;

/// Moments are drawn from what a run takes, and a little more: the saving comes last.
const REACH: f64 = 1.1;

pub(crate) struct Worker<'a> {
    place: &'a Place,
    shared: bool,
    server: &'a Server,
    random: Random,
    /// How long each command took when it was last left alone.
    took: [Duration; 3],
    pub(crate) tally: Tally,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(place: &'a Place, shared: bool, server: &'a Server, random: Random) -> Self {
        Self {
            place,
            shared,
            server,
            random,
            took: [Duration::from_millis(20); 3],
            tally: Tally::default(),
        }
    }

    pub(crate) fn work(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let workspace = usize::from(self.random.roll() < 0.5);
            for command in [Command::Login(workspace), Command::Whoami, Command::Logout] {
                self.step(command);
            }
        }
    }

    fn step(&mut self, command: Command) {
        let before = self.look();
        let plan = self.plan();
        let outcome = match self.run(command, plan) {
            Ok(outcome) => outcome,
            Err(hangs) => return self.tally.complain(hangs),
        };
        if plan.is_none() {
            self.took[command.index()] = outcome.elapsed;
        }
        let run = Run {
            command,
            before,
            after: self.look(),
            signal: plan.map(|(signal, _)| signal),
            outcome: &outcome,
            shared: self.shared,
        };
        self.tally.count(&run);
    }

    /// A signal, and after which part of the run. The same rolls are made whether or not there is one.
    fn plan(&mut self) -> Option<(Signal, f64)> {
        let [chance, kind, moment] = [(); 3].map(|()| self.random.roll());
        let signal = match kind {
            _ if kind < BY_SIGKILL => Signal::SIGKILL,
            _ if kind < BY_SIGKILL + BY_SIGTERM => Signal::SIGTERM,
            _ => Signal::SIGINT,
        };
        (chance < KILLED).then_some((signal, REACH * moment))
    }

    fn run(&self, command: Command, plan: Option<(Signal, f64)>) -> Result<Outcome, String> {
        let mut running = command.call(self.place, self.server).spawn();
        if let Some((signal, moment)) = plan {
            thread::sleep(self.took[command.index()].mul_f64(moment));
            running.signal(signal);
        }
        running.outcome()
    }

    fn look(&self) -> (Held, Strays) {
        (self.place.held(&self.server.url), self.place.strays())
    }
}
