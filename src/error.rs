//! What went wrong, in words a person can act on, and the exit status that says so to a script.

use std::fmt;
use std::io;

/// The kinds of failure that a script can tell apart by exit status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// No API key on this machine.
    NotLoggedIn,
    /// The backend refused the API key.
    Rejected,
    /// A bad argument, or a malformed key, URL, proxy or variable.
    Usage,
    /// Something on this machine: a file, the home directory, standard output.
    Machine,
    /// The backend could not be reached or did not answer properly.
    Backend,
    /// A program that is to be run is not there.
    ProgramNotFound,
    /// A program that is to be run can't be.
    ProgramNotExecutable,
    /// The reader of standard output has gone: the program ends in silence.
    ClosedPipe,
}

impl Kind {
    /// The process's exit status for this kind of failure.
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::NotLoggedIn | Kind::Rejected => 1,
            Kind::Usage => 2,
            Kind::Machine => 3,
            Kind::Backend => 4,
            // As a shell reports it (POSIX.1-2024, Shell Command Language, 2.8.2).
            Kind::ProgramNotFound => 127,
            Kind::ProgramNotExecutable => 126,
            // 128 + SIGPIPE, as a shell reports a program that the signal ended.
            Kind::ClosedPipe => 141,
        }
    }
}

/// What to do where this machine is short of something.
pub const CHECK_LIMITS: &str = "check the limits of this process (ulimit -a, or the container's)";

/// A failure: its kind, what failed and where, and what to do next.
///
/// The texts may hold what a server or a file said; they are sanitized where they are printed.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// A failure of `kind` that says `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// A call that must be corrected: exit status 2.
    pub fn usage(message: impl Into<String>) -> Error {
        Error::new(Kind::Usage, message)
    }

    /// Something on this machine that must be corrected: exit status 3.
    pub fn machine(message: impl Into<String>) -> Error {
        Error::new(Kind::Machine, message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// An error of the operating system in lower-case words, without its number.
pub fn words(cause: &io::Error) -> String {
    if cause.kind() == io::ErrorKind::UnexpectedEof {
        return "connection closed".to_owned();
    }
    let mut words = cause.to_string();
    words.truncate(words.find(" (os error ").unwrap_or(words.len()));
    // Except for names, such as I/O.
    let is_word = words.chars().nth(1).is_some_and(char::is_lowercase);
    if let Some(first) = words.get_mut(..1).filter(|_| is_word) {
        first.make_ascii_lowercase();
    }
    words
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
