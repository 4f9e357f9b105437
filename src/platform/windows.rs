//! Windows, mostly by std. What users may do with files is decided by access lists, which are the system's.

#![allow(clippy::unnecessary_wraps, reason = "one signature on every system")]

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream, ToSocketAddrs};
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use windows_sys::Win32::System::Console;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::core::{BOOL, PCWSTR, w};
use zeroize::Zeroizing;

use super::{Access, Family, Stream, standard_input};
use crate::random;

/// The console of this session.
pub(super) const TERMINAL: &str = "CONOUT$";

/// A standard handle as a file that does not close it.
pub(super) fn borrow(standard: &impl AsRawHandle) -> ManuallyDrop<File> {
    // SAFETY: the handle is the process's own for its whole life. Where there is none, using it is an error.
    ManuallyDrop::new(unsafe { File::from_raw_handle(standard.as_raw_handle()) })
}

/// Windows has no standard handle that does not block.
pub(super) fn wait_until_readable(_file: &File) -> io::Result<()> {
    Err(ErrorKind::WouldBlock.into())
}

pub(super) use wait_until_readable as wait_until_writable;

/// The console mode to restore when Ctrl-C or Ctrl-Break ends the process at the prompt.
static MODE_WITH_ECHO: AtomicU32 = AtomicU32::new(0);

/// Shows `prompt` on `terminal`, reads from standard input with `read` while nothing that is typed
/// is shown, and restores the console.
///
/// # Errors
/// Standard input is not a console after all, or `read` failed.
pub fn read_hidden<T>(
    terminal: &mut Stream,
    prompt: &str,
    read: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let mut mode = 0;
    // SAFETY: the function writes one integer, and `mode` is one.
    if unsafe { Console::GetConsoleMode(standard_input().0.as_raw_handle(), &raw mut mode) } == 0 {
        return Err(io::Error::last_os_error());
    }
    MODE_WITH_ECHO.store(mode, SeqCst);
    // SAFETY: the handler is a function that lives as long as the process.
    unsafe { Console::SetConsoleCtrlHandler(Some(restore_console), 1) };
    set_console_mode(mode & !Console::ENABLE_ECHO_INPUT);
    let result = terminal.write_all(prompt.as_bytes()).and_then(|()| read());
    set_console_mode(mode);
    result
}

fn set_console_mode(mode: u32) {
    // SAFETY: SetConsoleMode takes a handle and a number.
    unsafe { Console::SetConsoleMode(standard_input().0.as_raw_handle(), mode) };
}

/// Runs in a thread of its own; returning 0 lets the default handler end the process.
unsafe extern "system" fn restore_console(_event: u32) -> BOOL {
    set_console_mode(MODE_WITH_ECHO.load(SeqCst));
    0
}

/// The operating system's identity of this machine: `MachineGuid`, in lower case. It is only ever
/// hashed.
pub fn machine_id() -> Option<String> {
    let id = registry_text(w!("SOFTWARE\\Microsoft\\Cryptography"), w!("MachineGuid"));
    Some(id.to_ascii_lowercase()).filter(|id| !id.is_empty())
}

/// The whole host name.
pub fn host_name() -> String {
    let key = w!("SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters");
    registry_text(key, w!("Hostname"))
}

/// Empty where the value is missing.
fn registry_text(key: PCWSTR, name: PCWSTR) -> String {
    let (mut text, mut bytes) = ([0_u16; 256], 512);
    let (kind, buffer) = (std::ptr::null_mut(), text.as_mut_ptr().cast());
    let root = HKEY_LOCAL_MACHINE;
    // SAFETY: the names are zero-terminated, and at most `bytes` bytes are written into `text`.
    unsafe { RegGetValueW(root, key, name, RRF_RT_REG_SZ, kind, buffer, &raw mut bytes) };
    let text = String::from_utf16_lossy(&text);
    text.split('\0').next().unwrap_or_default().to_owned()
}

/// There are no such signals.
pub fn prepare_signals() {}

