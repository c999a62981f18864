//! What the raw programs on libsyscall share: a line for each call, and one behaviour of several by name.

use core::ffi::CStr;

use libsyscall::sys::ctypes::c_char;

/// Prints the text of an expression, and what it gives.
macro_rules! show {
    ($($expression:expr),+ $(,)?) => {
        $(libsyscall::println!("{}: {:?}", stringify!($expression), $expression);)+
    };
}

/// Runs the behaviour that the first argument names. Exit status 2: there is none of that name.
pub fn choose(arguments: &[*const c_char], behaviours: &[(&CStr, fn())]) -> i32 {
    let Some(&name) = arguments.get(1) else { return 2 };
    // SAFETY: an argument ends with a NUL.
    let name = unsafe { CStr::from_ptr(name) };
    match behaviours.iter().find(|(each, _)| *each == name) {
        Some((_, run)) => run(),
        None => return 2,
    }
    0
}
