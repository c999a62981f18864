//! Processes without std: how wait tells of them, groups and sessions, limits, ids that nobody has, pidfds.
#![no_std]
#![no_main]

use libsyscall::sys::ctypes::c_char;
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

const NOBODY: Pid = 0x3fff_ffff;

/// A child that waits until the pipe's other ends are gone, or that ends at once with a status.
fn child(until: Option<(Fd, Fd)>, status: i32) -> Pid {
    // SAFETY: there is one thread.
    let child = unsafe { fork() }.unwrap();
    if child == 0 {
        if let Some((from, to)) = until {
            let _ = close(to);
            let _ = read(from, &mut [0]);
        }
        exit_group(status);
    }
    child
}

/// A child that takes one of the signals, which are blocked, and ends with its number.
fn waiter(signals: &kernel_sigset_t) -> Pid {
    // SAFETY: there is one thread.
    let child = unsafe { fork() }.unwrap();
    if child == 0 {
        exit_group(rt_sigtimedwait(signals, None).unwrap() as i32);
    }
    child
}

fn waiting() {
    show!(wait4(-1, 0), wait4(NOBODY, 0), wait4(-1, 0x8000), wait4(Pid::MIN, 0), wait4(-NOBODY, 0), wait4(0, WNOHANG));
    let gate = pipe2(O_CLOEXEC).unwrap();
    let first = child(Some(gate), 300);
    show!(wait4(-1, WNOHANG), wait4(first, WNOHANG), wait4(0, WNOHANG), wait4(NOBODY, WNOHANG));
    // SAFETY: the calls are refused or write nothing.
    unsafe {
        show!(
            syscall!(__NR_waitid, 9, first, 0usize, WEXITED, 0usize),
            syscall!(__NR_waitid, P_PID, first, 0usize, 0, 0usize)
        );
        show!(
            syscall!(__NR_waitid, P_PID, 0, 0usize, WEXITED, 0usize),
            syscall!(__NR_waitid, P_PID, NOBODY, 0usize, WEXITED, 0usize)
        );
        show!(syscall!(__NR_waitid, P_PID, first, 8usize, WEXITED | WNOHANG, 0usize));
        show!(syscall!(__NR_waitid, P_ALL, 0, 0usize, WEXITED | WNOHANG, 0usize));
        show!(
            syscall!(__NR_waitid, P_PIDFD, 99, 0usize, WEXITED, 0usize),
            syscall!(__NR_waitid, P_PIDFD, 1, 0usize, WEXITED, 0usize)
        );
        let pidfd = pidfd_open(first, 0).unwrap();
        show!(
            pidfd_open(first, 1),
            pidfd_open(0, 0),
            pidfd_open(-1, 0),
            pidfd_open(NOBODY, 0),
            fcntl(pidfd, F_GETFD, 0)
        );
        let mut entry = [pollfd { fd: pidfd, events: POLLIN as i16, revents: 0 }];
        show!(ppoll(&mut entry, Some(&nanoseconds(0))), syscall!(__NR_pidfd_send_signal, pidfd, 0, 0usize, 0));
        show!(
            syscall!(__NR_pidfd_send_signal, pidfd, 65, 0usize, 0),
            syscall!(__NR_pidfd_send_signal, pidfd, 0, 0usize, 1)
        );
        show!(
            syscall!(__NR_pidfd_send_signal, gate.0, 0, 0usize, 0),
            syscall!(__NR_pidfd_getfd, pidfd, 99, 0),
            syscall!(__NR_pidfd_getfd, pidfd, 1, 1)
        );
        close(gate.1).unwrap();
        show!(ppoll(&mut entry, None), entry[0].revents as u32 == POLLIN);
        show!(
            syscall!(__NR_waitid, P_PIDFD, pidfd, 0usize, WEXITED | WNOWAIT, 0usize),
            syscall!(__NR_pidfd_send_signal, pidfd, 0, 0usize, 0)
        );
        show!(kill(first, 0), getpgid(first) == getpgid(0), wait4(first, 0).map(|(_, status)| status));
        show!(
            kill(first, 0),
            getpgid(first),
            syscall!(__NR_pidfd_send_signal, pidfd, 0, 0usize, 0),
            syscall!(__NR_waitid, P_PIDFD, pidfd, 0usize, WEXITED, 0usize)
        );
        show!(ppoll(&mut entry, None), read(pidfd, &mut [0]), lseek(pidfd, 0, SEEK_SET));
        let gate = pipe2(O_CLOEXEC).unwrap();
        let nonblock = pidfd_open(child(Some(gate), 1), O_NONBLOCK).unwrap();
        let mut entry = [pollfd { fd: nonblock, events: POLLIN as i16, revents: 0 }];
        show!(
            syscall!(__NR_waitid, P_PIDFD, nonblock, 0usize, WEXITED, 0usize),
            close(gate.1),
            ppoll(&mut entry, None)
        );
        show!(
            wait4(-1, 0).map(|(_, status)| status),
            syscall!(__NR_waitid, P_PIDFD, nonblock, 0usize, WEXITED, 0usize)
        );
        show!(wait4(-1, 0), syscall!(__NR_wait4, child(None, 3), 8usize, 0, 0usize), wait4(-1, 0));
    }
}

