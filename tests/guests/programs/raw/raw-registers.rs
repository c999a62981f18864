//! Arguments as registers hold them: halves that Linux does not look at, sizes beyond all memory, numbers of no call.
#![no_std]
#![no_main]

use libsyscall::sys::ctypes::c_char;
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

const HIGH: usize = 0x5a5a_0000_0000_0000;
const NOWHERE: usize = 8;

/// A C int in the kernel's function is the lower half of its register; a long is all of it.
fn halves() {
    let (from, to) = pipe2(O_NONBLOCK).unwrap();
    let text = b"text";
    let mut buffer = [0u8; 8];
    // SAFETY: buffers are as large as the calls are told, or the calls fail.
    unsafe {
        show!(syscall!(__NR_write, HIGH | to as usize, text.as_ptr(), 4usize));
        show!(syscall!(__NR_read, HIGH | from as usize, buffer.as_mut_ptr(), 8usize), buffer);
        show!(syscall!(__NR_read, HIGH | from as usize, buffer.as_mut_ptr(), 8usize));
        show!(syscall!(__NR_fcntl, HIGH | from as usize, HIGH | F_GETFL as usize));
        show!(syscall!(__NR_fcntl, from, F_SETFL, HIGH), fcntl(from, F_GETFL, 0));
        show!(syscall!(__NR_fcntl, from, F_DUPFD, HIGH | 70));
        show!(syscall!(__NR_lseek, from, HIGH, HIGH | 1));
        show!(syscall!(__NR_dup3, from, HIGH | 50, HIGH | O_CLOEXEC as usize), fcntl(50, F_GETFD, 0));
        show!(
            syscall!(__NR_close, HIGH | 50),
            syscall!(__NR_close, HIGH | 50),
            syscall!(__NR_close, HIGH | 0xffff_ffff)
        );
        show!(syscall!(__NR_umask, HIGH | 0o7022), syscall!(__NR_umask, 0o22));
        show!(
            syscall!(__NR_kill, HIGH | getpid() as usize, HIGH),
            syscall!(__NR_tkill, HIGH | gettid() as usize, HIGH)
        );
        show!(syscall!(__NR_eventfd2, HIGH | 3, HIGH), read(72, &mut buffer));
        show!(syscall!(__NR_ftruncate, HIGH | 1, HIGH), syscall!(__NR_memfd_create, c"m".as_ptr(), HIGH).is_ok());
        let sealed = memfd_create(c"sealed", MFD_ALLOW_SEALING).unwrap();
        show!(syscall!(__NR_fcntl, sealed, F_ADD_SEALS, HIGH | F_SEAL_GROW as usize), fcntl(sealed, F_GET_SEALS, 0));
        show!(syscall!(__NR_fcntl, sealed, F_ADD_SEALS, 64usize), syscall!(__NR_fcntl, from, F_ADD_SEALS, HIGH));
        show!(syscall!(__NR_fcntl, from, F_SETSIG, HIGH), syscall!(__NR_fcntl, from, F_SETOWN, HIGH));
        show!(syscall!(__NR_fcntl, from, F_SETPIPE_SZ, HIGH), syscall!(__NR_fcntl, from, HIGH | 99, 0usize));
        show!(syscall!(__NR_personality, HIGH | 0xffff_ffff) == syscall!(__NR_personality, 0xffff_ffffu32));
        show!(syscall!(__NR_getpriority, HIGH, 0usize), syscall!(__NR_setpriority, HIGH | 9, 0usize, 0usize));
        show!(syscall!(__NR_socket, HIGH | 1, HIGH | 1, HIGH).is_ok(), syscall!(__NR_socket, 1usize, 9usize, 0usize));
    }
}

