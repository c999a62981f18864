// The registers that GDB sees, in the order of its AArch64 features org.gnu.gdb.aarch64.core and .fpu
// (GDB manual, "AArch64 Features"): x0-x30, sp, pc, cpsr, v0-v31, fpsr, fpcr.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vmm/arch/registers.hpp"

namespace levitate::vmm::gdb {

constexpr unsigned kRegisterCount = 31 + 3 + 32 + 2;

// Bytes of register `number`, which is less than kRegisterCount.
std::size_t register_size(unsigned number);
// Copies between register `number` and its little-endian bytes, register_size(number) of them.
void get_register(const VcpuRegisters& registers, unsigned number, std::span<std::byte> bytes);
void set_register(VcpuRegisters& registers, unsigned number, std::span<const std::byte> bytes);

// The target description that qXfer:features:read serves as target.xml.
std::string target_description();

}  // namespace levitate::vmm::gdb
