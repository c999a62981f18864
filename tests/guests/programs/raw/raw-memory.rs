//! Mappings without std: what mmap refuses, how they are cut and moved, shared memory and its seals.
#![no_std]
#![no_main]

use core::ptr;

use libsyscall::sys::ctypes::{c_char, c_void};
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

const PAGE: usize = 4096;
const NONE: *mut c_void = ptr::null_mut();
const BOTH: u32 = PROT_READ | PROT_WRITE;

/// Where the cases put mappings: nothing else is there.
fn place(page: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(0x5000_0000 + page * PAGE)
}

fn map(page: usize, pages: usize, protection: u32, flags: u32) -> Result<*mut c_void> {
    // SAFETY: nothing that anybody uses is there.
    unsafe { mmap(place(page), pages * PAGE, protection, flags | MAP_FIXED, -1, 0) }
}

fn unmap(page: usize, pages: usize) -> Result<()> {
    // SAFETY: as above.
    unsafe { munmap(place(page), pages * PAGE) }
}

fn protect(page: usize, pages: usize, protection: u32) -> Result<()> {
    // SAFETY: as above.
    unsafe { mprotect(place(page), pages * PAGE, protection) }
}

fn advise(page: usize, pages: usize, advice: u32) -> Result<()> {
    // SAFETY: as above.
    unsafe { madvise(place(page), pages * PAGE, advice) }
}

/// What stands at the beginning of a page, as the kernel can read it.
fn first(page: usize) -> Result<u8> {
    let (from, to) = pipe2(0)?;
    let mut byte = [0];
    // SAFETY: the kernel answers EFAULT where nothing is.
    let written = unsafe { syscall!(__NR_write, to, place(page), 1usize) };
    let seen = written.and_then(|_| read(from, &mut byte));
    close(from)?;
    close(to)?;
    seen.map(|_| byte[0])
}

/// Puts a byte at the beginning of a page, as the kernel can write it.
fn put(page: usize, byte: u8) -> Result<usize> {
    let (from, to) = pipe2(0)?;
    write(to, &[byte])?;
    // SAFETY: the memory is the cases' own; the kernel answers EFAULT where nothing is.
    let seen = unsafe { syscall!(__NR_read, from, place(page), 1usize) };
    close(from)?;
    close(to)?;
    seen
}

fn mappings() {
    let private = MAP_PRIVATE | MAP_ANONYMOUS;
    show!(map(0, 8, BOTH, private), put(0, 1), put(7, 2), first(0), first(7), first(8));
    show!(unmap(2, 2), first(1), first(2), first(3), first(4), unmap(2, 2), unmap(0, 0));
    show!(protect(4, 2, PROT_READ), put(4, 3), first(4), put(6, 4), protect(0, 8, PROT_READ), put(0, 9), put(6, 9));
    show!(protect(4, 1, PROT_NONE), first(4), protect(4, 1, BOTH), put(4, 5), protect(4, 1, 1 << 10));
    // SAFETY: nothing that anybody uses is there.
    unsafe {
        show!(mmap(place(0), PAGE, BOTH, private | MAP_FIXED_NOREPLACE, -1, 0));
        show!(mmap(place(2), PAGE, BOTH, private | MAP_FIXED_NOREPLACE, -1, 0), first(2));
        show!(mmap(place(0).wrapping_byte_add(1), PAGE, BOTH, private | MAP_FIXED, -1, 0));
        show!(mmap(NONE, PAGE, BOTH, MAP_ANONYMOUS, -1, 0), mmap(NONE, PAGE, BOTH, MAP_ANONYMOUS | MAP_TYPE, -1, 0));
        show!(mmap(NONE, PAGE, BOTH, MAP_PRIVATE, -1, 0), mmap(NONE, PAGE, BOTH, private, 77, 0).is_ok());
        show!(mmap(NONE, PAGE, BOTH, private, -1, 100), mmap(NONE, 0, BOTH, private, -1, 0));
        show!(munmap(place(0).wrapping_byte_add(8), PAGE), mprotect(place(0).wrapping_byte_add(8), PAGE, 0));
        show!(mprotect(place(0), 10 * PAGE, PROT_READ), madvise(place(0), 10 * PAGE, MADV_DONTNEED));
    }
    show!(protect(0, 2, BOTH), put(0, 7), put(1, 8), advise(0, 1, MADV_DONTNEED), first(0), first(1));
    let mut pages = [9; 8];
    show!(mincore(place(0), 2 * PAGE, &mut pages), &pages[..2], mincore(place(0), 8 * PAGE, &mut pages));
    show!(mincore(place(0).wrapping_byte_add(1), PAGE, &mut pages), mincore(place(20), PAGE, &mut pages));
    show!(advise(0, 1, 99), advise(20, 1, MADV_NORMAL), advise(0, 1, MADV_FREE), advise(0, 1, MADV_REMOVE));
    show!(advise(1, 1, MADV_WIPEONFORK), advise(1, 1, MADV_KEEPONFORK), advise(0, 2, MADV_DONTFORK));
    show!(msync(place(0), PAGE, MS_SYNC), msync(place(0), PAGE, MS_SYNC | MS_ASYNC), msync(place(0), PAGE, 8));
    show!(msync(place(0), 20 * PAGE, MS_ASYNC), msync(place(0).wrapping_byte_add(1), PAGE, 0), msync(place(0), 0, 0));
}

