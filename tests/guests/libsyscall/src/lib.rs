//! Linux system calls for AArch64 programs, without a libc.
//!
//! Each wrapper has the name of its page in section 2 of the manual and makes that one call: it neither checks an
//! argument nor repeats a call that a signal interrupted. What Linux answers comes back as a [`Result`]: the value, or
//! the [`Errno`]. Numbers, flags and layouts are those of [`sys`], which is the crate linux-raw-sys.
//!
//! A wrapper that takes slices and references is safe where the call can touch nothing else. For everything else, and
//! for arguments that no program should pass, there is [`syscall!`].

#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

#[cfg(not(all(target_arch = "aarch64", target_os = "linux")))]
compile_error!("libsyscall knows how a call is made on AArch64 Linux only");

pub use linux_raw_sys as sys;

mod call;
mod errno;
mod file;
mod folder;
mod memory;
mod net;
mod poll;
mod print;
mod process;
mod program;
mod signal;
mod time;

pub use call::{call, Argument};
pub use errno::Errno;
pub use file::*;
pub use folder::*;
pub use memory::*;
pub use net::*;
pub use poll::*;
pub use print::Output;
pub use process::*;
pub use signal::*;
pub use time::*;

#[doc(hidden)]
pub mod parts {
    //! What the macros need where they are expanded.
    pub use crate::print::print;
    pub use crate::program::abort;
    pub use core::panic::PanicInfo;
}

/// What a call returns: a value, or the error that Linux answers.
pub type Result<T> = core::result::Result<T, Errno>;

/// A file descriptor as the kernel numbers it. It is no owner: nothing closes it but [`close`].
pub type Fd = sys::ctypes::c_int;