fn groups() {
    let gate = pipe2(0).unwrap();
    let end = signal_set(&[SIGTERM]);
    rt_sigprocmask(SIG_BLOCK, Some(&end)).unwrap();
    let (one, other) = (waiter(&end), waiter(&end));
    show!(
        setpgid(one, 0),
        getpgid(one) == Ok(one),
        setpgid(other, one),
        getpgid(other) == Ok(one),
        setpgid(one, NOBODY)
    );
    show!(
        setpgid(NOBODY, 0),
        setpgid(one, -1),
        setpgid(-1, 0),
        setpgid(getppid(), 0),
        setpgid(0, 0),
        getpgid(NOBODY),
        getpgid(-1)
    );
    // SAFETY: no memory is touched.
    let session = |process: Pid| unsafe { syscall!(__NR_getsid, process) };
    show!(
        session(0) == session(one),
        session(NOBODY),
        setsid().is_ok() || setsid() == Err(Errno::EPERM),
        wait4(-one, WNOHANG)
    );
    show!(kill(-one, 0), kill(-one, SIGTERM), kill(-NOBODY, SIGTERM));
    show!(
        wait4(one, 0).map(|(_, status)| status),
        wait4(other, 0).map(|(_, status)| status),
        wait4(-one, 0),
        kill(-one, 0)
    );
    // A leader of a session makes none; a child may.
    // SAFETY: there is one thread.
    let leader = unsafe { fork() }.unwrap();
    if leader == 0 {
        let made = setsid() == Ok(getpid()) && getpgid(0) == Ok(getpid()) && session(0) == Ok(getpid() as usize);
        let again = setsid() == Err(Errno::EPERM) && setpgid(0, 0) == Err(Errno::EPERM);
        exit_group(i32::from(made) + 2 * i32::from(again));
    }
    show!(wait4(leader, 0).map(|(_, status)| status));
    // SAFETY: the children's other ends of the pipe go with them; exec fails.
    unsafe {
        let none = core::ptr::null();
        show!(
            execve(c"/no/such", none, none),
            execve(c"/tmp", none, none),
            execve(c"", none, none),
            execve(c"/dev/null", none, none)
        );
        let script = openat(AT_FDCWD, c"/tmp/script", O_CREAT | O_WRONLY, 0o755).unwrap();
        show!(
            write(script, b"#! /no/interpreter\n"),
            execve(c"/tmp/script", none, none),
            close(script),
            execve(c"/tmp/script", none, none)
        );
        let odd = openat(AT_FDCWD, c"/tmp/odd", O_CREAT | O_WRONLY, 0o755).unwrap();
        show!(write(odd, b"\x7fELF"), close(odd), execve(c"/tmp/odd", none, none), execve(c"/tmp/odd", 8 as _, none));
        show!(
            syscall!(__NR_execveat, -1, c"relative".as_ptr(), 0usize, 0usize, 0),
            syscall!(__NR_execveat, gate.0, c"".as_ptr(), 0usize, 0usize, AT_EMPTY_PATH)
        );
        show!(syscall!(__NR_execveat, AT_FDCWD, c"/tmp/odd".as_ptr(), 0usize, 0usize, 1));
    }
}

