//! What the process does when a signal arrives (signal(7)).

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{c_int, sigaction, sighandler_t};

/// What would end us when we write: to a closed pipe, or beyond a limit on file sizes.
const WRITING: [c_int; 2] = [libc::SIGPIPE, libc::SIGXFSZ];

/// What was done at each of [`WRITING`] before.
static FOUND: [AtomicUsize; 2] = [
    AtomicUsize::new(libc::SIG_DFL),
    AtomicUsize::new(libc::SIG_DFL),
];

/// What ends process 1 of a container: `docker stop`, Ctrl-C, a terminal that goes away.
const ENDING: [c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// A signal handler: it may do only what signal-safety(7) lists.
pub(super) type Handler = extern "C" fn(c_int);

/// Sees to it that a closed pipe or a limit on file sizes is an error, not the end: a signal between
/// the backend's answer and the saving of the key would waste the binding. And gives process 1 the
/// default actions that the kernel spares it (`pid_namespaces(7)`).
pub fn prepare_signals() {
    for (signal, found) in WRITING.into_iter().zip(&FOUND) {
        if let Ok(before) = exchange_action(signal, &action(libc::SIG_IGN)) {
            found.store(before.sa_sigaction, Ordering::Relaxed);
        }
    }
    // SAFETY: getpid(2) takes nothing and always succeeds.
    if unsafe { libc::getpid() } == 1 {
        for signal in ENDING {
            catch(signal, end_process);
        }
    }
}

/// Gives back what was done at the signals that [`prepare_signals`] has us ignore. Handlers go by themselves
/// where another program takes this one's place (execve(2)).
pub(super) fn give_back() {
    for (signal, found) in WRITING.into_iter().zip(&FOUND) {
        let _ = set_action(signal, &action(found.load(Ordering::Relaxed)));
    }
}

/// Has `handler` called at the next `signal`, once, and returns what was done before. None where the
/// signal is ignored: by nohup and its like, and what was ignored stays so. None, too, where there is no
/// such signal, or one that can't be caught.
///
/// It calls only sigaction, which is safe in a handler.
pub(super) fn catch(signal: c_int, handler: Handler) -> Option<sigaction> {
    let mut old = action(libc::SIG_DFL);
    // SAFETY: sigaction(2) writes one structure, and `old` is one.
    let known = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut old) } == 0;
    let caught = known
        && old.sa_sigaction != libc::SIG_IGN
        && set_action(signal, &action(handler as *const () as sighandler_t)).is_ok();
    caught.then_some(old)
}

/// Ends the process as a shell would say it: 128 + the number of the signal.
pub(super) extern "C" fn end_process(signal: c_int) {
    // SAFETY: _exit(2) takes any number, touches no memory of ours, and is safe in a handler.
    unsafe { libc::_exit(128 + signal) }
}

/// Sets what is done at a signal. It calls only sigaction, which is safe in a handler.
pub(super) fn set_action(signal: c_int, action: &sigaction) -> io::Result<()> {
    exchange_action(signal, action).map(drop)
}

/// As [`set_action`], and returns what was done before.
fn exchange_action(signal: c_int, new: &sigaction) -> io::Result<sigaction> {
    let mut old = action(libc::SIG_DFL);
    // SAFETY: sigaction(2) reads one structure and writes another; the handlers in this program do only what
    // is safe in one.
    super::check(unsafe { libc::sigaction(signal, new, &raw mut old) })?;
    Ok(old)
}

/// `SA_RESETHAND` and `SA_NODEFER`: inside the handler the default action can be raised. `SA_RESTART`:
/// reading goes on afterwards.
fn action(handler: sighandler_t) -> sigaction {
    // SAFETY: sigaction is a plain structure, for which zero is a value: an empty mask.
    let mut action: sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_RESTART;
    action
}
