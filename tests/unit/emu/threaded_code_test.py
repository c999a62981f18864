#!/usr/bin/env python3
"""Threaded code (emu/thread.hpp) goes on by jumps: no instruction's code calls the next one and returns.

    threaded_code_test.py LIBRARY OBJDUMP

Looks at the functions of emu's library as they were compiled. What calls through a register table does so by a
displacement; a call of the next slot's code is `call *%reg` or `call *0x20(...)`, and leaves a stack frame for
each instruction that is executed. One such call is right: unusual() calls the complete form of an executor.
"""

import re
import subprocess
import sys

NEXT_SLOT = re.compile(r"call +\*(%r\w+|0x20\(%r\w+\))$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def main() -> int:
    library, objdump = sys.argv[1:]
    command = [objdump, "--disassemble", "--no-show-raw-insn", "--demangle", library]
    functions, name, complete_forms, wrong = 0, "", 0, set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if found := FUNCTION.match(line):
                name = found[1] if re.search(r"::detail::((thread|thread_fp)<|unusual\()", found[1]) else ""
                functions += bool(name)
            elif name and NEXT_SLOT.search(line.rstrip()):
                if "::unusual(" in name and complete_forms == 0:
                    complete_forms += 1
                else:
                    wrong.add(name)
    for one in sorted(wrong):
        print(f"calls the next instruction's code instead of jumping to it: {one}")
    print(f"{functions} functions of threaded code, {len(wrong)} of them wrong")
    return 1 if wrong or functions == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
