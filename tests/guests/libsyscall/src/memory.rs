//! The address space.

use core::ptr;

use crate::file::nothing;
use crate::sys::ctypes::c_void;
use crate::sys::general::*;
use crate::{syscall, Fd, Result};

/// mmap(2).
///
/// # Safety
///
/// With MAP_FIXED, what was mapped there is gone.
pub unsafe fn mmap(
    address: *mut c_void,
    length: usize,
    protection: u32,
    flags: u32,
    file: Fd,
    offset: i64,
) -> Result<*mut c_void> {
    // SAFETY: the caller's.
    unsafe { syscall!(__NR_mmap, address, length, protection, flags, file, offset) }.map(|place| place as *mut c_void)
}

/// munmap(2).
///
/// # Safety
///
/// Nothing may use the memory any more.
pub unsafe fn munmap(address: *mut c_void, length: usize) -> Result<()> {
    // SAFETY: the caller's.
    nothing(unsafe { syscall!(__NR_munmap, address, length) })
}

/// mprotect(2).
///
/// # Safety
///
/// What uses the memory has to bear the new protection.
pub unsafe fn mprotect(address: *mut c_void, length: usize, protection: u32) -> Result<()> {
    // SAFETY: the caller's.
    nothing(unsafe { syscall!(__NR_mprotect, address, length, protection) })
}

/// mremap(2).
///
/// # Safety
///
/// Nothing may use the memory at the old place if it moves, nor what was at a new place that is given.
pub unsafe fn mremap(
    old: *mut c_void,
    old_length: usize,
    length: usize,
    flags: u32,
    new: *mut c_void,
) -> Result<*mut c_void> {
    // SAFETY: the caller's.
    unsafe { syscall!(__NR_mremap, old, old_length, length, flags, new) }.map(|place| place as *mut c_void)
}

/// madvise(2).
///
/// # Safety
///
/// Some advice changes what stands in the memory.
pub unsafe fn madvise(address: *mut c_void, length: usize, advice: u32) -> Result<()> {
    // SAFETY: the caller's.
    nothing(unsafe { syscall!(__NR_madvise, address, length, advice) })
}

/// mincore(2): a byte a page, whose lowest bit says whether the page is there.
pub fn mincore(address: *mut c_void, length: usize, pages: &mut [u8]) -> Result<()> {
    debug_assert!(length.div_ceil(4096) <= pages.len());
    // SAFETY: a byte is written for each page, of which there are fewer if pages are larger.
    nothing(unsafe { syscall!(__NR_mincore, address, length, pages.as_mut_ptr()) })
}

/// msync(2).
pub fn msync(address: *mut c_void, length: usize, flags: u32) -> Result<()> {
    // SAFETY: memory stays as it is.
    nothing(unsafe { syscall!(__NR_msync, address, length, flags) })
}

/// getrandom(2).
pub fn getrandom(buffer: &mut [u8], flags: u32) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_getrandom, buffer.as_mut_ptr(), buffer.len(), flags) }
}

/// futex(2), FUTEX_WAIT and kin with a relative time or none.
pub fn futex_wait(
    word: &core::sync::atomic::AtomicU32,
    operation: u32,
    value: u32,
    time: Option<&__kernel_timespec>,
) -> Result<()> {
    let time = time.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word and the time are read.
    nothing(unsafe { syscall!(__NR_futex, word.as_ptr(), operation, value, time) })
}

/// futex(2), FUTEX_WAKE and kin: how many were woken.
pub fn futex_wake(word: &core::sync::atomic::AtomicU32, operation: u32, count: u32) -> Result<usize> {
    // SAFETY: at most the word is read.
    unsafe { syscall!(__NR_futex, word.as_ptr(), operation, count) }
}
