//! Waiting for descriptors, and descriptors that count.

use core::ptr;

use crate::file::{fd, nothing};
use crate::sys::general::*;
use crate::{syscall, Fd, Result};

/// poll(2), ppoll without a mask: how many entries have something to say.
pub fn ppoll(entries: &mut [pollfd], time: Option<&__kernel_timespec>) -> Result<usize> {
    // Linux writes the time that is left.
    let mut left = time.copied();
    let place = left.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: the entries and the copy of the time are read and written.
    unsafe { syscall!(__NR_ppoll, entries.as_mut_ptr(), entries.len(), place) }
}

/// epoll_create(2), epoll_create1.
pub fn epoll_create1(flags: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_epoll_create1, flags) })
}

/// epoll_ctl(2).
pub fn epoll_ctl(epoll: Fd, operation: u32, file: Fd, event: Option<&epoll_event>) -> Result<()> {
    let event = event.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: an event that is given is read.
    nothing(unsafe { syscall!(__NR_epoll_ctl, epoll, operation, file, event) })
}

/// epoll_wait(2), epoll_pwait without a mask; the time is in milliseconds, -1 for ever.
pub fn epoll_pwait(epoll: Fd, events: &mut [epoll_event], time: i32) -> Result<usize> {
    // SAFETY: no more events are written than there is room for.
    unsafe { syscall!(__NR_epoll_pwait, epoll, events.as_mut_ptr(), events.len(), time) }
}

/// eventfd(2), eventfd2.
pub fn eventfd2(value: u32, flags: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_eventfd2, value, flags) })
}

/// timerfd_create(2).
pub fn timerfd_create(clock: u32, flags: u32) -> Result<Fd> {
    // SAFETY: no memory is touched.
    fd(unsafe { syscall!(__NR_timerfd_create, clock, flags) })
}

/// timerfd_create(2), timerfd_settime: what was set before.
pub fn timerfd_settime(timer: Fd, flags: u32, value: &__kernel_itimerspec) -> Result<__kernel_itimerspec> {
    let mut before = *value;
    // SAFETY: one is read and one written.
    unsafe { syscall!(__NR_timerfd_settime, timer, flags, ptr::from_ref(value), &raw mut before) }.map(|_| before)
}
