// Loads and stores of SIMD and floating-point registers.
#include <array>
#include <cstdint>
#include <cstring>

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

// --- Structures --------------------------------------------------------------------------------------------

// Where the registers are, which wrap from V31 to V0, and how the base changes: by a register or, if that is
// the zero register, by an immediate. Without write-back its new value goes to the place that is never read.
struct Structures {
    Reg first;
    std::uint8_t registers;
    Active active;
    Source base;
    Target updated;
    Source update_register;
    std::uint8_t update;

    std::size_t register_at(unsigned i) const { return (first.number + i) % 32; }
};

Structures structures(Reg t, unsigned registers, Active active, Reg n) {
    return {t,
            static_cast<std::uint8_t>(registers),
            active,
            n.source_or_sp(),
            Target{kDiscardPlace},
            Source{kZeroPlace},
            0};
}

Structures post_indexed(Structures operands, Reg n, Reg m, unsigned bytes) {
    operands.updated = n.target_or_sp();
    if (m.is_31()) {
        operands.update = static_cast<std::uint8_t>(bytes);
    } else {
        operands.update_register = m.source();
    }
    return operands;
}

void update_base(Core& core, const Structures& operands, std::uint64_t address) {
    core.set(operands.updated, address + core.get(operands.update_register) + operands.update);
}

constexpr std::size_t kMostRegisters = 4;
using StructureBytes = std::array<std::byte, kMostRegisters * kVectorBytes>;

template <class Unit, Direction direction>
Flow transfer_units(Core& core, std::uint64_t address, StructureBytes& bytes, unsigned count) {
    Flow flow = Flow::Next;
    for (unsigned at = 0; at < count; at += sizeof(Unit)) {
        Unit unit{};
        Flow access = Flow::Next;
        if constexpr (direction == Direction::Load) {
            access = core.load(address + at, unit);
            std::memcpy(&bytes[at], &unit, sizeof unit);
        } else {
            std::memcpy(&unit, &bytes[at], sizeof unit);
            access = core.store(address + at, unit);
        }
        if (access == Flow::Exception) {
            return access;
        }
        flow = both(flow, access);
    }
    return flow;
}

// Accesses are of the lane's size, and larger where nobody can tell the difference.
template <class T, Direction direction>
Flow transfer_bytes(Core& core, std::uint64_t address, StructureBytes& bytes, unsigned count) {
    return address % sizeof(std::uint64_t) == 0
               ? transfer_units<std::uint64_t, direction>(core, address, bytes, count)
               : transfer_units<T, direction>(core, address, bytes, count);
}

