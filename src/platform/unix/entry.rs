//! Where the process begins.
//!
//! std's own start-up would replace a closed standard output by /dev/null, and a result that
//! nobody can read would count as delivered; it also costs a tenth of `sekuire status`.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::error::Error;
use crate::platform::OPEN_UNUSABLE;
use crate::terminal;

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, values: *const *const c_char) -> c_int {
    if let Err(cause) = occupy_closed_descriptors() {
        let error = Error::machine(format!(
            "can't take the place of a closed standard input, output or error: {cause}"
        ))
        .with_hint("leave standard input, output and error open: redirect them to /dev/null");
        terminal::error(&error);
        return error.kind().exit_status().into();
    }
    let count = usize::try_from(count).unwrap_or_default();
    let args = (1..count).map(|index| {
        // SAFETY: the C runtime hands over `count` pointers to zero-terminated strings that live as
        // long as the process (C17 5.1.2.2.1).
        let value = unsafe { CStr::from_ptr(*values.add(index)) };
        OsString::from(OsStr::from_bytes(value.to_bytes()))
    });
    c_int::from(crate::run(args.collect()))
}

/// Fills the closed ones of the descriptors 0 to 2, so that no file that is opened later becomes
/// standard output: `sekuire status >&-` must not write into auth.json. What fills them can be
/// neither read nor written, so that using them is an error as before, and is closed on exec.
///
/// # Errors
/// As open(2): nothing may be opened while a place is free.
fn occupy_closed_descriptors() -> io::Result<()> {
    for descriptor in 0..=2 {
        // SAFETY: F_GETFD takes a number, and fails where the descriptor is closed (fcntl(2)).
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } == -1 {
            // open(2) gives the lowest free descriptor, and the loop goes upwards.
            // SAFETY: the path is zero-terminated.
            let filled = unsafe {
                libc::open(
                    c"/".as_ptr(),
                    OPEN_UNUSABLE | libc::O_DIRECTORY | libc::O_CLOEXEC,
                )
            };
            if filled == -1 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}
