//! One system call that fails, or at which the process is killed.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) call: String,
    /// Counts from 1, for each name and thread by itself: strace(1), `when=`.
    occurrence: usize,
    /// The call is not carried out, and says this; None: the process is killed as it enters the call.
    pub(crate) error: Option<&'static str>,
}

/// What can go wrong in a run of which strace wrote this.
pub(crate) fn all_of(trace: &str, kills: bool) -> Vec<Fault> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (thread, call) in trace.lines().filter_map(call) {
        *counts.entry(call).or_default().entry(thread).or_default() += 1;
    }
    // strace's own, before the program.
    counts.remove("execve");
    let mut faults = Vec::new();
    for (call, by_thread) in counts {
        let most = by_thread.into_values().max().unwrap_or_default();
        let kill = kills.then_some(None);
        for error in errors(call).iter().copied().map(Some).chain(kill) {
            faults.extend((1..=most).map(|occurrence| Fault {
                call: call.to_owned(),
                occurrence,
                error,
            }));
        }
    }
    faults
}

/// The thread and the name of the call that a line begins with: `123 read(0, …`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some((thread, name))
}

/// The errors that each call meets (their man pages): a shortage, an interruption, a device, a sandbox.
fn errors(call: &str) -> &'static [&'static str] {
    match call {
        // They can't fail, or strace can't tell it: it keeps the call back, and what should be closed or end does not.
        // brk(2) fails by its result, not by an error. Nobody is interrupted who wakes another by futex(2).
        // Without memory and signal handlers std begins neither a process nor a thread.
        "arch_prctl" | "brk" | "close" | "exit" | "exit_group" | "futex" | "getegid"
        | "geteuid" | "getgid" | "getpid" | "gettid" | "getuid" | "madvise" | "mmap"
        | "mprotect" | "mremap" | "munmap" | "restart_syscall" | "rt_sigaction"
        | "rt_sigprocmask" | "rt_sigreturn" | "set_robust_list" | "set_tid_address"
        | "sigaltstack" => &[],
        "clone" | "clone3" => &["EAGAIN"],
        "dup2" | "dup3" | "fcntl" | "socketpair" => &["EMFILE"],
        "socket" => &["EMFILE", "ENOBUFS"],
        "connect" => &["ENOBUFS", "EINTR"],
        "poll" | "ppoll" | "recvfrom" | "recvmsg" | "sendto" | "sendmsg" | "sendmmsg" => {
            &["ENOMEM", "EINTR"]
        }
        "getsockopt" | "setsockopt" => &["ENOBUFS"],
        "getrandom" => &["ENOSYS", "EINTR"],
        "ioctl" => &["ENOTTY"],
        "open" | "openat" => &[
            "EMFILE", "ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EINTR",
        ],
        _ if changes_files(call) => &["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EINTR"],
        _ if begins_with(call, "fstat getdents lstat newfstat pread read stat") => {
            &["EIO", "EACCES", "EINTR"]
        }
        _ => &["EPERM"],
    }
}

fn changes_files(call: &str) -> bool {
    let stems = "chmod creat fchmod fdatasync fsync ftruncate mkdir pwrite rename unlink write";
    begins_with(call, stems)
}

/// With one of these words: processors differ in the names' ends.
fn begins_with(call: &str, stems: &str) -> bool {
    stems.split(' ').any(|stem| call.starts_with(stem))
}

impl Fault {
    /// An interruption of a call that can wait is no failure: it is made again.
    pub(crate) fn is_retriable(&self) -> bool {
        let waits = ["fsync", "read", "readv", "write", "writev"];
        self.error == Some("EINTR") && waits.contains(&self.call.as_str())
    }

    pub(crate) fn changes_files(&self) -> bool {
        changes_files(&self.call) || self.call.starts_with("open")
    }

    /// What a message must say of a file system's own error, in glibc's or musl's words; of other errors nothing.
    pub(crate) fn words(&self) -> &'static [&'static str] {
        match self.error {
            _ if !changes_files(&self.call) => &[""],
            Some("ENOSPC") => &["no space left on device"],
            Some("EDQUOT") => &["quota exceeded"],
            Some("EIO") => &["input/output error", "i/o error"],
            Some("EROFS") => &["read-only file system"],
            Some("EACCES") => &["permission denied"],
            _ => &[""],
        }
    }
}

/// As strace's `inject=` takes it.
impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.error {
            Some(error) => format!("error={error}"),
            None => "signal=KILL".to_owned(),
        };
        write!(to, "{}:{what}:when={}", self.call, self.occurrence)
    }
}
