#pragma once

#include <string>

#include "traces/format/event.hpp"

namespace levitate::traces::detail {

// "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY)": a call with what its arguments point to, without its result.
std::string call_text(const SyscallEvent& call);

}  // namespace levitate::traces::detail
