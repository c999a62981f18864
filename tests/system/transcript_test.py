#!/usr/bin/env python3
"""Runs a bare-metal guest on our machine and on qemu-system-aarch64, and compares the transcripts line by line.

    transcript_test.py BARE_MACHINE IMAGE GIC [DIFFERENCES]

GIC is the version of the interrupt controller, 2 or 3. DIFFERENCES lists, with the reason, the lines in which QEMU is known to differ: see differences.txt. Exit status 77: QEMU is
not installed.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SKIPPED = 77
SECONDS = 240

QEMU = "qemu-system-aarch64"
QEMU_OPTIONS = (
    "-M virt,gic-version={gic} -cpu neoverse-n1 -smp 1 -m 256M -display none -chardev stdio,id=out,mux=on -serial chardev:out"
    " -semihosting-config enable=on,chardev=out -monitor none -nic none -no-reboot"
)

# The statuses of guests that end the machine by semihosting; the others switch it off.
STATUSES = {"semihosting": 7}


@dataclass(frozen=True)
class Difference:
    """A line of ours that is right, and QEMU's in its place."""

    ours: str
    qemu: str


def transcript(command: list[str], status: int) -> list[str]:
    """What the guest says. A run that does not end by itself, or badly, ends the test with its last lines."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, errors = process.communicate(timeout=SECONDS)
            failure = f"ended with {process.returncode}" if process.returncode != status else None
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            failure = f"did not end in {SECONDS} seconds"
    lines = output.decode(errors="replace").splitlines()
    if failure:
        print("\n".join(lines[-20:]))
        sys.exit(f"{command[0]} {failure}: {errors.decode(errors='replace')}")
    return lines


def read_differences(path: Path, topic: str) -> set[Difference]:
    """The entries of the section [topic]. An entry is "# reason" lines, "ours: …" and "qemu: …"."""
    found: set[Difference] = set()
    section = ours = None
    reasoned = False
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        key, _, value = text.partition(": ")
        if text.startswith("["):
            section = text.strip("[]")
            reasoned = False
        elif text.startswith("#"):
            reasoned = True
        elif key == "ours" and reasoned:
            ours = value
        elif key == "qemu" and ours is not None:
            if section == topic:
                found.add(Difference(ours, value))
            ours = None
        elif text:
            sys.exit(f"{path}:{number}: expected '# reason', then pairs of 'ours: ' and 'qemu: ': {text}")
        else:
            reasoned = False
    return found


def main() -> int:
    bare_machine, image, gic = sys.argv[1:4]
    topic = Path(image).name.removesuffix(".Image")
    known: set[Difference] = set()
    if len(sys.argv) > 4:
        for section in (topic, f"{topic}, GICv{gic}"):
            known |= read_differences(Path(sys.argv[4]), section)
    if shutil.which(QEMU) is None:
        print(f"{QEMU} is not installed")
        return 1 if os.environ.get("CI") == "true" else SKIPPED

    status = STATUSES.get(topic, 0)
    ours = transcript([bare_machine, image, gic], status)
    qemu = transcript([QEMU, *QEMU_OPTIONS.format(gic=gic).split(), "-kernel", image], status)
    wrong = 0
    met: set[Difference] = set()
    for number, (our_line, qemu_line) in enumerate(zip(ours, qemu), start=1):
        difference = Difference(our_line, qemu_line)
        if our_line == qemu_line:
            continue
        if difference in known:
            met.add(difference)
            continue
        wrong += 1
        print(f"line {number}\n    ours: {our_line}\n    qemu: {qemu_line}")
    for difference in known - met:
        wrong += 1
        print(f"listed, but not met\n    ours: {difference.ours}\n    qemu: {difference.qemu}")
    if len(ours) != len(qemu):
        wrong += 1
        print(f"ours has {len(ours)} lines, QEMU's {len(qemu)}")
    if not ours or not qemu or ours[-1] != "end":
        wrong += 1
        print("the guest did not come to its end")
    print(f"{topic}: {len(ours)} lines, {len(met)} known differences, {wrong} unexpected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
