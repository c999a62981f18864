#!/usr/bin/env python3
"""--schedule-seed: the same seed gives the same bytes, another seed another order of tasks, and 0 is as without it."""

import json
import tempfile
import unittest
from pathlib import Path

from tool import USAGE, ToolTest, levitate

SECONDS = 120


class Schedules(ToolTest):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def record(self, *options: str, program: str = "threads") -> bytes:
        trace = self.scratch / "trace.jsonl"
        done = levitate("record", "--timeout", str(SECONDS), "-o", trace, *options, program, seconds=SECONDS + 30)
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return trace.read_bytes()

    def interleaving(self, trace: bytes) -> tuple[tuple[int, str, str], ...]:
        events = [json.loads(line) for line in trace.splitlines()[1:-1]]
        return tuple((event["task"], event["type"], event.get("name", "")) for event in events)

    def test_zero_is_the_default_and_leaves_no_mark(self) -> None:
        plain = self.record()
        self.assertEqual(self.record("--schedule-seed", "0"), plain)
        self.assertNotIn("schedule_seed", json.loads(plain.splitlines()[0]))

    def test_a_seed_is_a_schedule(self) -> None:
        first = self.record("--schedule-seed", "7")
        self.assertEqual(self.record("--schedule-seed", "7"), first)
        self.assertEqual(json.loads(first.splitlines()[0])["schedule_seed"], 7)

    def test_other_seeds_are_other_schedules(self) -> None:
        seeds = range(8)
        found = {self.interleaving(self.record("--schedule-seed", str(seed))) for seed in seeds}
        self.assertGreaterEqual(len(found), len(seeds) - 1)

    def test_the_seed_of_the_random_bytes_moves_no_schedule(self) -> None:
        found = {
            self.interleaving(self.record("--schedule-seed", "7", "--seed", str(seed), program="stdin"))
            for seed in (0, 1)
        }
        self.assertEqual(len(found), 1)

    def test_a_recorded_schedule_is_checked_under_the_same(self) -> None:
        self.record("--schedule-seed", "7")
        done = levitate("check", "--json", self.scratch / "trace.jsonl", seconds=SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        self.assertEqual(json.loads(done.stdout)["cases"][0]["verdict"], "identical")

    def test_check_keeps_the_trace_of_the_schedule_that_it_is_told(self) -> None:
        kept = self.scratch / "kept"
        levitate("check", "--traces", kept, "--schedule-seed", "7", "threads", seconds=SECONDS)
        header = json.loads((kept / "threads.jsonl").read_bytes().splitlines()[0])
        self.assertEqual(header["schedule_seed"], 7)

    def test_other_engines_refuse_a_seed(self) -> None:
        done = levitate("run", "--engine", "native", "--schedule-seed", "7", "hello")
        self.assert_refused(done, USAGE, b"--schedule-seed", b"--engine emu")


if __name__ == "__main__":
    unittest.main()
