//! Programs without std.

use core::panic::PanicInfo;

use crate::sys::general::SIGABRT;
use crate::{eprintln, exit_group, getpid, gettid, tgkill};

/// Says why on standard error, and ends the process by SIGABRT as std's abort does.
pub fn abort(info: &PanicInfo) -> ! {
    eprintln!("{info}");
    let _ = tgkill(getpid(), gettid(), SIGABRT);
    exit_group(134)
}

/// Makes a function the program: `main!(run)` with `fn run() -> i32`, whose value is the exit status; a panic aborts.
///
/// The function stands where start-up code in C calls `main`. With `main!(run, arguments)` it is
/// `fn run(arguments: &[*const c_char]) -> i32`, and gets what execve(2) was given: strings that end with a NUL and live
/// as long as the process.
#[macro_export]
macro_rules! main {
    ($function:path) => {
        $crate::main!(@ |_| $function());
    };
    ($function:path, arguments) => {
        $crate::main!(@ $function);
    };
    (@ $function:expr) => {
        #[no_mangle]
        extern "C" fn main(
            count: $crate::sys::ctypes::c_int,
            arguments: *const *const $crate::sys::ctypes::c_char,
        ) -> $crate::sys::ctypes::c_int {
            let run: fn(&[*const $crate::sys::ctypes::c_char]) -> $crate::sys::ctypes::c_int = $function;
            // SAFETY: execve(2) says that there are so many.
            run(unsafe { ::core::slice::from_raw_parts(arguments, count as usize) })
        }

        #[panic_handler]
        fn panic(info: &$crate::parts::PanicInfo) -> ! {
            $crate::parts::abort(info)
        }
    };
}
