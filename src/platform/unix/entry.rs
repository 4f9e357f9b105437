//! Where the process begins.
//!
//! std's own start-up would replace a closed standard output by /dev/null, and a result that
//! nobody can read would count as delivered; it also costs a tenth of `sekuire status`.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, values: *const *const c_char) -> c_int {
    occupy_closed_descriptors();
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
/// neither read nor written, so that using them is an error as before.
fn occupy_closed_descriptors() {
    let mut descriptors = [0, 1, 2].map(|fd| libc::pollfd {
        fd,
        events: 0,
        revents: 0,
    });
    // SAFETY: the array is valid for the three entries that poll(2) is told of; with a time-out of
    // zero it does not wait.
    unsafe { libc::poll(descriptors.as_mut_ptr(), 3, 0) };
    for descriptor in descriptors {
        if descriptor.revents & libc::POLLNVAL != 0 {
            // SAFETY: the path is zero-terminated. open(2) gives the lowest free descriptor, and the
            // loop goes upwards. Should it fail, the descriptor stays as closed as it was.
            unsafe { libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY) };
        }
    }
}
