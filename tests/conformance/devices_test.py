#!/usr/bin/env python3
"""Debian's Linux, with drivers of its own, on the machine's devices: both interrupt controllers, disks, random numbers and a
console, all on virtio, with and without the legacy interface.

    devices_test.py KERNEL PROGRAM

KERNEL is the path that scripts/linux-host --print-kernel says, PROGRAM that of programs/use_devices.cpp.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tool import ToolTest, levitate

MODULES = ("drivers/virtio/virtio_mmio.ko", "drivers/block/virtio_blk.ko", "drivers/char/hw_random/virtio-rng.ko",
           "drivers/char/virtio_console.ko")
SECONDS = 240


def hash_of(contents: bytes) -> int:
    """FNV-1a, as the program has it."""
    value = 0xCBF29CE484222325
    for byte in contents:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class DevicesTest(ToolTest):
    kernel: Path
    program: Path

    def use_devices(self, *options: str | Path) -> subprocess.CompletedProcess[bytes]:
        tree = next((self.kernel.parent.parent / "lib" / "modules").iterdir()) / "kernel"
        files = [word for module in MODULES for word in ("--file", f"{tree / module}:/modules/{Path(module).name}")]
        done = levitate("run", "-v", "--kernel", self.kernel, *options, *files, self.program,
                        *(f"/modules/{Path(module).name}" for module in MODULES), seconds=SECONDS)
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace")[-2000:] + done.stdout.decode())
        self.assertNotIn(b"nothing answers", done.stderr)
        return done

    def test_disks_are_read_and_written_and_their_files_stay_as_they_are(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            first = Path(folder) / "first"
            second = Path(folder) / "second"
            first.write_bytes(bytes(index * 7 % 251 for index in range(300_000)))
            second.write_bytes(b"short" * 3000)
            for options in (("--gic", "2"), ("--gic", "3", "--virtio-version", "2")):
                with self.subTest(options=options):
                    before = first.read_bytes(), second.read_bytes()
                    said = self.use_devices(*options, "--disk", first, "--disk", second).stdout.decode()
                    # As on QEMU the first is in the last slot, where Linux looks last.
                    for name, contents in zip(("vdb", "vda"), before):
                        padded = contents + bytes(-len(contents) % 512)
                        self.assertIn(f"/dev/{name}: {len(padded)} bytes, hash {hash_of(padded):016x}\n", said)
                    self.assertEqual(said.count("keeps what is written"), 2, said)
                    self.assertEqual((first.read_bytes(), second.read_bytes()), before)

    def test_random_numbers_come_from_the_seed_and_the_console_goes_to_the_log(self) -> None:
        said = []
        for seed in ("1", "1", "2"):
            done = self.use_devices("--virtio", "rng", "--virtio", "console", "--seed", seed)
            numbers = re.search(rb"^hwrng: ([0-9a-f]{16})$", done.stdout, re.MULTILINE)
            self.assertIsNotNone(numbers, done.stdout)
            said.append(numbers and numbers[1])
            self.assertIn(b"this is the virtio console", done.stderr)
        self.assertEqual(said[0], said[1])
        self.assertNotEqual(said[0], said[2])

    def test_without_them_there_are_none(self) -> None:
        self.assertEqual(self.use_devices().stdout, b"")


if __name__ == "__main__":
    DevicesTest.program = Path(sys.argv.pop())
    DevicesTest.kernel = Path(sys.argv.pop())
    unittest.main()
