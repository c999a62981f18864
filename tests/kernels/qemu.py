"""qemu-system-aarch64 as the author of a kernel calls it."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SKIPPED = 77
QEMU = "qemu-system-aarch64"
MACHINE = "-M virt -cpu cortex-a72 -m 256M -display none -nic none".split()
OPTIONS = "-serial stdio -monitor none -no-reboot".split()


def require_qemu() -> None:
    """Ends a test that cannot be made here."""
    if shutil.which(QEMU) is None:
        print(f"{QEMU} is not installed")
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


@dataclass(frozen=True)
class Boot:
    console: bytes
    status: int | None  # None: the kernel had not ended the machine


def boot(
    kernel: str | Path, *options: str | Path, until: bytes | None = None, linger: float = 0, seconds: float = 60
) -> Boot:
    """Boots the kernel until the machine ends. One whose console ends with `until` has `linger` seconds more to end in; one
    that comes to neither is ended after `seconds`."""
    command = [QEMU, *MACHINE, *OPTIONS, "-kernel", kernel, *options]
    deadline = time.monotonic() + seconds
    console = b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        status = None
        while status is None and time.monotonic() < deadline:
            time.sleep(0.02)
            status = process.poll()
            console += process.stdout.read() or b""
            if until is not None and console.endswith(until):
                deadline = min(deadline, time.monotonic() + linger)
                until = None
        if status is None:
            process.kill()
    return Boot(console, status)
