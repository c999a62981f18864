//! Open files.

use core::ffi::CStr;
use core::ptr;

use crate::sys::general::*;
use crate::{syscall, Fd, Result};

pub(crate) fn fd(result: Result<usize>) -> Result<Fd> {
    result.map(|value| value as Fd)
}

pub(crate) fn nothing(result: Result<usize>) -> Result<()> {
    result.map(|_| ())
}

/// open(2).
pub fn openat(folder: Fd, path: &CStr, flags: u32, mode: u32) -> Result<Fd> {
    // SAFETY: the path ends with a NUL, and only that is read.
    fd(unsafe { syscall!(__NR_openat, folder, path.as_ptr(), flags, mode) })
}

/// close(2).
pub fn close(file: Fd) -> Result<()> {
    // SAFETY: no memory is touched. That nobody else uses the number is no matter of memory here: an Fd is no owner.
    nothing(unsafe { syscall!(__NR_close, file) })
}

/// close_range(2).
pub fn close_range(first: u32, last: u32, flags: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_close_range, first, last, flags) })
}

/// read(2).
pub fn read(file: Fd, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_read, file, buffer.as_mut_ptr(), buffer.len()) }
}

/// write(2).
pub fn write(file: Fd, bytes: &[u8]) -> Result<usize> {
    // SAFETY: no more is read than there is.
    unsafe { syscall!(__NR_write, file, bytes.as_ptr(), bytes.len()) }
}

/// pread(2).
pub fn pread64(file: Fd, buffer: &mut [u8], offset: i64) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_pread64, file, buffer.as_mut_ptr(), buffer.len(), offset) }
}

/// pwrite(2).
pub fn pwrite64(file: Fd, bytes: &[u8], offset: i64) -> Result<usize> {
    // SAFETY: no more is read than there is.
    unsafe { syscall!(__NR_pwrite64, file, bytes.as_ptr(), bytes.len(), offset) }
}

/// lseek(2).
pub fn lseek(file: Fd, offset: i64, whence: u32) -> Result<u64> {
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_lseek, file, offset, whence) }.map(|position| position as u64)
}

/// truncate(2), ftruncate.
pub fn ftruncate(file: Fd, length: i64) -> Result<()> {
    // SAFETY: no memory is touched, but pages of a mapping may go, as another process could make them.
    nothing(unsafe { syscall!(__NR_ftruncate, file, length) })
}

/// fallocate(2).
pub fn fallocate(file: Fd, mode: u32, offset: i64, length: i64) -> Result<()> {
    // SAFETY: as for ftruncate.
    nothing(unsafe { syscall!(__NR_fallocate, file, mode, offset, length) })
}

/// dup(2).
pub fn dup(file: Fd) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_dup, file) })
}

/// dup(2), dup3.
pub fn dup3(file: Fd, target: Fd, flags: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_dup3, file, target, flags) })
}

/// fcntl(2), for the commands whose argument is a number or absent.
pub fn fcntl(file: Fd, command: u32, argument: usize) -> Result<usize> {
    // SAFETY: none of these commands takes a pointer, and the others are given none that anything stands at.
    debug_assert!(!matches!(command, F_GETLK | F_SETLK | F_SETLKW | F_OFD_GETLK | F_OFD_SETLK | F_OFD_SETLKW));
    unsafe { syscall!(__NR_fcntl, file, command, argument) }
}

/// fcntl(2), the commands for record locks (F_GETLK and kin).
pub fn fcntl_lock(file: Fd, command: u32, lock: &mut flock) -> Result<()> {
    // SAFETY: these commands read and write one struct flock.
    nothing(unsafe { syscall!(__NR_fcntl, file, command, ptr::from_mut(lock)) })
}

/// flock(2).
pub fn flock(file: Fd, operation: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_flock, file, operation) })
}

/// pipe(2), pipe2: the end that is read, and the end that is written.
pub fn pipe2(flags: u32) -> Result<(Fd, Fd)> {
    let mut ends: [Fd; 2] = [-1; 2];
    // SAFETY: two descriptors are written.
    unsafe { syscall!(__NR_pipe2, ends.as_mut_ptr(), flags) }.map(|_| (ends[0], ends[1]))
}

/// splice(2).
pub fn splice(
    from: Fd,
    from_at: Option<&mut i64>,
    to: Fd,
    to_at: Option<&mut i64>,
    size: usize,
    flags: u32,
) -> Result<usize> {
    let place = |offset: Option<&mut i64>| offset.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: an offset that is given is read and written.
    unsafe { syscall!(__NR_splice, from, place(from_at), to, place(to_at), size, flags) }
}

/// tee(2).
pub fn tee(from: Fd, to: Fd, size: usize, flags: u32) -> Result<usize> {
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_tee, from, to, size, flags) }
}

/// sendfile(2).
pub fn sendfile(to: Fd, from: Fd, offset: Option<&mut i64>, size: usize) -> Result<usize> {
    let place = offset.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: an offset that is given is read and written.
    unsafe { syscall!(__NR_sendfile, to, from, place, size) }
}

/// copy_file_range(2), at the files' own positions.
pub fn copy_file_range(from: Fd, to: Fd, size: usize, flags: u32) -> Result<usize> {
    let none = ptr::null_mut::<i64>();
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_copy_file_range, from, none, to, none, size, flags) }
}

/// memfd_create(2).
pub fn memfd_create(name: &CStr, flags: u32) -> Result<Fd> {
    // SAFETY: the name ends with a NUL, and only that is read.
    fd(unsafe { syscall!(__NR_memfd_create, name.as_ptr(), flags) })
}

/// ioctl(2), for requests that write or read one value of the type that is given.
///
/// # Safety
///
/// The request has to be one whose argument points to a `T`.
pub unsafe fn ioctl<T>(file: Fd, request: u32, value: &mut T) -> Result<usize> {
    // SAFETY: the caller says that no more than a T is touched.
    unsafe { syscall!(__NR_ioctl, file, request, ptr::from_mut(value)) }
}
