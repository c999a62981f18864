// Loads and stores of SIMD and floating-point registers.
#include <cstdint>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"
#include "emu/mmu/access.hpp"
#include "emu/thread.hpp"

namespace levitate::emu::simd {

namespace {

enum class Direction : std::uint8_t { Store, Load };

// T is the type of the memory access: an unsigned integer, or Vector.
template <class T>
T register_value(const Core& core, Reg t) {
    if constexpr (sizeof(T) == kVectorBytes) {
        return core.v[t.number];
    } else {
        return read_scalar<T>(core, t);
    }
}

template <class T>
void set_register(Core& core, Reg t, const T& value) {
    if constexpr (sizeof(T) == kVectorBytes) {
        core.v[t.number] = value;
    } else {
        write_scalar(core, t, value);
    }
}

template <class T, Direction direction>
Flow transfer(Core& core, Reg t, std::uint64_t address) {
    if constexpr (direction == Direction::Store) {
        return core.store(address, register_value<T>(core, t));
    } else {
        T value;
        const Flow flow = core.load(address, value);
        if (flow != Flow::Exception) {
            set_register(core, t, value);
        }
        return flow;
    }
}

template <class T, Direction direction>
Flow transfer_pair(Core& core, Reg t, Reg u, std::uint64_t address) {
    if constexpr (direction == Direction::Store) {
        return core.store_pair(address, register_value<T>(core, t), register_value<T>(core, u));
    } else {
        T first;
        T second;
        const Flow flow = core.load_pair(address, first, second);
        if (flow != Flow::Exception) {
            set_register(core, t, first);
            set_register(core, u, second);
        }
        return flow;
    }
}

// choose.operator()<T>() with T of 1 << scale bytes.
template <class Choose>
Operation with_access(unsigned scale, Choose choose) {
    switch (scale) {
        case 0:
            return choose.template operator()<std::uint8_t>();
        case 1:
            return choose.template operator()<std::uint16_t>();
        case 2:
            return choose.template operator()<std::uint32_t>();
        case 3:
            return choose.template operator()<std::uint64_t>();
        case 4:
            return choose.template operator()<Vector>();
        default:
            return undefined();
    }
}

// --- One register ------------------------------------------------------------------------------------------

template <class T, Direction direction>
Flow at_offset(Core& core, Reg t, Source base, std::int32_t offset) {
    if (core.sp_misaligned(base)) {
        return core.sp_alignment_fault();
    }
    return transfer<T, direction>(core, t, core.get(base) + static_cast<std::uint64_t>(std::int64_t{offset}));
}

// Before or after it is used, the base changes by `update`.
template <class T, Direction direction>
Flow with_update(Core& core, Reg t, Source base, Target updated, std::int16_t offset, std::int16_t update) {
    if (core.sp_misaligned(base)) {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(base);
    const Flow flow =
        transfer<T, direction>(core, t, address + static_cast<std::uint64_t>(std::int64_t{offset}));
    if (flow != Flow::Exception) {
        core.set(updated, address + static_cast<std::uint64_t>(std::int64_t{update}));
    }
    return flow;
}

enum class Extend : std::uint8_t { Unsigned32, Signed32, None };

template <class T, Direction direction, Extend extend>
Flow at_index(Core& core, Reg t, Source base, Source index, std::uint8_t shift) {
    if (core.sp_misaligned(base)) {
        return core.sp_alignment_fault();
    }
    std::uint64_t offset = core.get(index);
    if constexpr (extend == Extend::Unsigned32) {
        offset = static_cast<std::uint32_t>(offset);
    } else if constexpr (extend == Extend::Signed32) {
        offset = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(offset)});
    }
    return transfer<T, direction>(core, t, core.get(base) + (offset << shift));
}

template <class T>
Flow at_literal(Core& core, const Instruction& instruction, Reg t, std::int32_t offset) {
    return transfer<T, Direction::Load>(
        core, t, core.address_of(instruction) + static_cast<std::uint64_t>(std::int64_t{offset}));
}

// opc<1>:size. Five and more are not allocated.
unsigned scale_of(Imm<2> size, Bit wide) {
    return (wide ? 4U : 0U) + size.value();
}

template <Direction direction>
Operation unsigned_offset(Imm<2> size, Bit wide, Imm<12> offset, Reg n, Reg t) {
    const unsigned scale = scale_of(size, wide);
    return with_access(scale, [&]<class T>() {
        return fp_operation<&at_offset<T, direction>>(t, n.source_or_sp(),
                                                      static_cast<std::int32_t>(offset.value() << scale));
    });
}

template <Direction direction>
Operation unscaled_offset(Imm<2> size, Bit wide, Imm<9> offset, Reg n, Reg t) {
    return with_access(scale_of(size, wide), [&]<class T>() {
        return fp_operation<&at_offset<T, direction>>(t, n.source_or_sp(),
                                                      static_cast<std::int32_t>(offset.signed_value()));
    });
}

template <Direction direction>
Operation pre_index(Imm<2> size, Bit wide, Imm<9> offset, Reg n, Reg t) {
    const auto update = static_cast<std::int16_t>(offset.signed_value());
    return with_access(scale_of(size, wide), [&]<class T>() {
        return fp_operation<&with_update<T, direction>>(t, n.source_or_sp(), n.target_or_sp(), update,
                                                        update);
    });
}

template <Direction direction>
Operation post_index(Imm<2> size, Bit wide, Imm<9> offset, Reg n, Reg t) {
    const auto update = static_cast<std::int16_t>(offset.signed_value());
    return with_access(scale_of(size, wide), [&]<class T>() {
        return fp_operation<&with_update<T, direction>>(t, n.source_or_sp(), n.target_or_sp(),
                                                        std::int16_t{0}, update);
    });
}

template <Direction direction>
Operation register_offset(Imm<2> size, Bit wide, Reg m, Imm<3> option, Bit scaled, Reg n, Reg t) {
    const unsigned scale = scale_of(size, wide);
    return with_access(scale, [&]<class T>() {
        const auto shift = static_cast<std::uint8_t>(scaled ? scale : 0);
        switch (option.value()) {
            case 0b010:
                return fp_operation<&at_index<T, direction, Extend::Unsigned32>>(t, n.source_or_sp(),
                                                                                 m.source(), shift);
            case 0b110:
                return fp_operation<&at_index<T, direction, Extend::Signed32>>(t, n.source_or_sp(),
                                                                               m.source(), shift);
            case 0b011:
            case 0b111:
                return fp_operation<&at_index<T, direction, Extend::None>>(t, n.source_or_sp(), m.source(),
                                                                           shift);
            default:
                return undefined();
        }
    });
}

constexpr auto& STR_vector_unsigned = unsigned_offset<Direction::Store>;
constexpr auto& STR_vector_post = post_index<Direction::Store>;
constexpr auto& STR_vector_pre = pre_index<Direction::Store>;
constexpr auto& STUR_vector = unscaled_offset<Direction::Store>;
constexpr auto& STR_vector_register = register_offset<Direction::Store>;
constexpr auto& LDR_vector_unsigned = unsigned_offset<Direction::Load>;
constexpr auto& LDR_vector_post = post_index<Direction::Load>;
constexpr auto& LDR_vector_pre = pre_index<Direction::Load>;
constexpr auto& LDUR_vector = unscaled_offset<Direction::Load>;
constexpr auto& LDR_vector_register = register_offset<Direction::Load>;

// The opc field of literals and pairs: 4, 8 or 16 bytes, and 3 is not allocated.
unsigned pair_scale(Imm<2> size) {
    return size.value() + 2;
}

Operation LDR_vector_literal(Imm<2> size, Imm<19> offset, Reg t) {
    return with_access(pair_scale(size), [&]<class T>() {
        return fp_operation<&at_literal<T>>(t, static_cast<std::int32_t>(offset.signed_value() * 4));
    });
}

// --- Pairs -------------------------------------------------------------------------------------------------

template <class T, Direction direction>
Flow pair_with_update(Core& core, Reg t, Reg u, Source base, Target updated, std::int16_t offset,
                      std::int16_t update) {
    if (core.sp_misaligned(base)) {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(base);
    const Flow flow =
        transfer_pair<T, direction>(core, t, u, address + static_cast<std::uint64_t>(std::int64_t{offset}));
    if (flow != Flow::Exception) {
        core.set(updated, address + static_cast<std::uint64_t>(std::int64_t{update}));
    }
    return flow;
}

enum class Indexing : std::uint8_t { Offset, Pre, Post };

// Without write-back, the base's new value goes to the place that is never read.
template <Direction direction, Indexing indexing>
Operation pair(Imm<2> size, Imm<7> immediate, Reg u, Reg n, Reg t) {
    const unsigned scale = pair_scale(size);
    return with_access(scale, [&]<class T>() {
        const auto distance =
            static_cast<std::int16_t>(immediate.signed_value() * static_cast<int>(sizeof(T)));
        const Target updated = indexing == Indexing::Offset ? Target{kDiscardPlace} : n.target_or_sp();
        const std::int16_t offset = indexing == Indexing::Post ? std::int16_t{0} : distance;
        return fp_operation<&pair_with_update<T, direction>>(t, u, n.source_or_sp(), updated, offset,
                                                             distance);
    });
}

constexpr auto& STNP_vector = pair<Direction::Store, Indexing::Offset>;
constexpr auto& STP_vector_post = pair<Direction::Store, Indexing::Post>;
constexpr auto& STP_vector_offset = pair<Direction::Store, Indexing::Offset>;
constexpr auto& STP_vector_pre = pair<Direction::Store, Indexing::Pre>;
constexpr auto& LDNP_vector = pair<Direction::Load, Indexing::Offset>;
constexpr auto& LDP_vector_post = pair<Direction::Load, Indexing::Post>;
constexpr auto& LDP_vector_offset = pair<Direction::Load, Indexing::Offset>;
constexpr auto& LDP_vector_pre = pair<Direction::Load, Indexing::Pre>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_memory.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_memory_rows() {
    return simd::kRows;
}
