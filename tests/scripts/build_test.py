#!/usr/bin/env python3
"""scripts/build and scripts/levitate build what has changed, in whatever order things come, and nothing else.

Both are held against a small project of their own, in which building is cheap.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

PRESETS = """{"version": 6, "configurePresets": [
    {"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/${presetName}"}]}"""

# What the project builds are the names of its sources and their texts, and which judge configuration has found.
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
find_program(JUDGE judge-of-the-test)
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/part/*.txt)
set(tool ${CMAKE_BINARY_DIR}/vmm/cli/levitate)
add_custom_command(OUTPUT ${tool}
    COMMAND ${CMAKE_SOURCE_DIR}/make-tool ${tool} "${JUDGE}" ${sources} DEPENDS make-tool ${sources} VERBATIM)
add_custom_target(levitate DEPENDS ${tool})
foreach(name IN ITEMS hello other)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/guests/${name}
        COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/tests/program.txt ${CMAKE_BINARY_DIR}/guests/${name}
        DEPENDS ${CMAKE_SOURCE_DIR}/tests/program.txt)
endforeach()
add_custom_target(guests DEPENDS ${CMAKE_BINARY_DIR}/guests/hello ${CMAKE_BINARY_DIR}/guests/other)
foreach(pair IN ITEMS guest-kernel:guest-kernel/Image levitate_init:vmm/initramfs/init/init)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 target)
    list(GET pair 1 output)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/${output} COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/${output})
    add_custom_target(${target} DEPENDS ${CMAKE_BINARY_DIR}/${output})
endforeach()
"""

MAKE_TOOL = """#!/bin/sh
tool=$1 judge=$2
shift 2
root=$(dirname "$0")
{ echo '#!/bin/sh'; echo "echo 'judge $judge'"; for file; do echo "echo '$(basename "$file") $(cat "$file")'"; done; } >"$tool"
chmod +x "$tool"
echo "$$" >>"$root/build/made"
touch "$root/build/making"
sleep "${BUILD_SECONDS-0}"
"""

SET_UP = """#!/bin/sh
build=$(dirname "$0")/../build
mkdir -p "$build"
echo "$@" >>"$build/set-up"
"""


class ScriptsTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name) / "project"
        self.programs = Path(scratch.name) / "programs"
        self.programs.mkdir()
        self.environment = os.environ | {"PATH": f"{os.environ['PATH']}:{self.programs}"}
        self.environment.pop("LEVITATE_PRESET", None)
        self.write("CMakeLists.txt", PROJECT)
        self.write("CMakePresets.json", PRESETS)
        self.write("part/one.txt", "1")
        self.write("tests/program.txt", "1")
        self.write("tests/guests/guests.list", "# name source linkage\nhello program.txt static\nother program.txt static\n")
        self.write("tests/guests/cases.json", '{"io": [{"name": "hello", "program": "hello"}, {"name": "case", "program": "other"}]}')
        self.write_program(self.root / "make-tool", MAKE_TOOL)
        # What setup installs is this machine's, and here already; that it ran is noted.
        self.write_program(self.root / "scripts/setup", SET_UP)
        for name in ("build", "levitate"):
            shutil.copy(SCRIPTS / name, self.root / "scripts" / name)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def write_program(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def run_script(self, *command: str) -> list[str]:
        done = subprocess.run(
            [self.root / "scripts" / command[0], *command[1:]],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def levitate(self) -> list[str]:
        """What the tool prints: its sources."""
        return self.run_script("levitate", "run", "hello")[1:]

    def judge(self) -> str:
        return self.run_script("levitate")[0].removeprefix("judge").strip()

    def count(self, name: str) -> int:
        file = self.root / "build" / name
        return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0

    def settle(self) -> None:
        """Builds, and lets what counts as just before a build pass."""
        self.levitate()
        time.sleep(1.1)
        self.levitate()

    def test_looks_no_further_where_nothing_has_changed(self) -> None:
        self.settle()
        before = self.count("set-up")
        self.assertEqual(self.levitate(), ["one.txt 1"])
        self.assertEqual(self.count("set-up"), before)

    def test_sees_a_source_that_changes(self) -> None:
        self.settle()
        self.write("part/one.txt", "one")
        self.assertEqual(self.levitate(), ["one.txt one"])

    def test_sees_a_source_that_changes_right_after_a_build(self) -> None:
        for text in ("a", "b", "c"):
            self.write("part/one.txt", text)
            self.assertEqual(self.levitate(), [f"one.txt {text}"])

    def test_sees_a_source_that_changes_during_a_build(self) -> None:
        self.settle()
        (self.root / "build/making").unlink()
        self.environment["BUILD_SECONDS"] = "1.5"
        self.write("part/one.txt", "early")
        with subprocess.Popen(
            [self.root / "scripts" / "levitate"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ):
            while not (self.root / "build/making").exists():
                time.sleep(0.01)
            time.sleep(0.1)  # Ninja tells times apart that differ by a clock's tick.
            self.write("part/one.txt", "late")
        self.assertEqual(self.levitate(), ["one.txt late"])

    def test_sees_a_source_that_comes_and_goes(self) -> None:
        self.settle()
        self.write("part/two.txt", "2")
        self.assertEqual(self.levitate(), ["one.txt 1", "two.txt 2"])
        self.settle()
        (self.root / "part/one.txt").unlink()
        self.assertEqual(self.levitate(), ["two.txt 2"])

    def test_asks_the_build_where_an_older_file_takes_a_place(self) -> None:
        older = self.root / "build" / "older"
        self.write("build/older", "0")
        os.utime(older, (1, 1))
        self.settle()
        before = self.count("set-up")
        shutil.copy2(older, self.root / "part/one.txt")
        self.levitate()
        self.assertEqual(self.count("set-up"), before + 1)

    def test_sees_a_description_of_the_build_that_changes(self) -> None:
        self.settle()
        self.write("CMakeLists.txt", PROJECT.replace("part/*.txt", "other/*.txt"))
        self.write("other/three.txt", "3")
        self.assertEqual(self.levitate(), ["three.txt 3"])

    def test_sees_presets_that_change(self) -> None:
        self.settle()
        given = PRESETS.replace('"generator"', '"cacheVariables": {"JUDGE": "/given"}, "generator"')
        self.write("CMakePresets.json", given)
        self.assertEqual(self.judge(), "/given")

    def test_makes_again_what_was_removed(self) -> None:
        for output in ("vmm/cli/levitate", "guest-kernel/Image", "guests/hello"):
            self.settle()
            (self.root / "build/release" / output).unlink()
            self.levitate()
            self.assertTrue((self.root / "build/release" / output).exists(), output)

    def guests(self) -> dict[str, str]:
        return {file.name: file.read_text(encoding="utf-8") for file in (self.root / "build/release/guests").iterdir()}

    def test_builds_the_guests_that_are_needed_and_keeps_those_that_are_there(self) -> None:
        self.run_script("levitate", "doctor")
        self.assertEqual(self.guests(), {})
        self.run_script("levitate", "check", "hello")
        self.assertEqual(self.guests(), {"hello": "1"})
        self.write("tests/program.txt", "2")
        self.run_script("levitate", "check", "case")
        self.assertEqual(self.guests(), {"hello": "2", "other": "2"})

    def test_builds_all_guests_where_any_may_be_needed(self) -> None:
        trace = self.root.parent / "trace.jsonl"
        trace.touch()
        for arguments in (["check", "--all"], ["check", str(trace)], ["--print-environment"]):
            with self.subTest(arguments=arguments):
                shutil.rmtree(self.root / "build", ignore_errors=True)
                self.run_script("levitate", *arguments)
                self.assertEqual(self.guests(), {"hello": "1", "other": "1"})

    def test_configures_again_when_a_program_comes(self) -> None:
        self.settle()
        self.assertEqual(self.judge(), "JUDGE-NOTFOUND")
        self.write_program(self.programs / "judge-of-the-test", "#!/bin/sh\n")
        self.run_script("build", "release", "levitate")
        self.write("part/one.txt", "1, again")
        self.assertEqual(self.judge(), str(self.programs / "judge-of-the-test"))

    def test_configures_again_when_path_leads_to_a_program(self) -> None:
        elsewhere = self.programs.parent / "elsewhere"
        self.write_program(elsewhere / "judge-of-the-test", "#!/bin/sh\n")
        self.settle()
        self.environment["PATH"] += f":{elsewhere}"
        self.run_script("build", "release", "levitate")
        self.assertEqual(self.judge(), str(elsewhere / "judge-of-the-test"))

    def test_any_order_comes_to_the_same(self) -> None:
        """A program comes after the first of three commands, whichever they are."""
        commands = (("levitate",), ("build", "release"), ("build", "release", "guests"))
        judge = self.programs / "judge-of-the-test"
        for order in itertools.permutations(commands):
            with self.subTest(order=order):
                shutil.rmtree(self.root / "build", ignore_errors=True)
                judge.unlink(missing_ok=True)
                self.run_script(*order[0])
                self.write_program(judge, "#!/bin/sh\n")
                for command in order[1:]:
                    self.run_script(*command)
                self.assertEqual(self.judge(), str(judge))

    def test_does_not_configure_again_for_a_path_where_nothing_is_missing(self) -> None:
        self.write_program(self.programs / "judge-of-the-test", "#!/bin/sh\n")
        self.settle()
        configured = (self.root / "build/release/.configured").stat().st_mtime_ns
        self.environment["PATH"] += f":{self.root}"
        self.run_script("build", "release")
        self.assertEqual((self.root / "build/release/.configured").stat().st_mtime_ns, configured)

    def test_does_not_configure_again_while_the_program_is_still_missing(self) -> None:
        self.environment["PATH"] += f":{self.root}/no-such-folder"
        self.settle()
        configured = (self.root / "build/release/.configured").stat().st_mtime_ns
        self.run_script("build", "release")
        self.assertEqual((self.root / "build/release/.configured").stat().st_mtime_ns, configured)

    def test_a_configuration_that_failed_is_tried_again(self) -> None:
        self.write("CMakeLists.txt", PROJECT + 'message(FATAL_ERROR "not yet")\n')
        failed = subprocess.run(
            [self.root / "scripts/levitate"], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )
        self.assertEqual(failed.returncode, 125)
        self.assertIn("not yet", failed.stderr)
        self.write("CMakeLists.txt", PROJECT)
        self.assertEqual(self.levitate(), ["one.txt 1"])

    def test_two_at_once_take_turns(self) -> None:
        self.environment["BUILD_SECONDS"] = "1"
        started = [
            subprocess.Popen(
                [self.root / "scripts" / name, *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
            for name, arguments in (("levitate", []), ("build", ["release"]), ("build", ["release", "levitate"]))
        ]
        for process in started:
            self.assertEqual(process.wait(), 0, process.stderr.read())
            process.stderr.close()
        self.assertEqual(self.count("made"), 1)


class EveryScript(unittest.TestCase):
    def test_builds_under_the_lock(self) -> None:
        """Only scripts/build, and what has a build tree of its own, calls CMake to build."""
        for script in sorted(SCRIPTS.iterdir()):
            if not script.is_file() or script.name in ("build", "record-goldens"):
                continue
            text = script.read_text(encoding="utf-8")
            for call in ("cmake --build", "cmake --preset", '"cmake",'):
                self.assertNotIn(call, text, script.name)


if __name__ == "__main__":
    unittest.main()
