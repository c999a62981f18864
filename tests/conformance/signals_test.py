#!/usr/bin/env python3
"""What Ctrl-C and kill do to the tool: it ends by the signal, and what it has by then is not lost."""

import json
import os
import pty
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from tool import TOOL, ToolTest, levitate

SECONDS = 60


def started(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    """The tool, running something that never ends by itself."""
    return subprocess.Popen([TOOL, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


class SignalsTest(ToolTest):
    def end(self, tool: "subprocess.Popen[bytes]", number: signal.Signals) -> bytes:
        """Sends the signal after a while; returns what the tool says on stderr."""
        with tool:
            try:
                tool.wait(1)
            except subprocess.TimeoutExpired:
                tool.send_signal(number)
            _, errors = tool.communicate(timeout=SECONDS)
        self.assertEqual(tool.returncode, -number, errors.decode(errors="replace"))
        return errors

    def test_run_ends_by_the_signal(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                self.assertEqual(self.end(started("run", "endless"), number), b"")

    def test_run_still_says_what_was_asked_for(self) -> None:
        self.assertIn(b"MIPS", self.end(started("run", "--stats", "endless"), signal.SIGINT))

    def test_run_that_waits_for_input_ends_too(self) -> None:
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb"), os.fdopen(reader, "rb") as nothing_yet:
            tool = subprocess.Popen([TOOL, "run", "stdin"], stdin=nothing_yet, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
            self.end(tool, signal.SIGINT)

    def test_record_leaves_a_trace_that_says_it_is_incomplete(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            trace = Path(scratch) / "endless.jsonl"
            errors = self.end(started("record", "-o", trace, "endless"), signal.SIGTERM)
            self.assertIn(b"endless.jsonl holds the run up to here", errors)
            footer = json.loads(trace.read_text(encoding="utf-8").splitlines()[-1])
            self.assertEqual((footer["end"], footer["incomplete"]), (True, "stopped"))
            shown = levitate("show", trace)
            self.assertEqual(shown.returncode, 0)
            self.assertIn(b"brk(NULL)", shown.stdout)
            self.assert_refused(levitate("check", trace), 125)

    def test_ignored_signal_stays_ignored(self) -> None:
        done = subprocess.run(["sh", "-c", 'trap "" INT; kill -INT $$; exec "$0" run hello', TOOL],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"Hello, world!\n"))

    def test_check_clears_its_progress_bar(self) -> None:
        outer, inner = pty.openpty()
        with subprocess.Popen([TOOL, "check", "threads-arenas", "threads"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=inner) as tool:
            os.close(inner)
            said = b""
            while b"0/2 threads-arenas" not in said:
                said += os.read(outer, 1024)
            tool.send_signal(signal.SIGINT)
            try:
                while part := os.read(outer, 1024):
                    said += part
            except OSError:  # a terminal without a program on its other side
                pass
        self.assertEqual(tool.returncode, -signal.SIGINT)
        self.assertTrue(said.endswith(b"\r\x1b[K"), said)


if __name__ == "__main__":
    unittest.main()
