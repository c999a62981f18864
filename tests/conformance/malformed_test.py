#!/usr/bin/env python3
"""What is wrong with an input is said, with the right status, and never ends in a crash or a hang."""

import random
import struct
import tempfile
import unittest
from pathlib import Path

from tool import DIVERGENT, GOLDENS, GUESTS, HARNESS_FAULT, NOT_EXECUTABLE, NOT_FOUND, USAGE, ToolTest, levitate

MUTATIONS = 12


class Malformed(ToolTest):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.hello = (GUESTS / "hello").read_bytes()

    def write(self, name: str, contents: bytes) -> Path:
        file = self.scratch / name
        file.write_bytes(contents)
        file.chmod(0o755)
        return file


class Programs(Malformed):
    def test_missing_program_is_not_found(self) -> None:
        self.assert_refused(levitate("run", "./no-such-program"), NOT_FOUND, b"no-such-program")

    def test_program_of_the_host_is_not_executable(self) -> None:
        foreign = bytearray(self.hello)
        struct.pack_into("<H", foreign, 18, 62)  # e_machine: EM_X86_64
        self.assert_refused(levitate("run", self.write("foreign", bytes(foreign))), NOT_EXECUTABLE, b"foreign")

    def test_text_is_not_executable(self) -> None:
        self.assert_refused(levitate("run", self.write("text", b"just text\n")), NOT_EXECUTABLE, b"text")

    def test_empty_file_is_not_executable(self) -> None:
        self.assert_refused(levitate("run", self.write("empty", b"")), NOT_EXECUTABLE, b"empty")

    def test_directory_is_not_executable(self) -> None:
        self.assert_refused(levitate("run", self.scratch), NOT_EXECUTABLE)

    def test_missing_interpreter_is_named(self) -> None:
        dynamic = (GUESTS / "hello-dynamic").read_bytes()
        other = dynamic.replace(b"/lib/ld-linux-aarch64.so.1", b"/lib/ld-nowhere-aarch64.so")
        self.assertNotEqual(other, dynamic)
        done = levitate("run", self.write("lost", other))
        self.assert_refused(done, NOT_FOUND, b"ld-nowhere-aarch64.so")

    def test_truncated_elf_ends_somehow(self) -> None:
        for size in (4, 16, 63, 64, 100, 400, 0x10000):
            with self.subTest(size=size):
                self.assert_no_crash(levitate("run", "--timeout", "20", self.write("cut", self.hello[:size])))

    def test_mutated_elf_ends_somehow(self) -> None:
        generator = random.Random(1)
        for number in range(MUTATIONS):
            mutant = bytearray(self.hello)
            # The file header and the program headers.
            for _ in range(3):
                mutant[generator.randrange(4, 0x200)] = generator.randrange(256)
            with self.subTest(number=number):
                self.assert_no_crash(levitate("run", "--timeout", "5", self.write("mutant", bytes(mutant))))


class Kernels(Malformed):
    def test_kernel_that_is_no_image_is_refused(self) -> None:
        image = self.write("image", b"not a kernel" * 100)
        self.assert_refused(levitate("run", "--kernel", image, "hello"), HARNESS_FAULT, b"image")

    def test_missing_kernel_is_refused(self) -> None:
        done = levitate("run", "--kernel", "/no/such/Image", "hello")
        self.assert_refused(done, HARNESS_FAULT, b"/no/such/Image")

    def test_kernel_that_does_nothing_ends_at_the_time_limit(self) -> None:
        # A branch to itself behind a valid header (Documentation/arm64/booting.rst).
        header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, 0x1000, 0b1010, 0, 0, 0, b"ARMd", 0)
        image = self.write("idle", header.ljust(0x1000, b"\0"))
        image.write_bytes(header + struct.pack("<I", 0x14000000) * 100)
        done = levitate("run", "--timeout", "2", "--kernel", image, "hello", seconds=60)
        self.assert_refused(done, HARNESS_FAULT)


