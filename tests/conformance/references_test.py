#!/usr/bin/env python3
"""Programs without a golden: check makes the reference itself, keeps it, and finds it again.

Debian's Linux takes seconds to boot, so most tests record references on our own kernel.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from tool import DIVERGENT, GUESTS, HARNESS_FAULT, NOT_EXECUTABLE, NOT_FOUND, TOOL, USAGE, ToolTest

OWN_KERNEL = os.environ.get("LEVITATE_KERNEL", "")
FAULTY_KERNEL = sys.argv.pop() if __name__ == "__main__" else ""


class ReferencesTest(ToolTest):
    def setUp(self) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="references-test."))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.tool = self.scratch / "tool"
        shutil.copy(GUESTS / "arguments", self.tool)
        # Debian's kernel, if it has been fetched, is not fetched again.
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "levitate" / "packages"
        self.cache = self.scratch / "cache" / "levitate"
        self.cache.mkdir(parents=True)
        if cache.is_dir():
            (self.cache / "packages").symlink_to(cache)

    def levitate(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = os.environ | {"XDG_CACHE_HOME": str(self.scratch / "cache")}
        return subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, timeout=600, check=False, env=environment)

    def check(self, *arguments: str | Path, stdin: bytes = b"") -> dict[str, Any]:
        """The one case of a check that finds no divergence."""
        done = self.levitate("check", "--json", *arguments, stdin=stdin)
        self.assert_no_crash(done)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr).decode(errors="replace"))
        return json.loads(done.stdout)["cases"][0]

    def quick_check(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Where the reference came from, which is recorded on our own kernel."""
        return self.check("--reference-kernel", OWN_KERNEL, *arguments, stdin=stdin)["reference"]["origin"]

    def entries(self) -> list[Path]:
        return sorted((self.cache / "references").iterdir())

    def test_real_linux_first_and_second_time(self) -> None:
        arguments = ("--env", "LANG=C", self.tool, "--", "--flag", "")
        start = time.monotonic()
        first = self.check(*arguments, stdin=b"input")
        middle = time.monotonic()
        second = self.check(*arguments, stdin=b"input")
        self.assertLess(time.monotonic() - middle, (middle - start) / 2)
        self.assertEqual((first["reference"]["origin"], second["reference"]["origin"]), ("new", "cache"))
        self.assertEqual(second["reference"]["recordings"], 2)
        self.assertEqual(second["reference"]["engine"], "emu")
        self.assertIn("Debian", second["reference"]["kernel"])
        print(f"first {middle - start:.1f} s, second {time.monotonic() - middle:.1f} s")

        # The same reference as a golden, for which nothing has to be recorded again.
        golden = self.scratch / "goldens" / "own"
        done = self.levitate("reference", "--env", "LANG=C", "-o", golden, self.tool, "--", "--flag", "", stdin=b"input")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"from the cache", done.stdout)
        shown = self.levitate("show", "--format", "json", golden / "recording-1.jsonl.zst").stdout.splitlines()
        header = json.loads(shown[0])
        self.assertEqual(header["argv"], ["/bin/tool", "--flag", ""])
        self.assertEqual(header["envp"], ["LANG=C"])
        self.assertEqual(header["stdin"], "input")
        self.tool.unlink()
        for name in (golden, golden.parent):
            self.assertEqual(self.check(name)["reference"]["origin"], "files")

    def test_all_that_is_given_counts(self) -> None:
        beside = self.scratch / "beside"
        beside.write_text("one", encoding="utf-8")
        given: tuple[tuple[str | Path, ...], ...] = (
            (self.tool,), (self.tool, "--", "x"), ("--env", "A=B", self.tool), ("--cwd", "/tmp", self.tool),
            ("--file", f"{beside}:/beside", self.tool), ("--memory", "256M", self.tool), ("--seed", "1", self.tool))
        for arguments in given:
            with self.subTest(arguments=arguments):
                self.assertEqual(self.quick_check(*arguments), "new")
                self.assertEqual(self.quick_check(*arguments), "cache")
        self.assertEqual(self.quick_check(self.tool, stdin=b"x"), "new")
        beside.write_text("two", encoding="utf-8")
        self.assertEqual(self.quick_check("--file", f"{beside}:/beside", self.tool), "new")

    def test_damage_and_refresh(self) -> None:
        self.assertEqual(self.quick_check(self.tool), "new")
        recording = self.entries()[0] / "recording-1.jsonl.zst"
        recording.write_bytes(recording.read_bytes()[:100])
        self.assertEqual(self.quick_check(self.tool), "new")
        self.assertEqual(self.quick_check(self.tool), "cache")
        self.assertEqual(self.quick_check("--refresh", self.tool), "new")
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(self.quick_check("--cache-size", "0", self.tool, "--", "other"), "new")
        self.assertEqual(self.entries(), [])

    def test_cache_that_cannot_be_written(self) -> None:
        (self.cache / "references").write_text("a file", encoding="utf-8")
        done = self.levitate("check", "--reference-kernel", OWN_KERNEL, self.tool)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"not kept for the next time", done.stderr)

    def test_two_at_once(self) -> None:
        command = [TOOL, "check", "--reference-kernel", OWN_KERNEL, str(self.tool)]
        environment = os.environ | {"XDG_CACHE_HOME": str(self.scratch / "cache")}
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=environment) for _ in range(2)]
        for one in both:
            output, _ = one.communicate(timeout=300)
            self.assertEqual(one.returncode, 0, output)
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(self.quick_check(self.tool), "cache")

    def test_what_is_refused(self) -> None:
        refused = (
            (("check", "hello", "--", "x"), USAGE, b"a golden has its own"),
            (("check", "--env", "A=B", "hello"), USAGE, b"a golden has its own"),
            (("check", self.scratch / "absent"), USAGE, b"nor a program"),
            (("reference", "-o", self.scratch, self.tool), USAGE, b"holds something else"),
            (("reference", "-o", self.scratch / "new", self.scratch / "absent"), NOT_FOUND, b"absent"),
            (("reference", "-o", self.scratch / "new", "/bin/true"), NOT_EXECUTABLE, b"AArch64"),
            (("reference", "-o", self.scratch / "new", "--reference-kernel", self.scratch / "none", self.tool),
             HARNESS_FAULT, b"none"),
        )
        for arguments, status, word in refused:
            with self.subTest(arguments=arguments):
                done = self.levitate(*arguments)
                self.assert_no_crash(done)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(word, done.stderr + done.stdout)

    def test_a_kernel_that_does_otherwise(self) -> None:
        """A reference is held against the kernel under test as a golden is."""
        done = self.levitate("check", "--json", "--reference-kernel", OWN_KERNEL, "--kernel", FAULTY_KERNEL, "--kernel-args",
                             "fault=exit_status_wrong", self.tool)
        self.assertEqual(done.returncode, DIVERGENT, done.stderr)
        case = json.loads(done.stdout)["cases"][0]
        self.assertEqual([divergence["kind"] for divergence in case["divergences"]], ["exit"])


if __name__ == "__main__":
    unittest.main()
