//! Every fault of one scenario, one after another on every processor.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use super::fault::Fault;
use super::judge::{State, Verdict, World};
use super::report::Report;
use super::scenario::Scenario;
use super::strace;
use crate::support::home::Home;

pub(crate) fn run(scenario: Scenario, backend_url: &str) -> Report {
    let started = Instant::now();
    let home = Home::new();
    scenario.lay_out(&home);
    let counts = strace::count(scenario, backend_url, &home);
    let world = World {
        scenario,
        backend_url: backend_url.to_owned(),
        after: fs::read(home.auth_json()).ok(),
    };
    let verdicts = try_all(&world, &counts);
    Report::new(scenario, counts, verdicts, started.elapsed())
}

fn try_all(world: &World, counts: &BTreeMap<String, usize>) -> Vec<Verdict> {
    let faults: Vec<Fault> = counts
        .iter()
        .flat_map(|(call, count)| Fault::all_of(call, *count))
        .collect();
    let queue = Mutex::new(faults.into_iter());
    let verdicts = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().expect("the queue").next() else {
                        return;
                    };
                    let verdict = try_one(world, &fault);
                    verdicts.lock().expect("the verdicts").push(verdict);
                }
            });
        }
    });
    verdicts.into_inner().expect("the verdicts")
}

/// A case that hangs or fails otherwise is a verdict like others, with its name.
fn try_one(world: &World, fault: &Fault) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| world.try_fault(fault))).unwrap_or_else(|_| Verdict {
        fault: fault.clone(),
        hit: true,
        state: State::Lost,
        complaints: vec!["the check panicked, see above".into()],
    })
}
