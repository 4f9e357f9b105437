//! Windows.

#![allow(clippy::unnecessary_wraps, reason = "one signature on every system")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawSocket, FromRawHandle, RawHandle};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, HANDLE};
use windows_sys::Win32::Networking::WinSock::{
    INVALID_SOCKET, POLLRDNORM, POLLWRNORM, SOCKET, WSAPOLLFD, WSAPoll,
};
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;
use windows_sys::Win32::System::Console::{
    CONSOLE_SCREEN_BUFFER_INFO, ENABLE_ECHO_INPUT, GetConsoleMode, GetConsoleScreenBufferInfo,
    GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
    SetConsoleCtrlHandler, SetConsoleMode,
};
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW,
};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};
use windows_sys::core::{BOOL, w};

use super::{FileKind, Stream, Watch};

/// Standard input.
pub fn standard_input() -> Stream {
    unowned(STD_INPUT_HANDLE)
}

/// Standard output.
pub fn standard_output() -> Stream {
    unowned(STD_OUTPUT_HANDLE)
}

/// Standard error.
pub fn standard_error() -> Stream {
    unowned(STD_ERROR_HANDLE)
}

fn unowned(which: STD_HANDLE) -> Stream {
    // SAFETY: the handle is the process's own for its whole life, and a Stream never closes its own.
    // Where there is none, using it is an error.
    let file = unsafe { File::from_raw_handle(standard_handle(which) as RawHandle) };
    Stream(ManuallyDrop::new(file))
}

fn standard_handle(which: STD_HANDLE) -> HANDLE {
    // SAFETY: GetStdHandle takes one of the three constants and touches no memory of ours.
    unsafe { GetStdHandle(which) }
}

/// The console of this session, for a prompt while standard output leads elsewhere.
///
/// # Errors
/// There is none.
pub fn controlling_terminal() -> io::Result<Stream> {
    let console = OpenOptions::new().read(true).write(true).open("CONOUT$")?;
    Ok(Stream(ManuallyDrop::new(console)))
}

/// Windows has no standard handle that does not block.
pub(super) fn wait_until_readable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// As above.
pub(super) fn wait_until_writable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// The width of the console under standard error, in columns.
pub fn terminal_width() -> Option<usize> {
    // SAFETY: CONSOLE_SCREEN_BUFFER_INFO is a plain structure of integers, for which zero is a value.
    let mut info: CONSOLE_SCREEN_BUFFER_INFO = unsafe { std::mem::zeroed() };
    // SAFETY: the function writes one such structure, and `info` is one.
    let done =
        unsafe { GetConsoleScreenBufferInfo(standard_handle(STD_ERROR_HANDLE), &raw mut info) };
    usize::try_from(info.dwSize.X)
        .ok()
        .filter(|columns| done != 0 && *columns > 0)
}

/// The console mode to come back to when Ctrl-C or Ctrl-Break ends the process at the prompt.
static MODE_WITH_ECHO: AtomicU32 = AtomicU32::new(0);

