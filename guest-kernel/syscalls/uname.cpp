// uname, sethostname, setdomainname.
#include "lib/system_name.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_uname(Task&, UserOut<new_utsname> buffer) {
    TRY(buffer.write(system_name()));
    return 0;
}

namespace {

Result<long> set_name(Task& task, UserBuffer text, int length, char (&name)[__NEW_UTS_LEN + 1]) {
    if (!task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    if (length < 0 || length > __NEW_UTS_LEN) {
        return Errno(EINVAL);
    }
    char next[__NEW_UTS_LEN + 1] = {};
    TRY(copy_from_user(next, text.address(), static_cast<std::size_t>(length)));
    copy_bytes(name, next, sizeof(next));
    return 0;
}

}  // namespace

Result<long> sys_sethostname(Task& task, UserBuffer name, int length) {
    return set_name(task, name, length, system_name().nodename);
}

Result<long> sys_setdomainname(Task& task, UserBuffer name, int length) {
    return set_name(task, name, length, system_name().domainname);
}

}  // namespace kernel
