#!/usr/bin/env python3
"""The man page is well formed and has every option that --help has, and bash and zsh complete.

    manual_test.py DIRECTORY    where levitate.1, levitate.bash and _levitate were built

The shells run in a terminal, in which a line is typed with the Tab key at its end.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from tool import TOOL, levitate

DIRECTORY = Path(sys.argv.pop(1)).resolve()
NOT_INSTALLED = 77
COMMANDS = ("run", "record", "check", "reference", "diff", "show", "doctor")


class ManPage(unittest.TestCase):
    def setUp(self) -> None:
        done = subprocess.run(
            ["groff", "-man", "-Tascii", "-ww", "-P-cbou", "-rLL=200n", DIRECTORY / "levitate.1"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        )
        self.warnings = done.stderr
        self.text = done.stdout

    def test_is_well_formed(self) -> None:
        self.assertEqual(self.warnings, "")

    def test_has_its_sections(self) -> None:
        titles = [line for line in self.text.splitlines() if re.fullmatch(r"[A-Z ]+", line)]
        self.assertEqual(
            titles,
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "SEE ALSO"],
        )

    def test_has_what_help_has(self) -> None:
        sections = re.split(r"^ {3}levitate (\w+)$", self.text.partition("\nCOMMANDS")[2], flags=re.MULTILINE)
        self.assertEqual(sections[1::2], list(COMMANDS))
        for command, section in zip(sections[1::2], sections[2::2], strict=True):
            shown = levitate(command, "--help").stdout.decode()
            options = re.findall(r"^  (-\S+)", shown, re.MULTILINE)
            self.assertTrue(options)
            for option in options:
                self.assertIn(f"\n       {option.replace(',', ', ')}", section, command)


class Terminal:
    """A shell in a terminal."""

    def __init__(self, command: list[str], folder: Path, set_up: str) -> None:
        environment = {
            "PATH": f"{Path(TOOL).parent}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8",
            "PS1": "", "LEVITATE_GOLDENS": str(folder / "goldens"), "LEVITATE_GUESTS": str(folder / "guests"),
        }
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        self.ask(set_up + "\n", "set up")

    def read_until(self, mark: str) -> str:
        text = ""
        end = time.monotonic() + 20
        while mark not in text:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {mark!r} in: {text!r}")
            text += os.read(self.terminal, 4096).decode(errors="replace")
        return text

    def ask(self, typed: str, name: str) -> None:
        os.write(self.terminal, f"{typed}echo 'done:' '{name}'\n".encode())
        self.read_until(f"done: {name}")

    def complete(self, line: str) -> str:
        """The line as it is after the Tab key. The keys that follow put a command before it, which prints it."""
        os.write(self.terminal, f"{line}\t\x01printf '<%s>' 'begin' \x05 'end'\n".encode())
        printed = self.read_until("<end>").rpartition("<begin>")[2]
        return " ".join(re.findall(r"<([^>]*)>", printed)[:-1])

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.terminal)


class Completion:
    """What both shells complete."""

    command: list[str]
    set_up: str

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(scratch.cleanup)
        folder = Path(scratch.name)
        for name in ("goldens/threads", "goldens/hello", "guests", "unusual-folder"):
            (folder / name).mkdir(parents=True)
        for name in ("guests/greeting", "unique-file"):
            (folder / name).touch()
        self.shell = Terminal(self.command, folder, self.set_up)
        self.addCleanup(self.shell.close)

    def completes(self, typed: str, expected: str) -> None:
        # A folder's name may go on after "/", and an option in zsh after "=".
        self.assertEqual(self.shell.complete(f"levitate {typed}").rstrip("=/"), f"levitate {expected}")

    def test_commands(self) -> None:
        for command in COMMANDS:
            self.completes(command[:-1] if command != "record" else "rec", command)

    def test_options(self) -> None:
        self.completes("--vers", "--version")
        self.completes("run --eng", "run --engine")
        self.completes("record --sched", "record --schedule-seed")
        self.completes("diff --fi", "diff --first")

    def test_values(self) -> None:
        self.completes("run --engine nat", "run --engine native")
        self.completes("run --engine=nat", "run --engine=native")
        self.completes("show --format js", "show --format json")
        self.completes("check --junit uniq", "check --junit unique-file")
        self.completes("record --root unu", "record --root unusual-folder")

    def test_goldens_and_files(self) -> None:
        self.completes("check thr", "check threads")
        self.completes("check threads hel", "check threads hello")
        self.completes("check --engine emu thr", "check --engine emu threads")
        self.completes("diff thr", "diff threads")
        self.completes("show uniq", "show unique-file")

    def test_programs_and_what_they_are_given(self) -> None:
        self.completes("run gree", "run greeting")
        self.completes("run --stats gree", "run --stats greeting")
        self.completes("run greeting uniq", "run greeting unique-file")
        # From here on options are the program's own.
        self.completes("run greeting --eng", "run greeting --eng")

    def test_the_tool_by_its_path(self) -> None:
        self.assertEqual(self.shell.complete(f"{TOOL} doc"), f"{TOOL} doctor")


class Bash(Completion, unittest.TestCase):
    command = ["bash", "--norc", "--noprofile", "-i"]
    set_up = f"source '{DIRECTORY}/levitate.bash'; bind 'set bell-style none'; PS1="


class Zsh(Completion, unittest.TestCase):
    command = ["zsh", "-f", "-i"]
    set_up = (
        f"PS1=; bindkey -e; unsetopt beep; fpath=('{DIRECTORY}' $fpath); autoload -Uz compinit; compinit -D -u;"
        " unsetopt zle_bracketed_paste"
    )


if __name__ == "__main__":
    lacking = [program for program in ("groff", "bash", "zsh") if shutil.which(program) is None]
    if lacking:
        print(f"not installed: {', '.join(lacking)}; scripts/setup test installs them")
        sys.exit(NOT_INSTALLED)
    unittest.main()