/// Windows writes no dump of a process that does not crash; error reports are the system's setting.
///
/// # Errors
/// None.
pub fn forbid_core_dumps() -> io::Result<()> {
    Ok(())
}

/// Creates a folder; with `parents`, those that are missing too.
///
/// # Errors
/// As `CreateDirectoryW`.
pub fn create_private_folder(path: &Path, parents: bool) -> io::Result<()> {
    DirBuilder::new().recursive(parents).create(path)
}

/// Opens a file to write it: a new one, or an existing one in place.
///
/// # Errors
/// As `CreateFileW`.
pub fn open_private(path: &Path, is_new: bool) -> io::Result<File> {
    File::options().write(true).create_new(is_new).open(path)
}

/// Opens a file to read it.
///
/// # Errors
/// As `CreateFileW`.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Access lists say it, and std does not read them.
pub fn access(_of: &Metadata) -> Access {
    Access::default()
}

/// Asks whether a file or folder is there: only trying shows whether this user may write to it.
///
/// # Errors
/// It is not.
pub fn may_write(path: &Path) -> io::Result<()> {
    metadata(path).map(drop)
}

/// What this machine is short of, where a call failed for that reason.
pub fn shortage(cause: &io::Error) -> Option<&'static str> {
    (cause.kind() == ErrorKind::OutOfMemory).then_some("memory")
}

/// Runs a program and waits for its end; Ctrl-C reaches it, and does not end this process before it.
///
/// # Errors
/// It can't be started.
pub fn run_program(call: &[OsString]) -> io::Result<u8> {
    let (program, arguments) = call.split_first().ok_or(ErrorKind::InvalidInput)?;
    // SAFETY: the handler is a function that lives as long as the process.
    unsafe { Console::SetConsoleCtrlHandler(Some(leave_to_program), 1) };
    let code = Command::new(program).args(arguments).status()?.code();
    // A status that a u8 can't hold is a failure all the same.
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Runs in a thread of its own; returning 1 says that the event has been taken care of.
unsafe extern "system" fn leave_to_program(_event: u32) -> BOOL {
    1
}

/// The addresses of one family that a name has.
///
/// # Errors
/// In the resolver's words.
pub fn addresses(host: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    let found = (host, 0).to_socket_addrs()?.map(|address| address.ip());
    let is_wanted = |ip: &IpAddr| ip.is_ipv4() == (family == Family::V4);
    Ok(found.filter(is_wanted).collect())
}

/// Calls `client` with the start of a URL. What it connects to under that URL takes what it sends, and
/// answers with `answer`. Returns what `client` returned, and what it sent.
///
/// # Errors
/// No random numbers; as `listen` and `accept`.
pub fn converse<T>(
    answer: &[u8],
    client: impl FnOnce(&str) -> T,
) -> io::Result<(T, Zeroizing<Vec<u8>>)> {
    let token = format!("/{}", random::hex()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, &token, answer));
        let result = client(&format!("http://{address}{token}"));
        // Ends a server that the client has not reached.
        let _ = TcpStream::connect(address).and_then(|mut end| end.write_all(token.as_bytes()));
        Ok((result, server.join().map_err(|_| ErrorKind::Other)??))
    })
}

/// Answers the one request whose path begins with the token, which other local users don't know, and
/// returns it without the token.
fn serve(listener: &TcpListener, token: &str, answer: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(1)))?;
        // More than any request: growing would leave a copy of the key behind.
        let mut sent = Zeroizing::new(Vec::with_capacity(16 * 1024));
        // As much as has the method and the token in it, and less than any request.
        let _ = (&mut stream).take(64).read_to_end(&mut sent);
        let mut parts = sent.windows(token.len());
        if let Some(start) = parts.position(|part| part == token.as_bytes()) {
            sent.drain(start..start + token.len());
            stream.write_all(answer)?;
            stream.shutdown(Shutdown::Write)?;
            // The client may close its end without having read all of the answer; a cut request is noticed.
            let _ = stream.read_to_end(&mut sent);
            return Ok(sent);
        }
    }
}
