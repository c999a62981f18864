// Bytes in the kernel's own memory.
#pragma once

#include <cstddef>

namespace kernel {

// The ranges must not overlap.
inline void copy_bytes(void* destination, const void* source, std::size_t size) {
    __builtin_memcpy(destination, source, size);
}
inline void move_bytes(void* destination, const void* source, std::size_t size) {
    __builtin_memmove(destination, source, size);
}
inline void fill_bytes(void* destination, std::byte value, std::size_t size) {
    __builtin_memset(destination, static_cast<int>(value), size);
}
inline bool equal_bytes(const void* a, const void* b, std::size_t size) {
    return __builtin_memcmp(a, b, size) == 0;
}

}  // namespace kernel
