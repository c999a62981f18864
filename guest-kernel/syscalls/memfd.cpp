// memfd_create.
#include <linux/fcntl.h>
#include <linux/memfd.h>

#include "fs/file_table.hpp"
#include "fs/memfd.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_memfd_create(Task& task, UserString title, unsigned flags) {
    constexpr std::size_t kMaximumName = 249;  // NAME_MAX less "memfd:" (Linux mm/memfd.c)
    if ((flags & ~static_cast<unsigned>(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0) {
        return Errno(EINVAL);
    }
    const String name = TRY(title.read(kMaximumName + 1, Errno(EINVAL)));
    Ref<File> file = TRY(make_memfd(name.view(), (flags & MFD_ALLOW_SEALING) != 0));
    return TRY(task.files->install(std::move(file),
                                   (flags & MFD_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No));
}

}  // namespace kernel
