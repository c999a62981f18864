"""Kernels with mutants: a copy of the source that is built, its images, and the cases that are checked on them."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import selectable
from places import Mutant

ROOT = Path(__file__).resolve().parents[3]
KERNEL = ROOT / "guest-kernel"
MARK = b"levitate chosen mutant:\0"
TELL = 0xFFFFFFFE
# What chosen.cpp has room for.
PLACES = 8192
# A mutant may hang the machine. No case takes a tenth of this even on a busy host.
LIMITS = ("--timeout=300",)
CONFORMANT = ("identical", "equivalent")

CMAKE = """
target_sources(kernel PRIVATE {source}/chosen.cpp)
target_include_directories(kernel PRIVATE {source})
"""


class Verdict(NamedTuple):
    name: str
    is_conformant: bool


def check(settings: dict[str, str], image: Path, cases: list[str], *options: str) -> list[Verdict]:
    """What `levitate check` says of the cases on this image."""
    environment = settings | {"LEVITATE_KERNEL": str(image)}
    command = [settings["LEVITATE_TOOL"], "check", "--json", "--first", *LIMITS, *options, *cases]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        results = json.loads(done.stdout)["cases"]
    except (json.JSONDecodeError, KeyError):
        sys.exit(f"mutate-kernel: {shlex.join(command)} says no verdict\n{done.stderr[-4000:]}")
    return [Verdict(result["name"], result["verdict"] in CONFORMANT) for result in results]


def noticed_by(settings: dict[str, str], image: Path, cases: list[str]) -> list[str]:
    """The first cases that are not as with Linux, in the order given. The first is checked alone: it mostly does."""
    start, size = 0, 1
    while start < len(cases):
        verdicts = check(settings, image, cases[start : start + size])
        if noticed := [verdict.name for verdict in verdicts if not verdict.is_conformant]:
            return noticed
        start += size
        size = min(2 * size, 12)
    return []


def places_reached(settings: dict[str, str], image: Path, case: str) -> tuple[Verdict, set[int]]:
    """To which mutants' places the case comes, on an image that tells. Not those before there is a console."""
    with tempfile.NamedTemporaryFile() as log:
        verdict = check(settings, image, [case], f"--kernel-log={log.name}")[0]
        text = Path(log.name).read_text(errors="replace")
    return verdict, {int(mutant) for mutant in re.findall(r"^reached mutant (\d+)\r?$", text, re.M)}


class Tree:
    """A copy of the kernel's source, in which all mutants that can be are chosen at boot; others are built in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copytree(KERNEL, folder / "guest-kernel")
        shutil.copytree(ROOT / "traces" / "abi", folder / "traces" / "abi")
        shutil.copytree(ROOT / "cmake", folder / "cmake")
        with (folder / "guest-kernel" / "CMakeLists.txt").open("a", encoding="utf-8") as project:
            project.write(CMAKE.format(source=shlex.quote(str(Path(__file__).parent))))
        toolchain = ROOT / "cmake" / "toolchain-aarch64.cmake"
        configure = ["cmake", "-G", "Ninja", "-S", "guest-kernel", "-B", "build", f"--toolchain={toolchain}"]
        # Building is most of the work here, so it is made cheap.
        cheap = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"]
        self.must(self.call([*configure, *cheap, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]))
        self.entries = {
            str(Path(entry["file"]).relative_to(folder / "guest-kernel")): shlex.split(entry["command"])
            for entry in json.loads((folder / "build" / "compile_commands.json").read_text())
            if Path(entry["file"]).is_relative_to(folder / "guest-kernel")
        }

    def call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def must(self, done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode != 0:
            sys.exit(f"mutate-kernel: {shlex.join(done.args)} failed\n{done.stdout[-4000:]}{done.stderr[-4000:]}")

    def syntax_arguments(self) -> dict[str, list[str]]:
        """What clang is to be told of each source, by its path below guest-kernel."""
        includes = ["--target=aarch64-linux-gnu", f"-I{KERNEL}", f"-I{ROOT}"]
        wanted = ("-I", "-D", "-std", "-f", "-mgeneral")
        return {
            path: [*includes, *(word for word in words if word.startswith(wanted))]
            for path, words in self.entries.items()
        }

    def source(self, path: str) -> Path:
        return self.folder / "guest-kernel" / path

    def compiles(self, path: str) -> bool:
        words = self.entries[path]
        output = words.index("-o")
        command = [*words[:output], "-o", "/dev/null", *words[output + 2 :]]
        return subprocess.run(command, cwd=self.folder / "build", capture_output=True, check=False).returncode == 0

    def choose_in(self, path: str, numbered: list[tuple[int, Mutant]]) -> list[int]:
        """Puts all the mutants into the file that can be chosen there, and returns their numbers."""
        pristine = (KERNEL / path).read_bytes()

        def write(some: list[tuple[int, Mutant]]) -> list[int]:
            text, present = selectable.render(pristine, some)
            header = '#include "chosen.hpp"\n#line 1\n'
            self.source(path).write_text(header + text if present else text, encoding="utf-8")
            return present

        present = write(numbered)
        if present and not self.compiles(path):
            # Some need a constant, which the syntax tree does not say. Each is tried alone.
            present = write([pair for pair in numbered if write([pair]) and self.compiles(path)])
            if present and not self.compiles(path):
                present = write([])
        return present

    def build(self) -> subprocess.CompletedProcess[str]:
        return self.call(["ninja", "-C", "build"])

    def image(self, name: str) -> Path:
        """A copy of the image as it is built now."""
        copy = self.folder / name
        shutil.copyfile(self.folder / "build" / "Image", copy)
        return copy

    def build_with(self, mutant: Mutant, name: str) -> Path | None:
        """An image with the mutant built in. None: the compiler refuses it."""
        pristine = (KERNEL / mutant.path).read_bytes()
        with self.lock:
            path = self.source(mutant.path)
            path.write_bytes(pristine[: mutant.begin] + mutant.replacement.encode() + pristine[mutant.end :])
            try:
                return self.image(name) if self.build().returncode == 0 else None
            finally:
                path.write_bytes(pristine)


def choose(image: Path, name: str, mutant: int) -> Path:
    """The image with this mutant chosen."""
    data = image.read_bytes()
    place = data.index(MARK)
    if data.count(MARK) != 1:
        sys.exit(f"mutate-kernel: {image} has the mark more than once")
    place += len(MARK)
    copy = image.with_name(name)
    copy.write_bytes(data[:place] + mutant.to_bytes(4, "little") + data[place + 4 :])
    return copy