// Structures of `members` lanes each, as many as the registers hold. LD1 and ST1 are structures of one lane,
// and fill one register after the other.
template <class T, unsigned members, Direction direction>
Flow multiple_structures(Core& core, Structures operands) {
    if (core.sp_misaligned(operands.base)) {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(operands.base);
    const auto lanes = static_cast<unsigned>(operands.active / sizeof(T));
    const unsigned bytes = operands.registers * operands.active;
    StructureBytes memory{};
    // Calls body(register, lane, offset in memory) for all of them.
    const auto for_each = [&](auto body) {
        for (unsigned number = 0; number < operands.registers; ++number) {
            for (unsigned lane = 0; lane < lanes; ++lane) {
                const unsigned place = members == 1 ? number * lanes + lane : lane * members + number;
                body(number, lane, place * sizeof(T));
            }
        }
    };
    if constexpr (direction == Direction::Store) {
        for_each([&](unsigned number, unsigned lane, std::size_t offset) {
            const T value = read<T>(core, Reg{static_cast<std::uint8_t>(operands.register_at(number))})[lane];
            std::memcpy(&memory[offset], &value, sizeof value);
        });
    }
    const Flow flow = transfer_bytes<T, direction>(core, address, memory, bytes);
    if (flow == Flow::Exception) {
        return flow;
    }
    if constexpr (direction == Direction::Load) {
        std::array<Lanes<T>, kMostRegisters> values{};
        for_each([&](unsigned number, unsigned lane, std::size_t offset) {
            std::memcpy(&values[number][lane], &memory[offset], sizeof(T));
        });
        for (unsigned number = 0; number < operands.registers; ++number) {
            core.v[operands.register_at(number)] = std::bit_cast<Vector>(values[number]);
        }
    }
    update_base(core, operands, address);
    return flow;
}

template <unsigned members, Direction direction>
Operation decode_multiple(Bit q, Imm<2> size, const Structures& operands) {
    if (members != 1 && is_single_double(q, size.value())) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesBhsd>(size.value(), [&]<class T>() {
        return fp_operation<&multiple_structures<T, members, direction>>(operands);
    });
}

template <unsigned members, unsigned registers, Direction direction>
Operation multiple(Bit q, Imm<2> size, Reg n, Reg t) {
    return decode_multiple<members, direction>(q, size, structures(t, registers, active_bytes(q), n));
}

template <unsigned members, unsigned registers, Direction direction>
Operation multiple_post(Bit q, Reg m, Imm<2> size, Reg n, Reg t) {
    const Structures operands = structures(t, registers, active_bytes(q), n);
    return decode_multiple<members, direction>(q, size,
                                               post_indexed(operands, n, m, registers * active_bytes(q)));
}

constexpr auto& ST1_four = multiple<1, 4, Direction::Store>;
constexpr auto& ST1_four_post = multiple_post<1, 4, Direction::Store>;
constexpr auto& ST1_three = multiple<1, 3, Direction::Store>;
constexpr auto& ST1_three_post = multiple_post<1, 3, Direction::Store>;
constexpr auto& ST1_one = multiple<1, 1, Direction::Store>;
constexpr auto& ST1_one_post = multiple_post<1, 1, Direction::Store>;
constexpr auto& ST1_two = multiple<1, 2, Direction::Store>;
constexpr auto& ST1_two_post = multiple_post<1, 2, Direction::Store>;
constexpr auto& ST2_multiple = multiple<2, 2, Direction::Store>;
constexpr auto& ST2_multiple_post = multiple_post<2, 2, Direction::Store>;
constexpr auto& ST3_multiple = multiple<3, 3, Direction::Store>;
constexpr auto& ST3_multiple_post = multiple_post<3, 3, Direction::Store>;
constexpr auto& ST4_multiple = multiple<4, 4, Direction::Store>;
constexpr auto& ST4_multiple_post = multiple_post<4, 4, Direction::Store>;
constexpr auto& LD1_four = multiple<1, 4, Direction::Load>;
constexpr auto& LD1_four_post = multiple_post<1, 4, Direction::Load>;
constexpr auto& LD1_three = multiple<1, 3, Direction::Load>;
constexpr auto& LD1_three_post = multiple_post<1, 3, Direction::Load>;
constexpr auto& LD1_one = multiple<1, 1, Direction::Load>;
constexpr auto& LD1_one_post = multiple_post<1, 1, Direction::Load>;
constexpr auto& LD1_two = multiple<1, 2, Direction::Load>;
constexpr auto& LD1_two_post = multiple_post<1, 2, Direction::Load>;
constexpr auto& LD2_multiple = multiple<2, 2, Direction::Load>;
constexpr auto& LD2_multiple_post = multiple_post<2, 2, Direction::Load>;
constexpr auto& LD3_multiple = multiple<3, 3, Direction::Load>;
constexpr auto& LD3_multiple_post = multiple_post<3, 3, Direction::Load>;
constexpr auto& LD4_multiple = multiple<4, 4, Direction::Load>;
constexpr auto& LD4_multiple_post = multiple_post<4, 4, Direction::Load>;

// One structure: a lane of each register. `placed` says what becomes of the register.
template <class T, class Place>
Flow load_members(Core& core, const Structures& operands, Place place) {
    if (core.sp_misaligned(operands.base)) {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(operands.base);
    std::array<T, kMostRegisters> members{};
    Flow flow = Flow::Next;
    for (unsigned i = 0; i < operands.registers; ++i) {
        const Flow access = core.load(address + i * sizeof(T), members[i]);
        if (access == Flow::Exception) {
            return access;
        }
        flow = both(flow, access);
    }
    for (unsigned i = 0; i < operands.registers; ++i) {
        place(Reg{static_cast<std::uint8_t>(operands.register_at(i))}, members[i]);
    }
    update_base(core, operands, address);
    return flow;
}

template <class T>
Flow load_lane(Core& core, Structures operands, std::uint8_t lane) {
    return load_members<T>(core, operands, [&](Reg t, T value) {
        Lanes<T> lanes = read<T>(core, t);
        lanes[lane] = value;
        write(core, t, lanes, kVectorBytes);
    });
}

template <class T>
Flow load_replicated(Core& core, Structures operands) {
    return load_members<T>(core, operands, [&](Reg t, T value) {
        Lanes<T> lanes;
        lanes.fill(value);
        write(core, t, lanes, operands.active);
    });
}

template <class T>
Flow store_lane(Core& core, Structures operands, std::uint8_t lane) {
    if (core.sp_misaligned(operands.base)) {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(operands.base);
    Flow flow = Flow::Next;
    for (unsigned i = 0; i < operands.registers; ++i) {
        const Reg t{static_cast<std::uint8_t>(operands.register_at(i))};
        const Flow access = core.store(address + i * sizeof(T), read<T>(core, t)[lane]);
        if (access == Flow::Exception) {
            return access;
        }
        flow = both(flow, access);
    }
    update_base(core, operands, address);
    return flow;
}

struct LaneAddress {
    unsigned size;  // 8 << size bits; 4: not allocated
    std::uint8_t index;
};

// opcode<2:1>, Q, S and size say the lane's size and index together.
LaneAddress lane_address(Bit q, Imm<2> opcode, Bit s, Imm<2> size) {
    const unsigned index = (q ? 8U : 0U) | (s ? 4U : 0U) | size.value();
    constexpr LaneAddress kNotAllocated{4, 0};
    switch (opcode.value()) {
        case 0:
            return {0, static_cast<std::uint8_t>(index)};
        case 1:
            return size.bit(0) ? kNotAllocated : LaneAddress{1, static_cast<std::uint8_t>(index >> 1)};
        case 2:
            if (size.value() == 0) {
                return {2, static_cast<std::uint8_t>(index >> 2)};
            }
            return size.value() == 1 && !s ? LaneAddress{3, static_cast<std::uint8_t>(index >> 3)}
                                           : kNotAllocated;
        default:
            return kNotAllocated;
    }
}

template <Direction direction>
Operation decode_single(LaneAddress lane, const Structures& operands) {
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        if constexpr (direction == Direction::Load) {
            return fp_operation<&load_lane<T>>(operands, lane.index);
        } else {
            return fp_operation<&store_lane<T>>(operands, lane.index);
        }
    });
}

template <unsigned members, Direction direction>
Operation single(Bit q, Imm<2> opcode, Bit s, Imm<2> size, Reg n, Reg t) {
    return decode_single<direction>(lane_address(q, opcode, s, size),
                                    structures(t, members, kVectorBytes, n));
}

template <unsigned members, Direction direction>
Operation single_post(Bit q, Reg m, Imm<2> opcode, Bit s, Imm<2> size, Reg n, Reg t) {
    const LaneAddress lane = lane_address(q, opcode, s, size);
    const Structures operands = structures(t, members, kVectorBytes, n);
    return decode_single<direction>(lane, post_indexed(operands, n, m, members << lane.size));
}

constexpr auto& ST1_single = single<1, Direction::Store>;
constexpr auto& ST1_single_post = single_post<1, Direction::Store>;
constexpr auto& ST2_single = single<2, Direction::Store>;
constexpr auto& ST2_single_post = single_post<2, Direction::Store>;
constexpr auto& ST3_single = single<3, Direction::Store>;
constexpr auto& ST3_single_post = single_post<3, Direction::Store>;
constexpr auto& ST4_single = single<4, Direction::Store>;
constexpr auto& ST4_single_post = single_post<4, Direction::Store>;
constexpr auto& LD1_single = single<1, Direction::Load>;
constexpr auto& LD1_single_post = single_post<1, Direction::Load>;
constexpr auto& LD2_single = single<2, Direction::Load>;
constexpr auto& LD2_single_post = single_post<2, Direction::Load>;
constexpr auto& LD3_single = single<3, Direction::Load>;
constexpr auto& LD3_single_post = single_post<3, Direction::Load>;
constexpr auto& LD4_single = single<4, Direction::Load>;
constexpr auto& LD4_single_post = single_post<4, Direction::Load>;

Operation decode_replicated(Imm<2> size, const Structures& operands) {
    return with_lane<Sign::Unsigned, kSizesBhsd>(
        size.value(), [&]<class T>() { return fp_operation<&load_replicated<T>>(operands); });
}

template <unsigned members>
Operation replicated(Bit q, Imm<2> size, Reg n, Reg t) {
    return decode_replicated(size, structures(t, members, active_bytes(q), n));
}

template <unsigned members>
Operation replicated_post(Bit q, Reg m, Imm<2> size, Reg n, Reg t) {
    const Structures operands = structures(t, members, active_bytes(q), n);
    return decode_replicated(size, post_indexed(operands, n, m, members << size.value()));
}

constexpr auto& LD1R = replicated<1>;
constexpr auto& LD1R_post = replicated_post<1>;
constexpr auto& LD2R = replicated<2>;
constexpr auto& LD2R_post = replicated_post<2>;
constexpr auto& LD3R = replicated<3>;
constexpr auto& LD3R_post = replicated_post<3>;
constexpr auto& LD4R = replicated<4>;
constexpr auto& LD4R_post = replicated_post<4>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_memory.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_memory_rows() {
    return simd::kRows;
}
