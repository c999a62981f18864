#!/usr/bin/env python3
"""The hooks of scripts/hooks let good commits through and no others, and continuous integration runs .ci/run."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_INSTALLED = 77


class Hooks(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        self.environment |= {"HOME": scratch.name, "GIT_CONFIG_NOSYSTEM": "1"}
        for name in ("scripts/hooks/pre-commit", "scripts/hooks/commit-msg", "scripts/check-format", "scripts/check-includes",
                     ".clang-format"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        self.git("init", "--quiet")
        for key, value in (("user.name", "Nobody"), ("user.email", "nobody@invalid"), ("core.hooksPath", "scripts/hooks")):
            self.git("config", key, value)
        self.write("emu/cpu.hpp", "#pragma once\n")
        self.write("emu/cpu.cpp", '#include "emu/cpu.hpp"\n')
        self.git("add", "--all")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        done = self.run_git(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)

    def run_git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )

    def accepts(self, message: str = "emu: Say what changes") -> None:
        self.git("commit", "--message", message)

    def refuses(self, words: str, message: str = "emu: Say what changes") -> None:
        done = self.run_git("commit", "--message", message)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_a_good_commit(self) -> None:
        self.accepts()

    def test_includes(self) -> None:
        self.write("emu/bus.cpp", "#include <sys/mman.h>\n")
        self.git("add", "emu/bus.cpp")
        self.refuses("emu/bus.cpp:1: ")

    def test_what_is_staged_counts_and_not_what_lies_about(self) -> None:
        self.write("emu/cpu.cpp", "#include <sys/mman.h>\n")
        self.accepts()
        self.git("add", "emu/cpu.cpp")
        self.write("emu/cpu.cpp", '#include "emu/cpu.hpp"\n')
        self.refuses("emu/cpu.cpp:1: ")

    def test_a_file_that_is_removed(self) -> None:
        self.accepts()
        self.git("rm", "--quiet", "emu/cpu.cpp")
        self.accepts()

    @unittest.skipIf(shutil.which("clang-format-19") is None, "no clang-format-19")
    def test_formatting(self) -> None:
        self.write("emu/cpu.cpp", '#include "emu/cpu.hpp"\nint  f( ) {return 1;}\n')
        self.git("add", "emu/cpu.cpp")
        self.refuses("emu/cpu.cpp:2:")

    @unittest.skipIf(shutil.which("shellcheck") is None, "no shellcheck")
    def test_shell_scripts(self) -> None:
        self.write("scripts/new", "#!/usr/bin/env bash\nrm -r $1/*\n")
        self.git("add", "scripts/new")
        self.refuses("SC2086")

    def test_subjects(self) -> None:
        self.refuses("area: What changes", "Change something")
        self.refuses("area: What changes", "emu:no space")
        self.refuses("73 characters", "emu: " + "x" * 68)
        self.accepts("vmm/cli: " + "x" * 63)
        self.git("commit", "--allow-empty", "--message", "Merge branch 'other'")


class ContinuousIntegration(unittest.TestCase):
    def test_runs_what_a_developer_runs(self) -> None:
        import yaml  # here, so that the hooks are tested without it too

        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
        self.assertEqual(set(workflow["jobs"]), {"test"})
        job = workflow["jobs"]["test"]
        self.assertEqual(job["container"], "debian:12")
        self.assertEqual([step["run"] for step in job["steps"] if "run" in step], [".ci/run"])
        self.assertEqual([entry["host"] for entry in job["strategy"]["matrix"]["include"]], ["x86-64", "arm64"])
        # YAML 1.1 reads the key "on" as true.
        self.assertIn("pull_request", workflow[True])
        self.assertTrue(os.access(ROOT / ".ci/run", os.X_OK))


if __name__ == "__main__":
    if shutil.which("git") is None:
        print("not installed: git")
        sys.exit(NOT_INSTALLED)
    unittest.main()
