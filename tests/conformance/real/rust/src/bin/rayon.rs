//! Work that rayon's pool of threads shares: results are the same however it is divided.
//!
//!     rayon NAME    one of the behaviours below

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use rayon::prelude::*;

fn sums() {
    let squares: u64 = (0..200_000u64).into_par_iter().map(|number| number * number % 1009).sum();
    println!("{squares}");
    let mut words: Vec<String> =
        (0..20_000u32).map(|number| format!("{:08x}", number.wrapping_mul(2_654_435_761))).collect();
    words.par_sort_unstable();
    println!("{} {} {}", words[0], words[10_000], words[19_999]);
    let primes =
        (2..20_000u32).into_par_iter().filter(|&n| (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)).count();
    println!("{primes}");
    let parts: Vec<usize> = words.par_chunks(3_000).map(|chunk| chunk.len()).collect();
    println!("{parts:?}");
}

fn nested() {
    fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = rayon::join(|| fibonacci(n - 1), || fibonacci(n - 2));
        a + b
    }
    println!("{}", fibonacci(20));
    let counts: Vec<AtomicUsize> = (0..10).map(|_| AtomicUsize::new(0)).collect();
    rayon::scope(|scope| {
        for count in &counts {
            scope.spawn(move |inner| {
                for _ in 0..10 {
                    inner.spawn(move |_| {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    println!("{:?}", counts.iter().map(|count| count.load(Ordering::Relaxed)).collect::<Vec<_>>());
}

/// All threads of a pool have to be there at once, and they end with it.
fn pools() {
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("worker {number}"))
            .stack_size(256 * 1024)
            .build()
            .unwrap();
        let (arrived, all) = (Mutex::new(0), Condvar::new());
        let names = pool.broadcast(|_| {
            let mut count = arrived.lock().unwrap();
            *count += 1;
            all.notify_all();
            while *count < threads {
                count = all.wait(count).unwrap();
            }
            let number = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
            (std::thread::current().name().map(String::from), number)
        });
        println!("{names:?}");
        println!("{}", pool.install(|| (0..1000).into_par_iter().map(|n| n * 2).max().unwrap()));
    }
    std::panic::set_hook(Box::new(|_| ()));
    let panicked = std::panic::catch_unwind(|| (0..100).into_par_iter().for_each(|n| assert_ne!(n, 57)));
    println!("{}", panicked.is_err());
}

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(4).build_global().unwrap();
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "sums" => sums(),
        "nested" => nested(),
        "pools" => pools(),
        _ => panic!("no such behaviour"),
    }
    println!("{name}: done");
}
