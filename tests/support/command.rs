//! Runs the program in an environment of its own, within a time limit.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{self, Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, setsid};

use super::home::Home;
use super::machine::Machine;
use super::outcome::Outcome;
use super::process::{Capture, eventually};
use super::pty::Pty;

/// What is under test: `SEKUIRE_BIN` where set (a static build, say), else what cargo built.
pub(crate) fn binary() -> PathBuf {
    if let Some(named) = env::var_os("SEKUIRE_BIN") {
        return path::absolute(named).expect("the path in SEKUIRE_BIN");
    }
    if let Some(built) = option_env!("CARGO_BIN_EXE_sekuire") {
        return built.into();
    }
    // Cargo does not tell an example: it lies in examples/, and the program one folder above.
    let example = env::current_exe().expect("the path of this program");
    let target = example.ancestors().nth(2).expect("a target directory");
    target.join("sekuire")
}

/// The identity of the device (`SEKUIRE_DEVICE_ID`) in whose name the program runs where a test names
/// no other.
pub(crate) const DEVICE_ID: &str = "runner-1";

pub(crate) struct TestCommand {
    command: Command,
    /// None: the terminal where there is one, else nothing to read.
    stdin: Option<Stdio>,
    /// None: the terminal where there is one, else captured; as `stderr`.
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    timeout: Duration,
}

impl TestCommand {
    pub(crate) fn new() -> Self {
        Self::at(&binary())
    }

    pub(crate) fn at(binary: &Path) -> Self {
        let mut command = Command::new(binary);
        // An unset HOME would lead to the home of whoever runs the tests, and to their key; not even root can
        // make this one. Without an identity of the tests' own, much would depend on the machine's.
        command
            .env_clear()
            .env("HOME", "/proc/nonexistent")
            .env("PATH", "/usr/bin:/bin")
            .env("SEKUIRE_DEVICE_ID", DEVICE_ID);
        let call = Self {
            command,
            stdin: None,
            stdout: None,
            stderr: None,
            timeout: Duration::from_secs(30),
        };
        call.before_exec(|| {
            inherit_nothing();
            Ok(())
        })
    }

    pub(crate) fn home(self, home: &Home) -> Self {
        self.env("HOME", home.path())
    }

    /// Certificates to trust in place of the system's.
    pub(crate) fn ca(self, file: &Path) -> Self {
        self.env("SSL_CERT_FILE", file)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn directory(mut self, working: &Path) -> Self {
        self.command.current_dir(working);
        self
    }

    /// These bytes from a pipe.
    pub(crate) fn stdin(self, bytes: &[u8]) -> Self {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let bytes = bytes.to_vec();
        // In a thread, and whether or not it is read: the program may end first.
        thread::spawn(move || drop(writer.write_all(&bytes)));
        self.stdin_from(reader)
    }

    pub(crate) fn stdin_from(mut self, source: impl Into<Stdio>) -> Self {
        self.stdin = Some(source.into());
        self
    }

    pub(crate) fn stdout_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stdout = Some(target.into());
        self
    }

