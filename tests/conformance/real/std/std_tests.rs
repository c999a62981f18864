//! The unit tests of std's own source that need nothing private, as a program: net, os::unix, fs, process, thread, io::pipe.
//!
//! Their modules say `crate::` and `super::` and mean std. So this crate has std's modules, and the tests stand in them
//! where they stand there. build-std-tests puts Debian's source (rust-web-src) beside a copy of this file.

#![feature(borrowed_buf_init, core_io_borrowed_buf, dirfd, fs_set_times, io_error_uncategorized, read_buf, read_buf_at)]
#![feature(rustc_private, tcp_linger, unix_file_vectored_at, unix_mkfifo, unix_socket_ancillary_data, unix_socket_peek)]
#![allow(dead_code, hidden_glob_reexports, stable_features, unused_features, unused_imports)]
#![cfg(test)]

extern crate libc;
// What std's tests take from the crate rand.
extern crate self as rand;

pub use std::*;

pub use test_helpers::RngCore;

mod test_helpers;

mod net {
    pub use std::net::*;

    pub mod test;

    #[path = "ip_addr/tests.rs"]
    mod ip_addr;
    #[path = "socket_addr/tests.rs"]
    mod socket_addr;
    #[path = "tcp/tests.rs"]
    mod tcp;
    #[path = "udp/tests.rs"]
    mod udp;
}

mod os {
    pub use std::os::*;

    #[path = "fd/tests.rs"]
    mod fd_tests;

    pub mod unix {
        pub use std::os::unix::*;

        pub mod fs {
            pub use std::fs::Permissions;
            pub use std::io;
            pub use std::io::prelude::*;
            pub use std::os::unix::fs::*;
            use std::fs;

            mod tests;
        }

        pub mod net {
            pub use std::os::unix::net::*;

            mod tests;
        }
    }
}

mod fs {
    pub use std::fs::*;

    mod tests;
}

mod io {
    pub use std::io::*;

    #[path = "pipe/tests.rs"]
    mod pipe_tests;
}

mod process {
    pub use std::process::*;

    mod tests;
}

mod sys {
    #[path = "process/unix/unix/tests.rs"]
    mod process;
}

mod thread {
    pub use std::thread::*;

    pub fn current_os_id() -> u64 {
        u64::try_from(unsafe { libc::gettid() }).unwrap()
    }

    mod tests;
}
