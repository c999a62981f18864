// Loads and stores of structures, whose members go to the lanes of different SIMD registers: LD1 to LD4 and
// ST1 to ST4.
#include <array>
#include <bit>
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
#include "emu/decode/simd_structures.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_structures_rows() {
    return simd::kRows;
}
