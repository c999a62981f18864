//! Sockets.

use core::mem::size_of;
use core::ptr;

use crate::file::{fd, nothing};
use crate::sys::general::*;
use crate::sys::net::{msghdr, sockaddr_in, sockaddr_in6, sockaddr_un};
use crate::{syscall, Fd, Result};

/// A socket address of one of the families that have a layout.
///
/// # Safety
///
/// The type has to be plain bytes, as the kernel may write them all.
pub unsafe trait Address {}
// SAFETY: they are what the kernel calls socket addresses, without pointers.
unsafe impl Address for sockaddr_in {}
// SAFETY: as above.
unsafe impl Address for sockaddr_in6 {}
// SAFETY: as above.
unsafe impl Address for sockaddr_un {}

/// socket(2).
pub fn socket(family: u32, kind: u32, protocol: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_socket, family, kind, protocol) })
}

/// socketpair(2).
pub fn socketpair(family: u32, kind: u32, protocol: u32) -> Result<(Fd, Fd)> {
    let mut pair: [Fd; 2] = [-1; 2];
    // SAFETY: two descriptors are written.
    unsafe { syscall!(__NR_socketpair, family, kind, protocol, pair.as_mut_ptr()) }.map(|_| (pair[0], pair[1]))
}

/// bind(2), with as many bytes of the address as `length` says.
pub fn bind<A: Address>(socket: Fd, address: &A, length: usize) -> Result<()> {
    assert!(length <= size_of::<A>());
    // SAFETY: no more is read than the address has.
    nothing(unsafe { syscall!(__NR_bind, socket, ptr::from_ref(address), length) })
}

/// connect(2), with as many bytes of the address as `length` says.
pub fn connect<A: Address>(socket: Fd, address: &A, length: usize) -> Result<()> {
    assert!(length <= size_of::<A>());
    // SAFETY: no more is read than the address has.
    nothing(unsafe { syscall!(__NR_connect, socket, ptr::from_ref(address), length) })
}

/// listen(2).
pub fn listen(socket: Fd, backlog: i32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_listen, socket, backlog) })
}

/// accept(2), accept4, without the peer's address.
pub fn accept4(socket: Fd, flags: u32) -> Result<Fd> {
    let none = ptr::null_mut::<u8>();
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_accept4, socket, none, none, flags) })
}

/// getsockname(2): the length that the name has, which may be more than was written.
pub fn getsockname<A: Address>(socket: Fd, address: &mut A) -> Result<usize> {
    let mut length = size_of::<A>() as u32;
    // SAFETY: no more is written than the address has.
    unsafe { syscall!(__NR_getsockname, socket, ptr::from_mut(address), &raw mut length) }.map(|_| length as usize)
}

/// getpeername(2), as getsockname.
pub fn getpeername<A: Address>(socket: Fd, address: &mut A) -> Result<usize> {
    let mut length = size_of::<A>() as u32;
    // SAFETY: no more is written than the address has.
    unsafe { syscall!(__NR_getpeername, socket, ptr::from_mut(address), &raw mut length) }.map(|_| length as usize)
}

/// setsockopt(2).
pub fn setsockopt(socket: Fd, level: u32, option: u32, value: &[u8]) -> Result<()> {
    // SAFETY: no more is read than there is.
    nothing(unsafe { syscall!(__NR_setsockopt, socket, level, option, value.as_ptr(), value.len()) })
}

/// getsockopt(2): the length of the value.
pub fn getsockopt(socket: Fd, level: u32, option: u32, value: &mut [u8]) -> Result<usize> {
    let mut length = value.len() as u32;
    // SAFETY: no more is written than there is room.
    unsafe { syscall!(__NR_getsockopt, socket, level, option, value.as_mut_ptr(), &raw mut length) }
        .map(|_| length as usize)
}

/// send(2), sendto to the peer.
pub fn send(socket: Fd, bytes: &[u8], flags: u32) -> Result<usize> {
    // SAFETY: no more is read than there is.
    unsafe { syscall!(__NR_sendto, socket, bytes.as_ptr(), bytes.len(), flags) }
}

/// recv(2), recvfrom without the sender's address.
pub fn recv(socket: Fd, buffer: &mut [u8], flags: u32) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_recvfrom, socket, buffer.as_mut_ptr(), buffer.len(), flags) }
}

/// sendmsg(2).
///
/// # Safety
///
/// The pointers in the message have to be good for as much as it says.
pub unsafe fn sendmsg(socket: Fd, message: &msghdr, flags: u32) -> Result<usize> {
    // SAFETY: the caller's.
    unsafe { syscall!(__NR_sendmsg, socket, ptr::from_ref(message), flags) }
}

/// recvmsg(2).
///
/// # Safety
///
/// The pointers in the message have to be good for as much as it says.
pub unsafe fn recvmsg(socket: Fd, message: &mut msghdr, flags: u32) -> Result<usize> {
    // SAFETY: the caller's.
    unsafe { syscall!(__NR_recvmsg, socket, ptr::from_mut(message), flags) }
}

/// shutdown(2).
pub fn shutdown(socket: Fd, how: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_shutdown, socket, how) })
}
