#!/usr/bin/env python3
"""scripts/compare-builds sees every difference between the traces of two builds, and a build that records none."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "compare-builds"

# Stands for `levitate check --traces DIR CASE`: its trace is what lies in the build, with the kernel's text in it.
TOOL = """#!/usr/bin/env python3
import os, pathlib, sys
build = pathlib.Path(__file__).parents[2]
folder = pathlib.Path(sys.argv[sys.argv.index("--traces") + 1])
if (build / "fails").exists():
    sys.exit(125)
text = (build / "trace").read_text().replace("KERNEL", pathlib.Path(os.environ["LEVITATE_KERNEL"]).read_text())
(folder / "hello.jsonl").write_text(text)
sys.exit(1)
"""


def trace(*events: dict[str, object]) -> str:
    lines = [{"format": "levitate-trace"}, *events, {"end": True}]
    return "".join(json.dumps(line) + "\n" for line in lines)


class CompareBuilds(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.builds = [Path(scratch.name) / name for name in ("a", "b")]
        for build in self.builds:
            tool = build / "vmm" / "cli" / "levitate"
            tool.parent.mkdir(parents=True)
            tool.write_text(TOOL, encoding="utf-8")
            tool.chmod(0o755)
            (build / "guest-kernel").mkdir()
            self.set_up(build, trace({"name": "write", "time": 10, "pc": 1}))

    def set_up(self, build: Path, text: str, kernel: str = "kernel") -> None:
        (build / "trace").write_text(text, encoding="utf-8")
        (build / "guest-kernel" / "Image").write_text(kernel, encoding="utf-8")

    def compare(self, status: int, *options: str) -> str:
        command = [SCRIPT, *self.builds, "hello", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_same_bytes(self) -> None:
        self.assertIn("1 cases, 1 events: 1 the same", self.compare(0))

    def test_another_byte(self) -> None:
        self.set_up(self.builds[1], trace({"name": "write", "time": 10, "pc": 2}))
        self.assertIn("hello: differs from line 2", self.compare(1))

    def test_missing_event(self) -> None:
        self.set_up(self.builds[1], trace())
        self.assertIn("hello: differs from line 2", self.compare(1))

    def test_times_alone(self) -> None:
        self.set_up(self.builds[1], trace({"name": "write", "time": 11, "pc": 1}))
        self.assertIn("hello: times alone differ, from line 2", self.compare(1))

    def test_kernels_are_each_builds_own_unless_asked(self) -> None:
        for build, kernel in zip(self.builds, ("one", "two"), strict=True):
            self.set_up(build, trace({"kernel": "KERNEL"}), kernel)
        self.assertIn("differs", self.compare(1))
        self.assertIn("1 the same", self.compare(0, "--same-kernel"))

    def test_build_that_records_nothing(self) -> None:
        (self.builds[1] / "fails").touch()
        self.assertIn("hello: not recorded, B: status 125", self.compare(125))


if __name__ == "__main__":
    unittest.main()
