#!/usr/bin/env python3
"""Each form that a kernel file may have is loaded as qemu-system-aarch64 loads it: a guest that says where it finds itself
says the same on both.

    boot_test.py LEVITATE GUESTS

Exit status 77: QEMU is not installed.
"""

import gzip
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SKIPPED = 77
SECONDS = 120
QEMU = "qemu-system-aarch64"
QEMU_OPTIONS = "-M virt -cpu cortex-a72 -display none -serial stdio -monitor none -nic none -no-reboot"
ARGUMENTS = "one two=2"

TOOL = ""
GUESTS = Path()


def output_of(command: list[str]) -> list[str]:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode().splitlines()


def image(text_offset: int, image_size: int) -> bytes:
    """The guest as an arm64 Image (Linux Documentation/arch/arm64/booting.rst)."""
    code = bytearray((GUESTS / "usual.bin").read_bytes())
    struct.pack_into("<QQQ", code, 8, text_offset, image_size, 0b1010)
    code[56:60] = b"ARM\x64"
    return bytes(code)


def zboot(compression: bytes, payload: bytes) -> bytes:
    """An EFI zboot image (Linux drivers/firmware/efi/libstub/zboot-header.S), without its EFI application."""
    header = struct.pack("<4s4sIIII32s", b"MZ", b"zimg", 4096, len(payload), 0, 0, compression)
    return header.ljust(4096, b"\0") + payload + b"what follows"


