//! When a request is tried again. Pure: the clock and the jitter are passed in.

use std::time::Duration;

/// How often a request is tried at the most, where `--wait` does not say.
const ATTEMPTS: u32 = 3;

/// After this long no attempt begins, where `--wait` does not say.
const WINDOW: Duration = Duration::from_secs(15);

/// The first pause is at most this long; each further one may be twice as long.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause of our own choice.
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
    /// none: there is no next attempt. `jitter` is from 0 up to 1.
    ///
    /// Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): clients that
    /// failed together must not come back together. For the same reason jitter is added to
    /// `Retry-After`, which is the same for all of them.
    pub fn pause(
        &mut self,
        elapsed: Duration,
        retry_after: Option<Duration>,
        jitter: f64,
    ) -> Option<Duration> {
        let window = match self.wait {
            Duration::ZERO if self.attempts >= ATTEMPTS => return None,
            Duration::ZERO => WINDOW,
            wait => wait,
        };
        let left = window.checked_sub(elapsed).filter(|left| *left >= FIRST)?;
        let doubled = LONGEST.min(FIRST * (1 << (self.attempts - 1).min(6)));
        // At most half of what is left is chance, so that the last attempts come when the time is nearly
        // up, and have time to be answered. A narrow spread only brings those back together that the server
        // refused together; the full one would let a small fleet wait for chance alone (a test simulates it).
        let pause = match retry_after {
            Some(asked) => {
                let slack = left.checked_sub(asked).filter(|slack| !slack.is_zero())?;
                let spread = Duration::from_secs(5 + u64::from(self.attempts)).min(LONGEST);
                asked + spread.min(slack / 2).mul_f64(jitter)
            }
            None => doubled.min(left / 2).mul_f64(jitter),
        };
        self.attempts += 1;
        Some(pause)
    }
}

