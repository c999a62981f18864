#!/usr/bin/env python3
"""A program cannot tell whether its kernel has just booted or goes on from a snapshot: the traces of a cold start and of
a warm one are equal after normalisation.

    warm_start_test.py CASES.JSON [--kernel KERNEL] [CASE]...

Without CASE every case is tried. Where cold starts with other seeds already differ, since the program shows random bytes
of its stack or works out times from a clock, both have to conform to the golden instead.
"""

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tool import levitate, record_command

SECONDS = 300
# Which frames a program has depends on what the kernel had to do before, whatever the seeds. The program reads
# /proc/self/pagemap as root, which shows them; a check leaves them out.
SHOWS_FRAMES = {"proc-memory"}


def record(case: dict[str, Any], trace: Path, *options: str) -> None:
    command = record_command(case, trace, "--timeout", str(SECONDS), *options)
    done = levitate(*command, seconds=SECONDS + 30, stdin=case.get("stdin", "").encode())
    if not trace.is_file() or done.returncode == 125:
        sys.exit(f"{case['name']}: recording failed: {done.stderr.decode(errors='replace')}")


def depends_on_seeds(case: dict[str, Any], cold: Path, options: list[str]) -> bool:
    other = cold.with_name("other.jsonl")
    record(case, other, "--cold-start", "--seed", "1", "--schedule-seed", "1", *options)
    if case["name"] not in SHOWS_FRAMES and levitate("diff", cold, other).returncode == 0:
        return False
    return all(levitate("check", *start, *options, case["name"]).returncode == 0 for start in ([], ["--cold-start"]))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=Path)
    parser.add_argument("--kernel", action="append", default=[])
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    options = [word for kernel in arguments.kernel for word in ("--kernel", kernel)]
    groups = json.loads(arguments.cases.read_text(encoding="utf-8"))
    failures = tried = 0
    with tempfile.TemporaryDirectory() as scratch:
        cold, warm = Path(scratch) / "cold.jsonl", Path(scratch) / "warm.jsonl"
        for case in itertools.chain.from_iterable(groups.values()):
            if arguments.names and case["name"] not in arguments.names:
                continue
            tried += 1
            record(case, cold, "--cold-start", *options)
            record(case, warm, *options)
            done = levitate("diff", cold, warm)
            if done.returncode != 0 and not depends_on_seeds(case, cold, options):
                failures += 1
                print(f"{case['name']}:\n{done.stdout.decode(errors='replace')}")
    print(f"{failures} of {tried} cases differ between a cold start and a warm one")
    return 1 if failures or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
