#!/usr/bin/env python3
"""A kernel alone: its UART is connected to stdin and stdout, and what does not go with that is refused with a remedy."""

import gzip
import os
import pty
import struct
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

from tool import HARNESS_FAULT, TOOL, USAGE, ToolTest, levitate

SECONDS = 60

# Prints a prompt, gives back what it is sent, and powers off after a 'q'.
ECHO = struct.pack(
    "<12I",
    0xD2A12001,  # mov  x1, #0x9000000
    0x528007C2,  # mov  w2, #'>'
    0x39000022,  # strb w2, [x1]
    0xB9401823,  # ldr  w3, [x1, #24]      UARTFR
    0x3727FFE3,  # tbnz w3, #4, .-4        RXFE
    0x39400022,  # ldrb w2, [x1]
    0x39000022,  # strb w2, [x1]
    0x7101C45F,  # cmp  w2, #'q'
    0x54FFFF61,  # b.ne .-20
    0xD2800100,  # mov  x0, #8
    0xF2B08000,  # movk x0, #0x8400, lsl #16
    0xD4000002,  # hvc  #0
)
PRINTS_FOR_EVER = struct.pack("<4I", 0xD2A12001, 0x52800142, 0x39000022, 0x17FFFFFF)  # '\n' in a loop


class KernelAlone(ToolTest):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.echo = self.write("echo.bin", ECHO)

    def write(self, name: str, contents: bytes) -> Path:
        file = self.scratch / name
        file.write_bytes(contents)
        return file

    def test_bytes_go_both_ways_as_they_are(self) -> None:
        sent = "Grüße\r\n".encode() + bytes(range(128, 256)) * 100 + b"\0\x03\x04q"
        done = levitate("run", "--kernel", self.echo, stdin=sent)
        self.assert_no_crash(done)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b">" + sent, b""))

    def test_prompt_is_shown_before_there_is_input(self) -> None:
        with subprocess.Popen(
            [TOOL, "run", "--timeout", "30", "--kernel", self.echo], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None and process.stdout is not None
            self.assertEqual(process.stdout.read(1), b">")
            process.stdin.write(b"aq")
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"aq")
            self.assertEqual(process.wait(SECONDS), 0)

    def test_terminal_passes_keys_on_and_is_as_before_afterwards(self) -> None:
        ours, tools = pty.openpty()
        before = termios.tcgetattr(tools)
        with subprocess.Popen(
            [TOOL, "run", "--timeout", "30", "--kernel", self.echo], stdin=tools, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.read(1), b">")
            self.assertFalse(termios.tcgetattr(tools)[3] & (termios.ICANON | termios.ECHO))
            os.write(ours, b"a\rq")  # without the end of a line behind it
            self.assertEqual(process.stdout.read(), b"a\rq")
            self.assertEqual(process.wait(SECONDS), 0)
        self.assertEqual(termios.tcgetattr(tools), before)
        os.close(ours)
        os.close(tools)

    def test_output_that_nobody_reads_ends_it(self) -> None:
        kernel = self.write("prints.bin", PRINTS_FOR_EVER)
        with subprocess.Popen(
            [TOOL, "run", "--kernel", kernel],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            self.assertEqual(process.wait(SECONDS), HARNESS_FAULT)
            self.assertIn(b"nobody reads the kernel's output", process.stderr.read())

    def test_time_limit_ends_it(self) -> None:
        done = levitate("run", "--timeout", "1", "--kernel", self.echo, stdin=b"no end")
        self.assert_refused(done, HARNESS_FAULT, b"time limit")
        self.assertEqual(done.stdout, b">no end")

    def test_what_goes_with_a_program_is_refused_without_one(self) -> None:
        self.assert_refused(levitate("run", "--kernel", self.echo, "--env", "A=b"), USAGE, b"no PROGRAM", b"--env")
        self.assert_refused(levitate("run", "--kernel", self.echo, "--gdb", "1234", "--gdb-stop", "program"), USAGE,
                            b"no PROGRAM")
        self.assert_refused(levitate("run"), USAGE, b"no PROGRAM")
        self.assert_refused(levitate("record", "-o", "/dev/null", "--kernel", self.echo), USAGE, b"no PROGRAM")

    def test_program_and_initramfs_exclude_one_another(self) -> None:
        done = levitate("run", "--kernel", self.echo, "--initrd", self.echo, "hello")
        self.assert_refused(done, USAGE, b"levitate run --kernel FILE --initrd FILE")

    def test_remedy_for_an_elf_in_gzip_leads_on(self) -> None:
        """It names what to do, and what comes of it is refused for what is wrong with that."""
        inner = self.write("not-a-kernel.elf", b"\x7fELF" + b"\0" * 100)
        packed = self.write("kernel.gz", gzip.compress(inner.read_bytes()))
        self.assert_refused(levitate("run", "--kernel", packed), HARNESS_FAULT, b"gzip -dc", b"kernel.gz > kernel.elf")
        self.assert_refused(levitate("run", "--kernel", inner), HARNESS_FAULT, b"another processor")

    def test_endless_file_is_refused(self) -> None:
        self.assert_refused(levitate("run", "--kernel", "/dev/zero"), HARNESS_FAULT, b"/dev/zero", b"more than")


if __name__ == "__main__":
    unittest.main()
