// Who a task is: ids, groups, capabilities (man 7 credentials, man 7 capabilities).
#pragma once

#include <linux/capability.h>

#include <cstdint>

#include "lib/ref.hpp"
#include "lib/vector.hpp"

namespace kernel {

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
    bool keeps_capabilities = false;  // PR_SET_KEEPCAPS

    // `capability` is a CAP_* number.
    bool has(int capability) const { return (effective >> capability & 1) != 0; }
    // Is this the effective group, or one of the supplementary ones, of file accesses?
    bool is_in_group(std::uint32_t id) const;
};

}  // namespace kernel
