//! Becoming another program (execve(2)).

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;

use super::signals;

/// Where programs are looked for without PATH, as musl has it.
const USUAL_PATH: &str = "/usr/local/bin:/bin:/usr/bin";

/// Replaces this process by the program that `call` names and gives arguments to, found by `PATH`; what
/// was changed for ourselves is given back before. What it inherits is this process's environment; our own
/// descriptors are closed, and what the kernel keeps back of this process it gives to the new one anew
/// (prctl(2), `PR_SET_DUMPABLE`).
///
/// As execvp(3), but for what the kernel can't run: glibc's would hand it to /bin/sh, whatever it is.
///
/// # Errors
/// As execve(2). It returns only then.
pub fn run_program(call: &[OsString]) -> io::Result<u8> {
    let arguments = call.iter().map(|argument| terminated(argument));
    let arguments: Vec<CString> = arguments.collect::<io::Result<_>>()?;
    let mut pointers: Vec<_> = arguments.iter().map(|string| string.as_ptr()).collect();
    pointers.push(ptr::null());
    let program = call.first().ok_or(io::ErrorKind::InvalidInput)?;
    signals::give_back();
    super::allow_core_files();
    let mut cause = io::ErrorKind::NotFound.into();
    for path in candidates(program) {
        let path = terminated(path.as_os_str())?;
        // SAFETY: the path and the arguments are zero-terminated, the list of them ends with a null pointer,
        // and all live until the call returns.
        unsafe { libc::execv(path.as_ptr(), pointers.as_ptr()) };
        let failure = io::Error::last_os_error();
        match failure.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            io::ErrorKind::PermissionDenied => cause = failure,
            _ => return Err(failure),
        }
    }
    Err(cause)
}

/// The files that a name may mean, in the order in which they are tried. An empty entry of PATH is the
/// working folder.
fn candidates(program: &OsStr) -> Vec<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return vec![program.into()];
    }
    let path = env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    let folders = env::split_paths(&path);
    folders.map(|folder| folder.join(program)).collect()
}

fn terminated(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}
