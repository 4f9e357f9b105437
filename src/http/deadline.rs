//! How long an attempt may take. Every wait of the transport passes here, so that none is unbounded
//! and a person hears of one that is long.

use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How often the program reports what it waits for.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// The end of an attempt, and when to report that it still waits.
pub(super) struct Deadline<'a> {
    end: Instant,
    next_tick: Instant,
    on_tick: &'a mut dyn FnMut(),
}

impl<'a> Deadline<'a> {
    /// A deadline `time` from now; while something is waited for, `on_tick` is called every second.
    pub(super) fn new(time: Duration, on_tick: &'a mut dyn FnMut()) -> Deadline<'a> {
        let now = Instant::now();
        Deadline {
            end: now + time,
            next_tick: now + TICK,
            on_tick,
        }
    }

    /// What is left of the time.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// For how long to wait before this is asked again; never zero.
    ///
    /// # Errors
    /// The deadline has passed (`TimedOut`).
    pub(super) fn slice(&mut self) -> io::Result<Duration> {
        let now = Instant::now();
        if now >= self.end {
            return Err(TimedOut.into());
        }
        if now >= self.next_tick {
            (self.on_tick)();
            self.next_tick = now + TICK;
        }
        Ok(self.end.min(self.next_tick) - now)
    }

    /// Repeats `operation`, which takes how long it may wait, until it ends for another reason than that time.
    ///
    /// # Errors
    /// As the operation; the deadline has passed (`TimedOut`).
    pub(super) fn wait<T>(
        &mut self,
        mut operation: impl FnMut(Duration) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match operation(self.slice()?) {
                // socket(7), `SO_RCVTIMEO`, says `WouldBlock`; Windows says `TimedOut`.
                Err(cause) if matches!(cause.kind(), WouldBlock | TimedOut | Interrupted) => {}
                result => return result,
            }
        }
    }

    /// `stream`, with reads and writes that end at this deadline.
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

impl Read for Bounded<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self.stream;
        self.deadline.wait(|time| {
            stream.set_read_timeout(Some(time))?;
            stream.read(buffer)
        })
    }
}

impl Write for Bounded<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self.stream;
        self.deadline.wait(|time| {
            stream.set_write_timeout(Some(time))?;
            stream.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::{Deadline, TICK};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, listener.accept().unwrap().0)
    }

    #[test]
    fn silence_ends_at_the_deadline_and_ticks_every_second() {
        let (ours, _theirs) = pair();
        let mut ticks = 0;
        let mut on_tick = || ticks += 1;
        let began = Instant::now();
        let mut deadline = Deadline::new(TICK * 5 / 2, &mut on_tick);
        let cause = deadline.bound(&ours).read(&mut [0]).unwrap_err();
        assert_eq!(cause.kind(), ErrorKind::TimedOut);
        assert!(deadline.left().is_zero() && deadline.slice().is_err());
        assert!((TICK * 5 / 2..TICK * 5).contains(&began.elapsed()));
        assert_eq!(ticks, 2);
    }

    #[test]
    fn a_full_buffer_ends_at_the_deadline() {
        let (ours, _theirs) = pair();
        let mut on_tick = || ();
        let mut deadline = Deadline::new(Duration::from_millis(300), &mut on_tick);
        let endless = vec![0; 1 << 16];
        let mut bounded = deadline.bound(&ours);
        let cause = loop {
            if let Err(cause) = bounded.write_all(&endless) {
                break cause;
            }
        };
        assert_eq!(cause.kind(), ErrorKind::TimedOut);
    }
}
