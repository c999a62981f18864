#!/usr/bin/env python3
"""A program that writes init's frames to the console is not believed: what it really does is what is reported."""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

from tool import ToolTest, levitate

SECONDS = 300
STATUS, STDOUT = 7, b"before\nafter\n"
KERNEL = ["--kernel", os.environ["LEVITATE_FORGERY_KERNEL"]] if "LEVITATE_FORGERY_KERNEL" in os.environ else []


class Forgery(ToolTest):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def assert_real_outcome(self, trace: Path) -> None:
        outcome = json.loads(trace.read_text(encoding="utf-8").splitlines()[-2])
        self.assertEqual(outcome["type"], "outcome")
        self.assertEqual((outcome["exit_code"], outcome["stdout"]), (STATUS, STDOUT.decode()))

    def test_run(self) -> None:
        done = levitate("run", *KERNEL, "--timeout", str(SECONDS), "forge-frames", seconds=SECONDS)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (STATUS, STDOUT, b""))

    def test_record_and_check(self) -> None:
        trace = self.scratch / "forge-frames.jsonl"
        done = levitate("record", *KERNEL, "--timeout", str(SECONDS), "-o", trace, "forge-frames", seconds=SECONDS)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (STATUS, STDOUT, b""))
        self.assert_real_outcome(trace)
        kept = self.scratch / "kept"
        done = levitate("check", *KERNEL, "--timeout", str(SECONDS), "--traces", kept, trace, seconds=SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        self.assert_real_outcome(kept / "forge-frames.jsonl")


    def test_call_without_the_key_is_the_programs_own(self) -> None:
        trace = self.scratch / "channel.jsonl"
        done = levitate("run", *KERNEL, "--timeout", str(SECONDS), CALLER, seconds=SECONDS)
        self.assertEqual((done.returncode, done.stdout), (STATUS, b"written\n"))
        done = levitate("record", *KERNEL, "--timeout", str(SECONDS), "-o", trace, CALLER, seconds=SECONDS)
        self.assertEqual((done.returncode, done.stdout), (STATUS, b"written\n"))
        calls = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()[1:-1]]
        results = {call["number"]: call.get("result") for call in calls if call["type"] == "syscall"}
        self.assertEqual((results[0x4C560000], results[64]), (-38, 8))


if __name__ == "__main__":
    CALLER = sys.argv.pop(1)
    unittest.main()
