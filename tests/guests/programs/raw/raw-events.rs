//! Waiting without std: epoll's rules, counters and timers as descriptors, poll's answers, futexes, refused sleep.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use libsyscall::sys::ctypes::c_char;
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

static NO_TIME: __kernel_timespec = nanoseconds(0);

fn ready(file: Fd, events: u32) -> (Result<usize>, i16) {
    let mut entry = [pollfd { fd: file, events: events as i16, revents: 0 }];
    (ppoll(&mut entry, Some(&NO_TIME)), entry[0].revents)
}

fn epoll() {
    let (set, outer) = (epoll_create1(0).unwrap(), epoll_create1(EPOLL_CLOEXEC).unwrap());
    let (from, to) = pipe2(O_NONBLOCK).unwrap();
    let event = |events: u32, data| epoll_event { events: events as _, data };
    let mut seen = [event(0, 0); 4];
    let mut wait =
        |set| epoll_pwait(set, &mut seen, 0).map(|count| (count, seen[0].events, seen[0].data, seen[1].data));
    show!(epoll_create1(1), fcntl(outer, F_GETFD, 0), epoll_ctl(set, EPOLL_CTL_ADD, from, Some(&event(EPOLLIN, 7))));
    show!(
        epoll_ctl(set, EPOLL_CTL_ADD, from, Some(&event(EPOLLIN, 8))),
        epoll_ctl(set, EPOLL_CTL_ADD, set, Some(&event(EPOLLIN, 8)))
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_MOD, to, Some(&event(0, 0))),
        epoll_ctl(set, EPOLL_CTL_DEL, to, None),
        epoll_ctl(set, 9, to, Some(&event(0, 0)))
    );
    show!(
        epoll_ctl(from, EPOLL_CTL_ADD, to, Some(&event(0, 0))),
        epoll_ctl(set, EPOLL_CTL_ADD, 99, Some(&event(0, 0))),
        epoll_ctl(set, EPOLL_CTL_ADD, to, None)
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_ADD, to, Some(&event(EPOLLOUT | EPOLLET, 9))),
        wait(set),
        wait(set),
        write(to, b"ab"),
        wait(set),
        wait(set)
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_MOD, from, Some(&event(EPOLLIN | EPOLLONESHOT, 10))),
        wait(set),
        wait(set),
        ready(set, POLLIN)
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_MOD, from, Some(&event(EPOLLIN | EPOLLET, 11))),
        wait(set),
        wait(set),
        read(from, &mut [0]),
        wait(set),
        write(to, b"c"),
        wait(set)
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_MOD, from, Some(&event(EPOLLIN | EPOLLEXCLUSIVE, 12))),
        epoll_ctl(outer, EPOLL_CTL_ADD, set, Some(&event(EPOLLIN, 13)))
    );
    show!(
        epoll_ctl(set, EPOLL_CTL_ADD, outer, Some(&event(EPOLLIN, 14))),
        wait(outer),
        epoll_ctl(set, EPOLL_CTL_MOD, from, Some(&event(EPOLLIN, 15))),
        wait(outer)
    );
    let copy = dup(from).unwrap();
    show!(
        close(from),
        wait(set),
        epoll_ctl(set, EPOLL_CTL_DEL, from, None),
        epoll_ctl(set, EPOLL_CTL_DEL, copy, None),
        close(copy),
        wait(set)
    );
    show!(
        epoll_pwait(set, &mut [], 0),
        epoll_pwait(from, &mut seen, 0),
        epoll_pwait(99, &mut seen, 0),
        read(set, &mut [0]),
        lseek(set, 0, SEEK_SET)
    );
    // SAFETY: the calls are refused.
    unsafe {
        show!(
            syscall!(__NR_epoll_ctl, set, EPOLL_CTL_ADD, to, 8usize),
            syscall!(__NR_epoll_pwait, set, 8usize, 4, 0, 0usize),
            syscall!(__NR_epoll_pwait, set, 8usize, -1, 0, 0usize)
        );
        show!(
            syscall!(__NR_epoll_pwait, set, seen.as_mut_ptr(), 1, 0, 8usize, 8usize),
            syscall!(__NR_epoll_pwait2, set, seen.as_mut_ptr(), 1, 8usize, 0usize, 8usize)
        );
    }
    let folder = openat(AT_FDCWD, c"/", O_RDONLY, 0).unwrap();
    let path = openat(AT_FDCWD, c"/", O_PATH, 0).unwrap();
    show!(
        epoll_ctl(set, EPOLL_CTL_ADD, folder, Some(&event(EPOLLIN, 0))),
        epoll_ctl(set, EPOLL_CTL_ADD, path, Some(&event(EPOLLIN, 0)))
    );
    show!(
        ready(folder, POLLIN | POLLOUT),
        ready(path, POLLIN),
        ready(99, POLLIN),
        ready(-1, POLLIN),
        ready(to, POLLIN | POLLOUT),
        ready(set, POLLOUT)
    );
}

