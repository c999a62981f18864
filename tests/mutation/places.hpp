// Where in a trace a value stands that can be changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::mutation {

enum class NumberKind { Plain, Flags, Result };

struct NumberPlace {
    std::size_t event = 0;
    std::string owner;  // Stratum::event
    std::string field;
    NumberKind kind = NumberKind::Plain;
    std::size_t size = 8;  // bytes
    std::uint64_t value = 0;
    std::function<void(Event&, std::uint64_t)> set;
};

struct BytesPlace {
    std::size_t event = 0;
    std::string owner;
    std::string field;
    std::size_t size = 0;
    std::function<std::span<std::byte>(Event&)> bytes;
};

struct Places {
    std::vector<NumberPlace> numbers;
    std::vector<BytesPlace> bytes;
};

// Padding is no place: the kernel says nothing with it.
Places places_of(const Trace& trace);

// "openat", "futex FUTEX_WAKE_PRIVATE", "read of AT_PHDR", "exec", …
std::string label_of(const Event& event);

// Of a piece of memory: "in pathname", "out statbuf", "in iov buffer".
std::string name_of(const abi::SyscallRow& row, const Payload& payload);

}  // namespace levitate::traces::mutation
