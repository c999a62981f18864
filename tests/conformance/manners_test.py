#!/usr/bin/env python3
"""What `run` gives to a program beside its output, and what it says of its own: nothing that is not asked for, and what to
do where the program ended for a cause outside it.

    manners_test.py MANNERS

MANNERS is the built programs/manners.c.
"""

import os
import sys
import unittest

from tool import ToolTest, levitate

KILLED = 128 + 9
PROGRAM = sys.argv.pop(1)


class MannersTest(ToolTest):
    def test_an_undefined_instruction_that_the_program_handles_is_its_own_affair(self) -> None:
        done = levitate("run", PROGRAM, "probe")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"has no SVE\n", b""))

    def test_statistics_and_details_name_undefined_instructions(self) -> None:
        for option in ("--stats", "-v"):
            with self.subTest(option):
                self.assertIn(b"undefined instruction", levitate("run", option, PROGRAM, "probe").stderr)

    def test_a_program_that_is_killed_for_memory_learns_of_the_option(self) -> None:
        done = levitate("run", "--memory", "96M", PROGRAM, "fill")
        self.assertEqual(done.returncode, KILLED)
        self.assertIn(b"no memory left", done.stderr)
        self.assertIn(b"--memory (now 96 MiB)", done.stderr)

    def test_the_first_argument_is_the_path_in_the_guest(self) -> None:
        self.assertIn(b'argument 0: "/bin/arguments"\n', levitate("run", "arguments").stdout)

    def test_the_environment_is_this_one_only_where_asked_for(self) -> None:
        os.environ["LEVITATE_TEST_A"] = "from the host"
        os.environ["LEVITATE_TEST_B"] = "from the host"
        self.assertNotIn(b"LEVITATE_TEST", levitate("run", "arguments").stdout)
        done = levitate("run", "--env-from-host", "--env", "LEVITATE_TEST_B=given", "arguments")
        self.assertIn(b'"LEVITATE_TEST_A" = "from the host"', done.stdout)
        self.assertEqual([line for line in done.stdout.splitlines() if b"LEVITATE_TEST_B" in line],
                         [b'environment: "LEVITATE_TEST_B" = "given"'])


if __name__ == "__main__":
    unittest.main()
