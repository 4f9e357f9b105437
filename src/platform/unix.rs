//! What Linux and macOS have in common (POSIX).

#[cfg(not(test))]
mod entry;
mod exec;
mod files;
mod hidden_input;
mod signals;

use std::ffi::{CStr, CString, OsStr};
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;
use std::time::Duration;

pub use exec::run_program;
pub use files::*;
pub use hidden_input::read_hidden;
pub use signals::prepare_signals;

use super::{Stream, Watch};

/// Standard input.
pub fn standard_input() -> Stream {
    descriptor(libc::STDIN_FILENO)
}

/// Standard output, without std's habit of taking a closed one for a sink.
pub fn standard_output() -> Stream {
    descriptor(libc::STDOUT_FILENO)
}

/// Standard error.
pub fn standard_error() -> Stream {
    descriptor(libc::STDERR_FILENO)
}

fn descriptor(number: RawFd) -> Stream {
    // SAFETY: the descriptors 0 to 2 are open from entry.rs on, and a Stream never closes its own.
    Stream(ManuallyDrop::new(unsafe { File::from_raw_fd(number) }))
}

/// The terminal of this session, for a prompt while standard output leads elsewhere.
///
/// # Errors
/// There is none.
pub fn controlling_terminal() -> io::Result<Stream> {
    let terminal = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open("/dev/tty")?;
    Ok(Stream(ManuallyDrop::new(terminal)))
}

/// Waits until there is something to read, or its end.
pub(super) fn wait_until_readable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLIN, -1).map(drop)
}

/// Waits until something can be written, or never can be again.
pub(super) fn wait_until_writable(file: &File) -> io::Result<()> {
    is_ready(file.as_raw_fd(), libc::POLLOUT, -1).map(drop)
}

/// Whether one of `events` comes within `milliseconds`, of which −1 is for ever (poll(2)).
fn is_ready(descriptor: RawFd, events: libc::c_short, milliseconds: i32) -> io::Result<bool> {
    let mut polled = libc::pollfd {
        fd: descriptor,
        events,
        revents: 0,
    };
    // SAFETY: poll(2) is told of one entry, and `polled` is one.
    match unsafe { libc::poll(&raw mut polled, 1, milliseconds) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready == 1),
    }
}

/// What a call said that returns 0, or −1 and errno.
pub(super) fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The width of the terminal under standard error, in columns.
pub fn terminal_width() -> Option<usize> {
    // SAFETY: winsize is a plain structure of integers, for which zero is a value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: TIOCGWINSZ writes one winsize (ioctl_tty(2)), and `size` is one.
    let result = unsafe { libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    Some(usize::from(size.ws_col)).filter(|columns| result == 0 && *columns > 0)
}

/// The whole host name (gethostname(2)).
pub fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is valid for its length. Where a name fills it, no zero need stand behind it.
    let result = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    if result != 0 {
        return String::new();
    }
    CStr::from_bytes_until_nul(&name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The limit for core dumps that was found.
static CORE_LIMIT: OnceLock<libc::rlim_t> = OnceLock::new();

/// Sets the limit for core dumps to nothing (core(5): it holds for files; see `forbid_core_dumps`
/// for pipes). Only the soft limit, which can be given back.
pub(super) fn forbid_core_files() -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes the one structure that it is given.
    check(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) })?;
    CORE_LIMIT.get_or_init(|| limit.rlim_cur);
    limit.rlim_cur = 0;
    // SAFETY: setrlimit(2) reads the one structure that it is given.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) })
}

/// Gives back the limit for core dumps that [`forbid_core_files`] found.
fn allow_core_files() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes the one structure that it is given.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) } == 0;
    if let (true, Some(found)) = (known, CORE_LIMIT.get()) {
        limit.rlim_cur = *found;
        // SAFETY: setrlimit(2) reads the one structure that it is given. Up to the hard limit it can't fail.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) };
    }
}

