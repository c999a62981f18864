// Values of the ABI as people read them, in strace's notation where it has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::abi {

// "0x7ffff7ff0000", "NULL".
std::string format_address(std::uint64_t address);

// A C string literal of at most `limit` bytes, with "..." behind it where there are more.
std::string format_string(std::span<const std::byte> bytes, std::size_t limit);

// Shows the register's value alone, and not what a pointer points to.
std::string format_argument(const SyscallRow& row, std::size_t index, std::uint64_t value);

// "3", "0x7ffff7ff0000", "-1 ENOENT (No such file or directory)".
std::string format_result(const SyscallRow* row, std::int64_t result);

// "S_IFREG|0644", "{sa_handler=SIG_IGN, …}". If the bytes do not fill the struct, "..." stands for the rest.
std::string format_field(const Field& field, std::span<const std::byte> bytes);
std::string format_struct(const Struct& layout, std::span<const std::byte> bytes);

// An object whose type, a struct or a builtin, has this name: "[3]", "{tv_sec=1, tv_nsec=0}".
std::string format_object(std::string_view type, std::span<const std::byte> bytes);

// A value of the auxiliary vector's entry: "4096", "0x119fff".
std::string format_auxv(std::uint64_t type, std::uint64_t value);

// What wait4 stored: "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]".
std::string format_wait_status(std::uint64_t status);

}  // namespace levitate::traces::abi
