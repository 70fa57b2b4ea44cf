//! The addresses a node can be reached at.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

/// Addresses by the name of their link, in the kernel's order. Those that are
/// of no use from another machine (loopback, IPv6 link-local) are left out.
pub fn global() -> io::Result<Vec<(String, IpAddr)>> {
    let mut first = ptr::null_mut();
    // SAFETY: getifaddrs writes one pointer, to a place that may be written.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut next = first;
    // SAFETY: `next` is null or a node of the list, which lives until it is freed below.
    while let Some(node) = unsafe { next.as_ref() } {
        next = node.ifa_next;
        let loopback = node.ifa_flags & libc::IFF_LOOPBACK as libc::c_uint != 0;
        // SAFETY: the address is null or points to a socket address of its own family.
        let Some(address) = (unsafe { read(node.ifa_addr) }) else {
            continue;
        };
        if !loopback && is_useful(&address) {
            // SAFETY: every node has a name, a C string that lives as long as the node.
            let name = unsafe { CStr::from_ptr(node.ifa_name) };
            found.push((name.to_string_lossy().into_owned(), address));
        }
    }
    // SAFETY: the list came from getifaddrs and nothing of it is used any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

/// # Safety
/// `address` is null or points to a socket address that is as long as its
/// family says.
unsafe fn read(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: as promised by the caller; every socket address starts with its family.
    let family = unsafe { address.as_ref() }?.sa_family;
    match libc::c_int::from(family) {
        libc::AF_INET => {
            // SAFETY: as promised by the caller, AF_INET has this type; it may be unaligned.
            let socket = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(socket.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as promised by the caller, AF_INET6 has this type; it may be unaligned.
            let socket = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(socket.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

fn is_useful(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_can_be_read() {
        for (link, address) in global().unwrap() {
            assert!(!link.is_empty());
            assert!(is_useful(&address), "{link}: {address}");
        }
    }

    #[test]
    fn addresses_of_no_use_from_elsewhere_are_left_out() {
        for (address, useful) in [
            ("10.0.2.15", true),
            ("169.254.1.1", true),
            ("127.0.0.1", false),
            ("fd00::1", true),
            ("fe80::1", false),
            ("::1", false),
        ] {
            assert_eq!(is_useful(&address.parse().unwrap()), useful, "{address}");
        }
    }
}
