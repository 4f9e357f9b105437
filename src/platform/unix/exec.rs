//! Becoming another program (execve(2)).

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use super::signals;

/// Replaces this process by the program that `call` names and gives arguments to, found by `PATH`; what
/// was changed for ourselves is given back before. What it inherits is this process's environment; our own
/// descriptors are closed, and what the kernel keeps back of this process it gives to the new one anew
/// (prctl(2), `PR_SET_DUMPABLE`).
///
/// # Errors
/// As execvp(3). It returns only then.
pub fn run_program(call: &[OsString]) -> io::Result<u8> {
    let strings: Result<Vec<CString>, _> = call
        .iter()
        .map(|argument| CString::new(argument.as_bytes()))
        .collect();
    let Ok(strings) = strings else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
    pointers.push(ptr::null());
    let Some(program) = strings.first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    signals::give_back();
    super::allow_core_files();
    // SAFETY: the program and the arguments are zero-terminated, the list of them ends with a null pointer,
    // and both live until the call returns.
    unsafe { libc::execvp(program.as_ptr(), pointers.as_ptr()) };
    Err(io::Error::last_os_error())
}