/// Shows `prompt` on `terminal`, reads from standard input with `read` while nothing that is typed
/// is shown, and gives the console its echo back.
///
/// # Errors
/// Standard input is no console after all, or `read` failed.
pub fn read_hidden<T>(
    terminal: &mut Stream,
    prompt: &str,
    read: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let console = standard_handle(STD_INPUT_HANDLE);
    let mut mode = 0;
    // SAFETY: the function writes one integer, and `mode` is one.
    if unsafe { GetConsoleMode(console, &raw mut mode) } == 0 {
        return Err(io::Error::last_os_error());
    }
    MODE_WITH_ECHO.store(mode, Ordering::SeqCst);
    // SAFETY: the handler is a function that lives as long as the process.
    unsafe { SetConsoleCtrlHandler(Some(restore_echo), 1) };
    // SAFETY: SetConsoleMode takes a handle and a number.
    if unsafe { SetConsoleMode(console, mode & !ENABLE_ECHO_INPUT) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let result = terminal.write_all(prompt.as_bytes()).and_then(|()| read());
    // SAFETY: as above, both.
    unsafe {
        SetConsoleMode(console, mode);
        SetConsoleCtrlHandler(Some(restore_echo), 0);
    }
    result
}

/// Runs in a thread of its own; returning 0 lets the default handler end the process.
unsafe extern "system" fn restore_echo(_event: u32) -> BOOL {
    // SAFETY: SetConsoleMode takes a handle and a number.
    unsafe {
        SetConsoleMode(
            standard_handle(STD_INPUT_HANDLE),
            MODE_WITH_ECHO.load(Ordering::SeqCst),
        )
    };
    0
}

/// The operating system's identity of this machine: `MachineGuid`, in lower case. It is only ever
/// hashed.
pub fn machine_id() -> Option<String> {
    let mut text = [0_u16; 64];
    let mut bytes = u32::try_from(size_of_val(&text)).ok()?;
    // SAFETY: the names are zero-terminated, and at most `bytes` bytes are written into `text`.
    let status = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            w!("SOFTWARE\\Microsoft\\Cryptography"),
            w!("MachineGuid"),
            RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
            std::ptr::null_mut(),
            text.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let id = text_until_zero(&text).to_ascii_lowercase();
    Some(id).filter(|id| status == ERROR_SUCCESS && !id.is_empty())
}

/// The whole host name.
pub fn host_name() -> String {
    let mut text = [0_u16; 256];
    let mut length = 255;
    // SAFETY: at most `length` units are written into `text`.
    let done = unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            text.as_mut_ptr(),
            &raw mut length,
        )
    };
    if done == 0 {
        String::new()
    } else {
        text_until_zero(&text)
    }
}

fn text_until_zero(units: &[u16]) -> String {
    let text: Vec<u16> = units
        .iter()
        .copied()
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16_lossy(&text)
}

/// Windows has no such signals: a full pipe or file is an error anyway.
pub fn prepare_signals() {}

/// Windows writes no dump of a process that does not crash; error reports are the system's setting.
///
/// # Errors
/// None.
pub fn forbid_core_dumps() -> io::Result<()> {
    Ok(())
}

/// Whether something is mounted on this very file: here nothing can be.
pub fn is_mount_point(_path: &Path) -> bool {
    false
}

/// Sets a variable of this process's environment.
///
/// Call it only while no second thread exists.
///
/// # Errors
/// A zero byte stands in the value.
pub fn set_variable(name: &str, value: &OsStr) -> io::Result<()> {
    if value.as_encoded_bytes().contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: on Windows this is always safe to call (std::env::set_var).
    unsafe { std::env::set_var(name, value) };
    Ok(())
}

/// Removes a variable from this process's environment.
///
/// Call it only while no second thread exists.
pub fn remove_variable(name: &str) {
    // SAFETY: on Windows this is always safe to call (std::env::remove_var).
    unsafe { std::env::remove_var(name) }
}

/// Creates a folder; with `parents`, those that are missing too. The user's profile, in which it
/// lies, is closed to others by its access list.
///
/// # Errors
/// As `CreateDirectoryW`.
pub fn create_private_folder(path: &Path, parents: bool) -> io::Result<()> {
    if parents {
        fs::create_dir_all(path)
    } else {
        fs::create_dir(path)
    }
}

/// Creates a file, under the access list of its folder.
///
/// # Errors
/// As `CreateFileW`; also when something of that name exists.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Leaves the file's access list as it is.
///
/// # Errors
/// None.
pub fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Opens a file to read it.
///
/// # Errors
/// As `CreateFileW`.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens an existing file to write it in place, never through a link.
///
/// # Errors
/// As `CreateFileW`.
pub fn open_to_overwrite(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
}

/// What kind of file this is.
pub fn file_kind(of: FileType) -> FileKind {
    if of.is_file() {
        FileKind::Regular
    } else if of.is_dir() {
        FileKind::Folder
    } else if of.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Special("a device")
    }
}

/// Windows has no permission bits.
pub fn mode(_of: &Metadata) -> Option<u32> {
    None
}

