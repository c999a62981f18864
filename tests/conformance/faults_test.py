#!/usr/bin/env python3
"""The suite notices what it is there for: kernels that do one thing wrong on purpose diverge, each in its own way.

    faults_test.py FAULTS.INC KERNEL

KERNEL is a guest kernel that is configured with LEVITATE_FAULTS=ON.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from tool import DIVERGENT, levitate

SECONDS = 600
# What a case takes, boot included, is at most some ten million; one that hangs has diverged.
INSTRUCTIONS = 500_000_000

# For each fault a case that meets it, and the kinds of divergence by which it may show first.
EXPECTED: dict[str, tuple[str, set[str]]] = {
    "auxv_without_hwcap": ("auxv", {"auxv"}),
    "auxv_without_vdso": ("auxv", {"auxv"}),
    "auxv_random_unmapped": ("hello", {"auxv"}),
    "futex_rejects_private": ("threads", {"result", "extra call", "missing call", "arguments"}),
    "sigaltstack_does_nothing": ("stack-overflow", {"data", "missing call", "arguments"}),
    "interrupt_loses_x17": ("registers", {"registers"}),
    "switch_loses_v8": ("registers", {"registers"}),
    "short_write": ("hello", {"result"}),
    "short_vector": ("memory", {"result"}),
    "wait_status_wrong": ("spawn", {"data"}),
    "exit_status_wrong": ("hello", {"exit"}),
    "mmap_off_by_page": ("hello", {"auxv"}),  # execve maps the vDSO so, before the program maps anything
    "clear_tid_not_woken": ("threads", {"result", "missing call", "exit"}),
    "dontneed_keeps_contents": ("memory", {"arguments", "data", "output"}),
    "getrandom_short": ("hello", {"result"}),
    "munmap_keeps_mapping": ("memory", {"result"}),
    "sigreturn_keeps_mask": ("signals", {"data", "signal", "missing call"}),
    "frame_mask_empty": ("frames", {"signal"}),
    "frame_fault_address_wrong": ("frames", {"signal"}),
    "frame_loses_v8": ("frames", {"registers"}),
    "sigreturn_keeps_fpcr": ("frames", {"registers"}),
    "frame_without_fpsimd": ("frames", {"signal"}),
    "frame_without_esr": ("frames", {"signal"}),
    "frame_misplaced": ("signals", {"signal"}),
    "sigreturn_loses_tpidr": ("frames", {"registers"}),
    "maps_without_stack": ("hello", {"result", "data"}),
    "maps_empty": ("hello", {"result"}),
    "futex_wait_returns_one": ("threads", {"result"}),
    "futex_times_out_unasked": ("threads", {"result"}),
    "futex_times_out_early": ("threads", {"result"}),
    "munmap_fails_among_threads": ("threads", {"result"}),
    "futex_wake_too_many": ("threads", {"result"}),
    "poll_reports_unwanted": ("spawn", {"result"}),
    "clone_off_by_one": ("spawn", {"missing call", "result"}),
    "clock_zero": ("usage", {"data"}),
    "clock_backward": ("usage", {"data"}),
    "vdso_clock_zero": ("time", {"data"}),
    "vdso_clock_restarts": ("time", {"data"}),
    "sleep_ends_early": ("time", {"result"}),
    "getrusage_zero": ("usage", {"data"}),
    "times_zero": ("usage", {"data"}),
    "sysinfo_zero": ("usage", {"data"}),
    "process_inodes_zero": ("hello", {"data"}),
    "statfs_zero": ("usage", {"data"}),
}


# Faults that do not mask one another: a case that meets all of them, and what the causes that name them begin with.
TOGETHER: list[tuple[str, dict[str, str]]] = [
    ("hello", {"getrandom_short": "getrandom → 4, Linux: 8", "maps_empty": "read → 0, Linux: ",
               "exit_status_wrong": "end of the program: status exit code 1"}),
    ("threads", {"maps_empty": "read → 0, Linux: ", "futex_wake_too_many": "futex(FUTEX_WAKE_PRIVATE) → ",
                 "exit_status_wrong": "end of the program: status exit code 1"}),
    ("usage", {"times_zero": "times: buffer.tms_utime 0, Linux not 0", "sysinfo_zero": "sysinfo: info.uptime 0, Linux not 0",
               "statfs_zero": "statfs: buffer.f_type 0"}),
]


def judge_together(case: str, causes: dict[str, str], kernel: Path) -> str | None:
    """What is wrong with how several faults at once were named, or None."""
    done = levitate("check", "--json", "--max-instructions", str(INSTRUCTIONS), "--kernel", kernel, "--kernel-args",
                    "fault=" + ",".join(causes), case, seconds=SECONDS)
    if done.returncode != DIVERGENT:
        return f"status {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
    named = [divergence["cause"] for divergence in json.loads(done.stdout)["cases"][0]["divergences"]]
    missing = [fault for fault, cause in causes.items() if not any(text.startswith(cause) for text in named)]
    return f"not named: {', '.join(missing)}; causes: {named}" if missing else None


# Faults over several cases, and the work list that they have to make: what the cause begins with, its stage, its area,
# and in how many of the cases it is. Other causes are what follows from these.
WORK_CASES = ("hello", "numbers", "files", "threads", "spawn")
WORK_FAULTS = "getrandom_short,poll_reports_unwanted,exit_status_wrong"
WORK: list[tuple[str, str, str, int]] = [
    ("getrandom → 4, Linux: 8", "before main", "system", 5),
    ("ppoll → 3, Linux: 1", "before main", "io", 5),
    ("end of the program: status exit code 1", "at exit", "process", 4),  # numbers, without random bytes, is killed
    ("wait4: status ", "in main", "process", 1),
]


def judge_work_list(kernel: Path) -> str | None:
    """What is wrong with the list of causes over several cases, or None."""
    done = levitate("check", "--json", "--max-instructions", str(INSTRUCTIONS), "--kernel", kernel, "--kernel-args",
                    f"fault={WORK_FAULTS}", *WORK_CASES, seconds=SECONDS)
    if done.returncode != DIVERGENT:
        return f"status {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
    work = json.loads(done.stdout)["work"]
    places = []
    for cause, stage, area, cases in WORK:
        found = [i for i, item in enumerate(work) if item["cause"].startswith(cause)
                 and (item["stage"], item["area"], len(item["cases"])) == (stage, area, cases)]
        if not found:
            return f"no '{cause}' {stage}, {area}, in {cases} cases: {work}"
        places.append(found[0])
    return None if places == sorted(places) else f"not in this order: {work}"


def judge(fault: str, kernel: Path) -> str | None:
    """What is wrong with how the fault was noticed, or None."""
    case, kinds = EXPECTED[fault]
    done = levitate("check", "--json", "--max-instructions", str(INSTRUCTIONS), "--kernel", kernel, "--kernel-args",
                    f"fault={fault}", case, seconds=SECONDS)
    if done.returncode != DIVERGENT:
        return f"status {done.returncode} on {case}: {done.stderr.decode(errors='replace')[-500:]}"
    result = json.loads(done.stdout)["cases"][0]
    if result["verdict"] != "divergent":
        return f"{case} is {result['verdict']}"
    kind = result["divergence"]["kind"]
    if kind not in kinds:
        return f"{case} shows '{kind}', not {sorted(kinds)}: {result['divergence']['message']}"
    return None


def judge_record(kernel: Path) -> str | None:
    """What is wrong with how `record` takes a status that is not what the program was seen to end with, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        done = levitate("record", "--gic", "3", "--kernel", kernel, "--kernel-args", "fault=wait_status_wrong", "-o",
                        Path(scratch) / "trace.jsonl", "hello", seconds=SECONDS)
    said = done.stderr.decode(errors="replace")
    expected = f"levitate: the kernel reports exit status {done.returncode}, but the program was seen to exit with 0\n"
    return None if done.returncode != 0 and expected in said else f"record: status {done.returncode}: {said}"


def main() -> int:
    declared = re.findall(r"^FAULT_POINT\((\w+),", Path(sys.argv[1]).read_text(encoding="utf-8"), re.MULTILINE)
    kernel = Path(sys.argv[2])
    failures = [f"{fault}: no case is named for it here" for fault in declared if fault not in EXPECTED]
    failures += [f"{fault}: the kernel has no such fault" for fault in EXPECTED if fault not in declared]
    for fault in EXPECTED:
        if fault in declared and (reason := judge(fault, kernel)):
            failures.append(f"{fault}: {reason}")
    for case, causes in TOGETHER:
        if reason := judge_together(case, causes, kernel):
            failures.append(f"{' and '.join(causes)} on {case}: {reason}")
    if reason := judge_record(kernel):
        failures.append(reason)
    if reason := judge_work_list(kernel):
        failures.append(f"work list: {reason}")
    print("\n".join(failures))
    print(f"{len(declared)} faults, {len(failures)} not noticed as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
