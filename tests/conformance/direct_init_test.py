#!/usr/bin/env python3
"""A program can be process 1 itself: nothing is asked of the kernel that the program does not ask.

    direct_init_test.py [LINUX_HOST]

LINUX_HOST is scripts/linux-host; with it the same is done under Debian's Linux.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tool import DIVERGENT, HARNESS_FAULT, USAGE, ToolTest, levitate

SECONDS = 300
LIMITS = ["--timeout", str(SECONDS), "--max-instructions", "4000000000"]


class DirectInit(ToolTest):
    kernel: list[str] = []

    def direct(self, *arguments: str | Path, command: str = "run", stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        done = levitate(command, *self.kernel, *LIMITS, "--init", "direct", *arguments, seconds=SECONDS, stdin=stdin)
        self.assert_no_crash(done)
        return done

    def test_output_and_status_are_the_programs(self) -> None:
        done = self.direct("hello")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"Hello, world!\n", b""))

    def test_output_streams_are_told_apart(self) -> None:
        done = self.direct("panic")
        self.assertEqual(done.returncode, 101)
        self.assertIn(b"panicked at", done.stderr)
        self.assertNotIn(b"panicked at", done.stdout)

    def test_signal_that_kills_process_1_is_taken_from_the_panic(self) -> None:
        # A signal that process 1 sends itself does not kill it, so abort falls back on a trap (man 3 abort).
        done = self.direct("abort")
        self.assertEqual((done.returncode, done.stdout), (128 + 5, b"before abort\n"))

    def test_arguments_and_environment_go_by_the_command_line(self) -> None:
        done = self.direct("--env", "A=x y", "arguments", "plain", "b c")
        shown = done.stdout.decode().splitlines()
        self.assertEqual(shown[0], 'argument 0: "/init"')
        self.assertEqual([line for line in shown if line.startswith("argument")][-2:],
                         ['argument 1: "plain"', 'argument 2: "b c"'])
        self.assertIn('environment: "A" = "x y"', shown)

    def test_program_stands_where_it_is_asked_for(self) -> None:
        done = self.direct("--init-path", "/tools/first", "arguments")
        self.assertIn(b'argument 0: "/tools/first"\n', done.stdout)

    def test_input_comes_over_the_terminal(self) -> None:
        done = self.direct("stdin", stdin=b"one\ntwo\n")
        self.assertIn(b"8 bytes", done.stdout)

    def test_trace_says_so_and_is_checked_in_the_same_way(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            trace = Path(scratch) / "hello.jsonl"
            self.assertEqual(self.direct("-o", trace, "hello", command="record").returncode, 0)
            header, *_, outcome, _ = map(json.loads, trace.read_text(encoding="utf-8").splitlines())
            self.assertEqual(header["direct_init"], "/init")
            self.assertEqual((outcome["exit_code"], outcome["stdout"]), (0, "Hello, world!\n"))
            done = levitate("check", *self.kernel, *LIMITS, trace, seconds=SECONDS)
            self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))


class Refusals(ToolTest):
    def test_surroundings_that_process_1_cannot_have_are_refused(self) -> None:
        self.assert_refused(levitate("run", "--init", "direct", "--cwd", "/tmp", "hello"), USAGE, b"--cwd")
        self.assert_refused(levitate("run", "--init", "direct", "hello", 'a "quoted" word'), USAGE, b"command line")
        self.assert_refused(levitate("run", "--init", "direct", "--init-path", "init", "hello"), USAGE, b"absolute")

    def test_kernel_that_panics_for_another_reason_has_no_status(self) -> None:
        done = levitate("run", "--init", "direct", "--kernel-args", "rdinit=/nowhere", "hello", seconds=SECONDS)
        self.assert_refused(done, HARNESS_FAULT, b"no init")


def main() -> int:
    suite = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromTestCase, (DirectInit, Refusals)))
    if len(sys.argv) > 1:
        image = subprocess.run([sys.argv[1], "--print-kernel"], capture_output=True, text=True, check=True).stdout.strip()
        on_linux = type("DirectInitOnLinux", (DirectInit,), {"kernel": ["--kernel", image]})
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(on_linux))
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else DIVERGENT


if __name__ == "__main__":
    sys.exit(main())