/// The access list of the user's profile decides.
pub fn is_foreign(_metadata: &Metadata) -> bool {
    false
}

/// Not told by the standard library, and asked only where a file is foreign.
pub fn owner(_of: &Metadata) -> String {
    "another user".to_owned()
}

/// The access list of the user's profile decides.
pub fn is_own(_metadata: &Metadata) -> bool {
    true
}

/// There is no such user.
pub fn is_root() -> bool {
    false
}

/// Only the system knows.
pub fn permissions(_of: &Metadata) -> String {
    "by its access list".to_owned()
}

/// Asks whether this user may write to a file or folder, as far as its attributes tell.
///
/// # Errors
/// Why not.
pub fn may_write(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() || !metadata.permissions().readonly() {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

/// They are in no file.
pub fn name_servers() -> Option<String> {
    None
}

/// NTFS journals renames; there is nothing to sync.
///
/// # Errors
/// None.
pub fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Waits until one of the sockets is ready, or for `time`; false: none is (`WSAPoll`).
///
/// # Errors
/// As `WSAPoll`.
pub fn poll(watched: &mut [Watch<'_>], time: Duration) -> io::Result<bool> {
    let mut entries: Vec<WSAPOLLFD> = watched
        .iter()
        .map(|watch| WSAPOLLFD {
            // Negative ones are passed over; of a closed connection it would tell for ever.
            fd: if watch.read || watch.write {
                SOCKET::try_from(watch.stream.as_raw_socket()).unwrap_or(INVALID_SOCKET)
            } else {
                INVALID_SOCKET
            },
            events: if watch.read { POLLRDNORM } else { 0 }
                | if watch.write { POLLWRNORM } else { 0 },
            revents: 0,
        })
        .collect();
    // Rounded up, for a wait that ends too early would be repeated without pause.
    let milliseconds = time.as_nanos().div_ceil(1_000_000);
    let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
    let count = u32::try_from(entries.len()).unwrap_or_default();
    // SAFETY: the entries are valid for their number.
    if unsafe { WSAPoll(entries.as_mut_ptr(), count, milliseconds) } < 0 {
        return Err(io::Error::last_os_error());
    }
    for (watch, entry) in watched.iter_mut().zip(&entries) {
        watch.ready = (watch.read || watch.write) && entry.revents != 0;
    }
    Ok(watched.iter().any(|watch| watch.ready))
}

/// What this machine is short of, where a call failed for that reason.
pub fn shortage(cause: &io::Error) -> Option<&'static str> {
    (cause.kind() == io::ErrorKind::OutOfMemory).then_some("memory")
}

/// Whether a connection is being made without being waited for (`connect`).
pub fn is_in_progress(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::WouldBlock
}

/// Makes sure that there are so many more bytes of address space, in one piece.
///
/// # Errors
/// There are not.
pub fn spare_memory(address_space: usize, _memory: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory
        .try_reserve_exact(address_space)
        .map_err(|_| io::ErrorKind::OutOfMemory)?;
    drop(std::hint::black_box(memory));
    Ok(())
}

/// There is no such limit here.
///
/// # Errors
/// None.
pub fn spare_descriptors(_count: usize) -> io::Result<()> {
    Ok(())
}

/// Runs a program and waits for its end; Ctrl-C reaches it, and does not end this process before it.
///
/// # Errors
/// It can't be started.
pub fn run_program(call: &[OsString]) -> io::Result<u8> {
    let (program, arguments) = call.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the handler is a function that lives as long as the process.
    unsafe { SetConsoleCtrlHandler(Some(leave_to_program), 1) };
    let status = Command::new(program).args(arguments).status()?;
    let code = status.code().unwrap_or(1);
    // A status that a u8 can't hold is a failure all the same.
    Ok(u8::try_from(code).unwrap_or(1))
}

/// Runs in a thread of its own; returning 1 says that the event has been taken care of.
unsafe extern "system" fn leave_to_program(_event: u32) -> BOOL {
    1
}
