//! Work for the processor, with next to no calls: integers, sorting, hashing, floating point, bytes,
//! recursion and formatting. The argument scales it (default 1). Prints one checksum for each part.

use std::collections::HashMap;
use std::fmt::Write;
use std::hint::black_box;

/// Knuth's MMIX generator: the same numbers everywhere.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 33)
    }
}

fn integers(rounds: u64) -> u64 {
    (1..=black_box(rounds)).fold(1, |value: u64, round| {
        value.wrapping_mul(round | 1).rotate_left(7) ^ (round / 3 + round % 7)
    })
}

fn sorting(count: usize) -> u64 {
    let mut generator = Generator(1);
    let mut numbers: Vec<u64> = (0..count).map(|_| generator.next()).collect();
    numbers.sort_unstable();
    numbers.iter().step_by(97).fold(0, |sum, number| sum.rotate_left(1) ^ number)
}

fn hashing(count: u64) -> u64 {
    let mut generator = Generator(2);
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for _ in 0..count {
        *counts.entry(generator.next() % 4096).or_default() += 1;
    }
    counts.iter().map(|(key, value)| key * value).sum()
}

/// A body falling round another: no library function is involved, so the bits are the same everywhere.
fn floats(steps: u32) -> u64 {
    let (mut x, mut y, mut vx, mut vy) = (1.0f64, 0.0, 0.0, 1.0);
    for _ in 0..black_box(steps) {
        let squared = x * x + y * y;
        let pull = 0.001 / (squared * squared.sqrt());
        vx -= x * pull;
        vy -= y * pull;
        x += vx * 0.001;
        y += vy * 0.001;
    }
    x.to_bits() ^ y.to_bits().rotate_left(32)
}

fn bytes(length: usize) -> u64 {
    let text: Vec<u8> = (0..length).map(|index| (index * 31 + index / 7) as u8).collect();
    let sum: u64 = text.iter().map(|byte| u64::from(*byte)).sum();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count() as u64;
    sum ^ letters << 32
}

fn fibonacci(number: u32) -> u64 {
    if number < 2 { u64::from(number) } else { fibonacci(number - 1) + fibonacci(number - 2) }
}

fn formatting(count: u32) -> u64 {
    let mut text = String::new();
    for number in 0..count {
        write!(text, "{number:>6} {:.3} {number:#x};", f64::from(number) / 7.0).expect("no error");
    }
    text.bytes().fold(0, |sum, byte| sum.rotate_left(3) ^ u64::from(byte))
}

fn main() {
    let scale: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("integers   {:016x}", integers(500_000 * u64::from(scale)));
    println!("sorting    {:016x}", sorting(20_000 * scale as usize));
    println!("hashing    {:016x}", hashing(20_000 * u64::from(scale)));
    println!("floats     {:016x}", floats(50_000 * scale));
    println!("bytes      {:016x}", bytes(500_000 * scale as usize));
    println!("fibonacci  {:016x}", fibonacci(22 + scale.ilog2()));
    println!("formatting {:016x}", formatting(3_000 * scale));
}