fn moves() {
    let private = MAP_PRIVATE | MAP_ANONYMOUS;
    show!(map(0, 4, BOTH, private), put(0, 1), put(3, 4), map(5, 1, BOTH, private));
    let old = place(0);
    // SAFETY: nothing that anybody uses is there.
    unsafe {
        show!(mremap(old, 4 * PAGE, 5 * PAGE, 0, NONE), mremap(old, 5 * PAGE, 6 * PAGE, 0, NONE));
        show!(first(4), mremap(old, 5 * PAGE, 2 * PAGE, 0, NONE), first(1), first(2));
        show!(mremap(old, 2 * PAGE, 0, 0, NONE), mremap(old, 0, PAGE, 0, NONE), mremap(old, PAGE, PAGE, 8, NONE));
        show!(mremap(old.wrapping_byte_add(1), PAGE, PAGE, 0, NONE), mremap(place(30), PAGE, 2 * PAGE, 0, NONE));
        show!(mremap(old, 9 * PAGE, 10 * PAGE, MREMAP_MAYMOVE, NONE));
        show!(mremap(old, PAGE, PAGE, MREMAP_FIXED, place(40)));
        let fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
        show!(mremap(old, PAGE, PAGE, fixed, place(40)), first(40), first(0), first(1));
        show!(
            mremap(place(40), PAGE, 4 * PAGE, fixed, place(40)),
            mremap(place(40), 2 * PAGE, 2 * PAGE, fixed, place(41))
        );
        show!(mremap(place(40), PAGE, PAGE, fixed, place(5).wrapping_byte_add(1)));
        show!(mremap(place(40), PAGE, 2 * PAGE, fixed, place(5)), first(5), first(6), first(40));
        let kept = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
        show!(put(5, 7), mremap(place(5), PAGE, 2 * PAGE, kept, NONE));
        show!(mremap(place(5), PAGE, PAGE, kept | MREMAP_FIXED, place(50)), first(5), first(50));
        show!(map(60, 2, PROT_READ, MAP_SHARED | MAP_ANONYMOUS), put(60, 1));
        show!(mremap(place(60), 0, 2 * PAGE, fixed, place(70)), protect(70, 1, BOTH), put(70, 8), first(60));
    }
}

fn seals() {
    let file = memfd_create(c"sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING).unwrap();
    let plain = memfd_create(c"plain", 0).unwrap();
    show!(memfd_create(c"flags", 0x8000), memfd_create(c"", 0).is_ok());
    show!(fcntl(file, F_GET_SEALS, 0), fcntl(plain, F_GET_SEALS, 0), fcntl(plain, F_ADD_SEALS, 0));
    show!(
        write(file, b"content"),
        fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK as usize),
        ftruncate(file, 3),
        ftruncate(file, 9)
    );
    show!(
        fcntl(file, F_ADD_SEALS, F_SEAL_GROW as usize),
        ftruncate(file, 10),
        pwrite64(file, b"++", 8),
        pwrite64(file, b"+", 8)
    );
    show!(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1), fallocate(file, 0, 0, 20000));
    // SAFETY: nothing that anybody uses is there.
    unsafe {
        let shared = |protection| mmap(place(0), PAGE, protection, MAP_SHARED | MAP_FIXED, file, 0);
        show!(shared(BOTH), put(0, b'C'), fcntl(file, F_ADD_SEALS, F_SEAL_WRITE as usize));
        show!(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE as usize), put(0, b'D'), write(file, b"x"), unmap(0, 1));
        show!(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE as usize), shared(BOTH), shared(PROT_READ), protect(0, 1, BOTH));
        show!(first(0), mmap(place(1), PAGE, BOTH, MAP_PRIVATE | MAP_FIXED, file, 0), put(1, 9), first(0));
        show!(
            pwrite64(file, b"x", 0),
            pwrite64(file, b"", 0),
            fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1)
        );
        show!(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL as usize), fcntl(file, F_ADD_SEALS, 0), fcntl(file, F_GET_SEALS, 0));
        show!(
            mmap(place(2), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, plain, 0),
            first(2),
            ftruncate(plain, 1),
            first(2)
        );
        show!(mmap(place(3), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, plain, 1), ftruncate(plain, 0), first(2));
        show!(mmap(place(3), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, plain, i64::MAX - 4095));
        let (from, _) = pipe2(0).unwrap();
        show!(
            mmap(NONE, PAGE, PROT_READ, MAP_PRIVATE, from, 0),
            mmap(NONE, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 30, plain, 0)
        );
        let writer = openat(AT_FDCWD, c"/tmp/writer", O_CREAT | O_WRONLY, 0o600).unwrap();
        let reader = openat(AT_FDCWD, c"/tmp/writer", O_RDONLY, 0).unwrap();
        show!(mmap(NONE, PAGE, PROT_READ, MAP_SHARED, writer, 0), mmap(NONE, PAGE, BOTH, MAP_SHARED, reader, 0));
        show!(mmap(place(9), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, reader, 0), protect(9, 1, BOTH));
        show!(mmap(place(9), PAGE, BOTH, MAP_PRIVATE | MAP_FIXED, reader, 0), put(9, 1));
    }
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"mappings", mappings), (c"moves", moves), (c"seals", seals)])
}

libsyscall::main!(run, arguments);