/// Sets a variable of this process's environment. std's own function panics where this fails.
///
/// Call it only while no second thread exists.
///
/// # Errors
/// As setenv(3): memory is short. Also where a zero byte stands in the value.
pub fn set_variable(name: &str, value: &OsStr) -> io::Result<()> {
    let (name, value) = (CString::new(name)?, CString::new(value.as_bytes())?);
    // SAFETY: both are zero-terminated, and copied; called from the main thread before the first thread
    // is started (http.rs), so nobody reads the environment meanwhile (setenv(3), "MT-Unsafe const:env").
    check(unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) })
}

/// Removes a variable from this process's environment.
///
/// Call it only while no second thread exists.
pub fn remove_variable(name: &str) {
    // SAFETY: as in `set_variable`. Nothing is allocated, and a name of ours is never malformed.
    unsafe { std::env::remove_var(name) }
}

/// Waits until one of the sockets is ready, or for `time`; false: none is (poll(2)).
///
/// # Errors
/// As poll(2), which says so where memory is short.
pub fn poll(watched: &mut [Watch<'_>], time: Duration) -> io::Result<bool> {
    let mut entries: Vec<libc::pollfd> = watched
        .iter()
        .map(|watch| libc::pollfd {
            // poll(2) passes over a negative one; of a closed connection it would tell for ever.
            fd: if watch.read || watch.write {
                watch.stream.as_raw_fd()
            } else {
                libc::c_int::MIN
            },
            events: if watch.read { libc::POLLIN } else { 0 }
                | if watch.write { libc::POLLOUT } else { 0 },
            revents: 0,
        })
        .collect();
    // Rounded up, for a wait that ends too early would be repeated without pause.
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    let milliseconds = libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX);
    let count = libc::nfds_t::try_from(entries.len()).unwrap_or_default();
    // SAFETY: the entries are valid for their number.
    if unsafe { libc::poll(entries.as_mut_ptr(), count, milliseconds) } < 0 {
        return match io::Error::last_os_error() {
            cause if cause.kind() == io::ErrorKind::Interrupted => Ok(false),
            cause => Err(cause),
        };
    }
    for (watch, entry) in watched.iter_mut().zip(&entries) {
        watch.ready = entry.revents != 0;
    }
    Ok(watched.iter().any(|watch| watch.ready))
}

/// What this machine is short of, where a call failed for that reason (errno(3)).
pub fn shortage(cause: &io::Error) -> Option<&'static str> {
    match cause.raw_os_error() {
        Some(libc::EAGAIN) => {
            Some("processes or threads (ulimit -u, or the container's pids limit)")
        }
        Some(libc::EMFILE | libc::ENFILE) => Some("open files (ulimit -n)"),
        Some(libc::ENOMEM | libc::ENOBUFS) => Some("memory or address space (ulimit -v)"),
        _ if cause.kind() == io::ErrorKind::OutOfMemory => {
            Some("memory or address space (ulimit -v)")
        }
        _ => None,
    }
}

