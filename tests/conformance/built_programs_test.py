"""Programs on tokio, mio, rayon and Go's runtime, and std's own tests: on the kernel they do as on Debian's Linux.

    built_programs_test.py BUILD FOLDER [PROGRAM...]    BUILD: real/build-real-programs, which builds them into FOLDER

Programs: tokio, mio, rayon, go, std. Each is told by name what to show; all that it shows is shown in one boot.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from real_programs import RealProgramsTest, fetch, furnish

APPLETS = ("cat", "echo", "env", "false", "kill", "ls", "mkdir", "printenv", "pwd", "rm", "sed", "sh", "sleep", "true")
BEHAVIOURS = {
    "tokio": ("timers", "tasks", "tcp", "datagrams", "processes", "signals", "files"),
    "mio": ("echo", "registry", "wakes", "peers"),
    "rayon": ("sums", "nested", "pools"),
    "listen": ("streams", "deadlines", "web", "processes", "goroutines"),
}
SHOW_RESULTS = "/bin/std_tests > /tmp/out 2>&1; status=$?; sed 's/; finished in .*//' /tmp/out; exit $status"


class BuiltProgramsTest(RealProgramsTest):
    build: Path
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        subprocess.run([cls.build, cls.folder], check=True)

    def in_root(self, program: str, script: str) -> str:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            fetch("busybox-static", root)
            furnish(root, APPLETS)
            shutil.copy(self.folder / program, root / "bin" / program)
            return self.compare(root, root / "bin" / "busybox", "sh", "-c", script)

    def show_all(self, program: str) -> None:
        names = BEHAVIOURS[program]
        steps = (f"/bin/{program} {name} || echo {name} failed" for name in names)
        output = self.in_root(program, "; ".join(steps))
        self.assertEqual(re.findall(r"^(\w+): done$", output, re.MULTILINE), list(names), output)

    def test_tokio(self) -> None:
        self.show_all("tokio")

    def test_mio(self) -> None:
        self.show_all("mio")

    def test_rayon(self) -> None:
        self.show_all("rayon")

    def test_go(self) -> None:
        self.show_all("listen")

    def test_std(self) -> None:
        output = self.in_root("std_tests", SHOW_RESULTS)
        passed = re.search(r"^test result: ok\. (\d+) passed; 0 failed", output, re.MULTILINE)
        self.assertIsNotNone(passed, output)
        self.assertGreater(int(passed[1]), 200)


if __name__ == "__main__":
    BuiltProgramsTest.build, BuiltProgramsTest.folder = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = [f"BuiltProgramsTest.test_{program}" for program in sys.argv[3:]]
    unittest.main(argv=[sys.argv[0], *wanted])
