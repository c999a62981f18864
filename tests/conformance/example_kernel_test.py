#!/usr/bin/env python3
"""Programs on a kernel that is not ours, has no fork and gets things wrong: they run, and each thing is named.

    example_kernel_test.py KERNEL PROGRAMS

KERNEL is tests/kernels/example, whose README lists what is wrong with it; PROGRAMS is the folder of the programs for it.
"""

import json
import sys
import tempfile
import unittest
from pathlib import Path

from tool import DIVERGENT, GUESTS, HARNESS_FAULT, ToolTest, levitate

KERNEL, PROGRAMS = (Path(argument) for argument in sys.argv[1:3])
DIRECT = ("--kernel", KERNEL, "--init", "direct")
# A program takes some million, the kernel included.
BOUNDED = ("--max-instructions", "200000000")

HELLO = b"Hello, world!\n"
WAITS = b"12 turns: 0 1 2 3 0 1 2 3 0 1 2 3\n"
WAITS_STATUS = 7

# What the causes are that name each thing that is wrong, by how they begin.
CAUSES = {
    "no vDSO": "AT_SYSINFO_EHDR nothing, Linux ",
    "AT_HWCAP 0": "AT_HWCAP 0, Linux ",
    "no AT_EXECFN": "AT_EXECFN nothing, Linux ",
    "x17 lost": "x17 not kept over calls",
    "v0 lost": "x17, v0 not kept over calls",
    "brk as sbrk": "brk → ",
    "sigaltstack a stub": "sigaltstack: old_stack.ss_flags 0, Linux SS_DISABLE",
    "no private waits": "futex(FUTEX_WAIT_BITSET_PRIVATE) → EINVAL, Linux: 0",
    "no private wakes": "futex(FUTEX_WAKE_PRIVATE) → EINVAL, Linux: ",
    "no bitsets": "futex(FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME) → EINVAL, Linux: 0",
    "no set_robust_list": "set_robust_list → ENOSYS, Linux: 0",
    "no rseq": "rseq ",
}


class ExampleKernelTest(ToolTest):
    def assert_program(self, output: bytes, status: int, *command: str | Path) -> bytes:
        """The program's output and status became the tool's. Returns what the tool said."""
        done = levitate(*command)
        self.assert_no_crash(done)
        self.assertEqual((done.stdout, done.returncode), (output, status), done.stderr.decode(errors="replace"))
        return done.stderr

    def test_a_program_runs_as_process_1(self) -> None:
        self.assert_program(HELLO, 0, "run", *DIRECT, GUESTS / "hello")
        self.assert_program(HELLO, 0, "run", *DIRECT, GUESTS / "hello-static-pie")
        self.assert_program(WAITS, WAITS_STATUS, "run", *DIRECT, PROGRAMS / "waits")

    def test_a_program_that_aborts_ends_by_its_signal(self) -> None:
        done = levitate("run", *DIRECT, GUESTS / "abort")
        self.assertEqual(done.returncode, 128 + 6, done.stderr)

    def test_the_rich_way_is_given_up_by_itself(self) -> None:
        said = self.assert_program(HELLO, 0, "run", "--kernel", KERNEL, "--init", "auto", GUESTS / "hello")
        self.assertIn(b"--init direct", said)
        said = self.assert_program(HELLO, 0, "run", "--kernel", KERNEL, GUESTS / "hello")
        self.assertIn(b"--init direct", said)

    def test_a_recording_has_what_the_program_did(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "waits.jsonl")
            self.assert_program(WAITS, WAITS_STATUS, "record", "-o", trace, *DIRECT, PROGRAMS / "waits")
            shown = levitate("show", trace).stdout.decode()
        self.assertIn("registers not preserved during syscall futex: x17", shown)
        self.assertEqual(shown.count("clone("), 4)
        self.assertIn("set_robust_list(", shown)
        end = f"+++ program exited with {WAITS_STATUS}, stdout {len(WAITS)} bytes, stderr 0 bytes +++\n"
        self.assertTrue(shown.endswith(end), shown[-200:])

    def test_one_stack_for_all_tasks_makes_no_difference(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            traces = [Path(folder, name) for name in ("each.jsonl", "one.jsonl")]
            for trace, words in zip(traces, ("", "one-stack")):
                self.assert_program(WAITS, WAITS_STATUS, "record", "-o", trace, *DIRECT, "--kernel-args", words,
                                    PROGRAMS / "waits")
            done = levitate("diff", *traces)
        self.assertEqual((done.returncode, done.stdout), (0, b"identical\n"))

    def test_each_thing_that_is_wrong_has_its_cause(self) -> None:
        done = levitate("check", "--json", *DIRECT, *BOUNDED, "threads")
        self.assertEqual(done.returncode, DIVERGENT, done.stderr.decode(errors="replace"))
        named = [divergence["cause"] for divergence in json.loads(done.stdout)["cases"][0]["divergences"]]
        for what, cause in CAUSES.items():
            with self.subTest(what):
                self.assertTrue(any(text.startswith(cause) for text in named), named)

    def test_a_misaligned_frame_does_not_hang(self) -> None:
        done = levitate("run", *DIRECT, *BOUNDED, "--kernel-args", "misaligned-frame", GUESTS / "hello")
        self.assert_refused(done, HARNESS_FAULT)
        self.assertEqual(done.stdout, b"")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
