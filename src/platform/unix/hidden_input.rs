//! Input that the terminal does not show.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;

use libc::{c_int, sigaction, termios};

use super::signals::{ENDING, catch, end_process, set_action};
use super::{check, is_ready, set_errno};
use crate::platform::Stream;

/// The signals that do nothing by default (signal(7)).
const IDLE: [c_int; 3] = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH];

/// No system has a signal of a higher number.
const LAST: c_int = 64;

/// What the signal handlers need: set once, before they can run, and then only read.
static PROMPT: OnceLock<Prompt> = OnceLock::new();

struct Prompt {
    shown_on: RawFd,
    text: Box<[u8]>,
    found: termios,
    hidden: termios,
}

/// Shows `prompt` on `terminal`, reads from standard input with `read` while nothing that is typed
/// is shown, and restores the terminal: also when a signal ends or stops the process meanwhile. The line on
/// the terminal is left unfinished. One prompt in the life of a process.
///
/// # Errors
/// Standard input is no terminal after all, or `read` failed.
pub fn read_hidden<T>(
    terminal: &mut Stream,
    prompt: &str,
    read: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    // A background job is stopped by this (tcdrain(3), SIGTTOU), before it takes the settings of the
    // shell for those that it found. What fails here fails again below.
    // SAFETY: tcdrain takes a descriptor and touches no memory of ours.
    unsafe { libc::tcdrain(libc::STDIN_FILENO) };
    let found = attributes()?;
    let prompt = PROMPT.get_or_init(|| Prompt {
        shown_on: terminal.0.as_raw_fd(),
        text: prompt.as_bytes().into(),
        found,
        hidden: hidden(found),
    });
    let caught = catch_signals();
    // TCSADRAIN: what was typed ahead is kept.
    set_attributes(libc::TCSADRAIN, &prompt.hidden)?;
    let result = terminal.write_all(&prompt.text).and_then(|()| read());
    // TCSAFLUSH: the rest of a paste of several lines must not become the shell's next command.
    set_attributes(libc::TCSAFLUSH, &prompt.found)?;
    for (signal, action) in &caught {
        set_action(*signal, action)?;
    }
    result
}

/// No echo; and whole lines that Enter ends, and the keys that interrupt, also where a crashed program has
/// left the terminal raw (termios(3)).
fn hidden(found: termios) -> termios {
    let mut hidden = found;
    hidden.c_iflag &= !libc::IGNCR;
    hidden.c_iflag |= libc::ICRNL;
    hidden.c_lflag &= !(libc::ECHO | libc::ECHONL);
    hidden.c_lflag |= libc::ICANON | libc::ISIG | libc::IEXTEN;
    hidden
}

fn attributes() -> io::Result<termios> {
    // SAFETY: termios is a plain structure of integers, for which zero is a value.
    let mut attributes: termios = unsafe { std::mem::zeroed() };
    // SAFETY: tcgetattr(3) writes one termios, and `attributes` is one.
    check(unsafe { libc::tcgetattr(libc::STDIN_FILENO, &raw mut attributes) })?;
    Ok(attributes)
}

fn set_attributes(when: c_int, attributes: &termios) -> io::Result<()> {
    // SAFETY: tcsetattr(3) reads one termios, and `attributes` is one.
    check(unsafe { libc::tcsetattr(libc::STDIN_FILENO, when, attributes) })
}

/// Catches every signal that ends, stops or continues the process, and returns the actions before.
fn catch_signals() -> Vec<(c_int, sigaction)> {
    (1..=LAST)
        .filter(|signal| !IDLE.contains(signal))
        .filter_map(|signal| Some((signal, catch(signal, handle)?)))
        .collect()
}

/// Restores the terminal and lets the signal do what it does by default. A process that goes on afterwards,
/// as after a stop, hides its input again.
///
/// It calls only what is safe here (signal-safety(7)), never waits, and reads a cell that was set before
/// the handler was installed.
extern "C" fn handle(signal: c_int) {
    let Some(prompt) = PROMPT.get() else { return };
    // The interrupted call must find its errno as it left it.
    let errno = io::Error::last_os_error().raw_os_error();
    if signal != libc::SIGCONT {
        restore_terminal(prompt);
        // SAFETY: raise(3) takes any signal number; this one was just delivered.
        unsafe { libc::raise(signal) };
        // Still here: this is process 1, for which the kernel does nothing.
        if ENDING.contains(&signal) {
            end_process(signal);
        }
    }
    catch(signal, handle);
    hide_input_again(prompt);
    set_errno(errno.unwrap_or_default());
}

fn restore_terminal(prompt: &Prompt) {
    if in_foreground() {
        let _ = set_attributes(libc::TCSANOW, &prompt.found);
        // SAFETY: tcflush(3) takes two numbers and touches no memory of ours.
        unsafe { libc::tcflush(libc::STDIN_FILENO, libc::TCIFLUSH) };
        show(prompt.shown_on, b"\n");
    }
}

/// Only where the settings are no longer ours. A SIGSTOP can't be caught: after it, too, the shell has set
/// the terminal for itself.
fn hide_input_again(prompt: &Prompt) {
    let is_changed =
        |now: termios| (now.c_iflag, now.c_lflag) != (prompt.hidden.c_iflag, prompt.hidden.c_lflag);
    if in_foreground() && attributes().is_ok_and(is_changed) {
        let _ = set_attributes(libc::TCSANOW, &prompt.hidden);
        show(prompt.shown_on, &prompt.text);
    }
}

/// Whether the terminal is this job's: in the background it is the shell's or another job's. Where it
/// controls no session there are no jobs.
fn in_foreground() -> bool {
    // SAFETY: tcgetpgrp(3) and getpgrp(2) touch no memory of ours.
    let (foreground, own) = unsafe { (libc::tcgetpgrp(libc::STDIN_FILENO), libc::getpgrp()) };
    foreground == -1 || foreground == own
}

/// Unless the terminal takes nothing, as after Ctrl-S: a signal must not wait for that.
fn show(terminal: RawFd, bytes: &[u8]) {
    if is_ready(terminal, libc::POLLOUT, 0).is_ok_and(|ready| ready) {
        // SAFETY: the bytes are valid for their length; nothing can be done here about a failure.
        unsafe { libc::write(terminal, bytes.as_ptr().cast(), bytes.len()) };
    }
}
