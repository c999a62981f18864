//! Recurses until the guard page is hit: std's handler says so on stderr and the program ends by SIGABRT.
//! With the argument "thread" a spawned thread does it, whose stack and guard glibc has mapped.

use std::hint::black_box;
use std::{env, thread};

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 128]);
    // Not a tail call: the frame is used after it.
    recurse(depth + 1) + frame[black_box(depth as usize) % frame.len()]
}

fn main() {
    println!("going down");
    if env::args().nth(1).as_deref() == Some("thread") {
        let deep = thread::Builder::new().name("deep".into()).stack_size(256 << 10).spawn(|| recurse(0));
        let _ = deep.expect("spawn").join();
    } else {
        recurse(0);
    }
    println!("came back");
}
