//! Allocations from one byte to 256 MiB: brk for small ones, mmap for large ones, mremap where one grows,
//! and an allocation that cannot succeed.

use std::alloc::{alloc, alloc_zeroed, dealloc, Layout};

const PAGE: usize = 4096;

/// Writes to the first and last byte and one byte of each `stride` between, and reads them back.
fn touch(bytes: &mut [u8], stride: usize) -> bool {
    let last = bytes.len() - 1;
    for index in (0..bytes.len()).step_by(stride).chain([last]) {
        bytes[index] = index as u8 ^ 0x5a;
    }
    (0..bytes.len()).step_by(stride).chain([last]).all(|index| bytes[index] == index as u8 ^ 0x5a)
}

fn sizes() {
    let mut size = 1;
    while size <= 256 << 20 {
        let layout = Layout::from_size_align(size, 16).expect("layout");
        // SAFETY: `size` is not zero; the memory is used within its layout and freed once with it.
        let held = unsafe {
            let start = alloc_zeroed(layout);
            assert!(!start.is_null(), "{size} bytes refused");
            let bytes = std::slice::from_raw_parts_mut(start, size);
            let zeroed = bytes[0] == 0 && bytes[size - 1] == 0;
            // Every page up to 1 MiB; of larger blocks 256 pages, so that most stay untouched.
            let held = touch(bytes, PAGE.max(size / 256));
            dealloc(start, layout);
            zeroed && held
        };
        println!("{size:>9} bytes: {}", if held { "held" } else { "LOST" });
        size *= 4;
    }
}

fn growth() {
    let mut numbers: Vec<u64> = Vec::new();
    for number in 0..(1u64 << 20) {
        numbers.push(number);
    }
    let sum: u64 = numbers.iter().sum();
    numbers.truncate(10);
    numbers.shrink_to_fit();
    println!("grown to 1 Mi entries: sum {sum}, shrunk to {}", numbers.len());
}

fn many_small() {
    let mut strings: Vec<String> = (0..10_000).map(|number| format!("string {number}")).collect();
    strings.retain(|string| string.ends_with('7'));
    println!("{} strings of {} bytes", strings.len(), strings.iter().map(String::len).sum::<usize>());
}

fn aligned() {
    for alignment in [64, PAGE, 64 << 10, 2 << 20] {
        let layout = Layout::from_size_align(alignment + 1, alignment).expect("layout");
        // SAFETY: the layout has a size; the memory is freed once with the same layout.
        let address = unsafe {
            let start = alloc(layout);
            assert!(!start.is_null());
            dealloc(start, layout);
            start as usize
        };
        println!("aligned to {alignment}: {}", address % alignment == 0);
    }
}

fn refused() {
    let mut bytes: Vec<u8> = Vec::new();
    match bytes.try_reserve_exact(1 << 46) {
        Ok(()) => println!("64 TiB were granted"),
        Err(_) => println!("64 TiB are refused"),
    }
}

fn main() {
    sizes();
    growth();
    many_small();
    aligned();
    refused();
}
