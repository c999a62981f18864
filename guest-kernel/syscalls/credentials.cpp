// User and group ids: getuid to setfsgid, getgroups, setgroups (man 7 credentials).
#include <linux/capability.h>
#include <linux/securebits.h>

#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kKeep = ~0U;  // -1: leave as it is
constexpr int kMaximumGroups = 65536;

constexpr std::uint64_t kFileCapabilities =
    std::uint64_t{1} << CAP_CHOWN | std::uint64_t{1} << CAP_MKNOD | std::uint64_t{1} << CAP_DAC_OVERRIDE |
    std::uint64_t{1} << CAP_DAC_READ_SEARCH | std::uint64_t{1} << CAP_FOWNER |
    std::uint64_t{1} << CAP_FSETID | std::uint64_t{1} << CAP_LINUX_IMMUTABLE |
    std::uint64_t{1} << CAP_MAC_OVERRIDE;

// Capabilities follow the user ids (Linux security/commoncap.c, cap_emulate_setxuid).
void adjust_capabilities(const Credentials& old, Credentials& next) {
    const bool had_root = old.user == 0 || old.effective_user == 0 || old.saved_user == 0;
    const bool has_root = next.user == 0 || next.effective_user == 0 || next.saved_user == 0;
    if (old.has_secure_bit(SECURE_NO_SETUID_FIXUP)) {
        return;
    }
    if (had_root && !has_root) {
        if (!next.has_secure_bit(SECURE_KEEP_CAPS)) {
            next.permitted = 0;
            next.effective = 0;
        }
        next.ambient = 0;
    }
    if (old.effective_user == 0 && next.effective_user != 0) {
        next.effective = 0;
    }
    if (old.effective_user != 0 && next.effective_user == 0) {
        next.effective = next.permitted;
    }
}

Result<long> commit_users(Task& task, Credentials next) {
    next.file_system_user = next.effective_user;
    adjust_capabilities(task.credentials, next);
    // Programs that drop their privileges expect no failure here, so execve fails instead (Linux
    // kernel/sys.c, flag_nproc_exceeded, which does not count the caller yet).
    if (next.user != task.credentials.user) {
        task.has_too_many_tasks = is_over_task_limit(*task.process, next.user);
    }
    commit_credentials(task, next);
    return 0;
}

Result<long> commit_groups(Task& task, Credentials next) {
    next.file_system_group = next.effective_group;
    commit_credentials(task, next);
    return 0;
}

// A caller without the capability may set only one of its three ids.
bool is_own(std::uint32_t id, std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
    return id == kKeep || id == real || id == effective || id == saved;
}

void replace(std::uint32_t& id, std::uint32_t value) {
    if (value != kKeep) {
        id = value;
    }
}

}  // namespace

Result<long> sys_getuid(Task& task) {
    return task.credentials.user;
}

Result<long> sys_geteuid(Task& task) {
    return task.credentials.effective_user;
}

Result<long> sys_getgid(Task& task) {
    return task.credentials.group;
}

Result<long> sys_getegid(Task& task) {
    return task.credentials.effective_group;
}

Result<long> sys_getresuid(Task& task, UserOut<unsigned> real, UserOut<unsigned> effective,
                           UserOut<unsigned> saved) {
    TRY(real.write(task.credentials.user));
    TRY(effective.write(task.credentials.effective_user));
    TRY(saved.write(task.credentials.saved_user));
    return 0;
}

Result<long> sys_getresgid(Task& task, UserOut<unsigned> real, UserOut<unsigned> effective,
                           UserOut<unsigned> saved) {
    TRY(real.write(task.credentials.group));
    TRY(effective.write(task.credentials.effective_group));
    TRY(saved.write(task.credentials.saved_group));
    return 0;
}

Result<long> sys_setuid(Task& task, unsigned user) {
    Credentials next = task.credentials;
    if (user == kKeep) {
        return Errno(EINVAL);
    }
    if (next.has(CAP_SETUID)) {
        next.user = next.saved_user = user;
    } else if (user != next.user && user != next.saved_user) {
        return Errno(EPERM);
    }
    next.effective_user = user;
    return commit_users(task, next);
}

Result<long> sys_setgid(Task& task, unsigned group) {
    Credentials next = task.credentials;
    if (group == kKeep) {
        return Errno(EINVAL);
    }
    if (next.has(CAP_SETGID)) {
        next.group = next.saved_group = group;
    } else if (group != next.group && group != next.saved_group) {
        return Errno(EPERM);
    }
    next.effective_group = group;
    return commit_groups(task, next);
}

