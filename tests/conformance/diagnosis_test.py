#!/usr/bin/env python3
"""What the tool says of kernels that come to a bad end, and of programs that sleep for ever.

    diagnosis_test.py BAD-ENDS SLEEPER

BAD-ENDS is the folder of tests/kernels/bad-ends' kernels, whose README says what each does. SLEEPER is a program whose two
threads wait for ever. Every run here ends by itself: a tool that hangs fails the test.
"""

import os
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from tool import DIVERGENT, HARNESS_FAULT, TOOL, ToolTest, levitate

SECONDS = 60
INSTRUCTIONS = "20000000"

# For each kernel what the last line says, and what stands in the lines before it.
EXPECTED: dict[str, tuple[str, list[str]]] = {
    "counts-for-ever": (
        r"the kernel did not start the program within 20000000 instructions: bad end: counts-for-ever",
        [r"the CPU is at EL1, PC 0x[0-9a-f]+ <counts_for_ever\+", r"<counts_for_ever\+0x\w+> +add x0, x0, #1"],
    ),
    "jumps-into-nothing": (
        r"the kernel loops for ever at 0x[0-9a-f]+ <unhandled_exception>; its last exception was instruction abort "
        r"\(translation fault, level \d\) at 0xffffff8040080000",
        [r"instruction abort .* from EL1, ESR 0x8600000\d, ELR 0xffffff8040080000, FAR 0xffffff8040080000"],
    ),
    "loops-at-exception": (
        r"the kernel takes the same exception for ever: data abort \(translation fault, level 1, write\) at 0x\w+ <push_frame>",
        [r"BRK from EL1, ESR 0xf2000001, ELR 0x\w+ <loops_at_exception\+", r"FAR 0x6ffffffff0, \d{4,} times in a row",
         r"the loop, 2 instructions:", r"<push_frame> +stp x0, x1, \[sp, #-0x10\]!"],
    ),
    "misaligned-sp": (
        r"the kernel takes the same exception for ever: SP alignment fault at 0x\w+ <push_frame>",
        [r"SP 0x\w+8 \(not a multiple of 16\), \d{4,} times in a row", r"QEMU does not check this, hardware does"],
    ),
    "never-enables-mmu": (
        r"the kernel loops for ever at 0x\w+ <unhandled_exception>; its last exception was data abort \(alignment fault, read\) "
        r"at 0x\w+ <never_enables_mmu\+",
        [r"with the MMU off all memory is Device memory"],
    ),
    "no-vectors": (
        r"the kernel takes the same exception for ever: instruction abort \(.*\) at 0x200",
        [r"0x200  \(nothing can be fetched here\)"],
    ),
    "panics": (
        r"the kernel waits for ever: Kernel panic - not syncing: VFS: Unable to mount root fs",
        [r"\| Kernel panic - not syncing", r"the CPU waits at EL1, PC 0x\w+ <panics\+"],
    ),
    "panics-and-spins": (
        r"the kernel loops for ever at 0x\w+ <\w+(\+0x\w+)?>: PANIC at frames\.cpp:71: out of memory",
        [r"the loop, 1 instruction:"],
    ),
    "polls-for-ever": (
        r"the kernel did not start the program within 20000000 instructions: bad end: polls-for-ever",
        [r"the kernel was seen at, most often first:\n +\d+× 0x\w+ <polls_for_ever\+"],
    ),
    "powers-off-early": (r"the kernel powered off: bad end: powers-off-early", [r"<powers_off_early\+\w+> +hvc #0"]),
    "resets-early": (r"the kernel reset the machine: bad end: resets-early", [r"<resets_early\+\w+> +hvc #0"]),
    "spins-masked": (
        r"the kernel loops for ever at 0x\w+ <\w+(\+0x\w+)?>: bad end: spins-masked", [r"the loop, 1 instruction:\n.* b #0x"],
    ),
    "waits-for-ever": (r"the kernel waits for ever: bad end: waits-for-ever", [r"the CPU waits at EL1"]),
    "writes-wildly": (
        r"the kernel waits for ever: written",
        [r"data abort \(external abort, write\) from EL1.*<writes_wildly\+\w+>, FAR 0xb00f000", r"nothing answers these accesses:",
         r"write of 4 bytes at 0x0b000000", r"write of 4 bytes at 0x0b00f000"],
    ),
}
# What an end is called after the limit of instructions, where that alone ends the run.
LIMITED = {"counts-for-ever", "polls-for-ever"}


