// AdvSIMD instructions that move lanes between registers and within them, and immediates.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"
#include "emu/thread.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;

// --- Copies ------------------------------------------------------------------------------------------------

// imm5: the lowest set bit is the lane's size, the bits above it are its index. Zero and 0b10000 for the size
// of 4 are not allocated; with_lane() refuses both.
struct LaneField {
    unsigned size;
    std::uint8_t index;
};

LaneField lane_field(Imm<5> field) {
    const auto size = static_cast<unsigned>(std::countr_zero(field.value()));
    return {size, static_cast<std::uint8_t>(size > 3 ? 0 : field.value() >> (size + 1))};
}

template <class T>
void duplicate_element(Core& core, Reg d, Reg n, std::uint8_t index, Active active) {
    Lanes<T> result;
    result.fill(read<T>(core, n)[index]);
    write(core, d, result, active);
}

template <class T>
void duplicate_general(Core& core, Reg d, Source n, Active active) {
    Lanes<T> result;
    result.fill(core.get<T>(n));
    write(core, d, result, active);
}

template <class T>
void insert_element(Core& core, Reg d, std::uint8_t to, Reg n, std::uint8_t from) {
    Lanes<T> result = read<T>(core, d);
    result[to] = read<T>(core, n)[from];
    write(core, d, result, kVectorBytes);
}

template <class T>
void insert_general(Core& core, Reg d, std::uint8_t to, Source n) {
    Lanes<T> result = read<T>(core, d);
    result[to] = core.get<T>(n);
    write(core, d, result, kVectorBytes);
}

// R is the general register's type, with T's signedness.
template <class T, class R>
void move_to_general(Core& core, Target d, Reg n, std::uint8_t index) {
    const auto value = static_cast<R>(read<T>(core, n)[index]);
    core.set(d, static_cast<Unsigned<R>>(value));
}

Operation DUP_element_scalar(Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        return fp_operation<&duplicate_element<T>>(d, n, lane.index, Active{sizeof(T)});
    });
}

Operation DUP_element_vector(Bit q, Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    if (is_single_double(q, lane.size)) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        return fp_operation<&duplicate_element<T>>(d, n, lane.index, active_bytes(q));
    });
}

Operation DUP_general(Bit q, Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    if (is_single_double(q, lane.size)) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        return fp_operation<&duplicate_general<T>>(d, n.source(), active_bytes(q));
    });
}

// Moves to X if q is set, otherwise to W, and only from lanes that are narrower.
Operation SMOV(Bit q, Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    if (q) {
        return with_lane<Sign::Signed, kSizesBhs>(lane.size, [&]<class T>() {
            return fp_operation<&move_to_general<T, std::int64_t>>(d.target(), n, lane.index);
        });
    }
    return with_lane<Sign::Signed, kSizesBh>(lane.size, [&]<class T>() {
        return fp_operation<&move_to_general<T, std::int32_t>>(d.target(), n, lane.index);
    });
}

// Moves to X from 64-bit lanes only, and to W from the others only.
Operation UMOV(Bit q, Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    if (static_cast<bool>(q) != (lane.size == 3)) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        return fp_operation<&move_to_general<T, std::uint64_t>>(d.target(), n, lane.index);
    });
}

Operation INS_general(Imm<5> field, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    return with_lane<Sign::Unsigned, kSizesBhsd>(
        lane.size, [&]<class T>() { return fp_operation<&insert_general<T>>(d, lane.index, n.source()); });
}

Operation INS_element(Imm<5> field, Imm<4> source, Reg n, Reg d) {
    const LaneField lane = lane_field(field);
    return with_lane<Sign::Unsigned, kSizesBhsd>(lane.size, [&]<class T>() {
        const auto from = static_cast<std::uint8_t>(source.value() >> lane.size);
        return fp_operation<&insert_element<T>>(d, lane.index, n, from);
    });
}

// --- Permutations ------------------------------------------------------------------------------------------

// Where lane i of the result comes from: lanes 0 to count - 1 are those of the first operand, those from
// `count` on are the second's. `second` is 0 for ZIP1, UZP1 and TRN1, 1 for the others.
constexpr unsigned zip(unsigned i, unsigned count, unsigned second) {
    return i % 2 * count + second * count / 2 + i / 2;
}
constexpr unsigned unzip(unsigned i, unsigned /*count*/, unsigned second) {
    return 2 * i + second;
}
constexpr unsigned transpose(unsigned i, unsigned count, unsigned second) {
    return i % 2 * count + (i - i % 2) + second;
}

