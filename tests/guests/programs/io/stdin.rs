//! Reads standard input to its end, as bytes, and says what it was.

use std::io::{self, Read};

fn main() -> io::Result<()> {
    let mut bytes = Vec::new();
    let length = io::stdin().lock().read_to_end(&mut bytes)?;
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let sum = bytes.iter().fold(0u32, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte));
    println!("{length} bytes, {lines} lines, checksum {sum:08x}");
    println!("{}", bytes.escape_ascii());
    Ok(())
}
