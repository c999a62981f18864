//! Work that the CPU does alone.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hash::BuildHasherDefault;

/// Marsaglia's xorshift64.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Lengths of Collatz sequences, 1000 a unit: shifts, multiplications and branches that depend on data.
pub fn integer(units: u32) -> u64 {
    let mut steps = 0;
    for start in 1..=u64::from(units) * 1000 {
        let mut value = start;
        while value != 1 {
            value = if value % 2 == 0 { value / 2 } else { 3 * value + 1 };
            steps += 1;
        }
    }
    steps
}

#[derive(Clone, Copy)]
struct Body {
    position: [f64; 3],
    velocity: [f64; 3],
    mass: f64,
}

fn attract(bodies: &mut [Body], dt: f64) {
    for first in 1..bodies.len() {
        let (before, rest) = bodies.split_at_mut(first);
        let body = &mut rest[0];
        for other in before {
            let mut distance = [0.0; 3];
            for axis in 0..3 {
                distance[axis] = body.position[axis] - other.position[axis];
            }
            let square: f64 = distance.iter().map(|d| d * d).sum();
            let pull = dt / (square * square.sqrt());
            for axis in 0..3 {
                body.velocity[axis] -= distance[axis] * other.mass * pull;
                other.velocity[axis] += distance[axis] * body.mass * pull;
            }
        }
    }
    for body in bodies {
        for axis in 0..3 {
            body.position[axis] += dt * body.velocity[axis];
        }
    }
}

/// Five bodies under gravitation, 1000 steps a unit.
pub fn float(units: u32) -> u64 {
    let mut bodies = [Body { position: [0.0; 3], velocity: [0.0; 3], mass: 1.0 }; 5];
    for (body, distance) in bodies[1..].iter_mut().zip([5.0, 9.5, 19.0, 30.0]) {
        body.position = [distance, distance / 7.0, distance / 50.0];
        body.velocity = [-0.01, f64::sqrt(1.0 / distance), 0.001];
        body.mass = 0.001 / distance;
    }
    for _ in 0..units * 1000 {
        attract(&mut bodies, 0.01);
    }
    bodies.iter().flat_map(|body| body.position).fold(0, |sum, value| sum.rotate_left(1) ^ value.to_bits())
}

/// Passes over 64 KiB that the compiler vectorises: bytes summed and compared, and single-precision a * x + y.
pub fn simd(units: u32) -> u64 {
    const SIZE: usize = 64 * 1024;
    let mut generator = Generator(3);
    let bytes: Vec<u8> = (0..SIZE).map(|_| generator.next() as u8).collect();
    let x: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte) / 16.0).collect();
    let mut y = vec![0.0f32; SIZE];
    let mut sum = 0u64;
    for unit in 0..units {
        sum += u64::from(bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>());
        sum += bytes.iter().filter(|byte| **byte > unit as u8).count() as u64;
        let a = (unit % 8) as f32 / 4.0;
        for (y, x) in y.iter_mut().zip(&x) {
            *y = (*y * 0.5) + (a * *x);
        }
    }
    y.iter().fold(sum, |sum, value| sum.rotate_left(1) ^ u64::from(value.to_bits()))
}

/// 1000 insertions into a map of 4096 keys a unit, hashed with SipHash.
pub fn hashing(units: u32) -> u64 {
    let mut map = HashMap::<u64, u64, BuildHasherDefault<DefaultHasher>>::default();
    let mut generator = Generator(7);
    for _ in 0..units * 1000 {
        *map.entry(generator.next() % 4096).or_insert(0) += 1;
    }
    map.iter().map(|(key, count)| key ^ (count * count)).sum()
}

/// Sorts 10,000 numbers a unit.
pub fn sorting(units: u32) -> u64 {
    let mut generator = Generator(42);
    let mut sum = 0;
    for _ in 0..units {
        let mut values: Vec<u64> = (0..10_000).map(|_| generator.next()).collect();
        values.sort_unstable();
        sum ^= values.iter().step_by(101).fold(0, |sum, value| sum ^ value);
    }
    sum
}

/// The sieve of Eratosthenes up to 100,000 a unit: byte stores with growing strides.
pub fn memory(units: u32) -> u64 {
    let limit = 100_000 * units as usize;
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

/// 1000 strings a unit into a tree that keeps 512 of them.
pub fn allocation(units: u32) -> u64 {
    let mut tree = BTreeMap::new();
    let mut generator = Generator(11);
    let mut sum = 0;
    for _ in 0..units * 1000 {
        let key = generator.next() % 100_000;
        tree.insert(key, vec![key as u8; (key % 200) as usize].into_boxed_slice());
        if tree.len() > 512 {
            let (key, value) = tree.pop_first().expect("the tree is not empty");
            sum += key + value.len() as u64;
        }
    }
    sum
}

/// 1000 lines of integers and floating-point numbers a unit.
pub fn formatting(units: u32) -> u64 {
    let mut text = String::new();
    let mut sum = 0;
    for number in 0..units * 1000 {
        text.clear();
        write!(text, "{number:08x} {} {:.3}", number * 3, f64::from(number) / 7.0).expect("a String takes all");
        sum += text.bytes().map(u64::from).sum::<u64>();
    }
    sum
}

fn fibonacci(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

/// Fibonacci's numbers up to the 20th by recursion.
pub fn recursion(units: u32) -> u64 {
    (0..units).map(|unit| fibonacci(std::hint::black_box(unit % 21))).sum()
}
