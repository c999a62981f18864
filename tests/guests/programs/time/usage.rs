//! Clocks read through the vDSO and by system calls, and what the kernel accounts: says what must hold, not how much.

use std::ffi::{c_char, c_int, c_long, CStr};
use std::hint::black_box;

#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
struct Time {
    seconds: i64,
    fraction: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Usage {
    user: Time,
    system: Time,
    resident: c_long,
    others: [c_long; 13],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Ticks {
    user: c_long,
    system: c_long,
    children_user: c_long,
    children_system: c_long,
}

#[repr(C)]
#[derive(Default)]
struct System {
    uptime: c_long,
    loads: [u64; 3],
    memory: [u64; 6],
    processes: u16,
    high: [u64; 2],
    unit: u32,
}

#[repr(C)]
#[derive(Default)]
struct FileSystem {
    kind: c_long,
    block_size: c_long,
    blocks: [u64; 3],
    files: [u64; 2],
    rest: [u64; 8],
}

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn mmap(address: *mut u8, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut u8;
    fn munmap(address: *mut u8, length: usize) -> c_int;
    fn clock_gettime(clock: c_int, time: *mut Time) -> c_int;
    fn gettimeofday(time: *mut Time, zone: *mut u8) -> c_int;
    fn getrusage(who: c_int, usage: *mut Usage) -> c_int;
    fn times(ticks: *mut Ticks) -> c_long;
    fn sysinfo(system: *mut System) -> c_int;
    fn statfs(path: *const c_char, file_system: *mut FileSystem) -> c_int;
}

// <asm-generic/unistd.h>
const SYS_CLOCK_GETTIME: c_long = 113;
const SYS_GETTIMEOFDAY: c_long = 169;

// <linux/time.h> and <linux/resource.h>
const CLOCKS: [(&str, c_int); 7] = [
    ("CLOCK_REALTIME", 0),
    ("CLOCK_MONOTONIC", 1),
    ("CLOCK_PROCESS_CPUTIME_ID", 2),
    ("CLOCK_THREAD_CPUTIME_ID", 3),
    ("CLOCK_MONOTONIC_RAW", 4),
    ("CLOCK_BOOTTIME", 7),
    ("CLOCK_TAI", 11),
];
// They show the last tick: none in a kernel that has only just begun.
const COARSE_CLOCKS: [(&str, c_int); 2] = [("CLOCK_REALTIME_COARSE", 5), ("CLOCK_MONOTONIC_COARSE", 6)];
const MAPPED: usize = 16 << 20;
const USERS: [(&str, c_int); 3] = [("RUSAGE_SELF", 0), ("RUSAGE_CHILDREN", -1), ("RUSAGE_THREAD", 1)];

fn by_call(clock: c_int) -> Time {
    let mut time = Time::default();
    assert_eq!(unsafe { syscall(SYS_CLOCK_GETTIME, clock, &mut time as *mut Time) }, 0);
    time
}

fn by_library(clock: c_int) -> Time {
    let mut time = Time::default();
    assert_eq!(unsafe { clock_gettime(clock, &mut time) }, 0);
    time
}

/// Takes several ticks of any clock, first in the program, then in the kernel, which has to find pages.
fn work() {
    let mut value = 1u64;
    for turn in 0..black_box(8_000_000u64) {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn);
    }
    for _ in 0..4 {
        // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
        let pages = unsafe { mmap(std::ptr::null_mut(), MAPPED, 3, 0x22, -1, 0) };
        assert_ne!(pages as isize, -1);
        for offset in (0..MAPPED).step_by(4096) {
            unsafe { pages.add(offset).write_volatile(1) };
        }
        assert_eq!(unsafe { munmap(pages, MAPPED) }, 0);
    }
    println!("worked: {value:#x}");
}

fn clocks() {
    for (name, clock) in CLOCKS.into_iter().chain(COARSE_CLOCKS) {
        let readings = [by_call(clock), by_library(clock), by_call(clock), by_library(clock)];
        let ordered = readings.windows(2).all(|pair| pair[0] <= pair[1]);
        println!("{name}: is not zero {}, goes on {ordered}", readings[0] > Time::default());
    }
    let clock = by_library(0);
    let mut call = Time::default();
    let mut library = Time::default();
    unsafe {
        assert_eq!(syscall(SYS_GETTIMEOFDAY, &mut call as *mut Time, 0usize), 0);
        assert_eq!(gettimeofday(&mut library, std::ptr::null_mut()), 0);
    }
    let microseconds = Time { seconds: clock.seconds, fraction: clock.fraction / 1000 };
    println!("gettimeofday: is CLOCK_REALTIME {}, goes on {}", microseconds <= call, call <= library);
}

fn usage(who: c_int) -> Usage {
    let mut usage = Usage::default();
    assert_eq!(unsafe { getrusage(who, &mut usage) }, 0);
    usage
}

fn accounts() {
    work();
    let mut ticks_before = Ticks::default();
    let begin = unsafe { times(&mut ticks_before) };
    let before = USERS.map(|(_, who)| usage(who));
    let cpu = CLOCKS.map(|(_, clock)| by_call(clock));
    work();
    let mut ticks = Ticks::default();
    let end = unsafe { times(&mut ticks) };
    println!(
        "times: goes on {}, user time {}, system time {}",
        end > begin,
        ticks.user > ticks_before.user,
        ticks.system > ticks_before.system
    );
    println!("of children: {} and {}", ticks.children_user, ticks.children_system);
    for ((name, who), before) in USERS.into_iter().zip(before) {
        let after = usage(who);
        println!(
            "{name}: user time goes on {}, memory {}, faults more {}",
            after.user > before.user,
            after.resident > 0,
            after.others[3] > before.others[3]
        );
    }
    for ((name, clock), before) in CLOCKS.into_iter().zip(cpu) {
        println!("{name} goes on over work: {}", by_call(clock) > before);
    }
}

fn system() {
    let mut system = System::default();
    assert_eq!(unsafe { sysinfo(&mut system) }, 0);
    println!("up: {}, processes: {}, unit {}", system.uptime > 0, system.processes > 0, system.unit);
    println!("memory: {}, of it free: {}", system.memory[0] > 0, (1..system.memory[0]).contains(&system.memory[1]));
}

fn file_system(path: &CStr) {
    let mut found = FileSystem::default();
    assert_eq!(unsafe { statfs(path.as_ptr(), &mut found) }, 0);
    let [blocks, free, available] = found.blocks;
    println!(
        "{path:?}: kind {:#x}, blocks of {}, any {}, free {}, available {}",
        found.kind,
        found.block_size,
        blocks > 0,
        free > 0,
        available > 0
    );
}

fn main() {
    accounts();
    clocks();
    system();
    for path in [c"/proc", c"/sys", c"/dev"] {
        file_system(path);
    }
}
