"""What tests of real programs share: a root with Debian's packages in it, and the comparison with Debian's Linux."""

import os
import shutil
import subprocess
from pathlib import Path

from tool import ToolTest, levitate

FETCH = os.environ.get("LEVITATE_FETCH", "fetch-debian-package")
SECONDS = 600


def fetch(package: str, root: Path) -> None:
    """Puts what the package has into the root."""
    done = subprocess.run([FETCH, f"{package}:arm64"], capture_output=True, text=True, check=True)
    shutil.copytree(done.stdout.strip(), root, symlinks=True, dirs_exist_ok=True)


def furnish(root: Path, applets: tuple[str, ...]) -> None:
    """Gives a root that has busybox its commands, a /tmp, and a name for the loopback."""
    (root / "tmp").mkdir()
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    for applet in applets:
        (root / "bin" / applet).symlink_to("busybox")


class RealProgramsTest(ToolTest):
    maxDiff = None

    def shown(self, text: bytes) -> str:
        """What of the output is compared."""
        return text.decode(errors="replace")

    def compare(self, root: Path, *command: str | Path) -> str:
        """The same output and status on the kernel and on Debian's Linux; returns the output."""
        options = ["--root", root, "--sysroot", root, "--env", "PATH=/bin:/usr/bin", "--timeout", str(SECONDS), "--quiet"]
        linux, ours = (
            levitate("run", *kernel, *options, *command, seconds=SECONDS + 60) for kernel in (["--kernel", "linux"], [])
        )
        self.assert_no_crash(ours)
        self.assertTrue(linux.stdout, linux.stderr.decode(errors="replace"))
        for seen, expected in ((ours.stdout, linux.stdout), (ours.stderr, linux.stderr)):
            self.assertEqual(self.shown(seen), self.shown(expected))
        self.assertEqual(ours.returncode, linux.returncode)
        return linux.stdout.decode()
