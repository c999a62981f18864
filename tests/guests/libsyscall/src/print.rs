//! Formatted output to descriptors, without a buffer that lives on.

use core::fmt;

use crate::{write, Errno, Fd};

/// A descriptor to which text is written. Parts of up to 512 bytes go out by one write(2) each.
pub struct Output {
    fd: Fd,
    used: usize,
    bytes: [u8; 512],
}

impl Output {
    /// Nothing is written yet.
    pub const fn new(fd: Fd) -> Self {
        Output { fd, used: 0, bytes: [0; 512] }
    }

    /// Writes what is kept. A short write is gone on with, an interrupted one is made again.
    pub fn flush(&mut self) -> fmt::Result {
        let mut rest = &self.bytes[..self.used];
        while !rest.is_empty() {
            match write(self.fd, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::EINTR) => {}
                Err(_) => return Err(fmt::Error),
            }
        }
        self.used = 0;
        Ok(())
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.used == self.bytes.len() {
                self.flush()?;
            }
            self.bytes[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

/// What cannot be written is lost, as there is nobody to tell.
pub fn print(fd: Fd, text: fmt::Arguments) {
    let mut output = Output::new(fd);
    let _ = fmt::Write::write_fmt(&mut output, text);
    let _ = output.flush();
}

/// Prints to standard output, as std's macro of this name.
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => { $crate::parts::print(1, ::core::format_args!($($text)*)) };
}

/// Prints to standard output, and ends the line.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($text:tt)*) => { $crate::print!("{}\n", ::core::format_args!($($text)*)) };
}

/// Prints to standard error.
#[macro_export]
macro_rules! eprint {
    ($($text:tt)*) => { $crate::parts::print(2, ::core::format_args!($($text)*)) };
}

/// Prints to standard error, and ends the line.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::eprint!("\n") };
    ($($text:tt)*) => { $crate::eprint!("{}\n", ::core::format_args!($($text)*)) };
}
