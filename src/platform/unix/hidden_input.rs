//! Input that the terminal does not show.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use libc::{c_int, termios};

use super::signals::{ENDING, catch, end_process};
use super::{check, is_ready, set_errno};
use crate::platform::Stream;

/// The signals that do not end, stop or continue the process (signal(7)); SIGXFSZ by a handler of ours.
const HARMLESS: [c_int; 4] = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGXFSZ];

/// No system has a signal of a higher number.
const LAST: c_int = 64;

/// What the signal handler needs: set once, before it can run, and then only read.
static PROMPT: OnceLock<Prompt> = OnceLock::new();

/// Whether the prompt is shown, and nothing else that is typed.
static IS_HIDDEN: AtomicBool = AtomicBool::new(false);

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
/// Standard input is not a terminal after all, or `read` failed.
pub fn read_hidden<T>(
    terminal: &mut Stream,
    prompt: &str,
    read: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    // A background job is stopped by this (tcdrain(3), SIGTTOU), before it takes the shell's settings
    // for its own. What fails here fails again below.
    // SAFETY: tcdrain takes a descriptor and touches no memory of ours.
    unsafe { libc::tcdrain(libc::STDIN_FILENO) };
    // SAFETY: termios is a plain structure of integers, for which zero is a value.
    let mut found: termios = unsafe { std::mem::zeroed() };
    // SAFETY: tcgetattr(3) writes one termios, and `found` is one.
    check(unsafe { libc::tcgetattr(libc::STDIN_FILENO, &raw mut found) })?;
    let prompt = PROMPT.get_or_init(|| Prompt {
        shown_on: terminal.0.as_raw_fd(),
        text: prompt.as_bytes().into(),
        found,
        hidden: hidden(found),
    });
    IS_HIDDEN.store(true, SeqCst);
    for signal in (1..=LAST).filter(|signal| !HARMLESS.contains(signal)) {
        catch(signal, handle);
    }
    // TCSADRAIN: what was typed ahead is kept.
    set_attributes(libc::TCSADRAIN, &prompt.hidden)?;
    let result = terminal.write_all(&prompt.text).and_then(|()| read());
    // TCSAFLUSH: the rest of a paste of several lines must not become the shell's next command.
    set_attributes(libc::TCSAFLUSH, &prompt.found)?;
    IS_HIDDEN.store(false, SeqCst);
    // Again: a signal in between has hidden what is typed.
    set_attributes(libc::TCSANOW, &prompt.found)?;
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

fn set_attributes(when: c_int, attributes: &termios) -> io::Result<()> {
    // SAFETY: tcsetattr(3) reads one termios, and `attributes` is one.
    check(unsafe { libc::tcsetattr(libc::STDIN_FILENO, when, attributes) })
}

/// Restores the terminal and lets the signal do what it does by default. A process that goes on afterwards,
/// as after a stop, hides its input again.
///
/// It calls only what is safe here (signal-safety(7)), never waits, and reads a cell that was set before
/// the handler was installed.
extern "C" fn handle(signal: c_int) {
    // The interrupted call must find its errno as it left it.
    let errno = io::Error::last_os_error().raw_os_error();
    let prompt = || {
        let is_ours = IS_HIDDEN.load(SeqCst) && is_in_foreground();
        PROMPT.get().filter(|_| is_ours)
    };
    if signal != libc::SIGCONT {
        if let Some(prompt) = prompt() {
            let _ = set_attributes(libc::TCSANOW, &prompt.found);
            // SAFETY: tcflush(3) takes two numbers and touches no memory of ours.
            unsafe { libc::tcflush(libc::STDIN_FILENO, libc::TCIFLUSH) };
            show(prompt.shown_on, b"\n");
        }
        // SAFETY: raise(3) takes any signal number; this one was just delivered.
        unsafe { libc::raise(signal) };
        // Still here: this is process 1, for which the kernel does nothing.
        if ENDING.contains(&signal) {
            end_process(signal);
        }
    }
    catch(signal, handle);
    if let Some(prompt) = prompt() {
        let _ = set_attributes(libc::TCSANOW, &prompt.hidden);
        // A SIGSTOP can't be caught: after it, too, the shell has written to the terminal.
        if signal == libc::SIGCONT {
            show(prompt.shown_on, &prompt.text);
        }
    }
    set_errno(errno.unwrap_or_default());
}

/// Whether the terminal is this job's: in the background it is the shell's or another job's. Where it
/// controls no session there are no jobs.
fn is_in_foreground() -> bool {
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
