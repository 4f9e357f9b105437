//! One system call that fails, or at which the process is killed.

use std::collections::BTreeMap;
use std::fmt;

use nix::libc;

#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) call: String,
    /// Counts from 1, for each name and thread by itself: strace(1), `when=`.
    occurrence: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As the process enters the call.
    Kill,
    /// The call is not carried out, and says this.
    Error(&'static str),
}

/// What can go wrong in a run of which strace wrote this.
pub(crate) fn all_of(trace: &str, kills: bool) -> Vec<Fault> {
    let mut by_thread: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // The exec is strace's own, before the program.
    for found in trace
        .lines()
        .filter_map(call)
        .filter(|found| found.1 != "execve")
    {
        *by_thread.entry(found).or_default() += 1;
    }
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, call), count) in by_thread {
        let known = most.entry(call).or_default();
        *known = count.max(*known);
    }
    let mut faults = Vec::new();
    for (call, count) in most {
        let kill = kills.then_some(Kind::Kill);
        let kinds = errors(call).iter().copied().map(Kind::Error).chain(kill);
        for kind in kinds {
            faults.extend((1..=count).map(|occurrence| Fault {
                call: call.to_owned(),
                occurrence,
                kind,
            }));
        }
    }
    faults
}

/// The thread and the name of the call that a line begins with: `123 read(0, …`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_name).then_some((thread, name))
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
        _ if reads_files(call) => &["EIO", "EACCES", "EINTR"],
        _ => &["EPERM"],
    }
}

/// By any of their names: processors differ.
fn changes_files(call: &str) -> bool {
    let stems = [
        "chmod",
        "creat",
        "fchmod",
        "fdatasync",
        "fsync",
        "ftruncate",
        "mkdir",
        "pwrite",
        "rename",
        "unlink",
        "write",
    ];
    stems.iter().any(|stem| call.starts_with(stem))
}

fn reads_files(call: &str) -> bool {
    let stems = [
        "fstat", "getdents", "lstat", "newfstat", "pread", "read", "stat",
    ];
    stems.iter().any(|stem| call.starts_with(stem))
}

impl Fault {
    /// As strace takes it.
    pub(crate) fn options(&self) -> [String; 4] {
        let what = match self.kind {
            Kind::Kill => "signal=KILL".to_owned(),
            Kind::Error(name) => format!("error={name}"),
        };
        let (call, occurrence) = (&self.call, self.occurrence);
        let injection = format!("inject={call}:{what}:when={occurrence}");
        ["-e".into(), format!("trace={call}"), "-e".into(), injection]
    }

    /// An interruption of a call that can wait is no failure: it is made again.
    pub(crate) fn is_retriable(&self) -> bool {
        let waits = ["fsync", "read", "readv", "write", "writev"];
        self.kind == Kind::Error("EINTR") && waits.contains(&self.call.as_str())
    }

    pub(crate) fn changes_files(&self) -> bool {
        changes_files(&self.call) || self.call.starts_with("open")
    }

    pub(crate) fn removes(&self) -> bool {
        self.call.starts_with("unlink")
    }

    /// The error's number where it is a file system's own: a message must tell it.
    pub(crate) fn cause(&self) -> Option<i32> {
        match self.kind {
            _ if !changes_files(&self.call) => None,
            Kind::Error("ENOSPC") => Some(libc::ENOSPC),
            Kind::Error("EDQUOT") => Some(libc::EDQUOT),
            Kind::Error("EIO") => Some(libc::EIO),
            Kind::Error("EROFS") => Some(libc::EROFS),
            Kind::Error("EACCES") => Some(libc::EACCES),
            Kind::Error(_) | Kind::Kill => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Kill => "KILL",
            Kind::Error(name) => name,
        };
        write!(to, "{what} at {} no. {}", self.call, self.occurrence)
    }
}
