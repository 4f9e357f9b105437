//! The program at a real pseudo-terminal, which is its controlling terminal.

use std::fs::File;
use std::io::Write;

use nix::pty::openpty;
use nix::sys::signal::Signal;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;

use super::command::{Running, TestCommand};
use super::outcome::Outcome;
use super::process::Capture;

pub(crate) struct Pty {
    running: Running,
    keyboard: File,
    screen: Capture,
}

impl Pty {
    /// At a terminal that somebody before has left so.
    #[track_caller]
    pub(crate) fn start_left(command: TestCommand, leave: impl FnOnce(&mut Termios)) -> Self {
        let (keyboard, terminal) = open();
        let mut settings = tcgetattr(&terminal).expect("the terminal's settings");
        leave(&mut settings);
        tcsetattr(&terminal, SetArg::TCSANOW, &settings).expect("the terminal is set");
        let screen = Capture::of(keyboard.try_clone().ok());
        let running = command.launch(Some(&terminal));
        Self {
            running,
            keyboard,
            screen,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.running.pid()
    }

    /// Until all that appeared so far contains this.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let seen = self.screen.wait_for(text);
        assert!(seen, "{text:?} never appeared on:\n{}", self.output());
    }

    /// Types; Enter is `\r`, Ctrl-C `\x03`, Ctrl-D `\x04`.
    #[track_caller]
    pub(crate) fn send(&self, bytes: &[u8]) {
        let sent = (&self.keyboard).write_all(bytes);
        sent.expect("the terminal takes what is typed");
    }

    /// Also after the program has ended.
    pub(crate) fn echo_on(&self) -> bool {
        self.settings().local_flags.contains(LocalFlags::ECHO)
    }

    /// Also after the program has ended.
    pub(crate) fn settings(&self) -> Termios {
        tcgetattr(&self.keyboard).expect("the terminal's settings")
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    pub(crate) fn output(&self) -> String {
        self.screen.text()
    }

    #[track_caller]
    pub(crate) fn finish(&mut self) -> Outcome {
        let outcome = self.running.outcome();
        let mut outcome =
            outcome.unwrap_or_else(|said| panic!("{said}\n--- terminal\n{}", self.output()));
        outcome.terminal = self.screen.whole_text();
        outcome
    }
}

/// Both ends. What other tests start meanwhile does not inherit them (`inherit_nothing`): a terminal ends for
/// its reader only when the last descriptor of the other end is closed.
pub(crate) fn open() -> (File, File) {
    let pair = openpty(None, None).expect("a pty");
    (pair.master.into(), pair.slave.into())
}
