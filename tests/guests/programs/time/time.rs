//! Clocks and sleeping: says what must hold, not what the time is.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let begin = Instant::now();
    let slept = Duration::from_millis(30);
    thread::sleep(slept);
    let elapsed = begin.elapsed();
    println!("slept at least 30 ms: {}", elapsed >= slept);
    println!("slept less than 10 s: {}", elapsed < Duration::from_secs(10));

    let mut last = Instant::now();
    let monotonic = (0..1000).all(|_| {
        let now = Instant::now();
        let ordered = now >= last;
        last = now;
        ordered
    });
    println!("the monotonic clock never goes back: {monotonic}");

    let wall = SystemTime::now();
    let since_epoch = wall.duration_since(UNIX_EPOCH).expect("after 1970");
    println!("after 2001: {}", since_epoch > Duration::from_secs(1_000_000_000));
    thread::sleep(Duration::from_millis(1));
    println!("the wall clock moves on: {}", SystemTime::now() > wall);

    thread::sleep(Duration::ZERO);
    println!("a sleep of nothing returns");
}