class Forms(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.initramfs = self.write("initramfs", b"070701" * 1000)

    def write(self, name: str, contents: bytes) -> Path:
        file = self.scratch / name
        file.write_bytes(contents)
        return file

    def ours(self, kernel: Path, memory: str, initramfs: Path | None) -> list[str]:
        options = ["--initrd", str(initramfs)] if initramfs else []
        return output_of(
            [TOOL, "run", "--timeout", "60", "--kernel", str(kernel), "--memory", memory, "--append", ARGUMENTS, *options]
        )

    def qemus(self, kernel: Path, memory: str, initramfs: Path | None) -> list[str]:
        options = ["-initrd", str(initramfs)] if initramfs else []
        return output_of(
            [QEMU, *QEMU_OPTIONS.split(), "-m", memory, "-kernel", str(kernel), "-append", ARGUMENTS, *options]
        )

    def assert_same(self, kernel: Path, *words: str, as_qemu_loads: Path | None = None) -> None:
        """The kernel says the same on both, and the words are in it. QEMU may be given the kernel in another form."""
        for memory in ("128M", "1G"):
            for initramfs in (None, self.initramfs):
                with self.subTest(memory=memory, initramfs=initramfs):
                    ours = self.ours(kernel, memory, initramfs)
                    self.assertEqual(ours, self.qemus(as_qemu_loads or kernel, memory, initramfs))
                    self.assertIn("x0 arguments " + ARGUMENTS, ours)
                    self.assertEqual(initramfs is not None, "x0 initramfs begins with 0x0000000030373037" in ours)
                    for word in words:
                        self.assertIn(word, "\n".join(ours))

    def assert_same_elf(self, kernel: Path, *words: str) -> None:
        """The same for an ELF file, which QEMU gives neither an initramfs nor the address of the tree."""
        ours = self.ours(kernel, "256M", None)
        qemus = self.qemus(kernel, "256M", None)
        with_x0 = [line for line in ours if line.startswith("x0")]
        self.assertIn("x0 has a device tree", with_x0)
        self.assertIn("x0 arguments " + ARGUMENTS, with_x0)
        self.assertIn("x0 is 0x0000000000000000", qemus)
        self.assertEqual(
            [line for line in ours if not line.startswith("x0")], [line for line in qemus if not line.startswith("x0")]
        )
        for word in words:
            self.assertIn(word, "\n".join(ours))
        self.assertIn("x0 initramfs begins with 0x0000000030373037", self.ours(kernel, "256M", self.initramfs))

    def test_binary_without_a_header(self) -> None:
        self.assert_same(GUESTS / "usual.bin", "runs at 0x0000000040080000")

    def test_image_with_the_text_offset_of_old_kernels(self) -> None:
        self.assert_same(self.write("image", image(0x80000, 0x100000)), "runs at 0x0000000040080000")

    def test_image_with_the_text_offset_of_new_kernels(self) -> None:
        self.assert_same(self.write("image", image(0, 0x100000)), "runs at 0x0000000040200000")

    def test_image_whose_text_offset_is_in_the_first_page(self) -> None:
        self.assert_same(self.write("image", image(0x800, 0x100000)), "runs at 0x0000000040200800")

    def test_image_whose_text_offset_is_the_second_page(self) -> None:
        self.assert_same(self.write("image", image(0x1000, 0x100000)), "runs at 0x0000000040001000")

    def test_image_without_a_size(self) -> None:
        self.assert_same(self.write("image", image(0x123000, 0)), "runs at 0x0000000040080000")

    def test_image_that_reaches_behind_the_middle_of_ram(self) -> None:
        self.assert_same(self.write("image", image(0, 70 << 20)))

    def test_binary_in_gzip(self) -> None:
        packed = gzip.compress((GUESTS / "usual.bin").read_bytes())
        self.assert_same(self.write("kernel.gz", packed), "runs at 0x0000000040080000")

    def test_image_in_gzip(self) -> None:
        packed = gzip.compress(image(0, 0x100000))
        self.assert_same(self.write("Image.gz", packed), "runs at 0x0000000040200000")

    # QEMU 7.2 does not know EFI zboot: it is given what later versions make of it.
    def test_zboot_with_gzip(self) -> None:
        plain = image(0, 0x100000)
        vmlinuz = self.write("vmlinuz", zboot(b"gzip", gzip.compress(plain)))
        self.assert_same(vmlinuz, "runs at 0x0000000040200000", as_qemu_loads=self.write("Image", plain))

    def test_zboot_with_zstd(self) -> None:
        plain = self.write("Image", image(0x80000, 0x100000))
        packed = subprocess.run(["zstd", "-qc", plain], capture_output=True, check=True).stdout
        for name in (b"zstd", b"zstd22"):
            vmlinuz = self.write("vmlinuz", zboot(name, packed))
            self.assert_same(vmlinuz, "runs at 0x0000000040080000", as_qemu_loads=plain)

    def test_elf_without_room_for_a_tree_below(self) -> None:
        self.assert_same_elf(
            GUESTS / "usual.elf", "runs at 0x0000000040080000", "the start of RAM has no device tree"
        )

    def test_elf_with_room_for_a_tree_below(self) -> None:
        self.assert_same_elf(
            GUESTS / "room-for-a-tree.elf",
            "runs at 0x0000000040100000",
            "the start of RAM has a device tree",
            "the start of RAM arguments " + ARGUMENTS,
            "x0 is 0x0000000040000000",
        )

    def test_elf_at_the_start_of_ram(self) -> None:
        self.assert_same_elf(
            GUESTS / "start-of-ram.elf", "runs at 0x0000000040000000", "the start of RAM has no device tree"
        )

    def test_elf_whose_headers_are_not_for_ram(self) -> None:
        """The linker alone puts them at 0x400000, where QEMU has flash. It then leaves no tree in RAM."""
        self.assert_same_elf(GUESTS / "without-a-script.elf", "the start of RAM has no device tree")

    def test_elf_that_is_linked_to_other_addresses_than_it_is_loaded_to(self) -> None:
        self.assert_same_elf(GUESTS / "high-half.elf", "runs at 0x0000000040200000")

    def test_elf_that_is_position_independent(self) -> None:
        elf = bytearray((GUESTS / "room-for-a-tree.elf").read_bytes())
        struct.pack_into("<H", elf, 16, 3)  # e_type: ET_DYN
        self.assert_same_elf(self.write("dynamic.elf", bytes(elf)), "runs at 0x0000000040100000")


if __name__ == "__main__":
    if shutil.which(QEMU) is None:
        print(f"{QEMU} is not installed")
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    TOOL = sys.argv[1]
    GUESTS = Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])
