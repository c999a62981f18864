#!/usr/bin/python3
"""A mutant that is chosen at boot (scripts/mutate-kernel) does what the same mutant does that is built in, and those that
cannot be noticed are left out.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mutation" / "kernel"))

import selectable  # noqa: E402
from excuses import Excuses  # noqa: E402
from places import Finder, Mutant  # noqa: E402

SKIPPED = 77
SOURCE = """
#include <errno.h>
#include <stdio.h>
constexpr int kBound = 3;
static const int table[] = {1, 2};
static int code(int error) { return error; }
static void add(int& sum, int value) { sum += value; }
int main() {
    int sum = 0;
    bool odd = false;
    for (int i = 0; i < kBound && !odd; ++i) {
        add(sum, i * 10 - 1);
        odd = sum > 15 ||
              (sum & 64) != 0;  // of two lines
    }
    switch (sum) {
        case 27:
            sum = code(ENOENT);
            break;
        default:
            break;
    }
    printf("%d %d %d\\n", sum, odd ? 1 : 0, table[0]);
    return 0;
}
"""
CHOSEN = """
#include <stdlib.h>
namespace kernel::mutation {
bool is_chosen(unsigned mutant) {
    const char* chosen = getenv("MUTANT");
    return chosen != nullptr && strtoul(chosen, nullptr, 10) == mutant;
}
}
"""


class ChosenMutants(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.source = self.folder / "source.cpp"
        self.source.write_text(SOURCE, encoding="utf-8")
        self.mutants = sorted(set(Finder(self.source, "source.cpp", ["-std=c++20"]).all()), key=lambda one: one[:7])

    def build(self, name: str, text: str) -> Path:
        source, program = self.folder / f"{name}.cpp", self.folder / name
        source.write_text(text, encoding="utf-8")
        subprocess.run(["g++", "-std=c++20", "-w", "-o", program, source], check=True)
        return program

    def output(self, program: Path, mutant: int | None = None) -> str:
        environment = {} if mutant is None else {"MUTANT": str(mutant)}
        # What a mutant may make endless ends by its limit.
        done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False, timeout=10)
        return done.stdout

    def built_in(self, number: int, mutant: Mutant) -> str:
        data = SOURCE.encode()
        text = data[: mutant.begin] + mutant.replacement.encode() + data[mutant.end :]
        return self.output(self.build(f"built-in-{number}", text.decode()))

    def test_each_is_as_if_built_in(self) -> None:
        text, present = selectable.render(SOURCE.encode(), list(enumerate(self.mutants)))
        declaration = "namespace kernel::mutation { bool is_chosen(unsigned mutant); }\n"
        chosen = self.build("chosen", declaration + text + CHOSEN)
        self.assertEqual(self.output(chosen), self.output(self.build("plain", SOURCE)))
        for number in present:
            with self.subTest(str(self.mutants[number])):
                self.assertEqual(self.output(chosen, number), self.built_in(number, self.mutants[number]))

    def test_what_is_found(self) -> None:
        changes = {(mutant.original, mutant.replacement) for mutant in self.mutants}
        for change in (("<", ">="), ("<", "<="), ("&&", "||"), ("!", ""), (">", ">="), ("||", "&&"), ("&", "|"),
                       ("-", "+"), ("ENOENT", "EINVAL"), ("add(sum, i * 10 - 1)", ""), ("false", "true"),
                       ("64", "(64 + 1)")):
            self.assertIn(change, changes)

    def test_constants_are_not_chosen(self) -> None:
        in_constants = [mutant for mutant in self.mutants if mutant.whole is None]
        self.assertEqual({mutant.original for mutant in in_constants}, {"3", "1", "2", "27"})

    def test_functions_have_their_names(self) -> None:
        of_main = {mutant.original for mutant in self.mutants if mutant.function == "main"}
        self.assertLess({"ENOENT", "false", "add(sum, i * 10 - 1)"}, of_main)
        self.assertEqual({mutant.original for mutant in self.mutants if mutant.function == "add"}, {"sum += value"})
        self.assertEqual({mutant.original for mutant in self.mutants if not mutant.function}, {"3", "1", "2"})

    def left_out(self, line: str) -> set[Mutant]:
        excuses = Excuses(f"# a comment\n\n{line}\n")
        return {mutant for mutant in self.mutants if excuses.holds(mutant)}

    def test_what_cannot_be_noticed(self) -> None:
        self.assertEqual(self.left_out("source.cpp | why"), set(self.mutants))
        self.assertEqual(self.left_out("other.cpp | why"), set())
        adding = {mutant for mutant in self.mutants if mutant.function == "add"}
        self.assertEqual(self.left_out("source.cpp | add | why"), adding)
        self.assertEqual(self.left_out("source.cpp | nothing | why"), set())
        for mutant in self.mutants:  # some have another with the same words
            self.assertIn(mutant, self.left_out(f"{mutant.key()} | why"))
            self.assertLess(len(self.left_out(f"{mutant.key()} | why")), 3)

    def test_each_needs_its_reason(self) -> None:
        for line in ("source.cpp", "source.cpp | ", "source.cpp | add | ", "source.cpp | one | two | three"):
            self.assertRaises(ValueError, Excuses, line)


if __name__ == "__main__":
    try:
        import clang.cindex  # noqa: F401
    except ModuleNotFoundError:
        sys.exit(SKIPPED)
    unittest.main()
