// Names of the AArch64 Linux ABI and their values. Host code takes them from here and never from the host's
// own <sys/*> and <asm/*>, which differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levitate::traces::abi {

struct NamedValue {
    std::string_view set;
    std::string_view name;
    std::int64_t value = 0;
    bool in_field = false;  // a value of the set's field (O_RDWR under O_ACCMODE), not a flag of its own
};

struct NamedNumber {
    std::string_view name;
    std::uint64_t number = 0;
};

struct NamedError {
    std::string_view name;
    int number = 0;
    std::string_view text;
};

// Generated rows, in the order of sets.def.
inline constexpr NamedValue kNamedValues[] = {
#define SET(name, kind, field_mask, tail_mask, tail_set)
#define VALUE(set, name, value) {#set, name, static_cast<std::int64_t>(value), false},
#define FIELD_VALUE(set, name, value) {#set, name, static_cast<std::int64_t>(value), true},
#include "traces/abi/generated/sets.inc"
#undef SET
#undef VALUE
#undef FIELD_VALUE
};

// In the order of the numbers.
inline constexpr NamedNumber kSyscallNumbers[] = {
#define NUMBER(name, number) {name, number},
#include "traces/abi/generated/syscall_numbers.inc"
#undef NUMBER
};

inline constexpr NamedError kErrors[] = {
#define ERROR(name, number, text) {name, number, text},
#include "traces/abi/generated/errors.inc"
#undef ERROR
};

// The value of a named constant such as "O_CREAT". A name that sets.def does not list does not compile.
consteval std::int64_t constant(std::string_view name) {
    for (const NamedValue& value : kNamedValues) {
        if (value.name == name) {
            return value.value;
        }
    }
    throw "traces/abi/sets.def does not list this name";
}

consteval std::uint64_t syscall_number(std::string_view name) {
    for (const NamedNumber& number : kSyscallNumbers) {
        if (number.name == name) {
            return number.number;
        }
    }
    throw "AArch64 Linux has no call of this name";
}

// The positive number of an error such as "ENOENT".
consteval int error_number(std::string_view name) {
    for (const NamedError& error : kErrors) {
        if (error.name == name) {
            return error.number;
        }
    }
    throw "AArch64 Linux has no error of this name";
}

// "ENOENT" for 2; nullptr where the number names no error.
const NamedError* find_error(std::int64_t number);

// Writes a value of the set as strace does: "O_RDWR|O_CREAT", "F_GETFD"; bits and values without a name in
// hexadecimal. For a set that does not exist it writes the bare number.
std::string decode(std::string_view set, std::uint64_t value);

// Whether sets.def has a set of this name.
bool set_exists(std::string_view set);

// The name of exactly this value in the set.
std::optional<std::string_view> find_name(std::string_view set, std::int64_t value);

// "SIGINT", "SIGRT_2", or the bare number.
std::string signal_name(std::int64_t number);

// A signal set as strace writes it: "[INT CHLD RT_1]", "~[KILL STOP]" where most are in it, "[]".
std::string signal_mask(std::uint64_t mask);

}  // namespace levitate::traces::abi
