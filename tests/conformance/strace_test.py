#!/usr/bin/env python3
"""Holds our recorder against Debian's strace: the same calls, in the same order, with the same results, per task.

    strace_test.py GOLDENS STRACE-LOGS SYSCALLS.INC

Both were made by scripts/record-goldens in one boot of the reference host. A program of one task has to agree call by call,
arguments included. Of a program of several tasks, whose schedule no two runs share, the calls are compared that do
not depend on it, by name.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>[^)]*)\)\s*=\s*(?P<result>\?|-?\w+)")
UNFINISHED = re.compile(r"^(?P<head>\w+\(.*?),?\s*<unfinished \.\.\.>$")
SUPERSEDED = re.compile(r"^\+\+\+ superseded by execve in pid (?P<pid>\d+) \+\+\+$")
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>,?\s*(?P<tail>.*)$")
ROW = re.compile(r"^SYSCALL\((?P<name>\w+), (?P<kind>\w+), (?P<result>\w+)")
ERROR = re.compile(r"-1 (?P<name>E\w+)")

# Calls of the allocator and of start-up that a thread makes or not by what the others did before.
BY_SCHEDULE = {"mmap", "munmap", "mprotect", "madvise", "brk", "sched_yield"}
# Of objects that the kernel numbers for as long as the host runs.
NUMBERS_OBJECTS = {"msgget", "semget", "shmget"}
TAKES_OBJECTS = {"msgctl", "msgrcv", "msgsnd", "semctl", "semop", "semtimedop", "shmat", "shmctl"}
# The result is the place of the highest such object: MSG_INFO, SEM_INFO, SHM_INFO.
PLACES_OF_OBJECTS = {("msgctl", 1, 12), ("semctl", 2, 19), ("shmctl", 1, 14)}
ENDS = (("exit",), ("exit_group",))
WORD = (1 << 64) - 1
F_SETOWN = 8  # linux/fcntl.h


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[int, ...]
    result: str  # decimal, an error's name, or "?" where there is none


@dataclass(frozen=True)
class Row:
    kind: str
    result: str


def read_rows(path: Path) -> dict[str, Row]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {match["name"]: Row(match["kind"], match["result"]) for line in lines if (match := ROW.match(line))}


def add_call(calls: list[Call], call: Call) -> None:
    """strace shows a call that is restarted twice, before and after what came between; for us it is one."""
    last = calls[-1] if calls else None
    if last is not None and last.result.startswith("ERESTART"):
        if call.name == "restart_syscall":
            calls[-1] = Call(last.name, last.arguments, call.result)
            return
        if (call.name, call.arguments) == (last.name, last.arguments):
            calls.pop()
    if call.name != "restart_syscall":
        calls.append(call)


def strace_calls(path: Path) -> dict[int, list[Call]]:
    """The calls of each task, tasks in order of appearance."""
    pending: dict[int, str] = {}
    tasks: dict[int, list[Call]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        number, _, text = line.partition(" ")
        pid, text = int(number), text.strip()
        calls = tasks.setdefault(pid, [])
        if match := SUPERSEDED.match(text):
            # The thread goes on under the number of the group's leader, which has ended.
            other = int(match["pid"])
            tasks[-pid], tasks[pid] = calls, tasks.pop(other)
            pending[pid] = pending.pop(other)
            continue
        if match := UNFINISHED.match(text):
            pending[pid] = match["head"]
            continue
        if match := RESUMED.match(text):
            head = pending.pop(pid, match["name"] + "(")
            joint = ", " if not head.endswith("(") and not match["tail"].startswith(")") else ""
            text = head + joint + match["tail"]
        elif text.startswith("+++") and pid in pending:
            # A call that the task did not survive.
            text = pending.pop(pid) + ") = ?"
        if match := CALL.match(text):
            error = ERROR.search(text)
            arguments = tuple(int(argument, 0) & WORD for argument in match["arguments"].split(", ") if argument)
            value = match["result"]
            result = error["name"] if error else value if value == "?" else str(int(value, 0))
            add_call(calls, Call(match["name"], arguments, result))
    return tasks


def trace_lines(path: Path) -> Iterator[str]:
    if path.suffix == ".zst":
        done = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, text=True, check=True)
        yield from done.stdout.splitlines()
    else:
        yield from path.read_text(encoding="utf-8").splitlines()


def recorded_calls(path: Path) -> dict[int, list[Call]]:
    tasks: dict[int, list[Call]] = {}
    for line in trace_lines(path):
        event = json.loads(line)
        calls = tasks.setdefault(event["task"], []) if "task" in event else []
        if event.get("type") != "syscall":
            continue
        result = event.get("result")
        if "error" in event:
            text = event["error"]
        elif result is None:
            text = "?"
        else:
            text = str(int(result, 0) if isinstance(result, str) else result)
        arguments = tuple(int(argument, 0) for argument in event["arguments"])
        calls.append(Call(event["name"], arguments, text))
    return dict(sorted(tasks.items()))


def own_calls(calls: list[Call]) -> list[Call]:
    """Without the execve by which strace starts the program: it is no call of the program."""
    return calls[1:] if calls and calls[0].name == "execve" and calls[0].result == "0" else calls


def is_message(call: Call) -> bool:
    """A write to stderr: std's messages hold the tid, which has more digits in one run than in another."""
    return call.name == "write" and call.arguments[0] == 2


