// What strace's notation of an event and its table of fields have in common.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "traces/export/event_fields.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::detail {

// How much of data is shown: strace's default, -s 32.
inline constexpr std::size_t kDataBytes = 32;

// "openat"; "syscall_0x1ff" where AArch64 Linux has no such call.
std::string call_name(const SyscallEvent& call);

// The arguments that have a meaning, by their names, with what they point to: {"pathname",
// "\"/etc/passwd\""}.
std::vector<EventField> call_arguments(const SyscallEvent& call);

// A vDSO call as the system call that it stands for. If it stands for none, its arguments are shown as
// registers.
std::vector<EventField> vdso_arguments(const VdsoCallEvent& call);
std::string vdso_result(const VdsoCallEvent& call);

// "3", "-1 ENOENT (No such file or directory)"; "?" where the call did not return. Precondition: the event is
// a call.
std::string call_result(const Trace& trace, std::size_t event);

// "exited with 0", "killed by SIGABRT"; "ended" where neither is known.
std::string end_text(const std::optional<int>& exit_code, const std::optional<int>& signal);

}  // namespace levitate::traces::detail
