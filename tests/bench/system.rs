//! Work that the kernel has the greater part in.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// 2000 of the shortest system calls a unit.
pub fn syscalls(units: u32) -> u64 {
    let first = std::process::id();
    (0..units * 2000).map(|_| u64::from(std::process::id() == first)).sum()
}

/// 100 times a unit: writes a file of 4 KiB, reads it back and removes it.
pub fn files(units: u32) -> u64 {
    let path = std::env::temp_dir().join(format!("bench-{}", std::process::id()));
    let written = [b'x'; 4096];
    let mut read = Vec::new();
    let mut sum = 0;
    for _ in 0..units * 100 {
        File::create(&path).and_then(|mut file| file.write_all(&written)).expect("the file can be written");
        read.clear();
        File::open(&path).and_then(|mut file| file.read_to_end(&mut read)).expect("the file can be read");
        std::fs::remove_file(&path).expect("the file can be removed");
        sum += u64::from(read == written);
    }
    sum
}

/// Maps memory, touches 1024 of its pages and unmaps it, once a unit.
pub fn page_faults(units: u32) -> u64 {
    const PAGE: usize = 4096;
    // More than glibc's malloc ever keeps to itself, so that it is fresh from the kernel each time.
    const SIZE: usize = 64 << 20;
    let mut sum = 0;
    for unit in 0..units {
        let mut memory = vec![0u8; SIZE];
        for page in memory.chunks_exact_mut(PAGE).take(1024) {
            page[unit as usize % PAGE] = 1;
        }
        sum += memory.iter().step_by(PAGE).take(1024).map(|byte| u64::from(*byte)).sum::<u64>() + 1;
    }
    sum
}

/// Two threads that pass a byte back and forth through pipes, 200 times a unit.
pub fn pipes(units: u32) -> u64 {
    let (mut ping_reader, mut ping_writer) = io::pipe().expect("a pipe can be made");
    let (mut pong_reader, mut pong_writer) = io::pipe().expect("a pipe can be made");
    let partner = thread::spawn(move || {
        let mut byte = [0];
        while ping_reader.read(&mut byte).expect("a byte comes") == 1 {
            byte[0] = byte[0].wrapping_add(3);
            pong_writer.write_all(&byte).expect("a byte goes");
        }
    });
    let mut byte = [0];
    let mut sum = 0;
    for _ in 0..units * 200 {
        ping_writer.write_all(&byte).expect("a byte goes");
        pong_reader.read_exact(&mut byte).expect("a byte comes");
        sum += u64::from(byte[0]);
    }
    drop(ping_writer);
    partner.join().expect("the partner ends");
    sum
}

/// Four threads that take turns, 50 each a unit, with a mutex and a condition variable (futexes).
pub fn threads(units: u32) -> u64 {
    const COUNT: u64 = 4;
    let mut sum = 0;
    for _ in 0..units {
        let turn = Arc::new((Mutex::new(0u64), Condvar::new()));
        let workers: Vec<_> = (0..COUNT)
            .map(|own| {
                let turn = Arc::clone(&turn);
                thread::spawn(move || {
                    for _ in 0..50 {
                        let (lock, changed) = &*turn;
                        let mut now = changed
                            .wait_while(lock.lock().expect("no thread panicked"), |now| *now % COUNT != own)
                            .expect("no thread panicked");
                        *now += 1;
                        changed.notify_all();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("the worker ends");
        }
        sum += *turn.0.lock().expect("no thread panicked");
    }
    sum
}
