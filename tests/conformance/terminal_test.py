#!/usr/bin/env python3
"""`run` at a terminal: the program has one too, and gets the tool's signals; the tool's is restored at every end."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest
from pathlib import Path

from tool import TOOL, ToolTest, levitate

SECONDS = 60


class AtTerminal:
    """The tool as the leader of a session of its own, on a new terminal."""

    def __init__(self, *arguments: str | Path, rows: int = 24, columns: int = 80) -> None:
        self.outer, self.inner = pty.openpty()
        self.set_window(rows, columns)
        self.before = termios.tcgetattr(self.inner)
        self.said = b""
        environment = {**os.environ, "TERM": "vt220"}
        self.tool = subprocess.Popen([TOOL, "run", *arguments], stdin=self.inner, stdout=self.inner,
                                     stderr=self.inner, env=environment, start_new_session=True,
                                     preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def set_window(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.outer, keys)

    def read(self, seconds: float) -> None:
        if select.select([self.outer], [], [], seconds)[0]:
            self.said += os.read(self.outer, 4096)

    def wait_for(self, text: bytes) -> None:
        end = time.monotonic() + SECONDS
        while text not in self.said:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} does not come after {self.said!r}")
            self.read(0.2)

    def end(self) -> int:
        status = self.tool.wait(SECONDS)
        while select.select([self.outer], [], [], 0.1)[0]:
            self.said += os.read(self.outer, 4096)
        return status

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.inner) == self.before

    def close(self) -> None:
        self.tool.kill()
        self.tool.wait()
        os.close(self.inner)
        os.close(self.outer)


class TerminalTest(ToolTest):
    program: Path

    def at_terminal(self, *arguments: str, rows: int = 24, columns: int = 80) -> AtTerminal:
        there = AtTerminal(self.program, *arguments, rows=rows, columns=columns)
        self.addCleanup(there.close)
        return there

    def test_lines_are_edited_in_the_guest(self) -> None:
        there = self.at_terminal("lines")
        there.wait_for(b"window")
        there.type(b"hellp\x7fo\r")
        there.wait_for(b"line hello\r\n")
        there.type(b"\x04")
        self.assertEqual(there.end(), 7)
        self.assertEqual(there.said, b"terminals 111, /dev/pts/0, controlling 1, TERM vt220\r\nwindow 24 x 80\r\n"
                                     b"hellp\x08 \x08o\r\nline hello\r\nend of file\r\n")
        self.assertTrue(there.is_restored())

    def test_keys_signals_and_sizes_reach_the_program(self) -> None:
        there = self.at_terminal("signals", rows=30, columns=100)
        there.wait_for(b"ready\r\n")
        self.assertIn(b"window 30 x 100", there.said)
        there.type(b"\x03")
        there.wait_for(b"^Csignal 2\r\n")
        there.type(b"\x1c")
        there.wait_for(b"^\\signal 3\r\n")
        there.set_window(11, 22)
        there.wait_for(b"signal 28\r\nwindow 11 x 22\r\n")
        there.tool.send_signal(signal.SIGHUP)
        there.wait_for(b"signal 1\r\n")
        there.tool.send_signal(signal.SIGTERM)
        there.wait_for(b"signal 15\r\n")
        self.assertEqual(there.end(), 7)
        self.assertTrue(there.is_restored())

    def test_a_program_that_a_key_kills_ends_the_tool_by_that_signal(self) -> None:
        there = self.at_terminal("ever")
        there.wait_for(b"ready\r\n")
        there.type(b"\x03")
        self.assertEqual(there.end(), 128 + signal.SIGINT)
        self.assertTrue(there.is_restored())

    def test_the_terminal_is_restored_when_the_tool_is_killed(self) -> None:
        for number in (signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR1):
            with self.subTest(number):
                there = self.at_terminal("lines")
                there.wait_for(b"window 24 x 80\r\n")
                there.tool.send_signal(number)
                self.assertEqual(there.end(), -number)
                self.assertTrue(there.is_restored())

    def test_streams_that_are_no_terminal_stay_pipes(self) -> None:
        there_outer, there = pty.openpty()
        done = subprocess.run([TOOL, "run", self.program], stdin=there, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        os.close(there)
        os.close(there_outer)
        self.assertEqual(done.returncode, 7)
        self.assertIn(b"terminals 100, /dev/pts/0", done.stdout)
        self.assertTrue(done.stdout.endswith(b"\n") and b"\r" not in done.stdout)

    def test_without_a_terminal_there_is_none(self) -> None:
        done = levitate("run", self.program)
        self.assertEqual(done.stdout, b"terminals 000, none, controlling 0, TERM none\nwindow 0 x 0\n")

    def test_signals_wake_a_program_that_waits_for_nothing_else(self) -> None:
        for what, said in (("signals", b"signal 2\n"), ("handler", b"handled 2\n")):
            with self.subTest(what), subprocess.Popen([TOOL, "run", self.program, what], stdin=subprocess.DEVNULL,
                                                      stdout=subprocess.PIPE) as tool:
                assert tool.stdout is not None
                while tool.stdout.readline() != b"ready\n":
                    pass
                time.sleep(1)
                tool.send_signal(signal.SIGINT)
                self.assertEqual(tool.stdout.readline(), said)
                if what == "signals":  # which goes on after the first
                    tool.send_signal(signal.SIGTERM)
                self.assertEqual(tool.wait(SECONDS), 7)

    def test_a_program_that_nothing_can_wake_is_still_called_so(self) -> None:
        done = levitate("run", self.program, "ever")
        self.assert_refused(done, 125, b"every task of the guest sleeps for ever")


if __name__ == "__main__":
    TerminalTest.program = Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
