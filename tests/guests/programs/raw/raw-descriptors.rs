//! Descriptors without std: numbers and flags, locks of both kinds, what moves bytes between files without a buffer.
#![no_std]
#![no_main]

use libsyscall::sys::ctypes::c_char;
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

fn file(path: &core::ffi::CStr, flags: u32) -> Fd {
    openat(AT_FDCWD, path, O_CREAT | flags, 0o600).unwrap()
}

fn numbers() {
    show!(dup(-1), dup(99), dup(1), dup3(1, 1, 0), dup3(1, -1, 0), dup3(99, 5, 0), dup3(1, 5, 1), dup3(1, 1 << 20, 0));
    show!(
        dup3(1, 7, O_CLOEXEC),
        fcntl(7, F_GETFD, 0),
        dup3(1, 7, 0),
        fcntl(7, F_GETFD, 0),
        fcntl(7, F_SETFD, 9),
        fcntl(7, F_GETFD, 0)
    );
    show!(
        fcntl(1, F_DUPFD, 5),
        fcntl(1, F_DUPFD_CLOEXEC, 0),
        fcntl(1, F_DUPFD, usize::MAX),
        fcntl(99, F_DUPFD, 0),
        fcntl(1, 77, 0)
    );
    show!(
        close(7),
        close(7),
        fcntl(7, F_GETFD, 0),
        close_range(4, 6, 0),
        fcntl(5, F_GETFD, 0),
        close_range(7, 6, 0),
        close_range(50, u32::MAX, 0)
    );
    let (from, to) = pipe2(O_CLOEXEC | O_NONBLOCK).unwrap();
    show!(from, to, fcntl(from, F_GETFD, 0), fcntl(to, F_GETFL, 0), pipe2(O_APPEND), pipe2(1 << 31));
    show!(
        fcntl(to, F_SETFL, O_APPEND as usize),
        fcntl(to, F_GETFL, 0),
        fcntl(to, F_SETFL, (O_RDONLY | O_CREAT) as usize),
        fcntl(to, F_GETFL, 0)
    );
    show!(
        fcntl(to, F_SETFL, O_NONBLOCK as usize),
        fcntl(to, F_GETPIPE_SZ, 0),
        fcntl(to, F_SETPIPE_SZ, 1),
        fcntl(to, F_SETPIPE_SZ, 5000)
    );
    let ones = core::hint::black_box([1u8; 8193]);
    show!(
        write(to, &ones),
        write(to, &ones[..4096]),
        fcntl(to, F_SETPIPE_SZ, 4096),
        read(from, &mut [0; 5000]),
        write(to, &ones[..4097])
    );
    show!(
        fcntl(to, F_SETPIPE_SZ, 1 << 21).is_ok(),
        fcntl(1, F_GETPIPE_SZ, 0).is_ok(),
        fcntl(file(c"/tmp/plain", O_RDWR), F_GETPIPE_SZ, 0)
    );
    let mut left = 0i32;
    // SAFETY: the request writes an int.
    unsafe {
        show!(
            ioctl(from, libsyscall::sys::ioctl::FIONREAD, &mut left),
            left,
            ioctl(99, libsyscall::sys::ioctl::FIONREAD, &mut left)
        );
        show!(
            ioctl(from, libsyscall::sys::ioctl::TIOCGWINSZ, &mut [0u16; 4]),
            ioctl(from, 0, &mut left),
            ioctl(from, libsyscall::sys::ioctl::FIONBIO, &mut 0i32)
        );
        show!(
            fcntl(from, F_GETFL, 0),
            syscall!(__NR_ioctl, from, libsyscall::sys::ioctl::FIOCLEX),
            fcntl(from, F_GETFD, 0)
        );
        show!(
            syscall!(__NR_ioctl, from, libsyscall::sys::ioctl::FIONREAD, 8usize),
            syscall!(__NR_ioctl, from, libsyscall::sys::ioctl::FIONCLEX),
            fcntl(from, F_GETFD, 0)
        );
    }
    show!(close(to), read(from, &mut [0; 9000]).is_ok(), read(from, &mut [0]), write(from, b"x"), read(to, &mut [0]));
}

fn lock(kind: u32, start: i64, length: i64) -> flock {
    flock { l_type: kind as _, l_whence: SEEK_SET as _, l_start: start, l_len: length, l_pid: 0 }
}