/// Whether a connection is being made without being waited for (connect(2)).
pub fn is_in_progress(cause: &io::Error) -> bool {
    cause.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Makes sure that there are so many more bytes of address space, in one piece, and memory for so many
/// of them. Where a control group has no such memory, the kernel ends the process (cgroups(7)).
///
/// # Errors
/// There is not so much address space.
pub fn spare_memory(address_space: usize, memory: usize) -> io::Result<()> {
    // SAFETY: a new mapping without a file, at a place of the system's choice, touches nothing of ours (mmap(2)).
    let place = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            address_space,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is the mapping just made, and nobody else knows of it; what is written fits in.
    unsafe { std::ptr::write_bytes(place.cast::<u8>(), 1, memory.min(address_space)) };
    // SAFETY: as above; all of it goes.
    check(unsafe { libc::munmap(place, address_space) })
}

/// Makes sure that so many more descriptors can be opened.
///
/// # Errors
/// They can't.
pub fn spare_descriptors(count: usize) -> io::Result<()> {
    // Of standard error, which entry.rs keeps open.
    let copies: io::Result<Vec<File>> = (0..count)
        .map(|_| descriptor(libc::STDERR_FILENO).0.try_clone())
        .collect();
    copies.map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::thread::JoinHandleExt;
    use std::thread;

    use super::{Duration, Watch, check, io, is_in_progress, poll, shortage, spare_memory};

    #[test]
    fn a_shortage_has_words() {
        let of = |number| shortage(&io::Error::from_raw_os_error(number));
        let (processes, files) = (of(libc::EAGAIN).unwrap(), of(libc::EMFILE).unwrap());
        assert!(processes.contains("ulimit -u") && files.contains("ulimit -n"));
        assert_eq!(of(libc::ENFILE), Some(files));
        let memory = of(libc::ENOMEM).unwrap();
        assert!(memory.contains("ulimit -v"));
        assert_eq!(of(libc::ENOBUFS), Some(memory));
        assert_eq!(shortage(&io::ErrorKind::OutOfMemory.into()), Some(memory));
        assert_eq!(of(libc::ENOENT), None);
        assert_eq!(shortage(&io::Error::other("memory")), None);
    }

    #[test]
    fn a_call_says_whether_it_failed() {
        assert!(check(0).is_ok() && check(-1).is_err());
        assert!(is_in_progress(&io::Error::from_raw_os_error(
            libc::EINPROGRESS
        )));
        assert!(!is_in_progress(&io::Error::from_raw_os_error(libc::EAGAIN)));
    }

    #[test]
    fn memory_is_there_or_not() {
        assert!(spare_memory(1 << 16, 1 << 12).is_ok());
        // No more than the piece itself is written.
        assert!(spare_memory(1 << 12, 1 << 30).is_ok());
        let cause = spare_memory(1 << 60, 0).unwrap_err();
        assert!(shortage(&cause).is_some_and(|what| what.contains("memory")));
    }

    #[test]
    fn a_poll_tells_which_socket_is_ready() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pair = || {
            let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (ours, listener.accept().unwrap().0)
        };
        let ((silent, _silent), (told, mut teller), (closed, gone)) = (pair(), pair(), pair());
        drop(gone);
        teller.write_all(b"x").unwrap();
        // Of what is not watched nothing is told, be it closed.
        let mut unwatched = Watch::for_reading(&closed);
        unwatched.read = false;
        let mut watched = [Watch::for_reading(&silent), unwatched];
        assert!(!poll(&mut watched, Duration::from_millis(1)).unwrap());
        assert!(watched.iter().all(|watch| !watch.ready));
        let mut watched = [
            Watch::for_reading(&silent),
            Watch::for_reading(&told),
            Watch::for_writing(&silent),
            Watch::for_reading(&closed),
        ];
        // The other's end takes its time to come, even here.
        let ready = |watched: &mut [Watch<'_>]| {
            poll(watched, Duration::from_secs(20)).unwrap();
            watched
                .iter()
                .map(|watch| watch.ready)
                .collect::<Vec<bool>>()
        };
        assert_eq!(ready(&mut [Watch::for_reading(&closed)]), [true]);
        assert_eq!(ready(&mut watched), [false, true, true, true]);
    }

    extern "C" fn nothing(_: libc::c_int) {}

    #[test]
    fn a_signal_ends_a_poll_as_if_nothing_had_come() {
        // SAFETY: a plain structure, for which zero is a value: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = nothing as *const () as libc::sighandler_t;
        // SAFETY: sigaction(2) reads one structure; the handler does nothing, and no other test sends this signal.
        let set =
            unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
        assert_eq!(set, 0);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let polling = thread::spawn(move || {
            poll(&mut [Watch::for_reading(&silent)], Duration::from_secs(60))
        });
        while !polling.is_finished() {
            // SAFETY: the thread was not joined yet.
            unsafe { libc::pthread_kill(polling.as_pthread_t(), libc::SIGUSR1) };
            thread::sleep(Duration::from_millis(20));
        }
        assert!(!polling.join().unwrap().unwrap());
    }
}
