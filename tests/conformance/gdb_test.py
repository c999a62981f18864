#!/usr/bin/env python3
"""gdb-multiarch attached to `levitate run --gdb` and `levitate check --gdb`.

    gdb_test.py KERNEL.ELF FAULTY-KERNEL PANICS.ELF

KERNEL.ELF has the symbols of the guest kernel that runs; FAULTY-KERNEL is one that is configured with
LEVITATE_FAULTS=ON; PANICS.ELF is one of tests/kernels/bad-ends. Ends with status 77 where there is no gdb-multiarch.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

from tool import DIVERGENT, GUESTS, TOOL, ToolTest

SKIPPED = 77
SECONDS = 120
SOURCES = Path(__file__).resolve().parent.parent / "guests" / "programs"

# Sends gdb the SIGINT of a Ctrl-C a while after the program has been resumed.
INTERRUPT_WHEN_RUNNING = """python
import os, signal, threading
def interrupt(_):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
gdb.events.cont.connect(interrupt)
end
"""


@dataclass
class Debugged:
    gdb: str  # what gdb said
    status: int  # of the tool
    output: str  # of the tool
    errors: str


def debug(symbols: Path | str, script: str, *arguments: str | Path) -> Debugged:
    """Runs the tool with `arguments` and --gdb, and the gdb commands of `script` in it."""
    with tempfile.TemporaryFile() as output, subprocess.Popen(
        [TOOL, arguments[0], "--gdb", "0", *arguments[1:]], stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.PIPE, text=True,
    ) as tool:
        try:
            assert tool.stderr is not None
            said = tool.stderr.readline()
            port = re.search(r"target remote (:\d+)", said)
            assert port, said + tool.stderr.read()
            with tempfile.NamedTemporaryFile("w", suffix=".gdb") as commands:
                commands.write(f"set pagination off\nset confirm off\nset width 0\nset auto-load off\n"
                               f"file {symbols}\ntarget remote {port[1]}\n{script}")
                commands.flush()
                gdb = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-x", commands.name],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, timeout=SECONDS, check=False)
            errors = said + tool.stderr.read()
            status = tool.wait(SECONDS)
        finally:
            tool.kill()
        output.seek(0)
        return Debugged(gdb.stdout, status, output.read().decode(errors="replace"), errors)


def line_of(source: str, text: str) -> int:
    """The number of the first line of a guest's source that holds `text`."""
    lines = (SOURCES / source).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


