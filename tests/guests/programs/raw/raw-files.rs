//! Files without std: what open refuses, offsets at their limits, names that are links or go away, records of folders.
#![no_std]
#![no_main]

use libsyscall::sys::ctypes::c_char;
use libsyscall::sys::general::*;
use libsyscall::*;

#[macro_use]
mod show;

const HERE: Fd = AT_FDCWD;

fn file(path: &core::ffi::CStr) -> Fd {
    openat(HERE, path, O_CREAT | O_RDWR | O_TRUNC, 0o644).unwrap()
}

fn open() {
    let folder = c"/tmp/open";
    show!(mkdirat(HERE, folder, 0o755), mkdirat(HERE, folder, 0o755), chdir(folder));
    let plain = file(c"plain");
    show!(write(plain, b"content"), symlinkat(c"plain", HERE, c"link"), symlinkat(c"loop", HERE, c"loop"));
    show!(
        openat(HERE, c"plain", O_CREAT | O_EXCL, 0o600),
        openat(HERE, c"link", O_CREAT | O_EXCL, 0o600),
        openat(HERE, c"link", O_NOFOLLOW, 0),
        openat(HERE, c"loop", O_RDONLY, 0),
        openat(HERE, c"plain", O_DIRECTORY, 0),
        openat(HERE, c"plain/", O_RDONLY, 0),
        openat(HERE, c"plain/under", O_CREAT, 0o600),
        openat(HERE, c"", O_RDONLY, 0),
        openat(HERE, c".", O_RDWR, 0),
        openat(HERE, c"new/", O_CREAT, 0o600),
        openat(HERE, c"none", O_TRUNC, 0),
        openat(plain, c"under", O_RDONLY, 0),
        openat(-1, c"relative", O_RDONLY, 0),
        openat(HERE, c".", O_TMPFILE, 0o600),
        openat(HERE, c"plain", O_TMPFILE | O_RDWR, 0o600),
    );
    let path = openat(HERE, c"link", O_PATH | O_NOFOLLOW, 0).unwrap();
    let mut buffer = [0; 16];
    show!(read(path, &mut buffer), readlinkat(path, c"", &mut buffer), fchmod(path, 0o600), fcntl(path, F_GETFL, 0));
    show!(close(path), close(path));
    let append = openat(HERE, c"plain", O_WRONLY | O_APPEND, 0).unwrap();
    show!(read(append, &mut buffer), pwrite64(append, b"++", 0), lseek(append, 0, SEEK_CUR), write(append, b"!"));
    show!(lseek(append, 0, SEEK_CUR), pread64(plain, &mut buffer, 0));
    show!(core::str::from_utf8(&buffer[..10]));
    let hidden = openat(HERE, c".", O_TMPFILE | O_RDWR, 0o600).unwrap();
    show!(write(hidden, b"x"), statx(hidden, c"", AT_EMPTY_PATH, STATX_NLINK).map(|status| status.stx_nlink));
    show!(openat(HERE, c"plain", O_TRUNC | O_WRONLY, 0).and_then(close), lseek(plain, 0, SEEK_END));
    show!(umask(0o027), openat(HERE, c"masked", O_CREAT, 0o777).and_then(close), umask(0o022));
    show!(statx(HERE, c"masked", 0, STATX_MODE).map(|status| status.stx_mode));
}

