#!/usr/bin/env python3
"""Under the emulator a run is a pure function of its inputs: recorded again, a trace has the same bytes, and as many
instructions have retired.

    determinism_test.py CASES.JSON REPEATS [CASE]...

Without CASE every case is recorded REPEATS times.
"""

import hashlib
import itertools
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from tool import levitate, record_command

SECONDS = 120


def record(case: dict[str, Any], trace: Path) -> str:
    command = record_command(case, trace, "--engine", "emu", "--stats", "--timeout", str(SECONDS))
    done = levitate(*command, seconds=SECONDS + 30, stdin=case.get("stdin", "").encode())
    if not trace.is_file() or done.returncode == 125:
        sys.exit(f"{case['name']}: recording failed: {done.stderr.decode(errors='replace')}")
    retired = re.search(rb"^instructions \d+$", done.stderr, re.MULTILINE)
    if retired is None:
        sys.exit(f"{case['name']}: --stats printed no count of instructions")
    return hashlib.sha256(trace.read_bytes() + done.stdout + retired[0]).hexdigest()


def main() -> int:
    groups = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    repeats, names = int(sys.argv[2]), sys.argv[3:]
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        for case in itertools.chain.from_iterable(groups.values()):
            if names and case["name"] not in names:
                continue
            digests = {record(case, Path(scratch) / "trace.jsonl") for _ in range(repeats)}
            if len(digests) != 1:
                failures += 1
                print(f"{case['name']}: {len(digests)} different traces of {repeats}")
    print(f"{failures} cases differ between runs")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
