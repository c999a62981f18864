//! The least that a Rust program does: start-up, one write, exit.

fn main() {
    println!("Hello, world!");
}