template <class T, auto place, unsigned second>
void permute(Core& core, Reg d, Reg n, Reg m, Active active) {
    const Lanes<T> first = read<T>(core, n);
    const Lanes<T> other = read<T>(core, m);
    const auto count = static_cast<unsigned>(active / sizeof(T));
    std::array<T, 2 * kLaneCount<T>> source{};
    std::copy_n(first.begin(), count, source.begin());
    std::copy_n(other.begin(), count, source.begin() + count);
    Lanes<T> result{};
    for (unsigned i = 0; i < count; ++i) {
        result[i] = source[place(i, count, second)];
    }
    write(core, d, result, active);
}

template <auto place, unsigned second>
Operation decode_permute(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    if (is_single_double(q, size.value())) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesBhsd>(size.value(), [&]<class T>() {
        return fp_operation<&permute<T, place, second>>(d, n, m, active_bytes(q));
    });
}

constexpr auto& UZP1 = decode_permute<&unzip, 0>;
constexpr auto& TRN1 = decode_permute<&transpose, 0>;
constexpr auto& ZIP1 = decode_permute<&zip, 0>;
constexpr auto& UZP2 = decode_permute<&unzip, 1>;
constexpr auto& TRN2 = decode_permute<&transpose, 1>;
constexpr auto& ZIP2 = decode_permute<&zip, 1>;

void extract(Core& core, Reg d, Reg n, Reg m, std::uint8_t position, Active active) {
    const Lanes<std::uint8_t> low = read<std::uint8_t>(core, n);
    const Lanes<std::uint8_t> high = read<std::uint8_t>(core, m);
    Lanes<std::uint8_t> result{};
    for (unsigned i = 0; i < active; ++i) {
        const unsigned from = position + i;
        result[i] = from < active ? low[from] : high[from - active];
    }
    write(core, d, result, active);
}

Operation EXT(Bit q, Reg m, Imm<4> position, Reg n, Reg d) {
    if (!q && position.bit(3)) {
        return undefined();
    }
    return fp_operation<&extract>(d, n, m, static_cast<std::uint8_t>(position.value()), active_bytes(q));
}

enum class OutOfRange : std::uint8_t { Zero, Keep };

// The table is `registers` registers from `n`, wrapping from V31 to V0.
template <OutOfRange rule>
void look_up(Core& core, Reg d, Reg n, std::uint8_t registers, Reg m, Active active) {
    std::array<Lanes<std::uint8_t>, 4> table;
    for (unsigned i = 0; i < registers; ++i) {
        table[i] = read<std::uint8_t>(core, Reg{static_cast<std::uint8_t>((n.number + i) % 32)});
    }
    const Lanes<std::uint8_t> indices = read<std::uint8_t>(core, m);
    Lanes<std::uint8_t> result{};
    if constexpr (rule == OutOfRange::Keep) {
        result = read<std::uint8_t>(core, d);
    }
    for (unsigned i = 0; i < active; ++i) {
        const unsigned index = indices[i];
        if (index < registers * kVectorBytes) {
            result[i] = table[index / kVectorBytes][index % kVectorBytes];
        }
    }
    write(core, d, result, active);
}

template <OutOfRange rule>
Operation table_lookup(Bit q, Reg m, Imm<2> length, Reg n, Reg d) {
    return fp_operation<&look_up<rule>>(d, n, static_cast<std::uint8_t>(length.value() + 1), m,
                                        active_bytes(q));
}

constexpr auto& TBL = table_lookup<OutOfRange::Zero>;
constexpr auto& TBX = table_lookup<OutOfRange::Keep>;

// --- Immediates --------------------------------------------------------------------------------------------

void set_immediate(Core& core, Reg d, std::uint64_t value, Active active) {
    core.v[d.number].d = {value, active == kVectorBytes ? value : 0};
}

void or_immediate(Core& core, Reg d, std::uint64_t value, Active active) {
    const auto old = core.v[d.number].d;
    core.v[d.number].d = {old[0] | value, active == kVectorBytes ? old[1] | value : 0};
}

void clear_immediate(Core& core, Reg d, std::uint64_t value, Active active) {
    const auto old = core.v[d.number].d;
    core.v[d.number].d = {old[0] & ~value, active == kVectorBytes ? old[1] & ~value : 0};
}

template <class T>
std::uint64_t replicate(T value) {
    Lanes<T> lanes;
    lanes.fill(value);
    return std::bit_cast<Vector>(lanes).d[0];
}

std::uint32_t byte_of(Imm<3> high, Imm<5> low) {
    return high.value() << 5 | low.value();
}

// Shifts in ones: MOVI and MVNI with MSL.
std::uint32_t shifted_ones(std::uint32_t byte, unsigned shift) {
    return (byte << shift) | ((1U << shift) - 1);
}