    pub(crate) fn stderr_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stderr = Some(target.into());
        self
    }

    /// Away from the terminal, into the outcome.
    pub(crate) fn capture_stdout(self) -> Self {
        self.stdout_to(Stdio::piped())
    }

    pub(crate) fn capture_stderr(self) -> Self {
        self.stderr_to(Stdio::piped())
    }

    pub(crate) fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Runs between fork and exec (limits, umask, closed descriptors): system calls only, as
    /// `CommandExt::pre_exec` says.
    #[allow(unsafe_code, reason = "pre_exec is unsafe")]
    pub(crate) fn before_exec(
        mut self,
        step: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        // SAFETY: every caller keeps to async-signal-safe calls, as asked above.
        unsafe { self.command.pre_exec(step) };
        self
    }

    /// On a machine of its own.
    pub(crate) fn on(self, machine: Machine) -> Self {
        self.before_exec(move || machine.enter())
    }

    /// Whether it can be run here, and if not, why.
    pub(super) fn try_run(mut self) -> Result<(), String> {
        match self.command.output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.spawn().finish()
    }

    #[track_caller]
    pub(crate) fn spawn(self) -> Running {
        self.launch(None)
    }

    /// At a pseudo-terminal of its own.
    #[track_caller]
    pub(crate) fn pty(self) -> Pty {
        Pty::start_left(self, |_| {})
    }

    #[track_caller]
    pub(super) fn launch(mut self, terminal: Option<&File>) -> Running {
        let share = |file: &File| file.try_clone().expect("a descriptor");
        let or = |chosen: &mut Option<Stdio>, otherwise: fn() -> Stdio| {
            let terminal = || terminal.map(|file| share(file).into());
            chosen.take().or_else(terminal).unwrap_or_else(otherwise)
        };
        self.command
            .stdin(or(&mut self.stdin, Stdio::null))
            .stdout(or(&mut self.stdout, Stdio::piped))
            .stderr(or(&mut self.stderr, Stdio::piped));
        if let Some(terminal) = terminal.map(share) {
            self = self.before_exec(move || lead_session(&terminal));
        }
        let started = Instant::now();
        let program = self.command.get_program().to_owned();
        let child = self.command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Running {
            started,
            status: None,
            stdout: Capture::of(child.stdout.take()),
            stderr: Capture::of(child.stderr.take()),
            timeout: self.timeout,
            child,
        }
    }
}

/// Keeps from the child what whoever runs the tests may have left to them: ignored signals (a shell's
/// background jobs ignore Ctrl-C; POSIX, sh 2.12), and open descriptors (a build tool's job server).
#[allow(unsafe_code, reason = "nix has no close_range")]
fn inherit_nothing() {
    for number in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTSTP] {
        // SAFETY: SIG_DFL is a valid disposition for each of them.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
    // Not closed before the exec, for by one of them std learns whether it failed.
    #[cfg(target_os = "linux")]
    // SAFETY: close_range(2) takes three numbers, and where it is not known does nothing.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}

/// Makes the child the leader of a session that this terminal controls.
#[allow(unsafe_code, reason = "nix has no TIOCSCTTY")]
fn lead_session(terminal: &File) -> io::Result<()> {
    setsid()?;
    // SAFETY: the descriptor is open; TIOCSCTTY takes a number, not a pointer.
    match unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY as _, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A run under way; killed when dropped.
pub(crate) struct Running {
    child: Child,
    started: Instant,
    /// None: as far as we know it runs, so its id can belong to no other process.
    status: Option<ExitStatus>,
    stdout: Capture,
    stderr: Capture,
    timeout: Duration,
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let has_ended = self.status.is_some();
        assert!(!has_ended, "{signal} comes too late: it has ended");
        kill(self.pid(), signal).expect("a signal is sent");
    }

    #[track_caller]
    pub(crate) fn finish(&mut self) -> Outcome {
        self.outcome().unwrap_or_else(|said| panic!("{said}"))
    }

    /// Or what it said until its time was over.
    pub(crate) fn outcome(&mut self) -> Result<Outcome, String> {
        eventually(self.timeout, || {
            self.status = self.child.try_wait().expect("a child");
            self.status.is_some()
        });
        let elapsed = self.started.elapsed();
        let outcome = Outcome {
            code: self.status.and_then(|status| status.code()),
            signal: self.status.and_then(|status| status.signal()),
            stdout: self.stdout.whole_text(),
            stderr: self.stderr.whole_text(),
            terminal: String::new(),
            elapsed,
        };
        match self.status {
            Some(_) => Ok(outcome),
            None => Err(format!("running after {:?}; {outcome}", self.timeout)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither does anything to a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe that takes no more: whoever writes to it waits until somebody reads.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let set = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).expect("the pipe's mode");
    set(OFlag::O_NONBLOCK);
    // By single bytes at the end: what does not fit is not written in part (pipe(7)).
    for size in [4096, 1] {
        while (&writer).write(&vec![b' '; size]).is_ok() {}
    }
    set(OFlag::empty());
    (reader, writer)
}