fn locks() {
    let (one, other) = (file(c"/tmp/locked", O_RDWR), file(c"/tmp/locked", O_RDWR));
    let (reader, writer) = (file(c"/tmp/locked", O_RDONLY), file(c"/tmp/locked", O_WRONLY));
    write(one, b"0123456789").unwrap();
    let set = |file, command, kind, start, length| fcntl_lock(file, command, &mut lock(kind, start, length));
    let get = |file, command, kind, start, length| {
        let mut found = lock(kind, start, length);
        fcntl_lock(file, command, &mut found)
            .map(|()| (found.l_type, found.l_start, found.l_len, found.l_pid == getpid(), found.l_pid == -1))
    };
    show!(set(one, F_SETLK, F_WRLCK, 0, 10), set(other, F_SETLK, F_WRLCK, 5, 10), get(other, F_GETLK, F_WRLCK, 0, 0));
    show!(
        set(reader, F_SETLK, F_WRLCK, 0, 1),
        set(writer, F_SETLK, F_RDLCK, 0, 1),
        set(one, F_SETLK, 9, 0, 1),
        set(one, F_SETLK, F_WRLCK, -1, 1)
    );
    show!(
        set(one, F_SETLK, F_WRLCK, 5, -5),
        set(one, F_SETLK, F_WRLCK, 5, -6),
        set(one, F_SETLK, F_WRLCK, i64::MAX, 2),
        get(one, F_GETLK, F_UNLCK, 0, 1)
    );
    show!(
        set(one, F_OFD_SETLK, F_RDLCK, 0, 1),
        set(one, F_SETLK, F_UNLCK, 0, 0),
        set(one, F_OFD_SETLK, F_RDLCK, 0, 4),
        set(other, F_OFD_SETLK, F_RDLCK, 2, 4)
    );
    show!(
        set(other, F_OFD_SETLK, F_WRLCK, 2, 1),
        set(other, F_OFD_SETLK, F_WRLCK, 4, 2),
        get(one, F_OFD_GETLK, F_WRLCK, 0, 0),
        get(other, F_OFD_GETLK, F_WRLCK, 0, 0)
    );
    let mut named = lock(F_RDLCK, 0, 1);
    named.l_pid = 1;
    show!(fcntl_lock(one, F_OFD_SETLK, &mut named), fcntl_lock(one, F_OFD_GETLK, &mut named));
    show!(
        flock(one, LOCK_EX),
        flock(other, LOCK_EX | LOCK_NB),
        flock(other, LOCK_SH | LOCK_NB),
        flock(reader, LOCK_UN),
        flock(reader, 0),
        flock(99, LOCK_SH)
    );
    show!(
        flock(one, LOCK_SH | LOCK_NB),
        flock(other, LOCK_SH | LOCK_NB),
        flock(one, LOCK_EX | LOCK_NB),
        flock(other, LOCK_UN),
        flock(one, LOCK_EX | LOCK_NB)
    );
    // What a child sees: locks of a process are not its own, those of an open file and flock's are.
    show!(
        set(one, F_OFD_SETLK, F_UNLCK, 0, 0),
        set(other, F_OFD_SETLK, F_UNLCK, 0, 0),
        set(one, F_SETLK, F_WRLCK, 2, 3),
        set(one, F_SETLK, F_RDLCK, 3, 1)
    );
    // SAFETY: there is one thread.
    let child = unsafe { fork() }.unwrap();
    if child == 0 {
        show!(
            set(one, F_SETLK, F_RDLCK, 3, 1),
            set(one, F_SETLK, F_WRLCK, 3, 1),
            set(one, F_SETLK, F_RDLCK, 2, 1),
            flock(one, LOCK_SH | LOCK_NB)
        );
        let mut found = lock(F_WRLCK, 0, 0);
        show!(fcntl_lock(one, F_GETLK, &mut found), found.l_type, found.l_start, found.l_len, found.l_pid == getppid());
        let mut found = lock(F_RDLCK, 3, 0);
        show!(fcntl_lock(one, F_GETLK, &mut found), found.l_type, found.l_start, found.l_len);
        exit_group(0);
    }
    show!(wait4(child, 0).map(|(_, status)| status), close(reader), get(other, F_OFD_GETLK, F_WRLCK, 0, 0));
}

