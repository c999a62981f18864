// Writing to our own stdout and stderr.
#pragma once

#include <cstddef>
#include <span>

namespace levitate::vmm {

// Writes all of it, however long that takes. False: nobody reads there any more.
bool write_all(int fd, std::span<const std::byte> bytes);

}  // namespace levitate::vmm
