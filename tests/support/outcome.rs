//! How a run ended and what it said, with assertions that show all of it when they fail.

use std::fmt;
use std::time::Duration;

use nix::sys::signal::Signal;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// Empty where it went to the terminal or elsewhere, as is `stderr`.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// All that appeared on the pseudo-terminal, with its `\r\n`; empty without one.
    pub(crate) terminal: String,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit status; {self}");
        self
    }

    #[track_caller]
    pub(crate) fn killed_by(&self, signal: Signal) -> &Self {
        assert_eq!(self.signal, Some(signal as i32), "{signal}; {self}");
        self
    }

    /// Exactly this on standard output.
    #[track_caller]
    pub(crate) fn stdout_is(&self, stdout: &str) -> &Self {
        assert_eq!(self.stdout, stdout, "standard output; {self}");
        self
    }

    /// This somewhere on standard output.
    #[track_caller]
    pub(crate) fn stdout_contains(&self, part: &str) -> &Self {
        let found = self.stdout.contains(part);
        assert!(found, "standard output lacks {part:?}; {self}");
        self
    }

    /// This somewhere on standard error.
    #[track_caller]
    pub(crate) fn stderr_contains(&self, part: &str) -> &Self {
        let found = self.stderr.contains(part);
        assert!(found, "standard error lacks {part:?}; {self}");
        self
    }

    /// Nothing on standard error.
    #[track_caller]
    pub(crate) fn stderr_is_empty(&self) -> &Self {
        assert_eq!(self.stderr, "", "standard error; {self}");
        self
    }

    /// Exactly this on the terminal, whose line ends are taken for `\n`.
    #[track_caller]
    pub(crate) fn terminal_is(&self, screen: &str) -> &Self {
        let shown = self.terminal.replace("\r\n", "\n");
        assert_eq!(shown, screen, "terminal; {self}");
        self
    }

    /// Nowhere, for keys.
    #[track_caller]
    pub(crate) fn never_shows(&self, secret: &str) -> &Self {
        for text in [&self.stdout, &self.stderr, &self.terminal] {
            assert!(!text.contains(secret), "{secret:?} is shown; {self}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn ends_within(&self, limit: Duration) -> &Self {
        assert!(self.elapsed <= limit, "longer than {limit:?}; {self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, signal, .. } = self;
        writeln!(to, "code {code:?}, signal {signal:?}, {:?}", self.elapsed)?;
        writeln!(to, "--- stdout\n{}", self.stdout)?;
        writeln!(to, "--- stderr\n{}", self.stderr)?;
        writeln!(to, "--- terminal\n{}", self.terminal)
    }
}
