#!/usr/bin/env python3
"""What `levitate check` says of a divergence: the guest's backtrace with Rust's names and the source's lines.

    backtrace_test.py FAULTY-KERNEL

FAULTY-KERNEL is a guest kernel that is configured with LEVITATE_FAULTS=ON.
"""

import json
import sys
import unittest
from pathlib import Path
from typing import Any

from tool import DIVERGENT, ToolTest, levitate

SOURCES = Path(__file__).resolve().parent.parent / "guests" / "programs"

Frame = dict[str, Any]


class BacktraceTest(ToolTest):
    faulty_kernel: Path

    def check(self, fault: str, case: str, *options: str) -> str:
        done = levitate("check", *options, "--kernel", self.faulty_kernel, "--kernel-args", f"fault={fault}", case)
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, DIVERGENT, done.stderr.decode(errors="replace"))
        return done.stdout.decode()

    def backtrace(self, fault: str, case: str) -> list[Frame]:
        frames: list[Frame] = json.loads(self.check(fault, case, "--json"))["cases"][0]["divergence"]["backtrace"]
        self.assertTrue(frames)
        return frames

    def assert_stands_at(self, frames: list[Frame], function: str, source: str, text: str) -> None:
        """The frame of `function` stands on a line of the guest's source that holds `text`."""
        frame = next((frame for frame in frames if frame["function"].startswith(function)), None)
        if frame is None:
            self.fail(f"no {function} in {[frame['function'] for frame in frames]}")
        self.assertTrue(frame["file"].endswith(source), frame)
        lines = (SOURCES / source).read_text(encoding="utf-8").splitlines()
        self.assertIn(text, lines[frame["line"] - 1], frame)

    def test_frames_lead_from_the_call_to_main(self) -> None:
        frames = self.backtrace("wait_status_wrong", "spawn")
        self.assert_stands_at(frames, "spawn::parent", "process/spawn.rs", ".status()")
        self.assert_stands_at(frames, "spawn::main", "process/spawn.rs", "parent(")
        functions = [frame["function"] for frame in frames]
        self.assertEqual(functions[0], "__wait4")
        self.assertLess(functions.index("<std::process::Command>::status"), functions.index("spawn::parent"))
        self.assertLess(functions.index("spawn::parent"), functions.index("spawn::main"))
        self.assertEqual(functions[-1], "_start")

    def test_thread_has_its_own_stack(self) -> None:
        frames = self.backtrace("futex_rejects_private", "threads")
        self.assert_stands_at(frames, "threads::condition::", "thread/threads.rs", "changed.wait(current)")
        self.assertNotIn("threads::main", [frame["function"] for frame in frames])

    def test_standard_library_has_its_inlined_functions(self) -> None:
        frames = self.backtrace("short_write", "hello")
        functions = [frame["function"] for frame in frames]
        self.assertIn("<std::sys::fd::unix::FileDesc>::write", functions)
        self.assertIn("std::io::stdio::_print", functions)

    def test_libraries_of_a_dynamic_program_have_names(self) -> None:
        frames = self.backtrace("short_write", "hello-dynamic")
        functions = [frame["function"] for frame in frames]
        self.assertIn("std::io::stdio::_print", functions)
        self.assertTrue({"write", "__write", "__libc_write"} & set(functions), functions)

    def test_text_has_it_below_the_two_events(self) -> None:
        lines = self.check("wait_status_wrong", "spawn").splitlines()
        marked = next(index for index, line in enumerate(lines) if line.startswith("  > status "))
        main = next(index for index, line in enumerate(lines) if " in spawn::main at guests/programs/process/spawn.rs:" in line)
        self.assertLess(marked, main)

    def test_program_that_ends_differently_is_seen_at_its_exit(self) -> None:
        functions = [frame["function"] for frame in self.backtrace("exit_status_wrong", "hello")]
        self.assertIn(functions[0], {"_exit", "__run_exit_handlers"})


if __name__ == "__main__":
    BacktraceTest.faulty_kernel = Path(sys.argv[1])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