fn offsets() {
    let file = file(c"/tmp/offsets");
    let mut buffer = [0; 8];
    show!(
        write(file, b"0123456789"),
        lseek(file, -11, SEEK_CUR),
        lseek(file, i64::MAX, SEEK_SET),
        lseek(file, 1, SEEK_CUR),
        lseek(file, 0, 5),
        lseek(file, -10, SEEK_END),
        pread64(file, &mut buffer, -1),
        pread64(file, &mut buffer, i64::MAX),
        pread64(file, &mut buffer, 9),
        pread64(file, &mut buffer, 10),
        pread64(file, &mut [], 0),
        pwrite64(file, b"x", -1),
        pwrite64(file, b"xy", i64::MAX),
        ftruncate(file, -1),
        ftruncate(file, 4),
        lseek(file, 0, SEEK_CUR),
        read(file, &mut buffer),
        lseek(file, 8192, SEEK_SET),
        write(file, b"far"),
        lseek(file, 0, SEEK_DATA),
        lseek(file, 4096, SEEK_DATA),
        lseek(file, 0, SEEK_HOLE),
        lseek(file, 8195, SEEK_DATA),
        lseek(file, 8194, SEEK_HOLE),
        lseek(file, 8195, SEEK_HOLE),
        pread64(file, &mut buffer, 2),
    );
    show!(buffer);
    show!(
        fallocate(file, 0, 0, 0),
        fallocate(file, 0, -1, 1),
        fallocate(file, 0, i64::MAX, 1),
        fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 1),
        fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 20000),
        lseek(file, 0, SEEK_END),
        fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 2),
        pread64(file, &mut buffer, 8190),
    );
    show!(buffer);
    let (from, to) = pipe2(0).unwrap();
    show!(lseek(from, 0, SEEK_SET), pread64(from, &mut buffer, 0), ftruncate(to, 0), fallocate(to, 0, 0, 1));
    let input = openat(HERE, c"/tmp/offsets", O_RDONLY, 0).unwrap();
    show!(write(input, b"x"), ftruncate(input, 0), fallocate(input, 0, 0, 1), read(to, &mut buffer));
    let nowhere = core::ptr::without_provenance::<u8>(8);
    // SAFETY: the kernel finds nothing there.
    unsafe {
        show!(syscall!(__NR_read, input, nowhere, 4usize), lseek(input, 0, SEEK_CUR));
        show!(syscall!(__NR_read, input, nowhere, 0usize), syscall!(__NR_write, file, nowhere, 4usize));
        show!(syscall!(__NR_read, input, nowhere, usize::MAX), syscall!(__NR_write, 99, nowhere, 4usize));
    }
}

fn names() {
    show!(mkdirat(HERE, c"/tmp/names", 0o700), chdir(c"/tmp/names"), mkdirat(HERE, c"a/b", 0o700));
    show!(mkdirat(HERE, c"a", 0o700), mkdirat(HERE, c"a/b/", 0o700), file(c"f"), file(c"a/g"));
    show!(
        unlinkat(HERE, c"a", 0),
        unlinkat(HERE, c"f", AT_REMOVEDIR),
        unlinkat(HERE, c"a", AT_REMOVEDIR),
        unlinkat(HERE, c"a/.", AT_REMOVEDIR),
        unlinkat(HERE, c"a/..", AT_REMOVEDIR),
        unlinkat(HERE, c"f", 1),
        renameat2(HERE, c"a", HERE, c"a/b/c", 0),
        renameat2(HERE, c"a", HERE, c"f", 0),
        renameat2(HERE, c"f", HERE, c"a", 0),
        renameat2(HERE, c"a/b", HERE, c"a", 0),
        renameat2(HERE, c"f", HERE, c"a/g", RENAME_NOREPLACE),
        renameat2(HERE, c"f", HERE, c"a/b", RENAME_EXCHANGE),
        statx(HERE, c"a/b", 0, STATX_TYPE).map(|status| status.stx_mode as u32 & S_IFMT == S_IFREG),
        renameat2(HERE, c"f", HERE, c"none", RENAME_EXCHANGE),
        renameat2(HERE, c"f", HERE, c"x", RENAME_EXCHANGE | RENAME_NOREPLACE),
        renameat2(HERE, c"f", HERE, c"f", RENAME_NOREPLACE),
        renameat2(HERE, c".", HERE, c"x", 0),
        linkat(HERE, c"a", HERE, c"hard", 0),
        linkat(HERE, c"a/g", HERE, c"hard", 0),
        linkat(HERE, c"a/g", HERE, c"hard", 0),
        linkat(HERE, c"a/g", HERE, c"other", 0x800),
        renameat2(HERE, c"hard", HERE, c"a/g", 0),
        statx(HERE, c"hard", 0, STATX_NLINK).map(|status| status.stx_nlink),
        symlinkat(c"", HERE, c"empty"),
        symlinkat(c"nowhere", HERE, c"dangling"),
        symlinkat(c"nowhere", HERE, c"dangling"),
        linkat(HERE, c"dangling", HERE, c"again", 0),
        linkat(HERE, c"dangling", HERE, c"followed", AT_SYMLINK_FOLLOW),
        faccessat2(HERE, c"dangling", F_OK, 0),
        faccessat2(HERE, c"dangling", F_OK, AT_SYMLINK_NOFOLLOW),
        faccessat2(HERE, c"hard", 8, 0),
        faccessat2(HERE, c"hard", X_OK, 0),
        statx(HERE, c"hard", 0, STATX__RESERVED).err(),
        statx(HERE, c"hard", AT_STATX_SYNC_TYPE, 0).err(),
        mknodat(HERE, c"fifo", S_IFIFO | 0o600, 0),
        mknodat(HERE, c"folder", S_IFDIR | 0o600, 0),
        mknodat(HERE, c"odd", 0o170000, 0),
        openat(HERE, c"fifo", O_WRONLY | O_NONBLOCK, 0),
        openat(HERE, c"fifo", O_RDONLY | O_NONBLOCK, 0).is_ok(),
        openat(HERE, c"fifo", O_WRONLY | O_NONBLOCK, 0).is_ok(),
    );
    let mut text = [0; 4];
    show!(readlinkat(HERE, c"dangling", &mut text), text, readlinkat(HERE, c"hard", &mut text));
    show!(readlinkat(HERE, c"dangling", &mut []), readlinkat(HERE, c"none", &mut text));
    let long = [b'n'; 257];
    let mut name = [0; 257];
    for length in [255, 256] {
        name[..length].copy_from_slice(&long[..length]);
        name[length] = 0;
        let name = core::ffi::CStr::from_bytes_until_nul(&name).unwrap();
        show!(length, mkdirat(HERE, name, 0o700));
    }
}

