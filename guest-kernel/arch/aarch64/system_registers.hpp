// System registers by name or encoding.
#pragma once

#include <cstdint>

// The value of a register, given as the assembler knows it: READ_SYSTEM_REGISTER(esr_el1).
#define READ_SYSTEM_REGISTER(name)                         \
    __extension__({                                        \
        std::uint64_t value_read;                          \
        asm volatile("mrs %0, " #name : "=r"(value_read)); \
        value_read;                                        \
    })
#define WRITE_SYSTEM_REGISTER(name, value) \
    asm volatile("msr " #name ", %0" : : "r"(static_cast<std::uint64_t>(value)) : "memory")

namespace kernel {

inline void instruction_barrier() {
    asm volatile("isb" : : : "memory");
}
inline void data_barrier() {
    asm volatile("dsb ish" : : : "memory");
}

}  // namespace kernel
