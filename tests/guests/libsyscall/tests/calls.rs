//! The wrappers against the kernel that runs this program.

use std::ffi::CStr;
use std::fmt::Write;
use std::mem::size_of;
use std::sync::atomic::AtomicU32;

use libsyscall::sys::general::*;
use libsyscall::sys::net::{sockaddr_un, AF_UNIX, SOCK_DGRAM, SOCK_STREAM};
use libsyscall::*;

const NOTHING: Fd = -1;

#[test]
fn results_at_the_border_of_errors() {
    assert_eq!(Errno::check(usize::MAX), Err(Errno::EPERM));
    assert_eq!(Errno::check(usize::MAX - 4094), Err(Errno(4095)));
    assert_eq!(Errno::check(usize::MAX - 4095), Ok(usize::MAX - 4095));
    assert_eq!(Errno::check(0), Ok(0));
}

#[test]
fn errors_have_names() {
    assert_eq!(Errno::ENOENT.to_string(), "ENOENT");
    // Two names of one number: the first that Linux's headers have.
    assert_eq!(format!("{:?}", Errno(libsyscall::sys::errno::EWOULDBLOCK)), "EAGAIN");
    assert_eq!(Errno(4000).to_string(), "error 4000");
    assert_eq!(Errno(4000).name(), None);
}

#[test]
fn all_six_arguments_arrive_and_registers_stay() {
    let length = 4096usize;
    // SAFETY: memory of its own is mapped and unmapped.
    let place = unsafe {
        syscall!(__NR_mmap, 0usize, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NOTHING, 0usize)
    }
    .unwrap();
    assert_eq!(place % 4096, 0);
    // An offset that is no multiple of a page shows that the sixth argument is looked at.
    // SAFETY: it fails.
    let bad = unsafe { syscall!(__NR_mmap, 0usize, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, NOTHING, 1usize) };
    assert_eq!(bad, Err(Errno::EINVAL));
    // SAFETY: it is the mapping from above.
    unsafe { munmap(place as *mut _, length) }.unwrap();
    // SAFETY: no memory is touched.
    assert_eq!(unsafe { syscall!(u32::MAX) }, Err(Errno::ENOSYS));
    // SAFETY: no memory is touched.
    assert_eq!(unsafe { syscall!(__NR_close, -1i32) }, Err(Errno::EBADF));
}

#[test]
fn files() {
    let folder = c"/tmp/libsyscall";
    mkdirat(AT_FDCWD, folder, 0o700).unwrap();
    assert_eq!(mkdirat(AT_FDCWD, folder, 0o700), Err(Errno::EEXIST));
    let folder_fd = openat(AT_FDCWD, folder, O_DIRECTORY, 0).unwrap();
    let file = openat(folder_fd, c"file", O_CREAT | O_RDWR, 0o640).unwrap();
    assert_eq!(write(file, b"0123456789"), Ok(10));
    let mut buffer = [0; 4];
    assert_eq!((pread64(file, &mut buffer, 3), &buffer), (Ok(4), b"3456"));
    assert_eq!(lseek(file, -2, SEEK_END), Ok(8));
    assert_eq!((read(file, &mut buffer), &buffer[..2]), (Ok(2), &b"89"[..]));
    let status = statx(folder_fd, c"file", 0, STATX_BASIC_STATS).unwrap();
    assert_eq!((status.stx_size, status.stx_mode), (10, (S_IFREG | 0o640) as u16));
    assert_eq!(statx(folder_fd, c"none", 0, 0).err(), Some(Errno::ENOENT));
    symlinkat(c"file", folder_fd, c"link").unwrap();
    assert_eq!((readlinkat(folder_fd, c"link", &mut buffer), &buffer), (Ok(4), b"file"));
    renameat2(folder_fd, c"file", folder_fd, c"moved", RENAME_NOREPLACE).unwrap();
    assert_eq!(faccessat2(folder_fd, c"link", R_OK, 0), Err(Errno::ENOENT));
    let copy = fcntl(file, F_DUPFD_CLOEXEC, 100).unwrap() as Fd;
    assert_eq!((copy >= 100, fcntl(copy, F_GETFD, 0)), (true, Ok(FD_CLOEXEC as usize)));
    for name in [c"link", c"moved"] {
        unlinkat(folder_fd, name, 0).unwrap();
    }
    let mut records = [0; 256];
    assert_eq!(getdents64(folder_fd, &mut records), Ok(48)); // "." and ".."
    unlinkat(AT_FDCWD, folder, AT_REMOVEDIR).unwrap();
    for fd in [folder_fd, file, copy] {
        close(fd).unwrap();
    }
    assert_eq!(close(file), Err(Errno::EBADF));
}