Result<long> sys_setreuid(Task& task, unsigned real, unsigned effective) {
    const Credentials& now = task.credentials;
    Credentials next = now;
    if (!now.has(CAP_SETUID) && (!is_own(real, now.user, now.effective_user, now.user) ||
                                 !is_own(effective, now.user, now.effective_user, now.saved_user))) {
        return Errno(EPERM);
    }
    replace(next.user, real);
    replace(next.effective_user, effective);
    if (real != kKeep || (effective != kKeep && effective != now.user)) {
        next.saved_user = next.effective_user;
    }
    return commit_users(task, next);
}

Result<long> sys_setregid(Task& task, unsigned real, unsigned effective) {
    const Credentials& now = task.credentials;
    Credentials next = now;
    if (!now.has(CAP_SETGID) && (!is_own(real, now.group, now.effective_group, now.group) ||
                                 !is_own(effective, now.group, now.effective_group, now.saved_group))) {
        return Errno(EPERM);
    }
    replace(next.group, real);
    replace(next.effective_group, effective);
    if (real != kKeep || (effective != kKeep && effective != now.group)) {
        next.saved_group = next.effective_group;
    }
    return commit_groups(task, next);
}

Result<long> sys_setresuid(Task& task, unsigned real, unsigned effective, unsigned saved) {
    const Credentials& now = task.credentials;
    Credentials next = now;
    for (const unsigned id : {real, effective, saved}) {
        if (!now.has(CAP_SETUID) && !is_own(id, now.user, now.effective_user, now.saved_user)) {
            return Errno(EPERM);
        }
    }
    replace(next.user, real);
    replace(next.effective_user, effective);
    replace(next.saved_user, saved);
    return commit_users(task, next);
}

Result<long> sys_setresgid(Task& task, unsigned real, unsigned effective, unsigned saved) {
    const Credentials& now = task.credentials;
    Credentials next = now;
    for (const unsigned id : {real, effective, saved}) {
        if (!now.has(CAP_SETGID) && !is_own(id, now.group, now.effective_group, now.saved_group)) {
            return Errno(EPERM);
        }
    }
    replace(next.group, real);
    replace(next.effective_group, effective);
    replace(next.saved_group, saved);
    return commit_groups(task, next);
}

Result<long> sys_setfsuid(Task& task, unsigned user) {
    const Credentials& now = task.credentials;
    const std::uint32_t previous = now.file_system_user;
    if (user != kKeep && (now.has(CAP_SETUID) || user == previous ||
                          is_own(user, now.user, now.effective_user, now.saved_user))) {
        Credentials next = now;
        next.file_system_user = user;
        const bool follows = !now.has_secure_bit(SECURE_NO_SETUID_FIXUP);
        if (follows && previous == 0 && user != 0) {
            next.effective &= ~kFileCapabilities;
        } else if (follows && previous != 0 && user == 0) {
            next.effective |= next.permitted & kFileCapabilities;
        }
        commit_credentials(task, next);
    }
    return previous;
}

Result<long> sys_setfsgid(Task& task, unsigned group) {
    const Credentials& now = task.credentials;
    const std::uint32_t previous = now.file_system_group;
    if (group != kKeep && (now.has(CAP_SETGID) || group == previous ||
                           is_own(group, now.group, now.effective_group, now.saved_group))) {
        Credentials next = now;
        next.file_system_group = group;
        commit_credentials(task, next);
    }
    return previous;
}

Result<long> sys_getgroups(Task& task, int size, UserOut<unsigned> list) {
    const RefPtr<Groups>& groups = task.credentials.supplementary;
    const auto count = static_cast<int>(groups ? groups->ids.size() : 0);
    if (size < 0 || (size != 0 && size < count)) {
        return Errno(EINVAL);
    }
    if (size != 0 && count != 0) {
        TRY(list.write_all(groups->ids.span()));
    }
    return count;
}

Result<long> sys_setgroups(Task& task, int size, UserIn<unsigned> list) {
    if (!task.credentials.has(CAP_SETGID)) {
        return Errno(EPERM);
    }
    if (size < 0 || size > kMaximumGroups) {
        return Errno(EINVAL);
    }
    Ref<Groups> groups = TRY(make_ref<Groups>());
    TRY(groups->ids.resize(static_cast<std::size_t>(size)));
    TRY(list.read_all(groups->ids.span()));
    // Ascending, as Linux keeps and shows them.
    for (std::size_t i = 1; i < groups->ids.size(); ++i) {
        for (std::size_t j = i; j > 0 && groups->ids[j - 1] > groups->ids[j]; --j) {
            std::swap(groups->ids[j - 1], groups->ids[j]);
        }
    }
    task.credentials.supplementary = std::move(groups);
    return 0;
}

}  // namespace kernel
