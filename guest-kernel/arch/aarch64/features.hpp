// What a program may know about the CPU: HWCAP and the ID registers as Linux shows them.
#pragma once

#include <cstdint>
#include <optional>

namespace kernel::arch {

struct SystemRegisterNumber {
    std::uint32_t op0;
    std::uint32_t op1;
    std::uint32_t crn;
    std::uint32_t crm;
    std::uint32_t op2;
};

// CTR_EL0 as Linux shows it: with IDC set where CLIDR_EL1 says that no level of cache needs cleaning.
std::uint64_t effective_cache_type();

// The value that a program's MRS gets, or nothing where Linux would send SIGILL.
std::optional<std::uint64_t> visible_id_register(const SystemRegisterNumber& number);

}  // namespace kernel::arch
