//! What `scripts/bench` times. Each line of standard input, `KIND UNITS`, asks for that many units of one kind of
//! work; the answer is a line `= KIND CHECKSUM`, which must be the same on every CPU and kernel. The line `= ready`
//! comes first.
//!
//! With the argument `stdin` it reads standard input to its end and prints how much there was; with `stdout N` it
//! writes N bytes.
//!
//! The program never looks at a clock: the asker times each answer by the host's, as a guest's clock may be
//! anything (levitate's counts instructions).

mod compute;
mod system;

use std::env;
use std::io::{self, BufRead, Read, Write};

/// Does `units` units of work and returns a checksum of all results, so that no part can be left out.
type Work = fn(units: u32) -> u64;

const KINDS: [(&str, Work); 15] = [
    // What the asking and answering itself takes.
    ("nothing", |units| u64::from(units)),
    ("integer", compute::integer),
    ("float", compute::float),
    ("simd", compute::simd),
    ("hashing", compute::hashing),
    ("sorting", compute::sorting),
    ("memory", compute::memory),
    ("allocation", compute::allocation),
    ("formatting", compute::formatting),
    ("recursion", compute::recursion),
    ("syscalls", system::syscalls),
    ("files", system::files),
    ("page-faults", system::page_faults),
    ("pipes", system::pipes),
    ("threads", system::threads),
];

fn answer(request: &str) -> Option<String> {
    let (name, units) = request.split_once(' ')?;
    let units = units.trim().parse().ok()?;
    let (name, work) = KINDS.iter().find(|(kind, _)| *kind == name)?;
    Some(format!("= {name} {:016x}", work(units)))
}

const BUFFER: usize = 1 << 16;

fn read_all() -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let (mut input, mut total) = (io::stdin().lock(), 0);
    loop {
        match input.read(&mut buffer)? {
            0 => break,
            count => total += count,
        }
    }
    println!("{total}");
    Ok(())
}

fn write_all(mut count: usize) -> io::Result<()> {
    let buffer = vec![b'x'; BUFFER];
    let mut output = io::stdout().lock();
    while count > 0 {
        let part = count.min(buffer.len());
        output.write_all(&buffer[..part])?;
        count -= part;
    }
    output.flush()
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["stdin"] => return read_all(),
        ["stdout", count] => return write_all(count.parse().map_err(io::Error::other)?),
        _ => {}
    }
    let mut output = io::stdout().lock();
    writeln!(output, "= ready")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        writeln!(output, "{}", answer(&line).unwrap_or_else(|| format!("= not understood: {line}")))?;
    }
    Ok(())
}
