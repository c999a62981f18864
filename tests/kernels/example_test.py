#!/usr/bin/env python3
"""The example kernel does under QEMU what it is there for.

    example_test.py KERNEL PROGRAMS GUESTS

KERNEL is the folder of kernel.elf and kernel.bin, PROGRAMS that of the programs for it, GUESTS that of the guest programs.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from boot_files import initramfs, with_initrd
from qemu import MACHINE, QEMU, Boot, boot, require_qemu

KERNEL, PROGRAMS, GUESTS = (Path(argument) for argument in sys.argv[1:4])

INITRD = 0x4800_0000  # where QEMU puts it for a kernel that is no ELF

# README.md lists these.
LACKS = b"""\
AT_HWCAP: 0 given
AT_EXECFN: missing
AT_SYSINFO_EHDR: missing
x17 lost, v0 lost, v1 kept
FUTEX_WAIT: EAGAIN
FUTEX_WAKE: success
FUTEX_WAIT_PRIVATE: EINVAL
FUTEX_WAKE_PRIVATE: EINVAL
FUTEX_WAIT_BITSET: EINVAL
FUTEX_WAKE_BITSET: EINVAL
sigaltstack: success, and the stack is not set
brk: returns the old break, and the break moves by something else
set_robust_list: ENOSYS
rseq: ENOSYS
"""
HELLO = b"Hello, world!\n"
WAITS = b"12 turns: 0 1 2 3 0 1 2 3 0 1 2 3\n"
WAITS_STATUS = 7


def console(output: bytes, status: int) -> bytes:
    """What the kernel prints around a program's output."""
    return b"example kernel\n%sKernel panic - not syncing: Attempted to kill init! exitcode=0x%08x\n" % (output, status << 8)


class ExampleKernelTest(unittest.TestCase):
    def boot(self, program: Path, command_line: str = "") -> Boot:
        """Boots kernel.bin, to which QEMU gives the initramfs and the device tree."""
        with tempfile.NamedTemporaryFile() as archive:
            archive.write(initramfs({"init": program.read_bytes()}))
            archive.flush()
            return boot(KERNEL / "kernel.bin", "-initrd", archive.name, "-append", command_line)

    def boot_elf(self, program: Path, command_line: str = "") -> Boot:
        """Boots kernel.elf, with both put where the kernel looks for them."""
        with tempfile.TemporaryDirectory() as folder:
            tree, archive = Path(folder, "tree.dtb"), Path(folder, "initramfs")
            machine = [argument.replace("virt", f"virt,dumpdtb={tree}", 1) for argument in MACHINE]
            subprocess.run([QEMU, *machine], check=True, capture_output=True, timeout=60)
            archive.write_bytes(initramfs({"init": program.read_bytes()}))
            tree.write_bytes(with_initrd(tree.read_bytes(), INITRD, INITRD + archive.stat().st_size))
            loader = f"loader,file={archive},addr={INITRD:#x},force-raw=on"
            return boot(KERNEL / "kernel.elf", "-dtb", tree, "-device", loader, "-append", command_line)

    def assert_boot(self, done: Boot, output: bytes, status: int) -> None:
        self.assertEqual(done.console, console(output, status))
        self.assertEqual(done.status, 0, "the machine was not powered off")

    def test_runs_a_static_program(self) -> None:
        self.assert_boot(self.boot(GUESTS / "hello"), HELLO, 0)

    def test_runs_a_static_pie(self) -> None:
        self.assert_boot(self.boot(GUESTS / "hello-static-pie"), HELLO, 0)

    def test_lacks_what_the_readme_says(self) -> None:
        self.assert_boot(self.boot(PROGRAMS / "lacks"), LACKS, 0)

    def test_runs_threads_that_wait(self) -> None:
        self.assert_boot(self.boot(PROGRAMS / "waits"), WAITS, WAITS_STATUS)

    def test_runs_threads_that_wait_on_one_stack(self) -> None:
        self.assert_boot(self.boot(PROGRAMS / "waits", "one-stack"), WAITS, WAITS_STATUS)

    def test_threads_of_std_do_without_waits(self) -> None:
        done = self.boot(GUESTS / "threads", "one-stack")
        self.assertIn(b'\nname: Some("a-name-longer-than-fits")\n', done.console)
        self.assertTrue(done.console.endswith(console(b"", 0).splitlines(keepends=True)[-1]), done.console)

    def test_qemu_does_not_mind_a_misaligned_frame(self) -> None:
        self.assert_boot(self.boot(PROGRAMS / "waits", "misaligned-frame"), WAITS, WAITS_STATUS)

    def test_boots_as_an_elf(self) -> None:
        self.assert_boot(self.boot_elf(GUESTS / "hello"), HELLO, 0)
        self.assert_boot(self.boot_elf(PROGRAMS / "waits", "one-stack"), WAITS, WAITS_STATUS)

    def test_says_what_it_misses(self) -> None:
        done = boot(KERNEL / "kernel.elf")
        self.assertEqual(done.console, b"example kernel\nKernel panic - not syncing: no device tree at 0x40000000\n")


if __name__ == "__main__":
    require_qemu()
    unittest.main(argv=sys.argv[:1])
