// execve: a task becomes another program.
#pragma once

#include <string_view>

#include "fs/file.hpp"
#include "lib/result.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Task;

// argv or envp: strings one behind the other, each with its NUL.
struct StringList {
    Vector<char> bytes;
    std::size_t count = 0;

    Result<void> append(std::string_view text);
    Result<void> prepend(std::string_view text);
    // Precondition: count > 0.
    // Returns how many bytes that were.
    Result<std::size_t> drop_first();
};

struct ExecRequest {
    Ref<File> file;
    String path;  // as the program learns it (AT_EXECFN)
    // The path leads through a descriptor that execve closes: an interpreter could not open it.
    bool path_is_inaccessible = false;
    bool has_no_name = false;  // it was called by a descriptor alone: the file's own name becomes the task's
    StringList arguments;
    StringList environment;
    std::size_t room = SIZE_MAX;  // bytes that may be added to path, argv and envp
};

// How many bytes path, argv and envp may have beside so many pointers (Linux fs/exec.c, bprm_stack_limits).
// E2BIG.
Result<std::size_t> string_room(const Task& task, std::size_t pointers);

// False, for EAGAIN: the user has too many tasks still (Linux kernel/sys.c, flag_nproc_exceeded).
bool may_execute(Task& task);

// On success the task's registers are the new program's. On an error the old program goes on.
Result<void> execute(Task& task, ExecRequest&& request);

}  // namespace kernel