fn copies() {
    let (from, to) = (file(c"/tmp/from", O_RDWR), file(c"/tmp/to", O_RDWR));
    let (pipe_from, pipe_to) = pipe2(O_NONBLOCK).unwrap();
    let (next_from, next_to) = pipe2(O_NONBLOCK).unwrap();
    write(from, b"0123456789abcdef").unwrap();
    let mut buffer = [0; 32];
    show!(
        splice(from, None, to, None, 4, 0),
        splice(from, Some(&mut 3), pipe_to, None, 5, 0),
        splice(pipe_from, Some(&mut 0), to, None, 1, 0)
    );
    show!(
        splice(from, Some(&mut -1), pipe_to, None, 5, 0),
        splice(from, None, pipe_to, None, 5, 0),
        splice(pipe_from, None, to, None, 0, 16)
    );
    show!(
        tee(pipe_from, next_to, 3, 0),
        tee(pipe_from, next_to, 0, 0),
        tee(from, next_to, 1, 0),
        tee(pipe_from, pipe_to, 1, 0),
        tee(pipe_from, next_to, 1, 16)
    );
    show!(
        read(next_from, &mut buffer),
        &buffer[..3],
        tee(next_from, pipe_to, 1, 0),
        splice(next_from, None, to, None, 1, SPLICE_F_NONBLOCK)
    );
    let mut place = 2;
    show!(splice(pipe_from, None, to, Some(&mut place), 100, 0), place, pread64(to, &mut buffer, 0), &buffer[..7]);
    show!(
        splice(99, None, to, None, 1, 0),
        splice(pipe_from, None, 99, None, 1, 0),
        splice(99, None, to, None, 0, 0),
        splice(pipe_from, None, pipe_to, None, 1, 0)
    );
    let append = file(c"/tmp/to", O_WRONLY | O_APPEND);
    show!(
        write(pipe_to, b"pipe"),
        splice(pipe_from, None, append, None, 4, 0),
        splice(next_from, None, from, None, 1, SPLICE_F_NONBLOCK)
    );
    let mut place = 10;
    show!(
        sendfile(to, from, Some(&mut place), 100),
        place,
        sendfile(to, from, None, 1),
        lseek(from, 0, SEEK_SET),
        sendfile(to, from, None, 0)
    );
    show!(
        sendfile(to, from, Some(&mut -1), 1),
        sendfile(99, from, None, 1),
        sendfile(to, 99, None, 1),
        sendfile(append, from, None, 1),
        sendfile(to, pipe_from, None, 1)
    );
    show!(sendfile(pipe_to, from, None, 6), read(pipe_from, &mut buffer), &buffer[..6], lseek(from, 0, SEEK_CUR));
    show!(
        lseek(from, 0, SEEK_SET),
        lseek(to, 0, SEEK_SET),
        copy_file_range(from, to, 8, 0),
        copy_file_range(from, to, 100, 0),
        copy_file_range(from, to, 1, 0)
    );
    show!(
        copy_file_range(from, to, 1, 1),
        copy_file_range(from, append, 1, 0),
        copy_file_range(pipe_from, to, 1, 0),
        copy_file_range(from, pipe_to, 1, 0)
    );
    show!(
        lseek(from, 0, SEEK_SET),
        copy_file_range(from, from, 8, 0),
        lseek(from, 16, SEEK_SET),
        copy_file_range(from, from, 8, 0),
        copy_file_range(99, to, 0, 0)
    );
    let folder = openat(AT_FDCWD, c"/tmp", O_RDONLY, 0).unwrap();
    show!(
        copy_file_range(folder, to, 1, 0),
        copy_file_range(from, folder, 1, 0),
        sendfile(to, folder, None, 1),
        splice(folder, None, pipe_to, None, 1, 0)
    );
    // SAFETY: the kernel finds nothing at the address.
    unsafe {
        show!(
            syscall!(__NR_splice, from, 8usize, pipe_to, 0usize, 1usize, 0),
            syscall!(__NR_sendfile, to, from, 8usize, 1usize)
        );
        show!(syscall!(__NR_copy_file_range, from, 8usize, to, 0usize, 1usize, 0));
        let empty = core::hint::black_box([iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; 1025]);
        let parts =
            [iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: 4 }, iovec { iov_base: 8 as *mut _, iov_len: 4 }];
        show!(
            syscall!(__NR_vmsplice, pipe_to, parts.as_ptr(), 1usize, 0),
            syscall!(__NR_vmsplice, pipe_to, parts.as_ptr(), 2usize, 0)
        );
        show!(
            syscall!(__NR_vmsplice, from, parts.as_ptr(), 1usize, 0),
            syscall!(__NR_vmsplice, pipe_to, empty.as_ptr(), 1025usize, 0),
            read(pipe_from, &mut buffer)
        );
    }
    close(next_from).unwrap();
    rt_sigprocmask(SIG_BLOCK, Some(&signal_set(&[SIGPIPE]))).unwrap();
    show!(
        write(pipe_to, b"x"),
        splice(pipe_from, None, next_to, None, 1, 0),
        tee(pipe_from, next_to, 1, 0),
        rt_sigpending().map(|set| set.sig)
    );
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"numbers", numbers), (c"locks", locks), (c"copies", copies)])
}

libsyscall::main!(run, arguments);
