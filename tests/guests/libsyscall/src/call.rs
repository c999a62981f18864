//! The one place where a call is made.

use core::arch::asm;

use crate::{Errno, Result};

/// What can stand in a register as an argument of a call: integers, and pointers to what the kernel reads or writes.
pub trait Argument {
    /// The register's value. Signed integers are extended with their sign, as C's calling convention does for int.
    fn register(self) -> usize;
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl Argument for $type {
            fn register(self) -> usize {
                self as usize
            }
        })*
    };
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl<T> Argument for *const T {
    fn register(self) -> usize {
        self as usize
    }
}

impl<T> Argument for *mut T {
    fn register(self) -> usize {
        self as usize
    }
}

/// Makes a system call.
///
/// The convention is that of syscall(2) for arm64, and of Linux's arch/arm64/kernel/syscall.c: the number is in x8 and
/// the arguments in x0 to x5; `svc #0` enters the kernel; the result is in x0, where -4095 to -1 are errors. All other
/// registers come back as they were (only a signal handler or execve sees others).
///
/// # Safety
///
/// The call may do whatever the kernel lets this process do: write to memory, unmap it, end the process.
pub unsafe fn call(number: u32, arguments: [usize; 6]) -> Result<usize> {
    let result: usize;
    // SAFETY: the registers are those of the convention; what the call does is the caller's promise.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number as usize,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x5") arguments[5],
            options(nostack)
        );
    }
    Errno::check(result)
}

/// Makes a call by its number, with up to six integers or raw pointers: `syscall!(__NR_close, fd)`.
///
/// Arguments that are not given are 0. It has to stand in an unsafe block; see [`call`].
#[macro_export]
macro_rules! syscall {
    ($number:expr $(,)?) => { $crate::call($number, [0; 6]) };
    ($number:expr, $a:expr $(,)?) => { $crate::syscall!(@ $number, $a, 0, 0, 0, 0, 0) };
    ($number:expr, $a:expr, $b:expr $(,)?) => { $crate::syscall!(@ $number, $a, $b, 0, 0, 0, 0) };
    ($number:expr, $a:expr, $b:expr, $c:expr $(,)?) => { $crate::syscall!(@ $number, $a, $b, $c, 0, 0, 0) };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr $(,)?) => {
        $crate::syscall!(@ $number, $a, $b, $c, $d, 0, 0)
    };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr $(,)?) => {
        $crate::syscall!(@ $number, $a, $b, $c, $d, $e, 0)
    };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(,)?) => {
        $crate::syscall!(@ $number, $a, $b, $c, $d, $e, $f)
    };
    (@ $number:expr, $($argument:expr),*) => {
        $crate::call($number, [$($crate::Argument::register($argument)),*])
    };
}
