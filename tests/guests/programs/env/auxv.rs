//! The auxiliary vector by getauxval(3) and by /proc/self/auxv: the two must agree. Values that mean the
//! same on every run are printed; addresses are followed or only said to be there.

use std::ffi::{c_char, c_ulong, CStr};
use std::fs;

extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
}

/// Names of include/uapi/linux/auxvec.h and asm/auxvec.h.
const NAMES: [(u64, &str); 24] = [
    (3, "PHDR"),
    (4, "PHENT"),
    (5, "PHNUM"),
    (6, "PAGESZ"),
    (7, "BASE"),
    (8, "FLAGS"),
    (9, "ENTRY"),
    (11, "UID"),
    (12, "EUID"),
    (13, "GID"),
    (14, "EGID"),
    (15, "PLATFORM"),
    (16, "HWCAP"),
    (17, "CLKTCK"),
    (23, "SECURE"),
    (24, "BASE_PLATFORM"),
    (25, "RANDOM"),
    (26, "HWCAP2"),
    (27, "RSEQ_FEATURE_SIZE"),
    (28, "RSEQ_ALIGN"),
    (29, "HWCAP3"),
    (31, "EXECFN"),
    (33, "SYSINFO_EHDR"),
    (51, "MINSIGSTKSZ"),
];

fn name_of(kind: u64) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == kind).map_or("?", |(_, name)| name)
}

fn describe(name: &str, value: u64) -> String {
    match name {
        "PLATFORM" | "EXECFN" => {
            // SAFETY: the kernel puts the address of a NUL-terminated string on the stack into these entries.
            let text = unsafe { CStr::from_ptr(value as *const c_char) };
            format!("{text:?}")
        }
        "SYSINFO_EHDR" => {
            // SAFETY: the entry is the address of the vDSO, a mapped ELF image.
            let magic = unsafe { std::slice::from_raw_parts(value as *const u8, 4) };
            format!("{}", magic.escape_ascii())
        }
        "PHDR" | "ENTRY" | "RANDOM" => format!("an address: {}", value != 0),
        "BASE" => format!("an interpreter: {}", value != 0),
        _ => format!("{value:#x}"),
    }
}

fn main() {
    let raw = fs::read("/proc/self/auxv").expect("/proc/self/auxv");
    println!("{} bytes", raw.len());
    let words: Vec<u64> =
        raw.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("8 bytes"))).collect();
    for entry in words.chunks_exact(2).take_while(|entry| entry[0] != 0) {
        let (kind, value) = (entry[0], entry[1]);
        // SAFETY: getauxval has no preconditions.
        let agrees = unsafe { getauxval(kind) } == value;
        let name = name_of(kind);
        println!("{kind:>2} {name}: {}{}", describe(name, value), if agrees { "" } else { " DISAGREES" });
    }
    println!("ends with a null entry: {}", words.ends_with(&[0, 0]));
}
