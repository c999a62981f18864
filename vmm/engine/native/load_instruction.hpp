// How much memory a load instruction reads.
#pragma once

#include <cstdint>
#include <optional>

namespace levitate::vmm::native {

// Bytes that the A64 instruction loads (Arm ARM C4.1.88, "Loads and Stores"). nullopt: it loads nothing.
// Precondition: the instruction has just accessed data memory, so that only loads and stores come here.
std::optional<unsigned> loaded_bytes(std::uint32_t instruction);

}  // namespace levitate::vmm::native
