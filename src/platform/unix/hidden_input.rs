//! Input that the terminal does not show.

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use libc::{c_int, sigaction, termios};

/// The signals that would leave the terminal without echo, if they ended or stopped us there.
const SIGNALS: [c_int; 5] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGTSTP,
];

/// What the signal handler needs: set once, before the handler can run, and then only read.
static PROMPT: OnceLock<Prompt> = OnceLock::new();

struct Prompt {
    shown_on: c_int,
    text: Box<[u8]>,
    with_echo: termios,
    without_echo: termios,
}

/// Shows `prompt` on `terminal`, reads from standard input with `read` while nothing that is typed
/// is shown, and gives the terminal its echo back: also when a signal ends or stops the process
/// meanwhile. The line on the terminal is left unfinished. One prompt in the life of a process.
///
/// # Errors
/// Standard input is no terminal after all, or `read` failed.
pub fn read_hidden<T>(
    terminal: &mut (impl Write + AsRawFd),
    prompt: &str,
    read: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let with_echo = attributes()?;
    let mut without_echo = with_echo;
    without_echo.c_lflag &= !(libc::ECHO | libc::ECHONL);
    let prompt_shown = PROMPT.get_or_init(|| Prompt {
        shown_on: terminal.as_raw_fd(),
        text: prompt.as_bytes().into(),
        with_echo,
        without_echo,
    });
    let _handlers = Handlers::install();
    // TCSADRAIN: what was typed ahead is kept.
    set_attributes(libc::TCSADRAIN, &prompt_shown.without_echo)?;
    let result = terminal.write_all(prompt.as_bytes()).and_then(|()| read());
    // TCSAFLUSH: the rest of a paste of several lines must not become the shell's next command.
    set_attributes(libc::TCSAFLUSH, &prompt_shown.with_echo)?;
    result
}

fn attributes() -> io::Result<termios> {
    // SAFETY: termios is a plain structure of integers, for which zero is a value.
    let mut attributes: termios = unsafe { std::mem::zeroed() };
    // SAFETY: tcgetattr(3) writes one termios, and `attributes` is one.
    match unsafe { libc::tcgetattr(libc::STDIN_FILENO, &raw mut attributes) } {
        0 => Ok(attributes),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set_attributes(when: c_int, attributes: &termios) -> io::Result<()> {
    // SAFETY: tcsetattr(3) reads one termios, and `attributes` is one.
    match unsafe { libc::tcsetattr(libc::STDIN_FILENO, when, attributes) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The handlers of [`SIGNALS`]; those that were there before come back when this is dropped.
struct Handlers(Vec<(c_int, sigaction)>);

impl Handlers {
    fn install() -> Handlers {
        let mut before = Vec::with_capacity(SIGNALS.len());
        for signal in SIGNALS {
            let old = set_action(signal, &action(handle as *const () as libc::sighandler_t));
            if old.sa_sigaction == libc::SIG_IGN {
                // nohup and its like: what was ignored stays ignored.
                set_action(signal, &old);
            } else {
                before.push((signal, old));
            }
        }
        Handlers(before)
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        for (signal, old) in &self.0 {
            set_action(*signal, old);
        }
    }
}

/// `SA_RESETHAND` and `SA_NODEFER`: inside the handler the default action can be raised again.
/// `SA_RESTART`: reading goes on after a stop.
fn action(handler: libc::sighandler_t) -> sigaction {
    // SAFETY: sigaction is a plain structure, for which zero is a value: an empty mask.
    let mut action: sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_RESTART;
    action
}

fn set_action(signal: c_int, action: &sigaction) -> sigaction {
    // SAFETY: as in action().
    let mut old: sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both point to valid structures, and the handler, where it is ours, does only what is
    // safe in one (below).
    unsafe { libc::sigaction(signal, action, &raw mut old) };
    old
}

/// Gives the echo back, finishes the line, and lets the signal do what it does by default. After a
/// stop (SIGTSTP) the process comes back here and takes the prompt up again.
///
/// It calls only tcsetattr, write, raise and sigaction, which are safe here (signal-safety(7)), and
/// reads a cell that was set before the handler was installed.
extern "C" fn handle(signal: c_int) {
    let Some(prompt) = PROMPT.get() else { return };
    // The interrupted call must find its errno as it left it.
    let errno = io::Error::last_os_error().raw_os_error();
    let _ = set_attributes(libc::TCSAFLUSH, &prompt.with_echo);
    write(prompt.shown_on, b"\n");
    // SAFETY: raise(3) takes any signal number; this one was just delivered.
    unsafe { libc::raise(signal) };
    set_action(signal, &action(handle as *const () as libc::sighandler_t));
    let _ = set_attributes(libc::TCSADRAIN, &prompt.without_echo);
    write(prompt.shown_on, &prompt.text);
    set_errno(errno.unwrap_or_default());
}

fn write(descriptor: c_int, bytes: &[u8]) {
    // SAFETY: the bytes are valid for their length; a descriptor that is closed is an error that
    // nobody can be told of here.
    unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
}

fn set_errno(value: c_int) {
    #[cfg(target_os = "linux")]
    // SAFETY: the pointer is to this thread's errno (errno(3)), valid while the thread lives.
    unsafe {
        *libc::__errno_location() = value;
    }
    #[cfg(target_os = "macos")]
    // SAFETY: as above.
    unsafe {
        *libc::__error() = value;
    }
}
