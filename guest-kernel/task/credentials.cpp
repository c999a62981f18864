#include "task/credentials.hpp"

#include <linux/securebits.h>

#include "lib/settings.hpp"
#include "mm/address_space.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

bool is_subset(std::uint64_t inner, std::uint64_t outer) {
    return (inner & ~outer) == 0;
}

}  // namespace

void commit_credentials(Task& task, const Credentials& next) {
    const Credentials& old = task.credentials;
    const bool becomes_another =
        next.effective_user != old.effective_user || next.effective_group != old.effective_group ||
        next.file_system_user != old.file_system_user || next.file_system_group != old.file_system_group ||
        !is_subset(next.permitted, old.permitted);
    if (becomes_another) {
        if (task.address_space) {
            task.address_space->layout.dumpable = static_cast<int>(settings().suid_dumpable);
        }
        task.parent_death_signal = 0;
    }
    task.process->real_user = task.is_leader() ? next.user : task.process->real_user;
    task.credentials = next;
}

// No file here has capabilities or is set-user-ID: only root's ids and the ambient set give any.
Credentials credentials_of_program(const Task& task) {
    const Credentials& old = task.credentials;
    Credentials next = old;
    const bool is_root_special = !old.has_secure_bit(SECURE_NOROOT);
    const bool is_effective_root = is_root_special && old.effective_user == 0;
    next.permitted = 0;
    if (is_effective_root || (is_root_special && old.user == 0)) {
        next.permitted = old.bounding | old.inheritable;
    }
    const bool changes_id = old.effective_user != old.user || old.effective_group != old.group;
    if ((changes_id || !is_subset(next.permitted, old.permitted)) && task.no_new_privileges) {
        next.effective_user = old.user;
        next.effective_group = old.group;
        next.permitted &= old.permitted;
    }
    next.saved_user = next.file_system_user = next.effective_user;
    next.saved_group = next.file_system_group = next.effective_group;
    if (changes_id) {
        next.ambient = 0;
    }
    next.permitted |= next.ambient;
    next.effective = is_effective_root ? next.permitted : next.ambient;
    next.secure_bits &= ~static_cast<unsigned>(SECBIT_KEEP_CAPS);
    return next;
}

}  // namespace kernel
