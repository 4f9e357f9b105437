//! Input that the terminal does not show.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;

use libc::{c_int, sigaction, termios};

use super::signals::{catch, end_process, set_action};
use super::{Stream, check, is_ready, set_errno};

/// The signals that do nothing by default (signal(7)).
#[cfg(target_os = "linux")]
const IDLE: [c_int; 3] = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH];
#[cfg(target_os = "macos")]
const IDLE: [c_int; 5] = [
    libc::SIGCHLD,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGIO,
    libc::SIGINFO,
];

/// The signals that stop by default and can be caught: Ctrl-Z, and what a background job meets.
const STOPPING: [c_int; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

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
/// is shown, and gives the terminal back as it was found: also when a signal ends or stops the process
/// meanwhile. The line on the terminal is left unfinished. One prompt in the life of a process.
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
    let _handlers = Handlers::install();
    // TCSADRAIN: what was typed ahead is kept.
    set_attributes(libc::TCSADRAIN, &prompt.hidden)?;
    let result = terminal.write_all(&prompt.text).and_then(|()| read());
    // TCSAFLUSH: the rest of a paste of several lines must not become the shell's next command.
    set_attributes(libc::TCSAFLUSH, &prompt.found)?;
    result
}

/// No echo, and what the prompt needs, whatever a crashed program has left (termios(3)): whole lines,
/// that Enter ends as CR and as LF, and the keys that edit and interrupt, where there are none.
fn hidden(found: termios) -> termios {
    let mut hidden = found;
    hidden.c_iflag &= !(libc::IGNCR | libc::INLCR);
    // Capitals that become small letters make another key of it.
    #[cfg(target_os = "linux")]
    {
        hidden.c_iflag &= !libc::IUCLC;
    }
    hidden.c_iflag |= libc::ICRNL;
    hidden.c_lflag &= !(libc::ECHO | libc::ECHONL);
    hidden.c_lflag |= libc::ICANON | libc::ISIG | libc::IEXTEN;
    for (key, usual) in [
        (libc::VINTR, 0x03),
        (libc::VEOF, 0x04),
        (libc::VERASE, 0x7f),
    ] {
        if let Some(key) = hidden.c_cc.get_mut(key)
            && *key == libc::_POSIX_VDISABLE
        {
            *key = usual;
        }
    }
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

/// The handlers of every signal that ends, stops or continues the process; what was done before comes
/// back when this is dropped.
struct Handlers(Vec<(c_int, sigaction)>);

impl Handlers {
    fn install() -> Handlers {
        let caught = (1..=LAST)
            .filter(|signal| !IDLE.contains(signal))
            .filter_map(|signal| Some((signal, catch(signal, handle)?)));
        Handlers(caught.collect())
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        for (signal, old) in &self.0 {
            let _ = set_action(*signal, old);
        }
    }
}

/// Gives the terminal back, finishes the line, and lets the signal do what it does by default. After
/// a stop the process comes back here and takes the prompt up again.
///
/// It calls only what is safe here (signal-safety(7)), never waits, and reads a cell that was set before
/// the handler was installed.
extern "C" fn handle(signal: c_int) {
    let Some(prompt) = PROMPT.get() else { return };
    // The interrupted call must find its errno as it left it.
    let errno = io::Error::last_os_error().raw_os_error();
    if signal != libc::SIGCONT {
        give_back(prompt);
        // SAFETY: raise(3) takes any signal number; this one was just delivered.
        unsafe { libc::raise(signal) };
        // Still here? It was a stop; or this is process 1, for which the kernel does nothing.
        if !STOPPING.contains(&signal) {
            end_process(signal);
        }
    }
    catch(signal, handle);
    take_up(prompt);
    set_errno(errno.unwrap_or_default());
}

fn give_back(prompt: &Prompt) {
    if in_foreground() {
        let _ = set_attributes(libc::TCSANOW, &prompt.found);
        // SAFETY: tcflush(3) takes two numbers and touches no memory of ours.
        unsafe { libc::tcflush(libc::STDIN_FILENO, libc::TCIFLUSH) };
        show(prompt.shown_on, b"\n");
    }
}

/// Also after a SIGSTOP, which nothing tells of: a shell sets the terminal as it likes it.
fn take_up(prompt: &Prompt) {
    let given_up =
        |now: termios| (now.c_iflag, now.c_lflag) != (prompt.hidden.c_iflag, prompt.hidden.c_lflag);
    if in_foreground() && attributes().is_ok_and(given_up) {
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
        // SAFETY: the bytes are valid for their length; nobody can be told here of what fails.
        unsafe { libc::write(terminal, bytes.as_ptr().cast(), bytes.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::set_errno;
    use super::io;

    #[test]
    fn errno_is_what_it_was() {
        for value in [libc::EINTR, 0] {
            set_errno(value);
            assert_eq!(io::Error::last_os_error().raw_os_error(), Some(value));
        }
    }
}
