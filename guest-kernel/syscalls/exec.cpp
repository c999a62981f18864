// execve, execveat.
#include <linux/fcntl.h>

#include "fs/vfs.hpp"
#include "syscalls/handlers.hpp"
#include "task/exec.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumStringSize = std::size_t{128} * 1024;  // MAX_ARG_STRLEN

Result<StringList> read_strings(UserAddress pointers) {
    StringList list;
    if (pointers.is_null()) {
        return list;
    }
    const UserIn<std::uint64_t> array(pointers);
    for (std::size_t i = 0;; ++i) {
        const std::uint64_t pointer = TRY(array.read_at(i));
        if (pointer == 0) {
            return list;
        }
        const String text = TRY(UserString(UserAddress(pointer)).read(kMaximumStringSize, Errno(E2BIG)));
        TRY(list.append(text.view()));
    }
}

Result<long> execute_path(Task& task, Fd dirfd, std::string_view path, UserAddress argv, UserAddress envp,
                          unsigned flags) {
    ExecRequest request;
    request.arguments = TRY(read_strings(argv));
    if (request.arguments.count == 0) {
        TRY(request.arguments.append(""));
    }
    request.environment = TRY(read_strings(envp));
    request.file = TRY(open_for_execute(task, dirfd.number, path, flags));
    // The name that the program is given as its own (Linux fs/exec.c, alloc_bprm).
    if (dirfd.number != AT_FDCWD && !path.starts_with('/')) {
        TRY(request.path.append("/dev/fd/"));
        TRY(request.path.append_signed(dirfd.number));
        TRY(request.path.append(path.empty() ? "" : "/"));
    }
    TRY(request.path.append(path));
    TRY(execute(task, std::move(request)));
    return 0;
}

}  // namespace

Result<long> sys_execve(Task& task, UserString path, UserAddress argv, UserAddress envp) {
    const String text = TRY(path.read_path());
    return execute_path(task, Fd{AT_FDCWD}, text.view(), argv, envp, 0);
}

Result<long> sys_execveat(Task& task, Fd dirfd, UserString path, UserAddress argv, UserAddress envp,
                          unsigned flags) {
    const String text = TRY(path.read_path());
    return execute_path(task, dirfd, text.view(), argv, envp, flags);
}

}  // namespace kernel
