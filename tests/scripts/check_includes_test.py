#!/usr/bin/env python3
"""scripts/check-includes finds what it is there for."""

import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check-includes"


class CheckIncludes(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        for header in ("emu/cpu.hpp", "traces/format/event.hpp", "traces/abi/syscalls.inc", "vmm/engine/engine.hpp",
                       "vmm/run/run.hpp", "tests/helper.hpp", "guest-kernel/arch/aarch64/mmu.hpp",
                       "guest-kernel/arch/include/context.hpp", "guest-kernel/lib/result.hpp"):
            self.write(header, "")

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def offences(self, name: str, *lines: str) -> list[str]:
        self.write(name, "\n".join(f"#include {line}" for line in lines) + "\n")
        done = subprocess.run([SCRIPT, self.root], capture_output=True, text=True, check=False)
        found = done.stdout.splitlines()
        self.assertEqual(done.returncode, 1 if found else 0, done.stderr)
        (self.root / name).unlink()
        return found

    def refuses(self, name: str, line: str) -> None:
        found = self.offences(name, line)
        self.assertEqual(len(found), 1, f"{name}: #include {line}")
        self.assertTrue(found[0].startswith(f"{name}:1: "), found[0])

    def allows(self, name: str, line: str) -> None:
        self.assertEqual(self.offences(name, line), [])

    def test_emu_sees_itself_and_the_cpp_library(self) -> None:
        self.allows("emu/a.cpp", '"emu/cpu.hpp"')
        self.allows("emu/a.cpp", "<vector>")
        self.refuses("emu/a.cpp", "<sys/mman.h>")
        self.refuses("emu/a.cpp", "<fmt/format.h>")
        self.refuses("emu/a.cpp", '"traces/format/event.hpp"')
        self.refuses("emu/a.cpp", '"guest-kernel/lib/result.hpp"')

    def test_traces_sees_itself_and_no_fact_of_the_host(self) -> None:
        self.allows("traces/format/a.cpp", '"traces/format/event.hpp"')
        self.allows("traces/format/a.cpp", "<nlohmann/json.hpp>")
        self.refuses("traces/format/a.cpp", '"vmm/run/run.hpp"')
        self.refuses("traces/abi/a.cpp", "<sys/stat.h>")

    def test_guest_kernel_sees_itself_the_table_and_the_uapi(self) -> None:
        self.allows("guest-kernel/task/a.cpp", '"lib/result.hpp"')
        self.allows("guest-kernel/task/a.cpp", '"traces/abi/syscalls.inc"')
        self.allows("guest-kernel/task/a.cpp", "<asm/unistd.h>")
        self.refuses("guest-kernel/task/a.cpp", "<unistd.h>")
        self.refuses("guest-kernel/task/a.cpp", '"traces/format/event.hpp"')
        self.refuses("guest-kernel/task/a.cpp", '"emu/cpu.hpp"')

    def test_the_architecture_stays_under_arch(self) -> None:
        self.allows("guest-kernel/task/a.cpp", '"arch/include/context.hpp"')
        self.allows("guest-kernel/arch/aarch64/a.cpp", '"arch/aarch64/mmu.hpp"')
        self.refuses("guest-kernel/task/a.cpp", '"arch/aarch64/mmu.hpp"')
        self.refuses("guest-kernel/task/a.cpp", '"../arch/aarch64/mmu.hpp"')

    def test_only_an_engine_sees_what_it_drives(self) -> None:
        self.allows("vmm/engine/emu/a.cpp", '"emu/cpu.hpp"')
        self.refuses("vmm/run/a.cpp", '"emu/cpu.hpp"')
        self.allows("vmm/engine/native/a.cpp", "<sys/ptrace.h>")
        self.refuses("vmm/tracer/a.cpp", "<sys/ptrace.h>")
        self.refuses("vmm/engine/native/a.cpp", "<linux/kvm.h>")

    def test_debugger_and_gdb_see_a_target(self) -> None:
        self.allows("vmm/gdb/a.cpp", '"vmm/engine/engine.hpp"')
        self.refuses("vmm/gdb/a.cpp", '"vmm/run/run.hpp"')
        self.refuses("vmm/debugger/a.cpp", '"vmm/engine/emu/engine.hpp"')

    def test_nothing_includes_tests(self) -> None:
        self.allows("tests/unit/a.cpp", '"tests/helper.hpp"')
        self.refuses("vmm/run/a.cpp", '"tests/helper.hpp"')
        self.refuses("emu/a.cpp", '"../tests/helper.hpp"')

    def test_a_circle_of_two_folders_is_found(self) -> None:
        self.write("vmm/run/run.hpp", '#include "vmm/engine/engine.hpp"\n')
        self.assertEqual(
            self.offences("vmm/engine/a.cpp", "<vector>", '"vmm/run/run.hpp"'),
            ["vmm/engine/a.cpp:2: vmm/run/run.hpp: a circle of folders: vmm/engine -> vmm/run -> vmm/engine",
             "vmm/run/run.hpp:1: vmm/engine/engine.hpp: a circle of folders: vmm/engine -> vmm/run -> vmm/engine"])
        self.allows("vmm/run/a.cpp", '"vmm/engine/engine.hpp"')

    def test_a_circle_through_a_third_folder_is_found(self) -> None:
        self.write("guest-kernel/mm/page.hpp", '#include "lib/result.hpp"\n')
        self.write("guest-kernel/fs/file.hpp", '#include "../mm/page.hpp"\n')
        found = self.offences("guest-kernel/lib/user.cpp", '"fs/file.hpp"')
        self.assertEqual(len(found), 3, found)
        self.assertIn("guest-kernel/lib/user.cpp:1: guest-kernel/fs/file.hpp: a circle of folders: ", "\n".join(found))
        self.allows("guest-kernel/fs/a.cpp", '"lib/result.hpp"')

    def test_a_folder_and_its_subfolder_can_make_a_circle(self) -> None:
        self.write("emu/mmu/tlb.hpp", '#include "emu/cpu.hpp"\n')
        self.assertEqual(len(self.offences("emu/core.cpp", '"emu/mmu/tlb.hpp"')), 2)

    def test_tests_may_go_in_circles(self) -> None:
        self.write("tests/isa/proof.hpp", '#include "tests/helper.hpp"\n')
        self.allows("tests/a.cpp", '"tests/isa/proof.hpp"')

    def test_a_circle_can_be_allowed_with_a_reason(self) -> None:
        self.write("traces/abi/text.hpp", '#include "traces/format/event.hpp"\n')
        self.write("scripts/allowed-circles.txt", "# why\n\ntraces/format -> traces/abi: a reason\n")
        self.allows("traces/format/a.cpp", '"traces/abi/syscalls.inc"')
        # The other folders' circles are still refused.
        self.write("vmm/run/run.hpp", '#include "vmm/engine/engine.hpp"\n')
        self.assertEqual(len(self.offences("vmm/engine/a.cpp", '"vmm/run/run.hpp"')), 2 + 1)

    def test_what_is_allowed_must_be_needed(self) -> None:
        self.write("scripts/allowed-circles.txt", "traces/format -> traces/abi: a reason\n")
        stale = ["scripts/allowed-circles.txt:1: traces/format -> traces/abi closes no circle"]
        self.assertEqual(self.offences("traces/format/a.cpp", '"traces/abi/syscalls.inc"'), stale)
        self.assertEqual(self.offences("traces/format/a.cpp", "<vector>"), stale)

    def test_nothing_is_allowed_without_a_reason(self) -> None:
        self.write("scripts/allowed-circles.txt", "traces/format -> traces/abi\n")
        done = subprocess.run([SCRIPT, self.root], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("allowed-circles.txt:1: not FROM -> TO: REASON", done.stderr)

    def test_an_empty_tree_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run([SCRIPT, empty], capture_output=True, check=False)
            self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