class DiagnosisTest(ToolTest):
    bad_ends: Path
    sleeper: Path

    def kernel(self, name: str) -> Path:
        return self.bad_ends / f"{name}.elf"

    def test_each_bad_end_has_its_message(self) -> None:
        self.assertEqual({elf.stem for elf in self.bad_ends.glob("*.elf")}, set(EXPECTED))
        for name, (last, before) in EXPECTED.items():
            with self.subTest(name):
                limit = ["--max-instructions", INSTRUCTIONS] if name in LIMITED else []
                done = levitate("run", *limit, "--kernel", self.kernel(name), "hello", seconds=SECONDS)
                said = done.stderr.decode()
                self.assert_no_crash(done)
                self.assertEqual(done.returncode, HARNESS_FAULT, said)
                self.assertRegex(said.splitlines()[-1], "^levitate: the run did not end by itself: " + last)
                for pattern in [rf"^    \| bad end: {name}$", *before]:
                    self.assertRegex(said, re.compile(pattern, re.MULTILINE))

    def test_symbols_may_come_from_a_file_of_their_own(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            symbols = Path(folder) / "System.map"
            symbols.write_text("0000000040080000 T everything\n", encoding="utf-8")
            done = levitate("run", "--kernel", self.kernel("spins-masked"), "--kernel-symbols", symbols, "hello")
            self.assertIn(b"loops for ever at 0x4008", done.stderr)
            self.assertIn(b"<everything+0x", done.stderr)
            symbols.write_text("no symbols\n", encoding="utf-8")
            self.assert_refused(levitate("run", "--kernel-symbols", symbols, "hello"), 2, b"System.map")

    def test_console_is_kept_whole_and_shown_as_it_comes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "console"
            # One boot: --init auto would try twice.
            panics = ["--init", "harness", "--kernel", self.kernel("panics"), "hello"]
            done = levitate("run", "--kernel-log", log, *panics)
            text = b"bad end: panics\nKernel panic - not syncing: VFS: Unable to mount root fs\n"
            self.assertEqual(log.read_bytes(), text)
            self.assertNotIn(b"\n" + text, done.stderr)
            done = levitate("run", "--kernel-log", Path(folder) / "none" / "console", "hello")
            self.assert_refused(done, HARNESS_FAULT, b"--kernel-log", b"cannot be written")
        done = levitate("run", "-v", *panics)
        self.assertTrue(done.stderr.startswith(text), done.stderr)
        self.assertNotIn(b"| bad end", done.stderr)
        line = b"bad end: polls-for-ever\n"
        with subprocess.Popen([TOOL, "run", "-v", "--kernel", self.kernel("polls-for-ever"), "hello"],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as tool:
            self.assertEqual(self.read_for(tool, len(line), SECONDS), line)
            self.assertIsNone(tool.poll())
            tool.kill()

    def read_for(self, tool: subprocess.Popen[bytes], size: int, seconds: float) -> bytes:
        """What the tool says on stderr, up to `size` bytes, within this time."""
        assert tool.stderr is not None
        deadline = time.monotonic() + seconds
        said = b""
        while len(said) < size and (left := deadline - time.monotonic()) > 0:
            if select.select([tool.stderr], [], [], left)[0]:
                piece = os.read(tool.stderr.fileno(), size - len(said))
                if not piece:
                    break
                said += piece
        return said

    def test_silence_is_said_where_the_guest_is_and_the_run_goes_on(self) -> None:
        command = [TOOL, "run", "--kernel", self.kernel("polls-for-ever"), "hello"]
        with (subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as tool,
              subprocess.Popen([*command[:2], "-q", *command[2:]], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as quiet):
            start = time.monotonic()
            said = self.read_for(tool, 60, SECONDS).decode()
            self.assertGreater(time.monotonic() - start, 8)
            said += self.read_for(tool, 200, 0.5).decode()
            self.assertRegex(said, r"^levitate: nothing heard of the guest for 10 s: it is at EL1, PC 0x\w+ <polls_for_ever\+")
            self.assertIsNone(tool.poll())
            self.assertEqual(self.read_for(quiet, 1, 1), b"")
            self.assertIsNone(quiet.poll())
            tool.kill()
            quiet.kill()

    def test_record_of_a_program_that_never_started_says_so(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.jsonl"
            done = levitate("record", "-o", trace, "--kernel", self.kernel("panics"), "hello")
            self.assertEqual(done.returncode, HARNESS_FAULT)
            reason = b"the program never started: the kernel waits for ever: Kernel panic - not syncing"
            shown = levitate("show", trace)
            self.assertEqual((shown.returncode, shown.stdout), (0, b""))
            self.assertIn(reason, shown.stderr)
            differs = levitate("diff", "hello", trace)
            self.assertEqual(differs.returncode, DIVERGENT, differs.stderr)
            self.assertIn(reason, differs.stderr)
            self.assertIn(reason, differs.stdout)

    def test_check_has_no_verdict_on_a_program_that_never_started(self) -> None:
        for name in ("powers-off-early", "panics", "spins-masked", "loops-at-exception"):
            with self.subTest(name):
                done = levitate("check", "--kernel", self.kernel(name), "hello")
                self.assertEqual(done.returncode, HARNESS_FAULT, done.stdout)
                self.assertIn(b"error       the program never started: the kernel ", done.stdout)
                self.assertNotIn(b"missing call", done.stdout)
                self.assertIn(f"| bad end: {name}\n".encode(), done.stderr)

    def test_every_task_that_sleeps_is_named_with_its_call(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for command in (["run"], ["record", "-o", folder + "/trace.jsonl"]):
                with self.subTest(command[0]):
                    done = levitate(*command, self.sleeper)
                    said = done.stderr.decode()
                    self.assertEqual(done.returncode, HARNESS_FAULT, said)
                    self.assertIn("every task of the guest sleeps for ever", said.splitlines()[-1])
                    self.assertIn("  calls that have not returned, oldest first:\n", said)
                    task = r"task \d" if command[0] == "record" else "the task with TTBR0 0x.*"
                    self.assertRegex(said, rf"    {task}: read\(3, 0x\w+, 1\) from 0x")
                    self.assertRegex(said, rf"    {task}: futex\(0x\w+, ")


def main() -> None:
    DiagnosisTest.bad_ends, DiagnosisTest.sleeper = Path(sys.argv[1]), Path(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])


if __name__ == "__main__":
    main()
