//! `make soak`: thousands of logins, whoamis and logouts over TLS, every fifth of which is killed at a
//! moment of its own, and what they leave: in their homes and TMPDIR, in memory, at the backend, of
//! processes and of sockets. At the end every home can still be logged in and out.
//!
//! RUNS is the number of rounds of the three. SEED draws the same kills and workspaces again; at which
//! instruction a signal arrives is up to the kernel, and not repeated.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod command;
mod judge;
mod machine;
mod place;
mod server;
mod tally;
mod worker;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use nix::sys::prctl;

use machine::Snapshot;
use place::Place;
use server::Server;
use support::command::binary;
use support::random::Random;
use tally::Tally;
use worker::Worker;

const RUNS: u64 = 10_000;

/// With a home each.
const ALONE: usize = 4;

/// In one home.
const TOGETHER: usize = 2;

/// Rounds until the backend has the threads' stacks and the heap that it keeps; or a tenth of a short run.
const WARM_UP: u64 = 300;

/// What the backend may grow by after that, in KiB.
const GROWTH: u64 = 2048;

fn main() -> ExitCode {
    match run() {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            say(&complaints.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            // Nobody is left to tell should standard error be closed.
            let _ = writeln!(io::stderr(), "soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What was wrong.
fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let started = Instant::now();
    let runs = number("RUNS")?.unwrap_or(RUNS);
    let seed = number("SEED")?.unwrap_or_else(clock);
    say(&format!(
        "RUNS={runs} SEED={seed}: rounds of login, whoami and logout by {}, over TLS, {ALONE} workers\n\
         with a home each and {TOGETHER} in one",
        binary().display()
    ));
    // What a child leaves running becomes ours to be counted, not init's.
    prctl::set_child_subreaper(true)?;
    let server = Server::start()?;
    let places: Vec<Place> = (0..=ALONE).map(|_| Place::new()).collect();
    let mut workers: Vec<Worker> = (0..ALONE + TOGETHER)
        .map(|worker| {
            Worker::new(
                &places[worker.min(ALONE)],
                worker >= ALONE,
                &server,
                draw(seed, worker),
            )
        })
        .collect();

    let start = Snapshot::take(&server, &places);
    let warm_up = WARM_UP.min(runs / 10);
    work(&mut workers, warm_up);
    let warm = Snapshot::take(&server, &places);
    work(&mut workers, runs - warm_up);
    let mut complaints = Vec::new();
    for place in &places {
        complaints.extend(judge::last_visit(place, &server).err());
    }
    let end = Snapshot::settled(&server, &places, &start);

    let tally = workers
        .into_iter()
        .map(|worker| worker.tally)
        .fold(Tally::default(), Tally::with);
    say(&format!("{tally}\n"));
    say(&machine::compare(&start, &warm, &end));
    say(&format!(
        "\nsoak: {}, {} s",
        tally.sum(),
        started.elapsed().as_secs()
    ));
    complaints.extend(end.complaints(&start));
    if end.backend_kib > warm.backend_kib + GROWTH {
        complaints.push(format!(
            "the backend grew by more than {GROWTH} KiB after its first rounds"
        ));
    }
    complaints.extend(tally.complaints());
    Ok(complaints)
}

fn work(workers: &mut [Worker], rounds: u64) {
    let (count, mut left) = (workers.len() as u64, rounds);
    thread::scope(|scope| {
        for (done, worker) in workers.iter_mut().enumerate() {
            let share = left / (count - done as u64);
            left -= share;
            scope.spawn(move || worker.work(share));
        }
    });
}

/// Each worker has a sequence of its own; no seed is 0.
fn draw(seed: u64, worker: usize) -> Random {
    let spread = seed
        .wrapping_add(worker as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Random::new(spread | 1)
}

fn number(name: &str) -> Result<Option<u64>, String> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| format!("{name} is not a number"))
}

fn clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |now| u64::from(now.subsec_nanos()))
}

/// Nobody is left to tell should standard output be closed.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
