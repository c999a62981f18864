// What the values of the auxiliary vector's entries are (auxv.inc).
#pragma once

#include <cstdint>

#include "traces/abi/constants.hpp"

namespace levitate::traces::abi {

enum class AuxvKind : std::uint8_t { Number, Address, Bits };

constexpr AuxvKind auxv_kind(std::uint64_t type) {
    switch (static_cast<std::int64_t>(type)) {
#define AUXV(entry, kind) \
    case constant(entry): \
        return AuxvKind::kind;
#include "traces/abi/auxv.inc"
#undef AUXV
        default:
            return AuxvKind::Number;
    }
}

}  // namespace levitate::traces::abi
