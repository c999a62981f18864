//! Names, and what they stand for.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use crate::file::nothing;
use crate::sys::general::*;
use crate::{syscall, Fd, Result};

/// mkdir(2).
pub fn mkdirat(folder: Fd, path: &CStr, mode: u32) -> Result<()> {
    // SAFETY: the path ends with a NUL, and only that is read. So it is with all paths below.
    nothing(unsafe { syscall!(__NR_mkdirat, folder, path.as_ptr(), mode) })
}

/// mknod(2).
pub fn mknodat(folder: Fd, path: &CStr, mode: u32, device: u64) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_mknodat, folder, path.as_ptr(), mode, device) })
}

/// unlink(2), and rmdir(2) with AT_REMOVEDIR.
pub fn unlinkat(folder: Fd, path: &CStr, flags: u32) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_unlinkat, folder, path.as_ptr(), flags) })
}

/// rename(2).
pub fn renameat2(from_folder: Fd, from: &CStr, to_folder: Fd, to: &CStr, flags: u32) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_renameat2, from_folder, from.as_ptr(), to_folder, to.as_ptr(), flags) })
}

/// link(2).
pub fn linkat(from_folder: Fd, from: &CStr, to_folder: Fd, to: &CStr, flags: u32) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_linkat, from_folder, from.as_ptr(), to_folder, to.as_ptr(), flags) })
}

/// symlink(2).
pub fn symlinkat(text: &CStr, folder: Fd, path: &CStr) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_symlinkat, text.as_ptr(), folder, path.as_ptr()) })
}

/// readlink(2). What was read has no NUL at its end, and was cut off if it fills the buffer.
pub fn readlinkat(folder: Fd, path: &CStr, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: see mkdirat; no more is written than the buffer has.
    unsafe { syscall!(__NR_readlinkat, folder, path.as_ptr(), buffer.as_mut_ptr(), buffer.len()) }
}

/// access(2), faccessat2.
pub fn faccessat2(folder: Fd, path: &CStr, mode: u32, flags: u32) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_faccessat2, folder, path.as_ptr(), mode, flags) })
}

/// chmod(2), fchmod.
pub fn fchmod(file: Fd, mode: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_fchmod, file, mode) })
}

/// statx(2).
pub fn statx(folder: Fd, path: &CStr, flags: u32, mask: u32) -> Result<statx> {
    let mut result = MaybeUninit::<statx>::zeroed();
    // SAFETY: see mkdirat; one struct statx is written, and zeros are one too.
    unsafe {
        syscall!(__NR_statx, folder, path.as_ptr(), flags, mask, result.as_mut_ptr()).map(|_| result.assume_init())
    }
}

/// getdents(2), getdents64: records of struct linux_dirent64 into the buffer.
pub fn getdents64(folder: Fd, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_getdents64, folder, buffer.as_mut_ptr(), buffer.len()) }
}

/// chdir(2).
pub fn chdir(path: &CStr) -> Result<()> {
    // SAFETY: see mkdirat.
    nothing(unsafe { syscall!(__NR_chdir, path.as_ptr()) })
}

/// getcwd(2), the call itself: the length with the NUL.
pub fn getcwd(buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: no more is written than the buffer has.
    unsafe { syscall!(__NR_getcwd, buffer.as_mut_ptr(), buffer.len()) }
}

/// umask(2): the mask before.
pub fn umask(mask: u32) -> u32 {
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_umask, mask) }.map_or(0, |before| before as u32)
}
