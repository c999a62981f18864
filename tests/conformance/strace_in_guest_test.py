"""Debian's strace, which lives on ptrace, must print inside the guest what it prints on Debian's Linux.

Numbers of processes, random bytes and rests of times are taken out of what it prints.
"""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from real_programs import RealProgramsTest, fetch, furnish
from tool import GUESTS

PACKAGES = ("libc6", "libgcc-s1", "strace", "libunwind8", "liblzma5", "busybox-static")
TRACED = ("hello", "hello-dynamic", "signals", "spawn")
# Each task's lines in a file of their own, for their order is the schedule's.
SHOW_ALL = "for f in $(ls /tmp/t.* | sort -t . -k 2n); do echo; cat $f; done"
SCRIPTS = {
    "a program": f"strace -a 1 -ff -o /tmp/t /hello; echo $?; {SHOW_ALL}",
    "a dynamic program": f"strace -a 1 -ff -o /tmp/t /hello-dynamic; echo $?; {SHOW_ALL}",
    "handlers of signals": f"strace -a 1 -ff -o /tmp/t /signals > /tmp/out; echo $?; {SHOW_ALL}",
    "children": f"strace -a 1 -ff -e trace=process,signal -e signal=none -o /tmp/t /spawn > /tmp/out; echo $?; {SHOW_ALL}",
    "counts": "strace -c -U calls,errors,name -S name -o /tmp/t /hello; cat /tmp/t",
    "results of the tracer's": "strace -a 1 -e trace=ppoll -e inject=ppoll:error=EINTR:when=1 -o /tmp/t /hello; cat /tmp/t; "
    "strace -a 1 -e trace=uname -e inject=uname:retval=7 -e signal=none -o /tmp/t uname; echo $?; cat /tmp/t",
    "ends": "strace -o /tmp/t sh -c 'kill -9 $$'; echo $?; grep killed /tmp/t; strace -o /tmp/t /none; echo $?",
    "attached": "sleep 1 & strace -a 1 -p $! -o /tmp/t 2> /dev/null & wait; tail -n 2 /tmp/t",
    "stops": "strace -f -e trace=none -o /tmp/t sh -c '(sleep 0.3; kill -CONT $$) & kill -STOP $$; echo on'; "
    "grep -o -e '--- .*' /tmp/t | cut -d ' ' -f 1-2 | grep -v CHLD",
}
VARIES = (
    (re.compile(r'getrandom\("[^"]*"'), "getrandom(RANDOM"),
    (re.compile(r"left \{[^}]*\}"), "left REST"),
    (re.compile(r"(si_[us]time)=\d+"), r"\1=TIME"),
    (re.compile(r"(AT_RANDOM=|st_ino=|st_dev=makedev|st_[acm]time=)[^,}]*"), r"\1VARIES"),
)
PROCESS = re.compile(
    r"set_tid_address\([^)]*\) = (\d+)|(?:clone3?|vfork|fork|getpid|gettid|wait4|waitid)\(.*\) = (\d+)|si_pid=(\d+)"
)


def normalised(text: bytes) -> str:
    """The same text with process numbers in the order in which they appear, and what varies taken out."""
    shown = text.decode(errors="replace")
    for pattern, replacement in VARIES:
        shown = pattern.sub(replacement, shown)
    numbers: dict[str, str] = {}
    for match in PROCESS.finditer(shown):
        number = next(group for group in match.groups() if group is not None)
        if int(number) > 1:
            numbers.setdefault(number, f"P{len(numbers)}")
    return re.sub(r"(?<![\w.])\d+(?![\w.])", lambda match: numbers.get(match.group(), match.group()), shown)


class StraceTest(RealProgramsTest):
    def shown(self, text: bytes) -> str:
        return normalised(text)

    def test_strace_prints_the_same(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for package in PACKAGES:
                fetch(package, root)
            shutil.rmtree(root / "usr" / "share", ignore_errors=True)
            furnish(root, ("sh", "cat", "cut", "grep", "ls", "sleep", "sort", "tail", "uname"))
            for name in TRACED:
                shutil.copy2(GUESTS / name, root / name)
            for name, script in SCRIPTS.items():
                with self.subTest(script=name):
                    self.compare(root, root / "bin" / "busybox", "sh", "-c", script)


if __name__ == "__main__":
    unittest.main()
