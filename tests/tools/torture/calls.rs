//! Each system call, made to fail by strace(1), which counts those of a name and a thread by itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::stage::Stage;
use super::subject::Subject;

pub(crate) const STRACE: &str = "/usr/bin/strace";

/// Calls that can't fail, or whose failing strace can't tell: it keeps the call back, and what shall
/// be closed or ended stays.
const NEVER: &[&str] = &[
    "arch_prctl",
    // The kernel tells that it failed by the old end, not by an error, which glibc does not expect (brk(2)).
    "brk",
    "close",
    "execve",
    // Only who waits can be interrupted, and a C library ends the program where a waker is told so.
    "futex",
    "exit",
    "exit_group",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "gettid",
    "getuid",
    "munmap",
    "restart_syscall",
    "rt_sigprocmask",
    "rt_sigreturn",
    "set_robust_list",
    "set_tid_address",
];

/// The occurrence counts from 1.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) call: String,
    occurrence: usize,
    error: &'static str,
}

/// # Errors
/// There is no strace.
pub(crate) fn require() -> Result<(), String> {
    if Path::new(STRACE).exists() {
        Ok(())
    } else {
        Err(format!("there is no {STRACE}"))
    }
}

/// Runs it once with nothing going wrong, and gives all that could.
pub(crate) fn all_of(stage: &Stage, subject: Subject) -> Vec<Fault> {
    let trace = stage.trace(subject);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in trace.lines().filter_map(call) {
        *counts.entry(call).or_default() += 1;
    }
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, name), count) in counts {
        let known = most.entry(name).or_default();
        *known = count.max(*known);
    }
    let can_fail = most.into_iter().filter(|(name, _)| !NEVER.contains(name));
    can_fail
        .flat_map(|(name, count)| (1..=count).flat_map(move |number| faults(name, number)))
        .collect()
}

/// The thread and the name of the call that a line of the trace begins with: `123 read(0, …`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((thread, name))
}

fn faults(call: &str, occurrence: usize) -> impl Iterator<Item = Fault> {
    errors(call).iter().map(move |error| Fault {
        call: call.to_owned(),
        occurrence,
        error,
    })
}

/// The errors that each of them meets (their man pages): a shortage, an interruption, a device.
fn errors(call: &str) -> &'static [&'static str] {
    match call {
        "mmap" | "mprotect" | "mremap" | "madvise" => &["ENOMEM"],
        "clone" | "clone3" => &["EAGAIN"],
        "dup2" | "dup3" | "fcntl" | "socketpair" => &["EMFILE"],
        "open" | "openat" => &["EMFILE", "EIO"],
        "socket" => &["EMFILE", "ENOBUFS"],
        "connect" => &["ENOBUFS", "EINTR"],
        "poll" | "ppoll" | "recvfrom" | "recvmsg" | "sendto" | "sendmsg" | "sendmmsg" => {
            &["ENOMEM", "EINTR"]
        }
        "read" | "pread64" | "readv" | "write" | "writev" => &["EIO", "EINTR"],
        "getsockopt" | "setsockopt" => &["ENOBUFS"],
        "fsync" => &["EIO"],
        "getrandom" => &["ENOSYS", "EINTR"],
        "ioctl" => &["ENOTTY"],
        "fchmod" | "getdents64" | "fstat" | "ftruncate" | "lstat" | "mkdir" | "newfstatat"
        | "rename" | "renameat" | "renameat2" | "stat" | "statx" | "unlink" | "unlinkat" => {
            &["EIO"]
        }
        // What a sandbox refuses (seccomp(2)).
        _ => &["EPERM"],
    }
}

impl Fault {
    /// As strace's options take it.
    pub(crate) fn options(&self) -> [String; 4] {
        let Self {
            call,
            occurrence,
            error,
        } = self;
        let injection = format!("inject={call}:error={error}:when={occurrence}");
        ["-e".into(), format!("trace={call}"), "-e".into(), injection]
    }

    pub(crate) fn removes(&self) -> bool {
        self.call.starts_with("unlink")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{} at {} no. {}",
            self.error, self.call, self.occurrence
        )
    }
}
