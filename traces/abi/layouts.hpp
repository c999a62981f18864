// Layouts of the structs of the AArch64 Linux ABI (structs.def), with what each field is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace levitate::traces::abi {

// What a field is; structs.def says how each is written and compared.
enum class FieldKind {
    Int,
    Uint,
    Hex,
    Mode,
    Uid,
    Signal,
    Mask,
    Enum,
    Flags,
    Limit,
    Port,
    Ipv4,
    Ipv6,
    DeviceNumber,
    Address,
    Handler,
    Pid,
    Inode,
    Device,
    Time,
    Usage,
    Count,
    Amount,
    Kernel,
    Padding,
    String,
    Bytes,
};

struct Field {
    std::string_view owner;  // the struct
    std::string_view name;
    std::size_t offset = 0;  // in bytes
    std::size_t size = 0;    // in bytes
    FieldKind kind = FieldKind::Int;
    std::string_view set;  // for Enum and Flags
};

// Whether the field is the part of a time below a second, in this unit.
bool is_nanoseconds(const Field& field);
bool is_microseconds(const Field& field);

struct Struct {
    std::string_view name;
    std::size_t size = 0;  // in bytes
    std::span<const Field> fields;

    // nullptr where the struct has no such field.
    const Field* field(std::string_view field_name) const;
};

// nullptr where structs.def does not list it.
const Struct* find_struct(std::string_view name);

// The size in bytes of a struct or a builtin (int, unsigned, uint64_t, int64_t, pid); 0 where the type is
// unknown.
std::size_t type_size(std::string_view type);

// The little-endian number of `size` (1, 2, 4 or 8) bytes at `offset`; absent where the bytes end before.
std::optional<std::uint64_t> read_number(std::span<const std::byte> bytes, std::size_t offset,
                                         std::size_t size);
std::optional<std::uint64_t> read_field(std::span<const std::byte> bytes, const Field& field);

// siginfo_t is a union: the view (siginfo_fault, siginfo_child, …) that si_signo and si_code ask for.
const Struct& siginfo_view(std::span<const std::byte> siginfo);

// sockaddr_un, sockaddr_in, sockaddr_in6, sockaddr_nl or sockaddr, by the family.
const Struct& sockaddr_view(std::span<const std::byte> address);

}  // namespace levitate::traces::abi