fn limits() {
    let limit = |soft, hard| rlimit64 { rlim_cur: soft, rlim_max: hard };
    let show = |limits: Result<rlimit64>| limits.map(|limits| (limits.rlim_cur, limits.rlim_max));
    let files = RLIMIT_NOFILE;
    show!(show(prlimit64(0, 99, None)), show(prlimit64(-1, files, None)), show(prlimit64(NOBODY, files, None)));
    show!(show(prlimit64(0, files, Some(&limit(9, 8)))), show(prlimit64(0, files, Some(&limit(4, 64)))).is_ok());
    show!(
        show(prlimit64(0, files, None)),
        dup(1),
        dup(1),
        fcntl(1, F_DUPFD, 4),
        fcntl(1, F_DUPFD, 3),
        dup3(1, 4, 0),
        dup3(1, 3, 0)
    );
    show!(
        pipe2(0),
        openat(AT_FDCWD, c"/", O_RDONLY, 0),
        socketpair(1, 1, 0),
        memfd_create(c"m", 0),
        close(3),
        pipe2(0),
        eventfd2(0, 0)
    );
    show!(show(prlimit64(0, files, Some(&limit(65, 65)))), show(prlimit64(0, files, Some(&limit(64, 64)))));
    let file = openat(AT_FDCWD, c"/tmp/limited", O_CREAT | O_RDWR, 0o600).unwrap();
    rt_sigprocmask(SIG_BLOCK, Some(&signal_set(&[SIGXFSZ]))).unwrap();
    show!(
        show(prlimit64(0, RLIMIT_FSIZE, Some(&limit(10, 20)))).is_ok(),
        write(file, b"012345678901"),
        write(file, b"x")
    );
    show!(
        rt_sigtimedwait(&signal_set(&[SIGXFSZ]), Some(&nanoseconds(0))),
        pwrite64(file, b"xyz", 9),
        pwrite64(file, b"xyz", 11)
    );
    show!(
        ftruncate(file, 10),
        ftruncate(file, 11),
        fallocate(file, 0, 0, 11),
        fallocate(file, 0, 0, 10),
        lseek(file, 0, SEEK_END)
    );
    show!(show(prlimit64(0, RLIMIT_CORE, Some(&limit(0, u64::MAX)))).is_ok(), show(prlimit64(0, RLIMIT_CORE, None)));
    show!(show(prlimit64(0, RLIMIT_NICE, Some(&limit(5, 40)))).is_ok(), show(prlimit64(0, RLIMIT_NICE, None)));
    // SAFETY: the calls are refused.
    unsafe {
        show!(syscall!(__NR_prlimit64, 0, files, 8usize, 0usize), syscall!(__NR_prlimit64, 0, files, 0usize, 8usize));
        show!(syscall!(__NR_prlimit64, 0, 16, 8usize, 0usize), syscall!(__NR_prlimit64, 0, files, 0usize, 0usize));
        show!(syscall!(__NR_getrusage, 9, 0usize), syscall!(__NR_getrusage, 0, 8usize), syscall!(__NR_times, 8usize));
        show!(
            syscall!(__NR_setpriority, 0, NOBODY, 1),
            syscall!(__NR_setpriority, 3, 0, 1),
            syscall!(__NR_getpriority, 0, NOBODY)
        );
        show!(
            syscall!(__NR_setpriority, 0, 0, 100),
            syscall!(__NR_getpriority, 0, 0),
            syscall!(__NR_setpriority, 0, 0, -100),
            syscall!(__NR_getpriority, 0, 0)
        );
    }
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"waiting", waiting), (c"groups", groups), (c"limits", limits)])
}

libsyscall::main!(run, arguments);
