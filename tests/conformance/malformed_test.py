#!/usr/bin/env python3
"""What is wrong with an input is said, with the right status, and never ends in a crash or a hang."""

import json
import random
import struct
import tempfile
import unittest
from pathlib import Path
from typing import Any

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


class Verdicts(Malformed):
    """What ends a run that does not end by itself decides whether there is a verdict."""

    def check(self, *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        junit = self.scratch / "junit.xml"
        done = levitate("check", "--json", "--junit", junit, *arguments)
        self.assert_no_crash(done)
        return done.returncode, json.loads(done.stdout)["cases"][0], junit.read_text(encoding="utf-8")

    def test_limit_of_instructions_is_a_divergence(self) -> None:
        status, case, junit = self.check("--max-instructions", "20000000", "--program", GUESTS / "endless", "hello")
        self.assertEqual((status, case["verdict"]), (DIVERGENT, "stale"))
        self.assertIn("did not end within 20000000 instructions", junit)
        self.assertIn("<failure", junit)

    def test_tasks_that_sleep_for_ever_are_a_divergence(self) -> None:
        done = levitate("record", "-o", self.scratch / "end.jsonl", "unmap-stack")
        self.assert_no_crash(done)
        sleeper = self.write("unmap-stack", (GUESTS / "endless").read_bytes())
        lines = (self.scratch / "end.jsonl").read_text(encoding="utf-8").splitlines()
        header = json.loads(lines[0]) | {"argv": ["endless", "sleep"]}
        golden = self.write("golden.jsonl", "\n".join([json.dumps(header), *lines[1:], ""]).encode())
        status, case, junit = self.check("--program", sleeper, golden)
        self.assertEqual((status, case["verdict"]), (DIVERGENT, "stale"))
        self.assertIn("every task of the guest sleeps for ever", junit)

    def test_time_limit_of_the_host_is_none(self) -> None:
        status, case, junit = self.check("--timeout", "0.001", "hello")
        self.assertEqual((status, case["verdict"]), (HARNESS_FAULT, "error"))
        self.assertIn("time limit", case["message"])
        self.assertNotIn("divergence", case)
        self.assertIn("<error message=", junit)
        self.assertIn("time limit", junit)
        self.assertIn('failures="0" errors="1"', junit)

    def test_what_differs_before_a_time_limit_is_said(self) -> None:
        status, case, junit = self.check("--timeout", "2", "--program", GUESTS / "endless", "hello")
        self.assertEqual((status, case["verdict"]), (HARNESS_FAULT, "error"))
        self.assertEqual(case["divergence"]["kind"], "auxv")
        self.assertIn('failures="0" errors="1"', junit)

    def test_kernel_that_never_starts_the_program_is_none(self) -> None:
        # As in Kernels: a branch to itself behind a valid header.
        image = self.write("image", struct.pack("<2I6QII", 0x14000000, 0, 0, 0x10000, 0, 0, 0, 0, 0x644D5241, 0))
        status, case, _ = self.check("--kernel", image, "--max-instructions", "1000000", "hello")
        self.assertEqual((status, case["verdict"]), (HARNESS_FAULT, "error"))
        self.assertIn("the program never started: the kernel loops for ever", case["message"])


class Divergence(Malformed):
    def test_other_program_diverges(self) -> None:
        done = levitate("check", "--program", GUESTS / "abort", "hello")
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, DIVERGENT)


if __name__ == "__main__":
    unittest.main()