#[test]
fn pipes_and_text() {
    let (from, to) = pipe2(O_NONBLOCK).unwrap();
    let mut output = Output::new(to);
    write!(output, "{:>600}|", "right").unwrap();
    output.flush().unwrap();
    let mut text = [0; 1000];
    assert_eq!(read(from, &mut text), Ok(601));
    assert!(text[..601].ends_with(b"     right|"));
    assert_eq!(read(from, &mut text), Err(Errno::EAGAIN));
    let mut entries = [pollfd { fd: to, events: POLLOUT as i16, revents: 0 }];
    assert_eq!(ppoll(&mut entries, Some(&nanoseconds(0))), Ok(1));
    close(to).unwrap();
    assert_eq!(read(from, &mut text), Ok(0));
    close(from).unwrap();
    assert!(write!(Output::new(NOTHING), "{:600}", "").is_err());
}

#[test]
fn sockets() {
    let (one, other) = socketpair(AF_UNIX, SOCK_DGRAM, 0).unwrap();
    assert_eq!(send(one, b"message", 0), Ok(7));
    let mut buffer = [0; 3];
    assert_eq!((recv(other, &mut buffer, 0), &buffer), (Ok(3), b"mes"));
    let mut address = sockaddr_un { sun_family: AF_UNIX as u16, sun_path: [0; 108] };
    for (place, &byte) in address.sun_path.iter_mut().zip(b"\0libsyscall") {
        *place = byte;
    }
    let length = size_of::<u16>() + b"\0libsyscall".len();
    let listener = socket(AF_UNIX, SOCK_STREAM, 0).unwrap();
    bind(listener, &address, length).unwrap();
    listen(listener, 1).unwrap();
    let client = socket(AF_UNIX, SOCK_STREAM, 0).unwrap();
    connect(client, &address, length).unwrap();
    let server = accept4(listener, 0).unwrap();
    assert_eq!(getpeername(client, &mut address), Ok(length));
    assert_eq!(write(client, b"through"), Ok(7));
    shutdown(client, libsyscall::sys::net::SHUT_WR).unwrap();
    assert_eq!((read(server, &mut buffer), &buffer), (Ok(3), b"thr"));
    for fd in [one, other, listener, client, server] {
        close(fd).unwrap();
    }
}

#[test]
fn processes_and_signals() {
    // SAFETY: the child uses nothing that another thread may hold.
    let child = unsafe { fork() }.unwrap();
    if child == 0 {
        exit_group(if getppid() == 1 { 1 } else { 42 });
    }
    assert_eq!(wait4(child, 0), Ok((child, 42 << 8)));
    assert_eq!(wait4(child, 0), Err(Errno::ECHILD));
    assert_eq!(kill(child, 0), Err(Errno::ESRCH));

    let set = signal_set(&[SIGUSR1]);
    rt_sigprocmask(SIG_BLOCK, Some(&set)).unwrap();
    tgkill(getpid(), gettid(), SIGUSR1).unwrap();
    assert_eq!(rt_sigpending().unwrap().sig, set.sig);
    assert_eq!(rt_sigtimedwait(&set, Some(&nanoseconds(0))), Ok(SIGUSR1));
    assert_eq!(rt_sigtimedwait(&set, Some(&nanoseconds(1000))), Err(Errno::EAGAIN));
    assert_eq!(rt_sigprocmask(SIG_UNBLOCK, Some(&set)).unwrap().sig[0] & set.sig[0], set.sig[0]);
}

#[test]
fn time_and_waiting() {
    let before = clock_gettime(CLOCK_MONOTONIC).unwrap();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &nanoseconds(2_000_000)).unwrap();
    let after = clock_gettime(CLOCK_MONOTONIC).unwrap();
    let passed = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec;
    assert!(passed >= 2_000_000, "{passed}");
    assert_eq!(clock_gettime(u32::MAX).err(), Some(Errno::EINVAL));
    let word = AtomicU32::new(5);
    assert_eq!(futex_wait(&word, FUTEX_WAIT, 6, None), Err(Errno::EAGAIN));
    assert_eq!(futex_wait(&word, FUTEX_WAIT, 5, Some(&nanoseconds(1000))), Err(Errno::ETIMEDOUT));
    assert_eq!(futex_wake(&word, FUTEX_WAKE, 1), Ok(0));
    let mut count = [0; 8];
    let event = eventfd2(3, EFD_NONBLOCK).unwrap();
    assert_eq!((read(event, &mut count), count), (Ok(8), 3u64.to_ne_bytes()));
    assert_eq!(read(event, &mut count), Err(Errno::EAGAIN));
    close(event).unwrap();
}

#[test]
fn paths_end_with_a_nul() {
    let path = CStr::from_bytes_with_nul(b"/no/such/folder\0").unwrap();
    assert_eq!(chdir(path), Err(Errno::ENOENT));
    let mut buffer = [0; 2];
    chdir(c"/").unwrap();
    assert_eq!((getcwd(&mut buffer), &buffer), (Ok(2), b"/\0"));
    assert_eq!(getcwd(&mut buffer[..1]), Err(Errno::ERANGE));
}
