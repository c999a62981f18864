// execve, execveat.
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "fs/vfs.hpp"
#include "lib/memory.hpp"
#include "syscalls/handlers.hpp"
#include "task/exec.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumStringSize = std::size_t{128} * 1024;  // MAX_ARG_STRLEN

Result<std::size_t> count_strings(UserAddress pointers) {
    std::size_t count = 0;
    if (!pointers.is_null()) {
        const UserIn<std::uint64_t> array(pointers);
        while (TRY(array.read_at(count)) != 0) {
            ++count;
        }
    }
    return count;
}

// From the last string to the first, as Linux does: the first error decides.
Result<StringList> read_strings(UserAddress pointers, std::size_t count, std::size_t& room) {
    const UserIn<std::uint64_t> array(pointers);
    Vector<char> reversed;
    for (std::size_t i = count; i-- > 0;) {
        const UserString string{UserAddress(TRY(array.read_at(i)))};
        const String text = TRY(string.read(kMaximumStringSize, Errno(E2BIG)));
        const std::size_t size = text.size() + 1;
        if (size > room) {
            return Errno(E2BIG);
        }
        room -= size;
        const std::size_t position = reversed.size();
        TRY(reversed.resize(position + size));
        copy_bytes(reversed.data() + position, text.c_str(), size);
    }
    StringList list;
    list.count = count;
    TRY(list.bytes.resize(reversed.size()));
    char* place = list.bytes.end();
    for (const char* text = reversed.begin(); text != reversed.end();) {
        const std::size_t size = std::string_view(text).size() + 1;
        place -= size;
        copy_bytes(place, text, size);
        text += size;
    }
    return list;
}

// The name that the program is given as its own (Linux fs/exec.c, alloc_bprm).
Result<void> name_program(Task& task, Fd dirfd, std::string_view path, ExecRequest& request) {
    if (dirfd.number != AT_FDCWD && !path.starts_with('/')) {
        TRY(request.path.append("/dev/fd/"));
        TRY(request.path.append_signed(dirfd.number));
        TRY(request.path.append(path.empty() ? "" : "/"));
        const Result<CloseOnExec> closes = task.files->close_on_exec_of(dirfd);
        request.has_no_name = path.empty();
        request.path_is_inaccessible = !closes.is_error() && closes.value() == CloseOnExec::Yes;
    }
    return request.path.append(path);
}

// In Linux's order (fs/exec.c, do_execveat_common): strings before the file.
Result<long> execute_path(Task& task, Fd dirfd, std::string_view path, UserAddress argv, UserAddress envp,
                          unsigned flags) {
    if (path.empty() && (flags & AT_EMPTY_PATH) == 0) {
        return Errno(ENOENT);
    }
    if (!may_execute(task)) {
        return Errno(EAGAIN);
    }
    ExecRequest request;
    TRY(name_program(task, dirfd, path, request));
    const std::size_t arguments = TRY(count_strings(argv));
    const std::size_t variables = TRY(count_strings(envp));
    request.room = TRY(string_room(task, std::max<std::size_t>(arguments, 1) + variables));
    if (request.path.size() + 1 > request.room) {
        return Errno(E2BIG);
    }
    request.room -= request.path.size() + 1;
    request.environment = TRY(read_strings(envp, variables, request.room));
    request.arguments = TRY(read_strings(argv, arguments, request.room));
    if (arguments == 0) {
        TRY(request.arguments.append(""));
    }
    request.file = TRY(open_for_execute(task, dirfd.number, path, flags));
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
