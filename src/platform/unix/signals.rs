//! What the process does when a signal arrives (signal(7)).

use std::ptr;

use libc::{c_int, sigaction, sighandler_t};

/// What ends process 1 of a container: `docker stop`, Ctrl-C, a terminal that goes away.
pub(super) const ENDING: [c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// A signal handler: it may do only what signal-safety(7) lists.
type Handler = extern "C" fn(c_int);

/// Makes a limit on file sizes an error of write(2): a signal between the backend's answer and the saving of
/// the key would waste the binding. (std ignores SIGPIPE.) And gives process 1 the default actions that the
/// kernel withholds from it (`pid_namespaces(7)`).
///
/// By handlers: execve(2) resets them, where an ignored signal stays ignored.
pub fn prepare_signals() {
    catch(libc::SIGXFSZ, go_on);
    if std::process::id() == 1 {
        for signal in ENDING {
            catch(signal, end_process);
        }
    }
}

/// Calls `handler` at the next `signal`, once; does nothing where the signal is ignored, as by nohup(1), does not
/// exist, or can't be caught.
///
/// It calls only sigaction, which is safe in a handler.
pub(super) fn catch(signal: c_int, handler: Handler) {
    // SAFETY: sigaction is a plain structure, for which zero is a value: an empty mask.
    let (mut old, mut new): (sigaction, sigaction) = unsafe { std::mem::zeroed() };
    new.sa_sigaction = handler as *const () as sighandler_t;
    // Inside the handler the default action can be raised; reading goes on afterwards.
    new.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_RESTART;
    // SAFETY: sigaction(2) writes one structure, and `old` is one.
    let found = unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) };
    if found == 0 && old.sa_sigaction != libc::SIG_IGN {
        // SAFETY: it reads one structure; the handlers in this program do only what is safe in one.
        unsafe { libc::sigaction(signal, &raw const new, ptr::null_mut()) };
    }
}

/// Does nothing, and the same the next time.
extern "C" fn go_on(signal: c_int) {
    catch(signal, go_on);
}

/// Ends the process with the exit status that a shell gives to a signal: 128 + its number.
pub(super) extern "C" fn end_process(signal: c_int) {
    // SAFETY: _exit(2) takes any number, touches no memory of ours, and is safe in a handler.
    unsafe { libc::_exit(128 + signal) }
}
