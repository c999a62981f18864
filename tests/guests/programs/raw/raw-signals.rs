//! Signals without std: masks and what is pending, order of delivery, waiting for them, actions and stacks.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use libsyscall::sys::ctypes::{c_char, c_int};
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

static SEEN: AtomicU32 = AtomicU32::new(0);

extern "C" fn note(signal: c_int) {
    // The last eight, four bits each.
    SEEN.store(SEEN.load(Ordering::Relaxed) << 4 | (signal as u32 & 15), Ordering::Relaxed);
}

fn seen() -> u32 {
    SEEN.swap(0, Ordering::Relaxed)
}

fn action(handler: unsafe extern "C" fn(c_int), flags: u32, mask: &[u32]) -> kernel_sigaction {
    kernel_sigaction {
        sa_handler_kernel: Some(handler),
        sa_flags: flags as _,
        sa_restorer: None,
        sa_mask: signal_set(mask),
    }
}

fn catch(signal: u32, flags: u32, mask: &[u32]) -> Result<()> {
    // SAFETY: the handler only touches an atomic.
    unsafe { rt_sigaction(signal, Some(&action(note, flags, mask))) }.map(|_| ())
}

fn raise(signal: u32) -> Result<()> {
    tgkill(getpid(), gettid(), signal)
}

fn pending() -> u64 {
    rt_sigpending().unwrap().sig[0] as u64
}

const FIRST_QUEUED: u32 = SIGRTMIN;

fn masks() {
    let set = signal_set(&[SIGUSR1, SIGUSR2, SIGTERM, FIRST_QUEUED]);
    show!(
        rt_sigprocmask(SIG_BLOCK, Some(&set)).map(|before| before.sig),
        rt_sigprocmask(SIG_SETMASK, None).map(|mask| mask.sig)
    );
    show!(
        rt_sigprocmask(SIG_UNBLOCK, Some(&signal_set(&[SIGTERM]))).map(|before| before.sig),
        rt_sigprocmask(3, Some(&set)).err()
    );
    show!(
        rt_sigprocmask(SIG_BLOCK, Some(&signal_set(&[SIGKILL, SIGSTOP]))).is_ok(),
        rt_sigprocmask(0, None).map(|mask| mask.sig)
    );
    for signal in [SIGUSR1, SIGUSR2, SIGTERM, FIRST_QUEUED] {
        show!(catch(signal, 0, &[SIGUSR1, SIGUSR2]));
    }
    show!(raise(SIGUSR1), raise(SIGUSR1), raise(SIGUSR2), raise(FIRST_QUEUED), raise(FIRST_QUEUED), pending(), seen());
    show!(kill(getpid(), SIGUSR1), raise(0), pending(), raise(SIGTERM), seen() == SIGTERM);
    show!(rt_sigprocmask(SIG_SETMASK, Some(&signal_set(&[]))).map(|before| before.sig), pending());
    libsyscall::println!("in order: {:x}", seen());
    show!(raise(SIGWINCH), raise(SIGCHLD), raise(SIGURG), raise(SIGCONT), seen());
    show!(raise(65), raise(u32::MAX), tgkill(getpid(), -1, 0), tgkill(0, gettid(), 0), tgkill(1, gettid(), 0));
    show!(kill(0x3fff_ffff, 0), kill(c_int::MIN, 0), kill(1, 65), kill(-0x3fff_ffff, 0));
}

