#include "task/inspection.hpp"

#include "mm/address_space.hpp"
#include "task/task.hpp"

namespace kernel {

// Linux kernel/ptrace.c, __ptrace_may_access, and security/commoncap.c, cap_ptrace_access_check.
bool may_inspect(const Task& caller, const Task& target) {
    if (caller.process == target.process || caller.credentials.has(CAP_SYS_PTRACE)) {
        return true;
    }
    const Credentials& mine = caller.credentials;
    const Credentials& theirs = target.credentials;
    const bool same_user =
        mine.user == theirs.user && mine.user == theirs.effective_user && mine.user == theirs.saved_user;
    const bool same_group = mine.group == theirs.group && mine.group == theirs.effective_group &&
                            mine.group == theirs.saved_group;
    const bool has_all_capabilities = (theirs.permitted & ~mine.permitted) == 0;
    return same_user && same_group && has_all_capabilities &&
           (!target.address_space || target.address_space->layout.dumpable == kDumpable);
}

}  // namespace kernel