fn counters() {
    let count = eventfd2(2, EFD_NONBLOCK).unwrap();
    let ones = eventfd2(2, EFD_NONBLOCK | EFD_SEMAPHORE).unwrap();
    let mut value = [0; 8];
    show!(
        eventfd2(0, 2),
        eventfd2(u32::MAX, 0).is_ok(),
        ready(count, POLLIN | POLLOUT),
        read(count, &mut value[..7]),
        read(count, &mut value),
        value
    );
    show!(
        read(count, &mut value),
        ready(count, POLLIN | POLLOUT),
        write(count, &[1; 7]),
        write(count, &u64::MAX.to_ne_bytes())
    );
    show!(
        write(count, &(u64::MAX - 1).to_ne_bytes()),
        write(count, &1u64.to_ne_bytes()),
        write(count, &0u64.to_ne_bytes()),
        ready(count, POLLIN | POLLOUT)
    );
    show!(
        read(count, &mut [0; 9]),
        read(ones, &mut value),
        value,
        read(ones, &mut value),
        read(ones, &mut value),
        lseek(ones, 0, SEEK_SET),
        pread64(ones, &mut value, 0)
    );
    let timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK).unwrap();
    let spec =
        |interval, first| __kernel_itimerspec { it_interval: nanoseconds(interval), it_value: nanoseconds(first) };
    let set = |timer, flags, interval, first| {
        timerfd_settime(timer, flags, &spec(interval, first))
            .map(|before| (before.it_interval.tv_nsec, before.it_value.tv_sec))
    };
    show!(
        timerfd_create(99, 0),
        timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0),
        timerfd_create(CLOCK_REALTIME, 1),
        read(timer, &mut value),
        set(count, 0, 0, 0),
        set(timer, 8, 0, 0)
    );
    show!(
        set(timer, 0, 1_000_000_000 - 1, 100_000_000_000).is_ok(),
        set(timer, 0, 7, 0).map(|before| before.0),
        set(timer, 0, -1, 0),
        set(timer, 0, 0, 5_000_000).is_ok()
    );
    show!(
        ready(timer, POLLIN),
        clock_nanosleep(CLOCK_MONOTONIC, 0, &nanoseconds(6_000_000)),
        ready(timer, POLLIN),
        read(timer, &mut value[..7]),
        read(timer, &mut value),
        value
    );
    show!(
        read(timer, &mut value),
        set(timer, TFD_TIMER_ABSTIME, 0, 1).is_ok(),
        read(timer, &mut value),
        value,
        set(timer, 0, 0, 0),
        write(timer, &value),
        ready(timer, POLLIN | POLLOUT)
    );
    // SAFETY: the calls are refused, or write nothing.
    unsafe {
        show!(
            syscall!(__NR_timerfd_gettime, timer, 8usize),
            syscall!(__NR_timerfd_gettime, count, 8usize),
            syscall!(__NR_timerfd_settime, timer, 0, 8usize, 0usize)
        );
        show!(
            syscall!(__NR_read, count, 8usize, 8usize),
            syscall!(__NR_write, count, 8usize, 8usize),
            syscall!(__NR_read, timer, 8usize, 8usize)
        );
    }
}

