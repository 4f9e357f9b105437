//! Names and their addresses, by the system's resolver (getaddrinfo(3)).

use std::ffi::{CStr, CString};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use crate::platform::Family;

/// The addresses of one family that a name has.
///
/// # Errors
/// In the resolver's words; where it is this machine's fault, as the operating system's error.
pub fn addresses(host: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    let host = CString::new(host)?;
    // SAFETY: addrinfo is a plain structure of integers and pointers, for which zero is a value.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = ptr::null_mut();
    // SAFETY: the name is zero-terminated, the hints are one structure, and `list` takes one pointer.
    let code =
        unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    if code != 0 {
        return Err(failure(code));
    }
    let mut found = Vec::new();
    let mut next = list;
    // SAFETY: getaddrinfo(3) gave out a list that ends with a null pointer and lives until it is freed.
    while let Some(entry) = unsafe { next.as_ref() } {
        // SAFETY: an entry's address is of the family that was asked for, and as long as that needs.
        found.push(unsafe { address_of(entry, family) });
        next = entry.ai_next;
    }
    // SAFETY: the list is getaddrinfo's, and nothing points into it any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok(found)
}

/// # Safety
/// The entry's address is of this family.
unsafe fn address_of(entry: &libc::addrinfo, family: Family) -> IpAddr {
    match family {
        Family::V4 => {
            // SAFETY: as promised by the caller; it need not be aligned.
            let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Ipv4Addr::from_bits(u32::from_be(address.sin_addr.s_addr)).into()
        }
        Family::V6 => {
            // SAFETY: as above.
            let address = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Ipv6Addr::from(address.sin6_addr.s6_addr).into()
        }
    }
}

fn failure(code: libc::c_int) -> io::Error {
    match code {
        libc::EAI_SYSTEM => io::Error::last_os_error(),
        libc::EAI_MEMORY => io::ErrorKind::OutOfMemory.into(),
        libc::EAI_NONAME => io::Error::new(io::ErrorKind::NotFound, "no such name"),
        libc::EAI_AGAIN => io::Error::other("the name server did not answer"),
        code => {
            // SAFETY: gai_strerror(3) returns a zero-terminated text that is never freed.
            let words = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
            io::Error::other(words.to_string_lossy().to_lowercase())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Family, IpAddr, Ipv4Addr, Ipv6Addr, addresses, failure, io};

    #[test]
    fn each_family_is_asked_for_itself() {
        assert_eq!(
            addresses("127.0.0.1", Family::V4).unwrap(),
            [IpAddr::from(Ipv4Addr::LOCALHOST)]
        );
        assert_eq!(
            addresses("::1", Family::V6).unwrap(),
            [IpAddr::from(Ipv6Addr::LOCALHOST)]
        );
        assert!(addresses("127.0.0.1", Family::V6).is_err());
        assert!(addresses("zero\0byte", Family::V4).is_err());
    }

    #[test]
    fn failures_have_words() {
        let words = |code| failure(code).to_string();
        assert_eq!(words(libc::EAI_NONAME), "no such name");
        assert_eq!(words(libc::EAI_AGAIN), "the name server did not answer");
        assert!(!words(libc::EAI_FAIL).is_empty());
        assert_eq!(failure(libc::EAI_MEMORY).kind(), io::ErrorKind::OutOfMemory);
    }
}
