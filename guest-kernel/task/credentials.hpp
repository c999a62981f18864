// Who a task is: ids, groups, capabilities (man 7 credentials, man 7 capabilities).
#pragma once

#include <linux/capability.h>

#include <cstdint>

#include "lib/ref.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Task;

struct Groups : RefCounted {
    Vector<std::uint32_t> ids;
};

inline constexpr std::uint64_t kAllCapabilities = (std::uint64_t{1} << (CAP_LAST_CAP + 1)) - 1;

struct Credentials {
    std::uint32_t user = 0;
    std::uint32_t effective_user = 0;
    std::uint32_t saved_user = 0;
    std::uint32_t file_system_user = 0;
    std::uint32_t group = 0;
    std::uint32_t effective_group = 0;
    std::uint32_t saved_group = 0;
    std::uint32_t file_system_group = 0;
    RefPtr<Groups> supplementary;  // null: none
    std::uint64_t permitted = kAllCapabilities;
    std::uint64_t effective = kAllCapabilities;
    std::uint64_t inheritable = 0;
    std::uint64_t bounding = kAllCapabilities;
    std::uint64_t ambient = 0;
    unsigned secure_bits = 0;  // SECBIT_* (man 7 capabilities)

    // `capability` is a CAP_* number.
    bool has(int capability) const { return (effective >> capability & 1) != 0; }
    // `bit` is a SECURE_* number.
    bool has_secure_bit(int bit) const { return (secure_bits >> bit & 1) != 0; }
    // Is this the effective group, or one of the supplementary ones, of file accesses?
    bool is_in_group(std::uint32_t id) const;
};

// The task becomes somebody: where that is somebody else, its memory is no longer dumpable and its parent's
// end no longer signalled (Linux kernel/cred.c, commit_creds).
void commit_credentials(Task& task, const Credentials& next);
// Who a task is after execve (Linux security/commoncap.c, cap_bprm_creds_from_file).
Credentials credentials_of_program(const Task& task);

}  // namespace kernel
