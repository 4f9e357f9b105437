//! How long an attempt may take. Every wait of the transport passes here, so that none is unbounded
//! and a person hears of one that is long.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::platform::{self, Watch};

/// A day: longer than any deadline.
pub(super) const LONG: Duration = Duration::from_secs(86_400);

/// The end of an attempt, and when to say that it is slow.
pub(super) struct Deadline<'a> {
    at: Instant,
    slow_at: Instant,
    on_slow: Option<&'a mut dyn FnMut()>,
}

impl<'a> Deadline<'a> {
    /// `time` from now; `on_slow` is called once, when something is still waited for `slow` from now or later.
    pub(super) fn new(
        time: Duration,
        slow: Duration,
        on_slow: &'a mut dyn FnMut(),
    ) -> Deadline<'a> {
        let now = Instant::now();
        Deadline {
            at: now + time,
            slow_at: now + slow,
            on_slow: Some(on_slow),
        }
    }

    /// What is left of the time.
    pub(super) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Calls `wait` with the time for which it may wait, until it returns something; none: the
    /// deadline has passed.
    pub(super) fn wait<T>(&mut self, mut wait: impl FnMut(Duration) -> Option<T>) -> Option<T> {
        loop {
            let now = Instant::now();
            let left = self.at.checked_duration_since(now)?;
            let until_slow = self.slow_at.saturating_duration_since(now);
            let slice = match &mut self.on_slow {
                Some(_) => left.min(until_slow),
                None => left,
            };
            if let Some(result) = wait(slice) {
                return Some(result);
            }
            if Instant::now() >= self.slow_at
                && let Some(on_slow) = self.on_slow.take()
            {
                on_slow();
            }
        }
    }

    /// Waits until one of the sockets is ready, or for `at_most`; false: none is.
    ///
    /// # Errors
    /// The deadline has passed (`TimedOut`), or as poll(2).
    pub(super) fn poll(
        &mut self,
        watched: &mut [Watch<'_>],
        at_most: Duration,
    ) -> io::Result<bool> {
        let until = Instant::now() + at_most;
        self.wait(|slice| {
            let left = until.saturating_duration_since(Instant::now());
            match platform::poll(watched, slice.min(left)) {
                Ok(false) if left > slice => None,
                result => Some(result),
            }
        })
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    /// `stream`, which does not block, as one that blocks up to this deadline.
    pub(super) fn bound<'s>(&'s mut self, stream: &'s TcpStream) -> Bounded<'s, 'a> {
        Bounded {
            stream,
            deadline: self,
        }
    }
}

/// A stream whose reads and writes end at a deadline.
pub(super) struct Bounded<'s, 'a> {
    stream: &'s TcpStream,
    deadline: &'s mut Deadline<'a>,
}

impl Bounded<'_, '_> {
    fn repeat(
        &mut self,
        watch: fn(&TcpStream) -> Watch<'_>,
        mut step: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match step(self.stream) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    self.deadline.poll(&mut [watch(self.stream)], LONG)?;
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Read for Bounded<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.repeat(Watch::for_reading, |mut stream| stream.read(buffer))
    }
}

impl Write for Bounded<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.repeat(Watch::for_writing, |mut stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {

    use std::io::{ErrorKind, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::{Deadline, Duration, Instant, LONG, TcpStream, Watch};

    const MOMENT: Duration = Duration::from_millis(10);
    const PLENTY: Duration = Duration::from_secs(10);

    #[test]
    fn a_wait_that_becomes_slow_is_told_of_once_and_goes_on() {
        let mut told = 0;
        let mut tell = || told += 1;
        let mut deadline = Deadline::new(PLENTY, MOMENT, &mut tell);
        for _ in 0..3 {
            assert_eq!(deadline.wait(|_| Some(7)), Some(7));
        }
        let mut calls = 0;
        deadline.wait(|slice| {
            calls += 1;
            thread::sleep(slice.min(2 * MOMENT));
            (calls > 3).then_some(())
        });
        deadline.wait(|slice| {
            assert!(slice > PLENTY / 2 && slice <= PLENTY);
            Some(())
        });
        assert_eq!(told, 1);
    }

    #[test]
    fn a_wait_that_begins_slow_is_told_of_before_it_goes_on() {
        let mut told = false;
        let mut tell = || told = true;
        let mut deadline = Deadline::new(PLENTY, Duration::ZERO, &mut tell);
        let mut slices = Vec::new();
        deadline.wait(|slice| {
            slices.push(slice > PLENTY / 2);
            (slices.len() == 2).then_some(())
        });
        assert_eq!(slices, [false, true]);
        assert!(told);
    }

    #[test]
    fn nobody_waits_past_the_moment_of_telling() {
        let mut tell = || {};
        let mut deadline = Deadline::new(3 * PLENTY, PLENTY, &mut tell);
        deadline.wait(|slice| {
            assert!(slice > PLENTY / 2 && slice <= PLENTY);
            Some(())
        });
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, 3 * PLENTY, &mut tell);
        deadline.wait(|slice| {
            assert!(slice > PLENTY / 2 && slice <= PLENTY);
            Some(())
        });
    }

    #[test]
    fn what_is_quick_is_not_told_of() {
        let mut told = false;
        let mut tell = || told = true;
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let mut calls = 0;
        deadline.wait(|_| {
            calls += 1;
            (calls > 2).then_some(())
        });
        assert!(deadline.left() > PLENTY / 2 && deadline.left() <= PLENTY);
        assert!(!told);
    }

    #[test]
    fn the_time_ends_every_wait() {
        let mut tell = || {};
        let mut deadline = Deadline::new(MOMENT, PLENTY, &mut tell);
        let ended = deadline.wait(|slice| {
            assert!(slice <= MOMENT);
            thread::sleep(slice);
            None::<()>
        });
        assert_eq!(ended, None);
        assert!(deadline.left().is_zero());
    }

    #[test]
    fn a_poll_ends_with_what_comes_first() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut theirs, _) = listener.accept().unwrap();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, MOMENT, &mut tell);
        let mut watch = [Watch::for_reading(&ours)];
        let begun = Instant::now();
        assert!(!deadline.poll(&mut watch, 5 * MOMENT).unwrap());
        assert!(begun.elapsed() >= 5 * MOMENT);
        theirs.write_all(b"x").unwrap();
        assert!(deadline.poll(&mut watch, LONG).unwrap());
        let writable = &mut [Watch::for_writing(&ours)];
        assert!(deadline.poll(writable, Duration::ZERO).unwrap());
        let mut tell = || {};
        let mut over = Deadline::new(MOMENT, PLENTY, &mut tell);
        let mut nothing = [Watch::for_reading(&theirs)];
        let ended = over.poll(&mut nothing, LONG).map_err(|cause| cause.kind());
        assert_eq!(ended, Err(ErrorKind::TimedOut));
    }

    #[test]
    fn a_step_is_made_again_after_what_passes_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut tell = || {};
        let mut deadline = Deadline::new(PLENTY, PLENTY, &mut tell);
        let passing = [ErrorKind::Interrupted, ErrorKind::WouldBlock];
        for error in [ErrorKind::ConnectionReset].into_iter().chain(passing) {
            let mut results = [Err(error.into()), Ok(3)].into_iter();
            let step = |_: &TcpStream| results.next().unwrap();
            let result = deadline.bound(&stream).repeat(Watch::for_writing, step);
            let expected = if passing.contains(&error) {
                Ok(3)
            } else {
                Err(error)
            };
            assert_eq!(result.map_err(|cause| cause.kind()), expected);
        }
    }
}