template <auto executor, unsigned shift>
Operation immediate_32(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<executor>(d, replicate(byte_of(high, low) << shift), active_bytes(q));
}

template <auto executor, unsigned shift>
Operation immediate_16(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<executor>(d, replicate(static_cast<std::uint16_t>(byte_of(high, low) << shift)),
                                  active_bytes(q));
}

template <unsigned shift>
Operation inverted_32(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(d, ~replicate(byte_of(high, low) << shift), active_bytes(q));
}

template <unsigned shift>
Operation inverted_16(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(
        d, ~replicate(static_cast<std::uint16_t>(byte_of(high, low) << shift)), active_bytes(q));
}

template <unsigned shift>
Operation ones_32(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(d, replicate(shifted_ones(byte_of(high, low), shift)),
                                        active_bytes(q));
}

template <unsigned shift>
Operation inverted_ones_32(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(d, ~replicate(shifted_ones(byte_of(high, low), shift)),
                                        active_bytes(q));
}

constexpr auto& MOVI_32_lsl0 = immediate_32<&set_immediate, 0>;
constexpr auto& MOVI_32_lsl8 = immediate_32<&set_immediate, 8>;
constexpr auto& MOVI_32_lsl16 = immediate_32<&set_immediate, 16>;
constexpr auto& MOVI_32_lsl24 = immediate_32<&set_immediate, 24>;
constexpr auto& MOVI_16_lsl0 = immediate_16<&set_immediate, 0>;
constexpr auto& MOVI_16_lsl8 = immediate_16<&set_immediate, 8>;
constexpr auto& MOVI_32_msl8 = ones_32<8>;
constexpr auto& MOVI_32_msl16 = ones_32<16>;
constexpr auto& ORR_32_lsl0 = immediate_32<&or_immediate, 0>;
constexpr auto& ORR_32_lsl8 = immediate_32<&or_immediate, 8>;
constexpr auto& ORR_32_lsl16 = immediate_32<&or_immediate, 16>;
constexpr auto& ORR_32_lsl24 = immediate_32<&or_immediate, 24>;
constexpr auto& ORR_16_lsl0 = immediate_16<&or_immediate, 0>;
constexpr auto& ORR_16_lsl8 = immediate_16<&or_immediate, 8>;
constexpr auto& MVNI_32_lsl0 = inverted_32<0>;
constexpr auto& MVNI_32_lsl8 = inverted_32<8>;
constexpr auto& MVNI_32_lsl16 = inverted_32<16>;
constexpr auto& MVNI_32_lsl24 = inverted_32<24>;
constexpr auto& MVNI_16_lsl0 = inverted_16<0>;
constexpr auto& MVNI_16_lsl8 = inverted_16<8>;
constexpr auto& MVNI_32_msl8 = inverted_ones_32<8>;
constexpr auto& MVNI_32_msl16 = inverted_ones_32<16>;
constexpr auto& BIC_32_lsl0 = immediate_32<&clear_immediate, 0>;
constexpr auto& BIC_32_lsl8 = immediate_32<&clear_immediate, 8>;
constexpr auto& BIC_32_lsl16 = immediate_32<&clear_immediate, 16>;
constexpr auto& BIC_32_lsl24 = immediate_32<&clear_immediate, 24>;
constexpr auto& BIC_16_lsl0 = immediate_16<&clear_immediate, 0>;
constexpr auto& BIC_16_lsl8 = immediate_16<&clear_immediate, 8>;

Operation MOVI_8(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(d, replicate(static_cast<std::uint8_t>(byte_of(high, low))),
                                        active_bytes(q));
}

// Each bit of the immediate is a byte; to one 64-bit register if q is clear.
Operation MOVI_64(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    const std::uint32_t bits = byte_of(high, low);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        value |= ((bits >> i) & 1) != 0 ? std::uint64_t{0xff} << (8 * i) : 0;
    }
    return fp_operation<&set_immediate>(d, value, active_bytes(q));
}

template <class T>
Operation fp_immediate(Bit q, Imm<3> high, Imm<5> low, Reg d) {
    return fp_operation<&set_immediate>(d, replicate(expand_fp_immediate<T>(Imm<8>{byte_of(high, low)})),
                                        active_bytes(q));
}

constexpr auto& FMOV_vector_single = fp_immediate<std::uint32_t>;
constexpr auto& FMOV_vector_half = fp_immediate<std::uint16_t>;

Operation FMOV_vector_double(Imm<3> high, Imm<5> low, Reg d) {
    return fp_immediate<std::uint64_t>(Bit{true}, high, low, d);
}

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_move.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_move_rows() {
    return simd::kRows;
}