class Traces(Malformed):
    def golden(self) -> bytes:
        return (GOLDENS / "hello" / "recording-1.jsonl").read_bytes()

    def test_missing_trace_is_refused(self) -> None:
        self.assert_refused(levitate("show", "/no/such/trace.jsonl"), HARNESS_FAULT, b"/no/such/trace.jsonl")

    def test_unknown_golden_is_refused(self) -> None:
        self.assertIn(levitate("check", "no-such-golden").returncode, (USAGE, HARNESS_FAULT, NOT_FOUND))

    def test_truncated_trace_is_no_golden(self) -> None:
        trace = self.write("cut.jsonl", self.golden()[:5000])
        done = levitate("check", trace)
        self.assert_refused(done, HARNESS_FAULT)
        self.assertIn(b"cut.jsonl", done.stdout + done.stderr)

    def test_mutated_traces_do_not_crash(self) -> None:
        generator = random.Random(2)
        whole = self.golden()
        for number in range(MUTATIONS):
            mutant = bytearray(whole)
            for _ in range(4):
                mutant[generator.randrange(len(mutant))] = generator.randrange(256)
            trace = self.write("mutant.jsonl", bytes(mutant))
            with self.subTest(number=number):
                self.assert_no_crash(levitate("show", trace))
                self.assert_no_crash(levitate("diff", GOLDENS / "hello" / "recording-1.jsonl", trace))

    def test_trace_that_cannot_be_written_is_said(self) -> None:
        done = levitate("record", "-o", "/no/such/directory/trace.jsonl", "hello")
        self.assert_refused(done, HARNESS_FAULT, b"/no/such/directory/trace.jsonl")

    def test_full_device_is_said(self) -> None:
        self.assert_refused(levitate("record", "-o", "/dev/full", "hello"), HARNESS_FAULT, b"/dev/full")


class CommandLine(Malformed):
    def test_unknown_command_is_wrong_usage(self) -> None:
        self.assert_refused(levitate("no-such-command"), USAGE)

    def test_unknown_option_is_wrong_usage(self) -> None:
        self.assert_refused(levitate("run", "--no-such-option", "hello"), USAGE)

    def test_memory_that_is_no_size_is_wrong_usage(self) -> None:
        self.assert_refused(levitate("run", "--memory", "lots", "hello"), USAGE)

    def test_no_program_is_wrong_usage(self) -> None:
        self.assert_refused(levitate("run"), USAGE)


class HostileGuests(Malformed):
    def test_endless_program_ends_at_the_time_limit(self) -> None:
        for arguments in ([], ["sleep"]):
            with self.subTest(arguments=arguments):
                done = levitate("run", "--timeout", "2", "endless", *arguments, seconds=60)
                self.assert_refused(done, HARNESS_FAULT)

    def test_stack_that_is_unmapped_is_a_segmentation_fault(self) -> None:
        done = levitate("run", "--timeout", "60", "unmap-stack")
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, 128 + 11)

    def test_garbage_as_code_gives_linux_signals(self) -> None:
        done = levitate("run", "--timeout", "60", "jump-to-garbage")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"undefined: signal 4\n", done.stdout)
        self.assertIn(b"unaligned: signal 7\n", done.stdout)

    def test_fork_without_end_is_refused(self) -> None:
        done = levitate("run", "--timeout", "100", "--memory", "128M", "fork-without-end", seconds=150)
        self.assertEqual(done.stdout, b"refused: yes, all reaped: yes\nforks again: yes\n", done.stderr)

    def test_memory_that_runs_out_comes_back(self) -> None:
        done = levitate("run", "--timeout", "100", "--memory", "128M", "fill-memory", seconds=150)
        self.assertEqual(done.stdout, b"the child was stopped: yes\nmemory is back: yes\n", done.stderr)

    def test_bad_pointers_are_efault(self) -> None:
        done = levitate("run", "--timeout", "100", "bad-pointers", seconds=150)
        self.assertEqual(
            done.stdout, b"EFAULT: 42 of 42\nshort write: 16\nevery number was tried\n", done.stderr
        )


class Divergence(Malformed):
    def test_other_program_diverges(self) -> None:
        done = levitate("check", "--program", GUESTS / "abort", "hello")
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, DIVERGENT)


if __name__ == "__main__":
    unittest.main()