def same_call(ours: Call, theirs: Call, row: Row) -> bool:
    if ours.name != theirs.name:
        return False
    if is_message(ours) and is_message(theirs):
        return True
    # Pids differ from run to run, and an argument may be one. Init sets the personality, which busybox cannot. An
    # interrupted call has no result of strace's.
    vary = row.result in ("Pid", "Time") or ours.name in NUMBERS_OBJECTS or ours.name == "personality"
    vary = vary or any(ours.name == name and ours.arguments[at] == command for name, at, command in PLACES_OF_OBJECTS)
    has_none = "?" in (ours.result, theirs.result) or theirs.result.startswith("ERESTART")
    if ours.result != theirs.result and not vary and not has_none:
        return False
    return True


def same_arguments(ours: Call, theirs: Call) -> bool:
    # strace knows how many a call has, and shows 32-bit ones cut or extended.
    pairs = zip(ours.arguments, theirs.arguments, strict=False)
    return all(mine == other or mine & 0xFFFFFFFF == other for mine, other in pairs)


def takes_pids(ours: Call) -> bool:
    """Or numbers of objects, or addresses in strace's own memory, or nothing that strace shows."""
    if ours.name == "fcntl":
        return ours.arguments[1] == F_SETOWN
    if ours.name.startswith("clock_"):
        return ours.arguments[0] & 1 << 31 != 0
    return ours.name in TAKES_OBJECTS or ours.name in (
        "execve", "rt_sigreturn", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sched_getaffinity", "tgkill", "tkill", "kill", "wait4",
        "waitid", "prlimit64", "clone", "pidfd_open", "process_vm_readv", "process_vm_writev")


def compare_single(ours: list[Call], theirs: list[Call], rows: dict[str, Row]) -> list[str]:
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
        if not same_call(mine, other, rows[mine.name]):
            return [f"call {index}: recorded {mine}, strace {other}"]
        if not (is_message(mine) or takes_pids(mine) or same_arguments(mine, other)):
            return [f"call {index}: other arguments: recorded {mine}, strace {other}"]
    if len(ours) != len(theirs):
        return [f"recorded {len(ours)} calls, strace {len(theirs)}"]
    return []


def steady(tasks: dict[int, list[Call]], rows: dict[str, Row]) -> list[tuple[str, ...]]:
    kept = (
        tuple(call.name for call in calls if rows[call.name].kind not in ("Wait", "Wake", "Poll")
              and call.name not in BY_SCHEDULE)
        for calls in tasks.values()
    )
    return sorted(kept)


def compare_many(ours: dict[int, list[Call]], theirs: dict[int, list[Call]], rows: dict[str, Row],
                 work_moves: bool) -> list[str]:
    if len(ours) != len(theirs):
        return [f"recorded {len(ours)} tasks, strace {len(theirs)}"]
    # Where a signal ended a task, how far it came is a matter of the schedule: the one is the other's beginning.
    rest = steady(theirs, rows)
    cut: list[tuple[str, ...]] = []
    for mine in steady(ours, rows):
        if mine in rest:
            rest.remove(mine)
        else:
            cut.append(mine)
    if work_moves and Counter(chain(*cut)) == Counter(chain(*rest)):
        return []
    for mine, other in zip(cut, rest, strict=True):
        length = min(len(mine), len(other))
        ended = mine[-1:] in ENDS or other[-1:] in ENDS
        if ended or mine[:length] != other[:length]:
            return [f"a task recorded as {list(mine)}, by strace as {list(other)}"]
    return []


def compare(case: str, goldens: Path, log: Path, rows: dict[str, Row]) -> list[str]:
    recordings = sorted((goldens / case).glob("recording-*.jsonl*"))
    if not recordings:
        return ["no golden"]
    theirs = strace_calls(log)
    first = next(iter(theirs))
    theirs[first] = own_calls(theirs[first])
    faults: list[str] = []
    # Linux itself varies: one of its recordings has to agree. Threads between which it moves work are a pool.
    recorded = [recorded_calls(recording) for recording in recordings]
    work_moves = any(steady(other, rows) != steady(recorded[0], rows) for other in recorded)
    for ours in recorded:
        if len(ours) == 1 and len(theirs) == 1:
            faults = compare_single(next(iter(ours.values())), theirs[first], rows)
        else:
            faults = compare_many(ours, theirs, rows, work_moves)
        if not faults:
            return []
    return faults


def main() -> int:
    goldens, logs, table = (Path(argument) for argument in sys.argv[1:4])
    rows = read_rows(table)
    cases = sorted(logs.glob("*.log"))
    failures = 0
    for log in cases:
        for fault in compare(log.stem, goldens, log, rows):
            failures += 1
            print(f"{log.stem}: {fault}")
    print(f"{len(cases)} cases, {failures} differ from strace")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
