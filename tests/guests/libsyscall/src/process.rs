//! Tasks.

use core::ffi::CStr;
use core::ptr;

use crate::file::{fd, nothing};
use crate::sys::ctypes::c_char;
use crate::sys::general::*;
use crate::{syscall, Fd, Result};

/// The number of a process or thread.
pub type Pid = crate::sys::ctypes::c_int;

macro_rules! always_there {
    ($($name:ident, $number:ident, $page:literal;)*) => {
        $(
            #[doc = concat!($page, ", which always has an answer.")]
            pub fn $name() -> Pid {
                // SAFETY: no memory is touched.
                unsafe { syscall!($number) }.map_or(-1, |value| value as Pid)
            }
        )*
    };
}
always_there! {
    getpid, __NR_getpid, "getpid(2)";
    getppid, __NR_getppid, "getppid(2)";
    gettid, __NR_gettid, "gettid(2)";
}

/// fork(2), by clone(2) with the signal SIGCHLD: 0 in the child.
///
/// # Safety
///
/// Other threads are not there in the child, so their locks stay as they are.
pub unsafe fn fork() -> Result<Pid> {
    // SAFETY: the child has a copy of all memory, and goes on with this stack.
    unsafe { syscall!(__NR_clone, SIGCHLD, 0usize) }.map(|value| value as Pid)
}

/// execve(2). It returns only if it fails.
///
/// # Safety
///
/// Both lists end with a null pointer, and their strings with a NUL.
pub unsafe fn execve(path: &CStr, arguments: *const *const c_char, environment: *const *const c_char) -> Result<usize> {
    // SAFETY: the caller's.
    unsafe { syscall!(__NR_execve, path.as_ptr(), arguments, environment) }
}

/// wait4(2) without the usage: the process (0 with WNOHANG if none has ended) and its status.
pub fn wait4(process: Pid, options: u32) -> Result<(Pid, u32)> {
    let mut status = 0u32;
    // SAFETY: the status is written.
    unsafe { syscall!(__NR_wait4, process, &raw mut status, options) }.map(|ended| (ended as Pid, status))
}

/// _exit(2), exit_group: the end of the process.
pub fn exit_group(status: i32) -> ! {
    loop {
        // SAFETY: nothing runs after it.
        let _ = unsafe { syscall!(__NR_exit_group, status) };
    }
}

/// kill(2).
pub fn kill(process: Pid, signal: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_kill, process, signal) })
}

/// tkill(2), tgkill.
pub fn tgkill(process: Pid, thread: Pid, signal: u32) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_tgkill, process, thread, signal) })
}

/// pidfd_open(2).
pub fn pidfd_open(process: Pid, flags: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_pidfd_open, process, flags) })
}

/// setpgid(2).
pub fn setpgid(process: Pid, group: Pid) -> Result<()> {
    // SAFETY: no memory is touched.
    nothing(unsafe { syscall!(__NR_setpgid, process, group) })
}

/// getpgid(2).
pub fn getpgid(process: Pid) -> Result<Pid> {
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_getpgid, process) }.map(|group| group as Pid)
}

/// setsid(2).
pub fn setsid() -> Result<Pid> {
    // SAFETY: no memory is touched.
    unsafe { syscall!(__NR_setsid) }.map(|session| session as Pid)
}

/// getrlimit(2), prlimit: the limits before.
pub fn prlimit64(process: Pid, resource: u32, limits: Option<&rlimit64>) -> Result<rlimit64> {
    let mut before = rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let limits = limits.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: one is read if it is given, and one written.
    unsafe { syscall!(__NR_prlimit64, process, resource, limits, &raw mut before) }.map(|_| before)
}
