"""The built tool as the tests call it. LEVITATE_TOOL names it; the other LEVITATE_ variables are its own."""

import os
import subprocess
import unittest
from pathlib import Path
from typing import Any

TOOL = os.environ.get("LEVITATE_TOOL", "levitate")
GUESTS = Path(os.environ.get("LEVITATE_GUESTS", ""))
GOLDENS = Path(os.environ.get("LEVITATE_GOLDENS", ""))

# The tool's own statuses; a guest's is its own, 128 plus the number of a signal that ended it.
DIVERGENT, USAGE, HARNESS_FAULT, NOT_EXECUTABLE, NOT_FOUND = 1, 2, 125, 126, 127


def levitate(*arguments: str | Path, seconds: float = 120, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs the tool; a tool that does not end by itself is a failed test."""
    return subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, timeout=seconds, check=False)


def record_command(case: dict[str, Any], trace: Path, *options: str) -> list[str]:
    """Records a case of cases.json as it is described there."""
    command = ["record", "-o", str(trace), *options]
    for name, value in case.get("environment", {}).items():
        command += ["--env", f"{name}={value}"]
    command += ["--cwd", case.get("working_directory", "/")]
    if case.get("randomize_addresses"):
        command.append("--randomize-addresses")
    return [*command, case["program"], *case.get("arguments", [])]


class ToolTest(unittest.TestCase):
    def assert_no_crash(self, done: subprocess.CompletedProcess[bytes]) -> None:
        """The tool itself neither died of a signal nor tripped over a sanitizer."""
        self.assertGreaterEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        for mark in (b"AddressSanitizer", b"runtime error:", b"Assertion", b"internal error", b"terminate called"):
            self.assertNotIn(mark, done.stderr)

    def assert_refused(self, done: subprocess.CompletedProcess[bytes], status: int, *words: bytes) -> None:
        """It ended with `status` and says what is wrong."""
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, status, done.stderr.decode(errors="replace"))
        for word in words:
            self.assertIn(word, done.stderr)
