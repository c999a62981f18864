//! Signals.

use core::ptr;

use crate::file::{fd, nothing};
use crate::sys::general::*;
use crate::{syscall, Fd, Result};

/// The kernel's set of signals, whose size every call with a set has to name.
const SET_SIZE: usize = core::mem::size_of::<kernel_sigset_t>();

/// The set with these signals in it.
pub fn signal_set(signals: &[u32]) -> kernel_sigset_t {
    let bits = signals.iter().fold(0, |bits, signal| bits | 1 << (signal - 1));
    kernel_sigset_t { sig: [bits] }
}

/// sigprocmask(2), the call itself: the mask before.
pub fn rt_sigprocmask(how: u32, set: Option<&kernel_sigset_t>) -> Result<kernel_sigset_t> {
    let mut before = signal_set(&[]);
    let set = set.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: one set is read if it is given, and one written.
    unsafe { syscall!(__NR_rt_sigprocmask, how, set, &raw mut before, SET_SIZE) }.map(|_| before)
}

/// sigaction(2), the call itself: the action before.
///
/// # Safety
///
/// A handler that is set has to be one: it may interrupt the program anywhere.
pub unsafe fn rt_sigaction(signal: u32, action: Option<&kernel_sigaction>) -> Result<kernel_sigaction> {
    // SAFETY: zeros are an action, the default one.
    let mut before: kernel_sigaction = unsafe { core::mem::zeroed() };
    let action = action.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: one action is read if it is given, and one written; the handler is the caller's.
    unsafe { syscall!(__NR_rt_sigaction, signal, action, &raw mut before, SET_SIZE) }.map(|_| before)
}

/// sigpending(2), the call itself.
pub fn rt_sigpending() -> Result<kernel_sigset_t> {
    let mut set = signal_set(&[]);
    // SAFETY: one set is written.
    unsafe { syscall!(__NR_rt_sigpending, &raw mut set, SET_SIZE) }.map(|_| set)
}

/// sigtimedwait(2), the call itself, without what the signal says: its number.
pub fn rt_sigtimedwait(set: &kernel_sigset_t, time: Option<&__kernel_timespec>) -> Result<u32> {
    let time = time.map_or(ptr::null(), ptr::from_ref);
    let nowhere = ptr::null_mut::<siginfo_t>();
    // SAFETY: the set and the time are read.
    unsafe { syscall!(__NR_rt_sigtimedwait, ptr::from_ref(set), nowhere, time, SET_SIZE) }.map(|signal| signal as u32)
}

/// signalfd(2): a new descriptor if `file` is -1, or else that one with another set.
pub fn signalfd4(file: Fd, set: &kernel_sigset_t, flags: u32) -> Result<Fd> {
    // SAFETY: the set is read.
    fd(unsafe { syscall!(__NR_signalfd4, file, ptr::from_ref(set), SET_SIZE, flags) })
}

/// sigaltstack(2): the stack before.
///
/// # Safety
///
/// Handlers run on the stack, so it has to be memory that nothing else uses.
pub unsafe fn sigaltstack(stack: Option<&sigaltstack>) -> Result<sigaltstack> {
    // SAFETY: zeros are a stack_t.
    let mut before: sigaltstack = unsafe { core::mem::zeroed() };
    let stack = stack.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: one is read if it is given, and one written; the memory is the caller's.
    unsafe { syscall!(__NR_sigaltstack, stack, &raw mut before) }.map(|_| before)
}

/// sigsuspend(2), the call itself: it always ends with an error, EINTR after a handler.
pub fn rt_sigsuspend(mask: &kernel_sigset_t) -> Result<()> {
    // SAFETY: the set is read.
    nothing(unsafe { syscall!(__NR_rt_sigsuspend, ptr::from_ref(mask), SET_SIZE) })
}
