// Core files (man 5 core; Linux fs/coredump.c, fs/binfmt_elf.c).
#pragma once

#include <asm/siginfo.h>

#include "fs/text_buffer.hpp"
#include "lib/result.hpp"

namespace kernel {

class Task;

// Writes what the current task's process was when a signal ended it to the file that core_pattern names.
// False: nobody wants it (RLIMIT_CORE, PR_SET_DUMPABLE), or the file cannot be made.
bool dump_core(Task& task, const siginfo_t& reason);

// The file's name. Patterns for a program, which begin with '|', are not for this.
Result<void> append_core_name(Task& task, const siginfo_t& reason, TextBuffer& out);

// The notes of the process and of its threads, as they stand in the file.
Result<void> append_core_notes(Task& task, const siginfo_t& reason, TextBuffer& out);

}  // namespace kernel
