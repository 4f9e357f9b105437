//! A filter of system calls, as sandboxes put one on (seccomp(2)): what it names fails with EPERM.

use std::io;

use nix::libc;

/// A system call to refuse, and perhaps only with this bit in its argument of that index.
#[derive(Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) call: libc::c_long,
    pub(crate) bit: Option<(u32, u32)>,
}

/// What puts the filter on, between fork and exec.
pub(crate) fn filter(
    refused: &[Refused],
) -> impl FnMut() -> io::Result<()> + Send + Sync + use<> + 'static {
    let mut program: Vec<libc::sock_filter> =
        refused.iter().copied().flat_map(instructions).collect();
    program.push(instruction(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW));
    move || install(&mut program)
}

fn instructions(refused: Refused) -> Vec<libc::sock_filter> {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
    let number = u32::try_from(refused.call).expect("a number");
    let refuse = instruction(libc::BPF_RET, 0, 0, EPERM);
    // struct seccomp_data: the call's number first, its arguments from byte 16 on.
    let load_number = instruction(LOAD, 0, 0, 0);
    match refused.bit {
        None => vec![
            load_number,
            instruction(libc::BPF_JMP | libc::BPF_JEQ, 0, 1, number),
            refuse,
        ],
        Some((argument, bit)) => vec![
            load_number,
            instruction(libc::BPF_JMP | libc::BPF_JEQ, 0, 3, number),
            instruction(LOAD, 0, 0, 16 + 8 * argument),
            instruction(libc::BPF_JMP | libc::BPF_JSET, 0, 1, bit),
            refuse,
        ],
    }
}

fn instruction(code: u32, if_true: u8, if_false: u8, operand: u32) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).expect("a code"),
        jt: if_true,
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
