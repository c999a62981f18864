//! A few hundred million instructions of what Rust programs do: integers, floating point, hashing, sorting,
//! formatting, recursion and allocation. It prints a checksum, so that no part can be optimised away and a
//! wrong CPU shows.

use std::collections::HashMap;
use std::fmt::Write;

struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn sieve(limit: usize) -> u64 {
    let mut composite = vec![false; limit + 1];
    let mut count = 0;
    for candidate in 2..=limit {
        if !composite[candidate] {
            count += 1;
            for multiple in (candidate * candidate..=limit).step_by(candidate) {
                composite[multiple] = true;
            }
        }
    }
    count
}

fn sort(count: usize) -> u64 {
    let mut generator = Generator(42);
    let mut values: Vec<u64> = (0..count).map(|_| generator.next()).collect();
    values.sort_unstable();
    values.iter().step_by(1009).fold(0, |sum, value| sum ^ value)
}

fn hash(count: u64) -> u64 {
    let mut map = HashMap::new();
    let mut generator = Generator(7);
    for _ in 0..count {
        *map.entry(generator.next() % 4096).or_insert(0u64) += 1;
    }
    map.values().map(|value| value * value).sum()
}

fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

fn orbit(steps: u32) -> u64 {
    let (mut x, mut y, mut vx, mut vy) = (1.0f64, 0.0f64, 0.0f64, 1.0f64);
    let dt = 1e-3;
    for _ in 0..steps {
        let r3 = (x * x + y * y).powf(1.5);
        vx -= x / r3 * dt;
        vy -= y / r3 * dt;
        x += vx * dt;
        y += vy * dt;
    }
    (x + y).to_bits()
}

fn format(count: u32) -> u64 {
    let mut text = String::new();
    let mut sum = 0;
    for number in 0..count {
        text.clear();
        write!(text, "{number:08x} {} {:.3}", number * 3, f64::from(number) / 7.0).unwrap();
        sum += text.bytes().map(u64::from).sum::<u64>();
    }
    sum
}

fn main() {
    println!("sieve {}", sieve(2_000_000));
    println!("sort {:016x}", sort(200_000));
    println!("hash {}", hash(300_000));
    println!("fibonacci {}", fibonacci(27));
    println!("orbit {:016x}", orbit(200_000));
    println!("format {}", format(60_000));
}