fn times() {
    let word = AtomicU32::new(1);
    let wait = |operation, value, time: Option<&__kernel_timespec>| futex_wait(&word, operation, value, time);
    let odd = __kernel_timespec { tv_sec: 0, tv_nsec: 1_000_000_000 };
    show!(
        wait(FUTEX_WAIT, 2, None),
        wait(FUTEX_WAIT, 1, Some(&NO_TIME)),
        wait(FUTEX_WAIT, 2, Some(&odd)),
        wait(FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1, Some(&NO_TIME))
    );
    show!(
        wait(99, 1, None),
        futex_wake(&word, FUTEX_WAKE, 5),
        futex_wake(&word, FUTEX_WAKE_BITSET, 1),
        wait(FUTEX_WAIT_BITSET, 1, Some(&NO_TIME))
    );
    // SAFETY: the calls are refused, or read one word.
    unsafe {
        let place = word.as_ptr();
        show!(
            syscall!(__NR_futex, place.byte_add(1), FUTEX_WAKE, 1),
            syscall!(__NR_futex, 8usize, FUTEX_WAIT, 1),
            syscall!(__NR_futex, 8usize, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1)
        );
        show!(
            syscall!(__NR_futex, place, FUTEX_CMP_REQUEUE, 1, 1usize, place, 2),
            syscall!(__NR_futex, place, FUTEX_CMP_REQUEUE, 1, -1isize, place, 1)
        );
        show!(
            syscall!(__NR_futex, place, FUTEX_WAIT_BITSET, 1, 0usize, 0usize, 0),
            syscall!(__NR_futex, place, FUTEX_WAKE_OP, 1, 1usize, place, FUTEX_OP_ADD << 28 | 5 << 12),
            word.load(Ordering::Relaxed)
        );
        word.store(FUTEX_TID_MASK, Ordering::Relaxed);
        show!(
            syscall!(__NR_futex, place, FUTEX_LOCK_PI, 0, 0usize),
            syscall!(__NR_futex, place, FUTEX_UNLOCK_PI),
            syscall!(__NR_futex, place, FUTEX_TRYLOCK_PI)
        );
        show!(
            syscall!(__NR_set_robust_list, place, 23usize),
            syscall!(__NR_get_robust_list, 0x3fff_ffff, place, place),
            syscall!(__NR_membarrier, 1 << 30, 0, 0)
        );
        show!(
            syscall!(__NR_nanosleep, &raw const odd, 0usize),
            syscall!(__NR_nanosleep, 8usize, 0usize),
            syscall!(__NR_clock_settime, CLOCK_MONOTONIC, &raw const NO_TIME)
        );
        show!(
            syscall!(__NR_clock_getres, 99, 0usize),
            syscall!(__NR_clock_getres, CLOCK_REALTIME, 0usize),
            syscall!(__NR_clock_getres, CLOCK_REALTIME, 8usize)
        );
        show!(
            syscall!(__NR_timer_create, 99, 0usize, place),
            syscall!(__NR_timer_delete, 99),
            syscall!(__NR_timer_settime, 99, 0, &raw const odd, 0usize),
            syscall!(__NR_timer_getoverrun, 99)
        );
        show!(
            syscall!(__NR_getitimer, 3, place),
            syscall!(__NR_setitimer, 0, &raw const odd, 8usize),
            syscall!(__NR_getitimer, 0, 8usize),
            syscall!(__NR_gettimeofday, 8usize, 0usize)
        );
    }
    show!(
        clock_nanosleep(CLOCK_MONOTONIC, 0, &odd),
        clock_nanosleep(99, 0, &NO_TIME),
        clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &NO_TIME),
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &nanoseconds(1))
    );
    for clock in [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID] {
        libsyscall::println!(
            "{clock}: {:?} {:?}",
            clock_getres(clock).map(|step| step.tv_nsec),
            clock_gettime(clock).map(|time| time.tv_sec >= 0)
        );
    }
    let before = clock_gettime(CLOCK_MONOTONIC).unwrap();
    let slept = clock_nanosleep(CLOCK_BOOTTIME, 0, &nanoseconds(3_000_000));
    let after = clock_gettime(CLOCK_MONOTONIC).unwrap();
    show!(slept, (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec >= 3_000_000);
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"epoll", epoll), (c"counters", counters), (c"times", times)])
}

libsyscall::main!(run, arguments);
