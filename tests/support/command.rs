//! Runs the program in an environment of its own, within a time limit.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, setsid};

use super::capture::Capture;
use super::home::Home;
use super::machine::Machine;
use super::outcome::Outcome;
use super::process::Process;
use super::pty::Pty;

/// What is under test: `SEKUIRE_BIN` where set (a static build, say), else what cargo built.
pub(crate) fn binary() -> PathBuf {
    if let Some(named) = env::var_os("SEKUIRE_BIN") {
        return path::absolute(named).expect("the path in SEKUIRE_BIN");
    }
    if let Some(built) = option_env!("CARGO_BIN_EXE_sekuire") {
        return built.into();
    }
    // An example is not told: it lies in examples/, one below the program.
    let example = env::current_exe().expect("the path of this program");
    example
        .parent()
        .and_then(Path::parent)
        .expect("a target directory")
        .join("sekuire")
}

/// The identity of the device (`SEKUIRE_DEVICE_ID`) in whose name the program runs where a test names
/// no other.
pub(crate) const DEVICE_ID: &str = "runner-1";

pub(crate) struct Sekuire {
    command: Command,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    timeout: Duration,
}

enum Input {
    /// The terminal where there is one, else nothing to read.
    Usual,
    Bytes(Vec<u8>),
    From(Stdio),
}

enum Output {
    /// The terminal where there is one, else captured.
    Usual,
    Captured,
    To(Stdio),
}

impl Sekuire {
    pub(crate) fn new() -> Self {
        Self::at(&binary())
    }

    pub(crate) fn at(binary: &Path) -> Self {
        let mut command = Command::new(binary);
        // An unset HOME would lead to the home of whoever runs the tests, and to their key; not even
        // root can make this one. Without an
        // identity of the tests' own, much would depend on whether this machine has one.
        command
            .env_clear()
            .env("HOME", "/proc/nonexistent")
            .env("PATH", "/usr/bin:/bin")
            .env("SEKUIRE_DEVICE_ID", DEVICE_ID);
        inherit_nothing(&mut command);
        Self {
            command,
            stdin: Input::Usual,
            stdout: Output::Usual,
            stderr: Output::Usual,
            timeout: Duration::from_secs(30),
        }
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

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = Input::Bytes(bytes.to_vec());
        self
    }

    pub(crate) fn stdin_from(mut self, source: impl Into<Stdio>) -> Self {
        self.stdin = Input::From(source.into());
        self
    }

    pub(crate) fn stdout_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stdout = Output::To(target.into());
        self
    }

    pub(crate) fn stderr_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stderr = Output::To(target.into());
        self
    }

    /// Away from the terminal, into the outcome.
    pub(crate) fn capture_stdout(mut self) -> Self {
        self.stdout = Output::Captured;
        self
    }

    pub(crate) fn capture_stderr(mut self) -> Self {
        self.stderr = Output::Captured;
        self
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
        Pty::start(self)
    }

    #[track_caller]
    #[allow(clippy::zombie_processes, reason = "Process reaps it")]
    pub(super) fn launch(mut self, terminal: Option<&File>) -> Running {
        let usual = |otherwise: fn() -> Stdio| {
            terminal.map_or_else(otherwise, |file| {
                file.try_clone().expect("a descriptor").into()
            })
        };
        let output = |output: Output| match output {
            Output::Usual => usual(Stdio::piped),
            Output::Captured => Stdio::piped(),
            Output::To(target) => target,
        };
        let (stdin, typed) = match self.stdin {
            Input::Usual => (usual(Stdio::null), None),
            Input::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
            Input::From(source) => (source, None),
        };
        self.command
            .stdin(stdin)
            .stdout(output(self.stdout))
            .stderr(output(self.stderr));
        if let Some(terminal) = terminal {
            lead_session(
                &mut self.command,
                terminal.try_clone().expect("a descriptor").into(),
            );
        }

        let started = Instant::now();
        let program = self.command.get_program().to_owned();
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let process = Process::watch(&child, started);
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), typed) {
            // In a thread, and whether or not it is read: the program may end first.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running {
            process,
            stdout: child.stdout.take().map(Capture::of),
            stderr: child.stderr.take().map(Capture::of),
            timeout: self.timeout,
        }
    }
}

/// Keeps from the child what whoever runs the tests may have left to them: ignored signals (a shell's
/// background jobs ignore Ctrl-C; POSIX, sh 2.12), and open descriptors (a build tool's job server).
#[allow(unsafe_code, reason = "pre_exec is unsafe")]
fn inherit_nothing(command: &mut Command) {
    let step = || {
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
        Ok(())
    };
    // SAFETY: both are plain system calls; nothing is allocated.
    unsafe { command.pre_exec(step) };
}

/// Makes the child the leader of a session that this terminal controls.
#[allow(unsafe_code, reason = "pre_exec is unsafe, and nix has no TIOCSCTTY")]
fn lead_session(command: &mut Command, terminal: OwnedFd) {
    let step = move || {
        setsid()?;
        // SAFETY: the descriptor is open; TIOCSCTTY takes a number, not a pointer.
        let result = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY as _, 0) };
        if result == -1 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    };
    // SAFETY: setsid and ioctl are plain system calls; nothing is allocated.
    unsafe { command.pre_exec(step) };
}

/// A run under way; killed when dropped.
pub(crate) struct Running {
    process: Process,
    stdout: Option<Capture>,
    stderr: Option<Capture>,
    timeout: Duration,
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    #[track_caller]
    pub(crate) fn finish(&mut self) -> Outcome {
        self.outcome().unwrap_or_else(|said| panic!("{said}"))
    }

    /// Or what it said until its time was over.
    pub(crate) fn outcome(&mut self) -> Result<Outcome, String> {
        let end = self.process.wait(self.timeout);
        if end.is_some() {
            for capture in [&self.stdout, &self.stderr].into_iter().flatten() {
                capture.wait_for_end(Duration::from_secs(10));
            }
        }
        let (stdout, stderr) = (text(self.stdout.as_ref()), text(self.stderr.as_ref()));
        match end {
            Some(end) => Ok(Outcome::new(end, stdout, stderr)),
            None => Err(format!(
                "still running after {:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.timeout
            )),
        }
    }
}

fn text(capture: Option<&Capture>) -> String {
    capture.map(Capture::text).unwrap_or_default()
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
