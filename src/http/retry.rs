//! When a request is tried again. Pure: the clock and the dice are passed in.

use std::time::Duration;

/// How often a request is tried at the most, where `--wait` does not say.
const ATTEMPTS: u32 = 3;

/// After this long no attempt begins, where `--wait` does not say.
const WINDOW: Duration = Duration::from_secs(15);

/// The first pause is at most this long; each further one may be twice as long.
const FIRST: Duration = Duration::from_millis(250);

/// No pause of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(10);

/// The state of one request's attempts.
#[derive(Debug)]
pub struct Retry {
    wait: Duration,
    attempts: u32,
}

impl Retry {
    /// The plan of `--wait`; zero for three attempts, none begun after 15 s.
    pub fn new(wait: Duration) -> Retry {
        Retry { wait, attempts: 1 }
    }

    /// The number of attempts so far.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long an attempt that begins at `elapsed` may go on.
    pub fn remaining(&self, elapsed: Duration) -> Duration {
        if self.wait.is_zero() {
            return Duration::MAX;
        }
        self.wait.saturating_sub(elapsed)
    }

    /// The pause before the next attempt, after one that ended `elapsed` after the first began;
    /// none: there is no next attempt. `dice` is from 0 up to 1.
    ///
    /// Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): clients that
    /// failed together must not come back together. For the same reason jitter is added to
    /// `Retry-After`, which a server tells all of them alike.
    pub fn pause(
        &mut self,
        elapsed: Duration,
        retry_after: Option<Duration>,
        dice: f64,
    ) -> Option<Duration> {
        if self.wait.is_zero() && self.attempts >= ATTEMPTS {
            return None;
        }
        let window = if self.wait.is_zero() {
            WINDOW
        } else {
            self.wait
        };
        let left = window.checked_sub(elapsed).filter(|left| *left >= FIRST)?;
        let doubled = FIRST
            .saturating_mul(1 << (self.attempts - 1).min(16))
            .min(LONGEST);
        // At most half of what is left is chance, so that the last attempts come when the time is nearly
        // up, and have time to be answered.
        let pause = match retry_after {
            Some(told) => {
                let slack = left.checked_sub(told).filter(|slack| !slack.is_zero())?;
                told + self.spread(told).min(slack / 2).mul_f64(dice)
            }
            None => doubled.min(left / 2).mul_f64(dice),
        };
        self.attempts += 1;
        Some(pause)
    }

    /// How far apart those come back who were all told to come back after `told`. Under `--wait`,
    /// which is for fleets, as far as we ever pause, from the first time on: a narrower spread only
    /// brings those back together whom the server refused together (`make fleet` measures it). A
    /// person who waits without it gets a narrow spread that widens.
    fn spread(&self, told: Duration) -> Duration {
        if !self.wait.is_zero() {
            return LONGEST;
        }
        let first = told.max(Duration::from_secs(1));
        first
            .saturating_mul(3_u32.saturating_pow(self.attempts.min(8)))
            .min(LONGEST)
    }
}
