// Advice about memory, of the caller's own or of another process.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/result.hpp"

namespace kernel {

class AddressSpace;

// man 2 madvise.
Result<long> advise(AddressSpace& space, std::uint64_t address, std::size_t length, int advice);

}  // namespace kernel
