// What kind of value each entry of the auxiliary vector has (auxv.inc).
#pragma once

#include <cstdint>

#include "traces/abi/constants.hpp"

namespace levitate::traces::abi {

enum class AuxvKind : std::uint8_t { Number, Bits, Program, Object, Stack };

struct AuxvRow {
    std::int64_t type = 0;
    AuxvKind kind = AuxvKind::Number;
};

inline constexpr AuxvRow kAuxvRows[] = {
#define AUXV(entry, kind) {constant(entry), AuxvKind::kind},
#include "traces/abi/auxv.inc"
#undef AUXV
};

constexpr AuxvKind auxv_kind(std::uint64_t type) {
    for (const AuxvRow& row : kAuxvRows) {
        if (row.type == static_cast<std::int64_t>(type)) {
            return row.kind;
        }
    }
    return AuxvKind::Number;
}

}  // namespace levitate::traces::abi