fn waits() {
    let set = signal_set(&[SIGUSR1, SIGUSR2, FIRST_QUEUED]);
    rt_sigprocmask(SIG_BLOCK, Some(&set)).unwrap();
    let no_time = nanoseconds(0);
    show!(rt_sigtimedwait(&set, Some(&no_time)), rt_sigtimedwait(&signal_set(&[]), Some(&nanoseconds(1_000_000))));
    show!(rt_sigtimedwait(&set, Some(&__kernel_timespec { tv_sec: 0, tv_nsec: 1_000_000_000 })));
    show!(rt_sigtimedwait(&set, Some(&__kernel_timespec { tv_sec: -1, tv_nsec: 0 })));
    show!(raise(FIRST_QUEUED), raise(SIGUSR2), kill(getpid(), SIGUSR1), raise(FIRST_QUEUED));
    for _ in 0..5 {
        show!(rt_sigtimedwait(&set, Some(&no_time)));
    }
    let file = signalfd4(-1, &set, O_NONBLOCK).unwrap();
    let mut record = [0u8; 256];
    show!(
        read(file, &mut record),
        raise(SIGUSR1),
        raise(SIGUSR2),
        read(file, &mut record[..127]),
        read(file, &mut record)
    );
    show!(record[0], record[128], read(file, &mut record), raise(SIGUSR2), signalfd4(file, &signal_set(&[SIGUSR1]), 0));
    show!(read(file, &mut record), signalfd4(file, &set, 0), read(file, &mut record), signalfd4(1, &set, 0).err());
    show!(signalfd4(-1, &set, 1).err(), signalfd4(-2, &set, 0).err(), write(file, &[0; 8]), lseek(file, 0, SEEK_SET));
    // SAFETY: the arguments are refused.
    unsafe {
        show!(syscall!(__NR_signalfd4, -1, &raw const set, 4usize, 0), syscall!(__NR_signalfd4, -1, 8usize, 8usize, 0));
        show!(
            syscall!(__NR_rt_sigtimedwait, 8usize, 0usize, 0usize, 8usize),
            syscall!(__NR_rt_sigtimedwait, 8usize, 0usize, 0usize, 9usize)
        );
        show!(syscall!(__NR_rt_sigsuspend, 8usize, 8usize), syscall!(__NR_rt_sigsuspend, 8usize, 7usize));
    }
    catch(SIGUSR1, 0, &[]).unwrap();
    show!(raise(SIGUSR1), seen(), rt_sigsuspend(&signal_set(&[])), seen(), pending());
}

fn actions() {
    show!(catch(SIGKILL, 0, &[]), catch(SIGSTOP, 0, &[]), catch(0, 0, &[]), catch(65, 0, &[]));
    // SAFETY: nothing is set.
    show!(unsafe { rt_sigaction(SIGKILL, None) }.map(|action| action.sa_flags), unsafe { rt_sigaction(0, None) }.err());
    show!(catch(SIGUSR1, SA_RESETHAND | SA_NODEFER, &[SIGKILL, SIGUSR2]));
    // SAFETY: nothing is set.
    let set = unsafe { rt_sigaction(SIGUSR1, None) }.unwrap();
    show!(set.sa_flags, set.sa_mask.sig, set.sa_handler_kernel.is_some(), raise(SIGUSR1), seen());
    // SAFETY: nothing is set.
    show!(unsafe { rt_sigaction(SIGUSR1, None) }.map(|action| (action.sa_flags, action.sa_handler_kernel.is_some())));
    show!(catch(SIGUSR2, 1 << 20, &[]));
    // SAFETY: nothing is set.
    show!(unsafe { rt_sigaction(SIGUSR2, None) }.map(|action| action.sa_flags));
    let stack = |flags, size| sigaltstack {
        ss_sp: core::ptr::with_exposed_provenance_mut(0x5000_0000),
        ss_flags: flags as _,
        ss_size: size,
    };
    // SAFETY: no handler uses the stack.
    unsafe {
        show!(sigaltstack(None).map(|stack| stack.ss_flags), sigaltstack(Some(&stack(0, 5119))).err());
        show!(
            sigaltstack(Some(&stack(0, 5120))).map(|before| before.ss_flags),
            sigaltstack(None).map(|stack| stack.ss_size)
        );
        show!(
            sigaltstack(Some(&stack(SS_AUTODISARM, 8192))).is_ok(),
            sigaltstack(None).map(|stack| stack.ss_flags as u32 == SS_AUTODISARM)
        );
        show!(sigaltstack(Some(&stack(8, 8192))).err(), sigaltstack(Some(&stack(SS_ONSTACK, 8192))).is_ok());
        show!(
            sigaltstack(Some(&stack(SS_DISABLE, 0))).is_ok(),
            sigaltstack(None).map(|stack| (stack.ss_flags, stack.ss_size))
        );
    }
    // A child without handlers: what a blocked and ignored fatal signal does to it.
    for signal in [SIGTERM, SIGABRT, SIGKILL, SIGUSR2, SIGPIPE, FIRST_QUEUED] {
        // SAFETY: there is one thread.
        let child = unsafe { fork() }.unwrap();
        if child == 0 {
            rt_sigprocmask(SIG_BLOCK, Some(&signal_set(&[SIGTERM, SIGPIPE]))).unwrap();
            let _ = raise(signal);
            exit_group(pending().count_ones() as i32 + seen() as i32 * 16);
        }
        // The core-dump bit is of no interest.
        let status = wait4(child, 0).map(|(ended, status)| (ended == child, status & !0x80));
        libsyscall::println!("{signal}: {status:?}");
    }
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"masks", masks), (c"waits", waits), (c"actions", actions)])
}

libsyscall::main!(run, arguments);
