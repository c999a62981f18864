#!/usr/bin/env python3
"""The kernels of bad-ends do under QEMU what they are there for.

    bad_ends_test.py FOLDER

FOLDER has an ELF for each.
"""

import sys
from pathlib import Path

from qemu import boot, require_qemu

# What each prints after its first line. None of them ends the machine but those that say so.
SAYS = {
    "counts-for-ever": b"",
    "jumps-into-nothing": b"",
    "loops-at-exception": b"",
    "misaligned-sp": b"an SVC with a misaligned SP came back\n",
    "never-enables-mmu": b"read across words\n",
    "no-vectors": b"",
    "panics": b"Kernel panic - not syncing: VFS: Unable to mount root fs\n",
    "panics-and-spins": b"PANIC at frames.cpp:71: out of memory\n",
    "polls-for-ever": b"",
    "powers-off-early": b"",
    "resets-early": b"",
    "spins-masked": b"",
    "waits-for-ever": b"",
    "writes-wildly": b"written\n",
}
ENDS = {"powers-off-early", "resets-early"}
# How long a kernel that does not end is watched for doing so after all.
SECONDS = 0.5


def judge(folder: Path, name: str) -> str | None:
    """What the kernel does that it should not, or None."""
    expected = f"bad end: {name}\n".encode() + SAYS[name]
    done = boot(folder / f"{name}.elf", until=None if name in ENDS else expected, linger=SECONDS)
    if done.console != expected:
        return f"printed {done.console!r}"
    if (done.status == 0) != (name in ENDS):
        return f"ended with {done.status}"
    return None


def main() -> int:
    require_qemu()
    folder = Path(sys.argv[1])
    failures = [f"{elf.stem}: no output is named for it here" for elf in folder.glob("*.elf") if elf.stem not in SAYS]
    for name in SAYS:
        if reason := judge(folder, name):
            failures.append(f"{name}: {reason}")
    print("\n".join(failures))
    print(f"{len(SAYS)} kernels, {len(failures)} not as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
