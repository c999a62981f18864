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

    // E2BIG: more than a program may be given.
    Result<void> append(std::string_view text);
    Result<void> prepend(std::string_view text);
    // Precondition: count > 0.
    Result<void> drop_first();
};

struct ExecRequest {
    Ref<File> file;
    String path;  // as the program learns it (AT_EXECFN)
    StringList arguments;
    StringList environment;
};

// On success the task's registers are the new program's. On an error the old program goes on.
Result<void> execute(Task& task, ExecRequest&& request);

}  // namespace kernel
