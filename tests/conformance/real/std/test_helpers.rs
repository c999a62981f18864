//! What std's tests get from std's private helpers and from the crate rand.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub trait RngCore {
    fn next_u32(&mut self) -> u32;
    fn fill_bytes(&mut self, bytes: &mut [u8]);
}

/// Numbers that are the same in every run (xorshift).
pub struct Numbers(u32);

pub fn test_rng() -> Numbers {
    static MADE: AtomicU32 = AtomicU32::new(1);
    Numbers(MADE.fetch_add(1, Ordering::Relaxed).wrapping_mul(2_654_435_761) | 1)
}

impl RngCore for Numbers {
    fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next_u32() as u8);
    }
}

/// A fresh folder that goes away with this.
pub struct TempDir(PathBuf);

pub fn tmpdir() -> TempDir {
    let path = std::env::temp_dir().join(format!("std-{}-{:08x}", std::process::id(), test_rng().next_u32()));
    std::fs::create_dir(&path).unwrap();
    TempDir(path)
}

impl TempDir {
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let removed = std::fs::remove_dir_all(&self.0);
        if !std::thread::panicking() {
            removed.unwrap();
        }
    }
}