class GdbTest(ToolTest):
    kernel_symbols: Path
    faulty_kernel: Path
    panics: Path

    def assert_said(self, done: Debugged, *patterns: str) -> None:
        """gdb said all this, in this order."""
        place = 0
        for pattern in patterns:
            found = re.compile(pattern, re.MULTILINE).search(done.gdb, place)
            if not found:
                self.fail(f"no '{pattern}' after byte {place} of:\n{done.gdb}\n{done.errors}")
            place = found.end()

    def test_program_stops_before_its_first_instruction_and_at_main(self) -> None:
        done = debug(GUESTS / "threads", "break threads::main\ncontinue\nbacktrace\ncontinue\n", "run", "threads")
        main = line_of("thread/threads.rs", "fn main()") + 1
        self.assert_said(done, r"in _start \(\)", rf"hit Breakpoint 1, threads::main \(\) at .*threads\.rs:{main}",
                         rf"^#0  threads::main \(\) at .*threads\.rs:{main}$", "exited normally")
        self.assertEqual(done.status, 0)
        self.assertIn("mutex: 800\n", done.output)

    def test_eight_threads_are_listed_each_with_its_stack(self) -> None:
        # The eighth to come here is the last thread in its first turn: all eight are there.
        turn = line_of("thread/threads.rs", "*current += 1;")
        done = debug(GUESTS / "threads",
                     f"break threads.rs:{turn}\nignore 1 7\ncontinue\ninfo threads\nthread 2\nbacktrace\ndetach\n",
                     "run", "threads")
        self.assert_said(done, r"^\* 1 +Thread 1 \(CPU, EL0\)", r"Thread \d+ \(task 1\)", r"Switching to thread 2 ",
                         r"threads::condition \(\) at .*threads\.rs:\d+", "detached")
        tasks = re.findall(r"Thread \d+ \(task (\d+)", done.gdb)
        self.assertEqual(len(set(tasks)), 9, done.gdb)
        self.assertEqual(len(re.findall(r", on the CPU\)", done.gdb)), 1)
        self.assertEqual(done.status, 0)

    def test_step_is_one_instruction(self) -> None:
        done = debug(GUESTS / "hello", "print $pc\nstepi\nprint $pc\nstepi\nprint $pc\nkill\n", "run", "hello")
        places = [int(place, 16) for place in re.findall(r"\$\d+ = .*?(0x[0-9a-f]+)", done.gdb)]
        self.assertEqual(len(places), 3, done.gdb)
        self.assertEqual([place - places[0] for place in places], [0, 4, 8])

    def test_step_over_a_call_into_the_kernel_comes_back_behind_it(self) -> None:
        done = debug(GUESTS / "hello", "break __libc_write if $x0 == 1\ncontinue\n"
                     "python\n"
                     "def pc():\n    return int(gdb.parse_and_eval('$pc'))\n"
                     "while 'svc' not in gdb.execute('x/i $pc', to_string=True):\n"
                     "    gdb.execute('stepi', to_string=True)\n"
                     "before = pc()\n"
                     "gdb.execute('stepi', to_string=True)\n"
                     "print('moved by', pc() - before)\n"
                     "end\nset language c\nprint (long) $x0\ncontinue\n", "run", "hello")
        self.assert_said(done, "^moved by 4$", r"^\$1 = 14$", "exited normally")

    def test_registers_and_memory_are_read_and_written(self) -> None:
        done = debug(GUESTS / "hello",
                     "set language c\nbreak __libc_write if $x0 == 1\ncontinue\nx/s $x1\nprint $x2\n"
                     "set {char[5]} $x1 = {72, 97, 108, 108, 111}\nset $x2 = 6\nset $v3.d.u[1] = 0x1234\n"
                     "print/x $v3.d.u[1]\nprint/x $cpsr & 0xf\ncontinue\n", "run", "hello")
        self.assert_said(done, r'0x[0-9a-f]+:\s+"Hello, world!\\n"', r"= 14$", "= 0x1234$", "= 0x0$")
        # The second write is what std makes of the first's shortness.
        self.assertEqual(done.output, "Hallo, world!\n")

    def test_hardware_breakpoint_stops(self) -> None:
        done = debug(GUESTS / "hello", "hbreak std::io::stdio::_print\ncontinue\ninfo breakpoints\ndelete\ncontinue\n",
                     "run", "hello")
        self.assert_said(done, "hit Breakpoint 1, std::io::stdio::_print", "hw breakpoint .* std::io::stdio::_print",
                         "exited normally")

    def test_watchpoint_stops_where_the_variable_changes(self) -> None:
        done = debug(GUESTS / "signals", "break main\ncontinue\nwatch count\ncontinue\nbacktrace 1\ndelete\ncontinue\n",
                     "run", "signals")
        self.assert_said(done, r"Hardware watchpoint 2: count", r"hit Hardware watchpoint 2", r"Old value = 0",
                         r"New value = 1", r"^#0 .*note \(", r"exited normally")

    def test_watchpoint_sees_what_the_kernel_writes(self) -> None:
        done = debug(GUESTS / "hello",
                     "set language c\nbreak __sigaltstack if $x1 != 0\ncontinue\nset $size = (long*) ($x1 + 16)\n"
                     "set *$size = -1\nwatch *$size\ncontinue\ndelete\ncontinue\n", "run", "hello")
        self.assert_said(done, r"Hardware watchpoint 2", "Old value = -1", "New value = 0", "exited normally")

    def test_interrupt_stops_a_program_that_runs(self) -> None:
        done = debug(GUESTS / "endless", INTERRUPT_WHEN_RUNNING + "continue\nbacktrace\nkill\n", "run", "endless")
        self.assert_said(done, "received signal SIGINT", r"^#0 .*main \(")
        self.assertEqual(done.status, 128 + 9)

    def test_exit_statuses_and_signals_reach_gdb(self) -> None:
        done = debug(GUESTS / "panic", "continue\n", "run", "panic")
        self.assert_said(done, "exited with code 0145")  # 101, in octal
        self.assertEqual(done.status, 101)
        done = debug(GUESTS / "abort", "continue\n", "run", "abort")
        self.assert_said(done, "terminated with signal SIGABRT")
        self.assertEqual(done.status, 128 + 6)

    def test_program_goes_on_when_gdb_detaches(self) -> None:
        done = debug(GUESTS / "hello", "detach\n", "run", "hello")
        self.assertEqual((done.status, done.output), (0, "Hello, world!\n"))

    def test_position_independent_programs_are_found_where_they_lie(self) -> None:
        for guest in ("hello-static-pie", "hello-dynamic"):
            with self.subTest(guest):
                done = debug(GUESTS / guest, "break std::rt::lang_start_internal\ncontinue\ninfo auxv\ncontinue\n",
                             "run", guest)
                self.assert_said(done, "hit Breakpoint 1, std::rt::lang_start_internal", r"AT_HWCAP .* 0x119fff",
                                 rf'AT_EXECFN .* "/bin/{guest}', "exited normally")

    def test_shared_libraries_have_their_symbols(self) -> None:
        done = debug(GUESTS / "hello-dynamic",
                     "break write if $x0 == 1\ncontinue\nbacktrace\ninfo sharedlibrary\ncontinue\n", "run",
                     "hello-dynamic")
        self.assert_said(done, r"hit Breakpoint 1", r"^#0 .* write \(\) from .*/libc\.so\.6", r"std::io::stdio::_print",
                         r"libc\.so\.6", "exited normally")

    def test_kernel_is_debugged_with_its_symbols(self) -> None:
        done = debug(self.kernel_symbols,
                     "break kernel::sys_write\ncontinue\nbacktrace\ninfo threads\nfinish\n"
                     "delete\nstepi\ncontinue\n", "run", "hello")
        self.assert_said(done, r"hit Breakpoint 1, kernel::sys_write", r"^#0  kernel::sys_write .*\.[ch]pp:\d+$",
                         r"\(CPU, EL1\)", "Value returned is", "exited normally")
        self.assertEqual(done.status, 0)

    def test_kernel_stops_before_its_first_instruction(self) -> None:
        done = debug(self.kernel_symbols, "print/x $pc\ninfo threads\ncontinue\n", "run", "--gdb-stop", "kernel", "hello")
        self.assert_said(done, r"^\$1 = 0x40[0-9a-f]+0{3}$", r"\(CPU, EL1\)", "exited normally")
        self.assertEqual((done.status, done.output), (0, "Hello, world!\n"))

    def test_breakpoint_stops_in_a_kernel_in_the_lower_half(self) -> None:
        done = debug(self.panics, "break panics\ncontinue\nkill\n", "run", "--gdb-stop", "kernel", "--kernel", self.panics, "hello")
        self.assertIn(f"gdb-multiarch {self.panics} ", done.errors)
        self.assert_said(done, r"Breakpoint 1, panics")

    def test_kernel_alone_stops_before_its_first_instruction_and_runs_to_its_end(self) -> None:
        kernel = struct.pack(
            "<6I",
            0xD2A12001,  # mov  x1, #0x9000000      the UART
            0x52800F02,  # mov  w2, #'x'
            0x39000022,  # strb w2, [x1]
            0xD2800100,  # mov  x0, #8
            0xF2B08000,  # movk x0, #0x8400, lsl #16
            0xD4000002,  # hvc  #0                  SYSTEM_OFF
        )
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            file.write(kernel)
            file.flush()
            done = debug("", "print/x $pc\nstepi\nstepi\nprint/x $pc\nprint/x $x1\ninfo threads\n"
                         "break *($pc + 4)\ncontinue\ncontinue\n", "run", "--kernel", file.name)
        self.assert_said(done, r"^\$1 = 0x40080000$", r"^\$2 = 0x40080008$", r"^\$3 = 0x9000000$", r"\(CPU, EL1\)",
                         r"Breakpoint 1, 0x0*4008000c", "exited normally")
        self.assertEqual((done.status, done.output), (0, "x"))

    def test_check_waits_at_the_divergence(self) -> None:
        done = debug(GUESTS / "hello", "backtrace\nset language c\nprint (long) $x0\ndetach\n", "check", "--kernel", self.faulty_kernel,
                     "--kernel-args", "fault=short_write", "hello")
        self.assert_said(done, r"std::io::stdio::_print", r"^\$1 = 13$", "detached")
        self.assertEqual(done.status, DIVERGENT)
        self.assertIn("> result | 14 ", done.output)

    def test_check_waits_at_the_end_of_a_program_that_ends_differently(self) -> None:
        done = debug(GUESTS / "hello", "info threads\ndetach\n", "check", "--kernel", self.faulty_kernel,
                     "--kernel-args", "fault=exit_status_wrong", "hello")
        self.assert_said(done, r"\(CPU, EL1\)", "detached")
        self.assertEqual(done.status, DIVERGENT)


def main() -> None:
    if shutil.which("gdb-multiarch") is None:
        print("no gdb-multiarch here; scripts/setup test installs it")
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    GdbTest.kernel_symbols, GdbTest.faulty_kernel, GdbTest.panics = (Path(argument) for argument in sys.argv[1:4])
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])


if __name__ == "__main__":
    main()
