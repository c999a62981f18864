// What a load instruction reads, and through which register.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace levitate::vmm::native {

// Bytes that the A64 instruction loads (Arm ARM C4.1.88, "Loads and Stores"). nullopt: it loads nothing.
// Precondition: the instruction has just accessed data memory, so that only loads and stores come here.
std::optional<unsigned> loaded_bytes(std::uint32_t instruction);

// The number of the register, 31 for SP, that holds what a plain load adds the rest of its address to.
// nullopt: it is not a plain load, but a literal, exclusive, ordered or atomic load, or a store. Same
// precondition.
std::optional<unsigned> base_register(std::uint32_t instruction);

// The address at which a load begins to read. It did not fault there if only a later part of it faulted.
// `registers` are those before it: x0 to x30, and SP in place 31. nullopt: it is not a load. Same
// precondition.
std::optional<std::uint64_t> load_address(std::uint32_t instruction, std::uint64_t pc,
                                          const std::array<std::uint64_t, 32>& registers);

// Whether a plain load writes what it has loaded to its base register.
bool loads_its_base(std::uint32_t instruction);

}  // namespace levitate::vmm::native
