// capget, capset (man 7 capabilities).
#include <linux/capability.h>

#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// How many 32-bit words a set has in the header's version. An unknown version is replaced by the one
// supported.
Result<unsigned> words_of(UserInOut<__user_cap_header_struct> header, const __user_cap_header_struct& given) {
    switch (given.version) {
        case _LINUX_CAPABILITY_VERSION_1:
            return 1U * _LINUX_CAPABILITY_U32S_1;
        case _LINUX_CAPABILITY_VERSION_2:
        case _LINUX_CAPABILITY_VERSION_3:
            return 1U * _LINUX_CAPABILITY_U32S_3;
        default: {
            const UserOut<std::uint32_t> version(header.address());
            TRY(version.write(_LINUX_CAPABILITY_VERSION_3));
            return Errno(EINVAL);
        }
    }
}

}  // namespace

Result<long> sys_capget(Task& task, UserInOut<__user_cap_header_struct> header,
                        UserOut<__user_cap_data_struct> data) {
    const __user_cap_header_struct given = TRY(header.read());
    const Result<unsigned> words = words_of(header, given);
    if (words.is_error()) {
        // A null pointer asks for the version only.
        return data.is_null() && words.error() == Errno(EINVAL) ? Result<long>(0)
                                                                : Result<long>(words.error());
    }
    if (given.pid < 0) {
        return Errno(EINVAL);
    }
    const Ref<Task> target = given.pid == 0 ? Ref<Task>(&task) : TRY(find_task(given.pid));
    const Credentials& who = target->credentials;
    for (unsigned i = 0; i < words.value(); ++i) {
        const unsigned shift = 32 * i;
        TRY(data.write_at(i, {.effective = static_cast<std::uint32_t>(who.effective >> shift),
                              .permitted = static_cast<std::uint32_t>(who.permitted >> shift),
                              .inheritable = static_cast<std::uint32_t>(who.inheritable >> shift)}));
    }
    return 0;
}

Result<long> sys_capset(Task& task, UserInOut<__user_cap_header_struct> header,
                        UserIn<__user_cap_data_struct> data) {
    const __user_cap_header_struct given = TRY(header.read());
    const unsigned words = TRY(words_of(header, given));
    if (given.pid != 0 && given.pid != task.id) {
        return Errno(EPERM);
    }
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    for (unsigned i = 0; i < words; ++i) {
        const __user_cap_data_struct set = TRY(data.read_at(i));
        effective |= std::uint64_t{set.effective} << (32 * i);
        permitted |= std::uint64_t{set.permitted} << (32 * i);
        inheritable |= std::uint64_t{set.inheritable} << (32 * i);
    }
    effective &= kAllCapabilities;
    permitted &= kAllCapabilities;
    inheritable &= kAllCapabilities;
    Credentials& who = task.credentials;
    // Linux security/commoncap.c, cap_capset.
    if ((permitted & ~who.permitted) != 0 || (effective & ~permitted) != 0 ||
        (!who.has(CAP_SETPCAP) && (inheritable & ~(who.inheritable | who.permitted)) != 0) ||
        (inheritable & ~(who.inheritable | who.bounding)) != 0) {
        return Errno(EPERM);
    }
    who.effective = effective;
    who.permitted = permitted;
    who.inheritable = inheritable;
    who.ambient &= permitted & inheritable;
    return 0;
}

}  // namespace kernel