fn folders() {
    show!(mkdirat(HERE, c"/tmp/folders", 0o700), chdir(c"/tmp/folders"));
    let mut name = *b"file-00\0";
    for number in 0..12 {
        name[5] = b'0' + number / 10;
        name[6] = b'0' + number % 10;
        close(file(core::ffi::CStr::from_bytes_with_nul(&name).unwrap())).unwrap();
    }
    let folder = openat(HERE, c".", O_DIRECTORY, 0).unwrap();
    let mut buffer = [0; 100];
    show!(getdents64(folder, &mut []), getdents64(folder, &mut buffer[..23]), getdents64(folder, &mut buffer[..24]));
    let (mut records, mut calls) = (0, 0);
    loop {
        let size = getdents64(folder, &mut buffer).unwrap();
        if size == 0 {
            break;
        }
        calls += 1;
        let mut place = 0;
        while place < size {
            place += u16::from_ne_bytes([buffer[place + 16], buffer[place + 17]]) as usize;
            records += 1;
        }
    }
    show!(records, calls, getdents64(folder, &mut buffer));
    show!(lseek(folder, 0, SEEK_SET), getdents64(folder, &mut buffer[..24]), lseek(folder, -1, SEEK_SET));
    show!(unlinkat(HERE, c"file-00", 0), unlinkat(HERE, c"file-11", 0), read(folder, &mut buffer));
    let gone = openat(HERE, c"gone", O_DIRECTORY, 0);
    show!(gone, mkdirat(HERE, c"gone", 0o700));
    let gone = openat(HERE, c"gone", O_DIRECTORY, 0).unwrap();
    show!(unlinkat(HERE, c"gone", AT_REMOVEDIR), getdents64(gone, &mut buffer), mkdirat(gone, c"in", 0o700));
    show!(openat(gone, c".", O_RDONLY, 0).is_ok(), openat(gone, c"..", O_RDONLY, 0).is_ok());
    let plain = file(c"plain");
    show!(getdents64(plain, &mut buffer), getdents64(-1, &mut buffer));
    let mut path = [0; 20];
    show!(getcwd(&mut path), getcwd(&mut path[..12]), getcwd(&mut path[..13]), getcwd(&mut []));
    show!(chdir(c"plain"), chdir(c"../none"), chdir(c""));
    // SAFETY: no memory is touched.
    show!(unsafe { syscall!(__NR_fchdir, plain) }, unsafe { syscall!(__NR_fchdir, gone) }, getcwd(&mut path));
}

fn run(arguments: &[*const c_char]) -> i32 {
    show::choose(arguments, &[(c"open", open), (c"offsets", offsets), (c"names", names), (c"folders", folders)])
}

libsyscall::main!(run, arguments);