/// Counts of bytes: what a range of 64 bits may be, and MAX_RW_COUNT.
fn sizes() {
    let file = openat(AT_FDCWD, c"/tmp/sizes", O_CREAT | O_RDWR, 0o600).unwrap();
    let null = openat(AT_FDCWD, c"/dev/null", O_WRONLY, 0).unwrap();
    let zero = openat(AT_FDCWD, c"/dev/zero", O_RDONLY, 0).unwrap();
    let mut byte = [0u8; 1];
    let place = byte.as_mut_ptr();
    let now = nanoseconds(0);
    write(file, b"0123456789").unwrap();
    // SAFETY: the kernel writes no more than stands in the file, or refuses; what it reads it may read.
    unsafe {
        show!(syscall!(__NR_write, null, NOWHERE, 10usize), syscall!(__NR_write, null, NOWHERE, isize::MAX));
        show!(syscall!(__NR_write, null, NOWHERE, -1isize), syscall!(__NR_write, null, -4096isize, 8192usize));
        show!(syscall!(__NR_read, file, NOWHERE, -1isize), syscall!(__NR_read, file, -8isize, 4usize));
        show!(syscall!(__NR_read, zero, NOWHERE, 4usize), syscall!(__NR_read, null, place, 1usize));
        show!(
            syscall!(__NR_pread64, file, place, 1usize, isize::MAX),
            syscall!(__NR_pread64, file, place, 1usize, -2isize)
        );
        show!(syscall!(__NR_readv, file, NOWHERE, 0usize), syscall!(__NR_readv, file, NOWHERE, 1usize));
        show!(syscall!(__NR_readv, file, NOWHERE, 1025usize), syscall!(__NR_readv, file, NOWHERE, -1isize));
        let two = [iovec { iov_base: place.cast(), iov_len: usize::MAX as _ }; 2];
        show!(syscall!(__NR_writev, file, two.as_ptr(), 2usize), syscall!(__NR_writev, file, two.as_ptr(), 0usize));
        let large = [iovec { iov_base: NOWHERE as *mut _, iov_len: isize::MAX as _ }; 2];
        show!(
            syscall!(__NR_writev, null, large.as_ptr(), 2usize),
            syscall!(__NR_preadv, file, large.as_ptr(), 2usize, 0)
        );
        show!(
            syscall!(__NR_preadv, file, two.as_ptr(), 1usize, -1isize),
            syscall!(__NR_pwritev2, file, two.as_ptr(), 0usize, 0, 0, 64)
        );
        show!(syscall!(__NR_getrandom, NOWHERE, 4usize, 0), syscall!(__NR_getrandom, NOWHERE, 0usize, 0));
        show!(syscall!(__NR_getrandom, place, 1usize, 8), syscall!(__NR_getrandom, place, 1usize, 6));
        show!(syscall!(__NR_mmap, 0usize, 0usize, 1, 34, -1, 0), syscall!(__NR_mmap, 0usize, -1isize, 1, 34, -1, 0));
        show!(syscall!(__NR_mmap, 0usize, 1usize << 52, 1, 34, -1, 0), syscall!(__NR_munmap, 1usize, 4096usize));
        show!(syscall!(__NR_munmap, 4096usize, 0usize), syscall!(__NR_munmap, -4096isize, 4096usize));
        show!(syscall!(__NR_mprotect, 4096usize, 0usize, 0), syscall!(__NR_mprotect, 4096usize, 1usize, 0));
        show!(syscall!(__NR_madvise, 4096usize, -1isize, 0), syscall!(__NR_madvise, 4096usize, 0usize, 99));
        show!(
            syscall!(__NR_sendfile, null, file, 0usize, -1isize),
            syscall!(__NR_copy_file_range, file, 0usize, file, 0usize, -1isize, 1)
        );
        show!(syscall!(__NR_openat, AT_FDCWD, NOWHERE, 0, 0), syscall!(__NR_openat, AT_FDCWD, -1isize, 0, 0));
        show!(
            syscall!(__NR_ppoll, NOWHERE, 1usize, 0usize, 0usize, 8usize),
            syscall!(__NR_ppoll, NOWHERE, 1usize << 32, &raw const now, 0usize)
        );
        show!(syscall!(__NR_clock_gettime, 1, NOWHERE), syscall!(__NR_clock_gettime, 99, NOWHERE));
        show!(
            syscall!(__NR_rt_sigprocmask, 0, 0usize, 0usize, 4usize),
            syscall!(__NR_rt_sigprocmask, 9, 0usize, 0usize, 8usize)
        );
        show!(
            syscall!(__NR_rt_sigprocmask, 9, place, 0usize, 8usize),
            syscall!(__NR_rt_sigaction, 65, 0usize, 0usize, 8usize)
        );
    }
}

/// Linux answers ENOSYS to a number that it has no call for, whatever the registers hold.
fn numbers() {
    // SAFETY: there are no such calls.
    unsafe {
        for number in [244, 259, 295, 403, 415, 500, 4096, u32::MAX, 1 << 31] {
            libsyscall::println!("{number}: {:?}", libsyscall::call(number, [usize::MAX; 6]));
        }
        show!(syscall!(__NR_uselib_missing), syscall!(__NR_getpid, HIGH, HIGH).is_ok());
    }
    show!(libsyscall::sys::general::__NR_close_range, close_range(5, 4, 0), close_range(100, u32::MAX, 8));
    show!(close_range(100, u32::MAX, 0), dup(1).is_ok(), close_range(3, 5, 0), fcntl(3, F_GETFD, 0));
}

#[allow(non_upper_case_globals)]
const __NR_uselib_missing: u32 = 1_000_000;

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"halves", halves), (c"sizes", sizes), (c"numbers", numbers)])
}

libsyscall::main!(run, arguments);
