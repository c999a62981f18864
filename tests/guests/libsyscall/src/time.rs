//! Clocks and sleep.

use core::ptr;

use crate::file::nothing;
use crate::sys::general::*;
use crate::{syscall, Result};

/// So many nanoseconds.
pub const fn nanoseconds(count: i64) -> __kernel_timespec {
    __kernel_timespec { tv_sec: count / 1_000_000_000, tv_nsec: count % 1_000_000_000 }
}

/// clock_getres(2), clock_gettime: the call, not the vDSO.
pub fn clock_gettime(clock: u32) -> Result<__kernel_timespec> {
    let mut time = nanoseconds(0);
    // SAFETY: one time is written.
    unsafe { syscall!(__NR_clock_gettime, clock, &raw mut time) }.map(|_| time)
}

/// clock_getres(2).
pub fn clock_getres(clock: u32) -> Result<__kernel_timespec> {
    let mut time = nanoseconds(0);
    // SAFETY: one time is written.
    unsafe { syscall!(__NR_clock_getres, clock, &raw mut time) }.map(|_| time)
}

/// clock_nanosleep(2), without the time that is left.
pub fn clock_nanosleep(clock: u32, flags: u32, time: &__kernel_timespec) -> Result<()> {
    let left = ptr::null_mut::<__kernel_timespec>();
    // SAFETY: the time is read.
    nothing(unsafe { syscall!(__NR_clock_nanosleep, clock, flags, ptr::from_ref(time), left) })
}
