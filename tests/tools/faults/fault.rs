//! One thing that goes wrong at one system call.

use std::fmt;

use nix::libc;

/// The calls that a file system answers, by any of their names, and that can fail for its reasons.
/// Not close: Linux closes whatever it then says (close(2)), and strace, which keeps the call back,
/// would leave open what is closed.
const FILE_CALLS: &[&str] = &[
    "chmod",
    "creat",
    "fchmod",
    "fchmodat",
    "fdatasync",
    "fstat",
    "fsync",
    "ftruncate",
    "getdents64",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "pread64",
    "pwrite64",
    "read",
    "readlink",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "stat",
    "statx",
    "unlink",
    "unlinkat",
    "write",
    "writev",
];

/// The errors that each of them meets.
const ERRORS: [(&str, i32); 6] = [
    ("ENOSPC", libc::ENOSPC),
    ("EDQUOT", libc::EDQUOT),
    ("EIO", libc::EIO),
    ("EROFS", libc::EROFS),
    ("EACCES", libc::EACCES),
    ("EINTR", libc::EINTR),
];

/// The occurrence counts from 1.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) call: String,
    pub(crate) occurrence: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The process is killed as it enters the call.
    Kill,
    /// The call is not carried out, and says this.
    Error(&'static str, i32),
}

impl Fault {
    /// All that can go wrong at a call that occurs so often.
    pub(crate) fn all_of(call: &str, occurrences: usize) -> Vec<Self> {
        let errors = ERRORS
            .iter()
            .filter(|_| FILE_CALLS.contains(&call))
            .map(|(name, number)| Kind::Error(name, *number));
        let kinds: Vec<Kind> = errors.chain([Kind::Kill]).collect();
        (1..=occurrences)
            .flat_map(|occurrence| {
                kinds.iter().map(move |kind| Self {
                    call: call.to_owned(),
                    occurrence,
                    kind: *kind,
                })
            })
            .collect()
    }

    /// As strace's option `-e` takes it.
    pub(crate) fn injection(&self) -> String {
        let what = match self.kind {
            Kind::Kill => "signal=KILL".to_owned(),
            Kind::Error(name, _) => format!("error={name}"),
        };
        format!("inject={}:{what}:when={}", self.call, self.occurrence)
    }

    /// An interruption of a call that can wait is no failure: it is made again.
    pub(crate) fn is_retriable(&self) -> bool {
        let waits = ["fsync", "read", "readv", "write", "writev"];
        self.kind == Kind::Error("EINTR", libc::EINTR) && waits.contains(&self.call.as_str())
    }

    pub(crate) fn removes(&self) -> bool {
        self.call.starts_with("unlink")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Kill => "KILL",
            Kind::Error(name, _) => name,
        };
        write!(to, "{what} at {} no. {}", self.call, self.occurrence)
    }
}
