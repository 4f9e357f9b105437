//! A filter of system calls, as sandboxes put one on (seccomp(2)): what it names fails with EPERM.

use std::env::consts::ARCH;
use std::io;

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// What puts the filter on, between fork and exec.
pub(crate) fn filter(
    refused: &[libc::c_long],
) -> impl FnMut() -> io::Result<()> + Send + Sync + use<> + 'static {
    let filter = SeccompFilter::new(
        refused.iter().map(|call| (*call, Vec::new())).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.cast_unsigned()),
        ARCH.try_into().expect("a known processor"),
    );
    let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
    move || apply_filter(&program).map_err(|_| io::ErrorKind::PermissionDenied.into())
}