#[cfg(test)]
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::{LONGEST, Retry};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    use std::time::Duration;

    const ALMOST_ONE: f64 = 0.999_999;

    #[test]
    fn retry_after_is_kept_and_the_window_too() {
        for wait in [0, 5, 120] {
            for retry_after in [0, 1, 4].map(Duration::from_secs) {
                for jitter in [0.0, 0.5, ALMOST_ONE] {
                    let mut retry = Retry::new(Duration::from_secs(wait));
                    let window = Duration::from_secs(if wait == 0 { 15 } else { wait });
                    let mut elapsed = Duration::ZERO;
                    while let Some(pause) = retry.pause(elapsed, Some(retry_after), jitter) {
                        let case =
                            format!("--wait {wait}, retry_after {retry_after:?}, jitter {jitter}");
                        assert!(
                            pause >= retry_after && pause <= retry_after + LONGEST,
                            "{case}: {pause:?}"
                        );
                        // An attempt takes its time as well.
                        elapsed += pause + Duration::from_millis(100);
                        assert!(elapsed < window + Duration::from_millis(100), "{case}");
                    }
                }
            }
        }
        let mut retry = Retry::new(Duration::ZERO);
        let beyond = Some(Duration::from_secs(16));
        assert_eq!(retry.pause(Duration::ZERO, beyond, 0.0), None);
    }

    #[test]
    fn the_same_retry_after_brings_clients_back_apart() {
        for (wait, retry_after, longest_pauses) in [
            (0, 0, [6.0, 7.0]),
            (0, 4, [9.5, 9.5]), // half of what is left
            (0, 14, [14.5, 14.5]),
            (3600, 0, [6.0, 7.0]),
            (3600, 20, [26.0, 27.0]),
        ] {
            let mut retry = Retry::new(Duration::from_secs(wait));
            for longest in longest_pauses {
                let retry_after = Some(Duration::from_secs(retry_after));
                let pause = retry.pause(Duration::ZERO, retry_after, ALMOST_ONE);
                let pause = pause.expect("there is time").as_secs_f64();
                assert!(
                    (pause - longest).abs() < 0.001,
                    "{wait} {retry_after:?}: {pause}"
                );
            }
        }
    }

    #[test]
    fn no_attempt_begins_at_the_last_moment() {
        let mut retry = Retry::new(Duration::from_secs(60));
        let half = Some(Duration::from_millis(125));
        for (elapsed, pause) in [(59_750, half), (59_751, None), (60_001, None)] {
            let elapsed = Duration::from_millis(elapsed);
            assert_eq!(retry.pause(elapsed, None, 1.0), pause);
        }
        let all = Some(Duration::from_secs(60));
        assert_eq!(retry.pause(Duration::ZERO, all, 0.0), None);
        assert_eq!(retry.remaining(Duration::from_secs(59)).as_secs(), 1);
        assert_eq!(
            Retry::new(Duration::ZERO).remaining(Duration::ZERO),
            Duration::MAX
        );
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_are_three_without_wait() {
        let mut retry = Retry::new(Duration::from_secs(3600));
        for expected in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
            let expected = Duration::from_millis(expected);
            let pause = retry.pause(Duration::ZERO, None, ALMOST_ONE);
            let pause = pause.expect("an hour is left");
            assert!(
                pause <= expected && pause > expected.mul_f64(0.99),
                "{pause:?}"
            );
        }
        let mut usual = Retry::new(Duration::ZERO);
        let attempts = 1 + std::iter::from_fn(|| usual.pause(Duration::ZERO, None, 0.5)).count();
        assert_eq!(attempts, 3);
    }

    const CLIENTS: u32 = 2_000;

    /// xorshift64* (Marsaglia 2003, Vigna 2016): the same sequence each time, from 0 up to 1.
    struct Random(u64);

    impl Random {
        fn roll(&mut self) -> f64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let high = u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32);
            f64::from(high.unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
        }
    }

    /// A token bucket of one second.
    struct Bucket {
        rate: f64,
        tokens: f64,
        filled: Duration,
    }

    impl Bucket {
        fn admits(&mut self, now: Duration) -> bool {
            let gained = now.saturating_sub(self.filled).as_secs_f64() * self.rate;
            self.tokens = (self.tokens + gained).min(self.rate);
            self.filled = now;
            let admits = self.tokens >= 1.0;
            self.tokens -= f64::from(u8::from(admits));
            admits
        }
    }

    /// Clients that start within half a second, each with the two requests of `login --wait 300`. Gives how many get in,
    /// when the last one does, and how many requests come in each second.
    fn simulate(rate: u32, retry_after: Option<Duration>) -> (u32, Duration, Vec<u32>) {
        let plan = || Retry::new(Duration::from_secs(300));
        let mut random = Random(1);
        let rate = f64::from(rate);
        let mut bucket = Bucket {
            rate,
            tokens: rate,
            filled: Duration::ZERO,
        };
        // Of each request: when it comes, its client, when it was made first, the attempts since, the answers before it.
        let mut agenda = BinaryHeap::new();
        let mut retries = Vec::new();
        for number in 0..CLIENTS as usize {
            let start = Duration::from_millis(500).mul_f64(random.roll());
            agenda.push(Reverse((start, number, start, 0)));
            retries.push(plan());
        }
        let (mut got_in, mut last, mut by_second) = (0, Duration::ZERO, Vec::new());
        while let Some(Reverse((now, number, began, answers))) = agenda.pop() {
            let second = usize::try_from(now.as_secs()).expect("a few seconds");
            by_second.resize(by_second.len().max(second + 1), 0);
            by_second[second] += 1;
            if !bucket.admits(now) {
                let pause =
                    retries[number].pause(now.saturating_sub(began), retry_after, random.roll());
                agenda.extend(pause.map(|pause| Reverse((now + pause, number, began, answers))));
            } else if answers == 0 {
                let next = now + Duration::from_millis(1);
                retries[number] = plan();
                agenda.push(Reverse((next, number, next, 1)));
            } else {
                got_in += 1;
                last = now;
            }
        }
        (got_in, last, by_second)
    }

    #[test]
    fn fleet_that_starts_at_once_gets_in_and_does_not_come_back_together() {
        for rate in [200, 100, 40] {
            for retry_after in [None, Some(1), Some(5)] {
                let (got_in, last, by_second) =
                    simulate(rate, retry_after.map(Duration::from_secs));
                let case =
                    format!("{rate}/s, Retry-After {retry_after:?}: {last:?}, {by_second:?}");
                assert_eq!(got_in, CLIENTS, "{case}");
                assert!(
                    last <= 2 * Duration::from_secs(2 * u64::from(CLIENTS / rate)),
                    "{case}"
                );
                // From the third second on, none brings more than twice the average of the ten before it.
                let is_flat = |window: &[u32]| 5 * window[10] <= window[..10].iter().sum();
                assert!(by_second.windows(11).skip(2).all(is_flat), "{case}");
            }
        }
    }
}
