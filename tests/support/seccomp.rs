//! A filter of system calls, as sandboxes put one on (seccomp(2)): what it names fails with EPERM.

use std::io;

use nix::libc;

/// What puts the filter on, between fork and exec.
pub(crate) fn filter(
    refused: &[libc::c_long],
) -> impl FnMut() -> io::Result<()> + Send + Sync + use<> + 'static {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
    // The call's number is the first member of struct seccomp_data.
    let mut program = vec![instruction(LOAD, 0, 0)];
    for call in refused {
        let number = u32::try_from(*call).expect("a number");
        program.push(instruction(libc::BPF_JMP | libc::BPF_JEQ, 1, number));
        program.push(instruction(libc::BPF_RET, 0, EPERM));
    }
    program.push(instruction(libc::BPF_RET, 0, libc::SECCOMP_RET_ALLOW));
    move || install(&mut program)
}

fn instruction(code: u32, if_false: u8, operand: u32) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).expect("a code"),
        jt: 0,
        jf: if_false,
        k: operand,
    }
}

#[allow(unsafe_code, reason = "prctl is unsafe")]
fn install(program: &mut [libc::sock_filter]) -> io::Result<()> {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).expect("a short program"),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: both calls read numbers, and the second one a structure that outlives it.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const filter,
            ) == 0
    };
    if installed {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
