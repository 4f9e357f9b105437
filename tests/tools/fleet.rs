//! `make fleet`: hundreds of real clients that start at once against a backend limited to a rate, then
//! 100,000 on a simulated clock with the same retry code. It fails unless everybody gets in.

#[allow(
    dead_code,
    reason = "the program uses all of it, the simulation only what decides"
)]
#[path = "../../src/http/retry.rs"]
mod retry;

mod random;
mod real;
mod simulation;

use std::error::Error;
use std::io::{self, Write};

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    real::run().and_then(|()| simulation::run())
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

fn expect(held: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if held {
        Ok(())
    } else {
        Err(format!("this did not hold: {what}").into())
    }
}

/// For figures; no count here comes near 2^52.
#[allow(clippy::cast_precision_loss, reason = "see above")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
