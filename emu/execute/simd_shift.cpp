// AdvSIMD shifts by an immediate, and conversions with fixed-point numbers, which are encoded alike.
#include <bit>
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;
using fp::Signedness;

// immh:immb. The highest set bit of immh is the lane's size (immh of zero is not allocated, or another
// instruction), and the distance is counted from it.
struct ShiftField {
    unsigned size;
    unsigned left;   // [0, width)
    unsigned right;  // [1, width]
};

ShiftField shift_field(Imm<4> immh, Imm<3> immb) {
    constexpr unsigned kNotAllocated = 4;
    if (immh.value() == 0) {
        return {kNotAllocated, 0, 0};
    }
    const auto size = static_cast<unsigned>(std::bit_width(immh.value())) - 1;
    const unsigned width = 8U << size;
    const unsigned value = immh.value() << 3 | immb.value();
    return {size, value - width, 2 * width - value};
}

enum class Toward : std::uint8_t { Left, Right };

template <Toward toward>
unsigned distance_of(const ShiftField& field) {
    return toward == Toward::Left ? field.left : field.right;
}

// --- Lanes of one width ------------------------------------------------------------------------------------

template <class T, auto operate>
void shift(Core& core, Reg d, Reg n, unsigned distance, Active active) {
    const Lanes<T> source = read<T>(core, n);
    if constexpr (kAccumulates<operate, T, T, unsigned>) {
        write(core, d, for_each_lane<operate>(core, active, read<T>(core, d), source, distance), active);
    } else {
        write(core, d, for_each_lane<operate>(core, active, source, distance), active);
    }
}

template <class T, auto operate>
void shift_scalar(Core& core, Reg d, Reg n, unsigned distance) {
    const T source = read_scalar<T>(core, n);
    if constexpr (kAccumulates<operate, T, T, unsigned>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<T>(core, d), source, distance));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, source, distance));
    }
}

template <auto operate, Sign sign, Toward toward, unsigned sizes = kSizesBhsd>
Operation by_immediate(Bit q, Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    if (is_single_double(q, field.size)) {
        return undefined();
    }
    return with_lane<sign, sizes>(field.size, [&]<class T>() {
        return fp_operation<&shift<T, operate>>(d, n, distance_of<toward>(field), active_bytes(q));
    });
}

template <auto operate, Sign sign, Toward toward, unsigned sizes = kSizesD>
Operation by_immediate_scalar(Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    return with_lane<sign, sizes>(field.size, [&]<class T>() {
        return fp_operation<&shift_scalar<T, operate>>(d, n, distance_of<toward>(field));
    });
}

constexpr auto& SSHR_vector = by_immediate<kShiftRight, Sign::Signed, Toward::Right>;
constexpr auto& USHR_vector = by_immediate<kShiftRight, Sign::Unsigned, Toward::Right>;
constexpr auto& SSRA_vector = by_immediate<kShiftRightAccumulate, Sign::Signed, Toward::Right>;
constexpr auto& USRA_vector = by_immediate<kShiftRightAccumulate, Sign::Unsigned, Toward::Right>;
constexpr auto& SRSHR_vector = by_immediate<kRoundingShiftRight, Sign::Signed, Toward::Right>;
constexpr auto& URSHR_vector = by_immediate<kRoundingShiftRight, Sign::Unsigned, Toward::Right>;
constexpr auto& SRSRA_vector = by_immediate<kRoundingShiftRightAccumulate, Sign::Signed, Toward::Right>;
constexpr auto& URSRA_vector = by_immediate<kRoundingShiftRightAccumulate, Sign::Unsigned, Toward::Right>;
constexpr auto& SRI_vector = by_immediate<kShiftRightInsert, Sign::Unsigned, Toward::Right>;
constexpr auto& SHL_vector = by_immediate<kShiftLeft, Sign::Unsigned, Toward::Left>;
constexpr auto& SLI_vector = by_immediate<kShiftLeftInsert, Sign::Unsigned, Toward::Left>;
constexpr auto& SQSHLU_vector = by_immediate<kSaturatingShiftLeftUnsigned, Sign::Signed, Toward::Left>;
constexpr auto& SQSHL_immediate_vector = by_immediate<kSaturatingShiftLeft, Sign::Signed, Toward::Left>;
constexpr auto& UQSHL_immediate_vector = by_immediate<kSaturatingShiftLeft, Sign::Unsigned, Toward::Left>;

constexpr auto& SSHR_scalar = by_immediate_scalar<kShiftRight, Sign::Signed, Toward::Right>;
constexpr auto& USHR_scalar = by_immediate_scalar<kShiftRight, Sign::Unsigned, Toward::Right>;
constexpr auto& SSRA_scalar = by_immediate_scalar<kShiftRightAccumulate, Sign::Signed, Toward::Right>;
constexpr auto& USRA_scalar = by_immediate_scalar<kShiftRightAccumulate, Sign::Unsigned, Toward::Right>;
constexpr auto& SRSHR_scalar = by_immediate_scalar<kRoundingShiftRight, Sign::Signed, Toward::Right>;
constexpr auto& URSHR_scalar = by_immediate_scalar<kRoundingShiftRight, Sign::Unsigned, Toward::Right>;
constexpr auto& SRSRA_scalar =
    by_immediate_scalar<kRoundingShiftRightAccumulate, Sign::Signed, Toward::Right>;
constexpr auto& URSRA_scalar =
    by_immediate_scalar<kRoundingShiftRightAccumulate, Sign::Unsigned, Toward::Right>;
constexpr auto& SRI_scalar = by_immediate_scalar<kShiftRightInsert, Sign::Unsigned, Toward::Right>;
constexpr auto& SHL_scalar = by_immediate_scalar<kShiftLeft, Sign::Unsigned, Toward::Left>;
constexpr auto& SLI_scalar = by_immediate_scalar<kShiftLeftInsert, Sign::Unsigned, Toward::Left>;
constexpr auto& SQSHLU_scalar =
    by_immediate_scalar<kSaturatingShiftLeftUnsigned, Sign::Signed, Toward::Left, kSizesBhsd>;
constexpr auto& SQSHL_immediate_scalar =
    by_immediate_scalar<kSaturatingShiftLeft, Sign::Signed, Toward::Left, kSizesBhsd>;
constexpr auto& UQSHL_immediate_scalar =
    by_immediate_scalar<kSaturatingShiftLeft, Sign::Unsigned, Toward::Left, kSizesBhsd>;

// --- Fixed point -------------------------------------------------------------------------------------------

constexpr unsigned kSizesHsd = 0b1110;

template <auto operate>
constexpr auto& kFixedVector = by_immediate<operate, Sign::Unsigned, Toward::Right, kSizesHsd>;
template <auto operate>
constexpr auto& kFixedScalar = by_immediate_scalar<operate, Sign::Unsigned, Toward::Right, kSizesHsd>;

constexpr auto& SCVTF_fixed_vector = kFixedVector<kFpFromFixed<Signedness::Signed>>;
constexpr auto& UCVTF_fixed_vector = kFixedVector<kFpFromFixed<Signedness::Unsigned>>;
constexpr auto& FCVTZS_fixed_vector = kFixedVector<kFpToFixed<Signedness::Signed>>;
constexpr auto& FCVTZU_fixed_vector = kFixedVector<kFpToFixed<Signedness::Unsigned>>;
constexpr auto& SCVTF_fixed_scalar = kFixedScalar<kFpFromFixed<Signedness::Signed>>;
constexpr auto& UCVTF_fixed_scalar = kFixedScalar<kFpFromFixed<Signedness::Unsigned>>;
constexpr auto& FCVTZS_fixed_scalar = kFixedScalar<kFpToFixed<Signedness::Signed>>;
constexpr auto& FCVTZU_fixed_scalar = kFixedScalar<kFpToFixed<Signedness::Unsigned>>;

// --- To lanes of half the width ----------------------------------------------------------------------------

// Shifts a wide lane right, and takes the lower bits or saturates to a lane T of half its width. The wide
// lane's signedness and T's may differ (SQSHRUN).

template <class T, auto operate, class W>
void shift_narrow(Core& core, Reg d, Reg n, std::uint8_t half, unsigned distance) {
    const Lanes<W> wide = for_each_lane<operate>(core, kVectorBytes, read<W>(core, n), distance);
    write_narrow<T>(core, d, half, [&](unsigned lane) { return static_cast<T>(wide[lane]); });
}

template <class T, auto operate, class W>
void shift_narrow_saturating(Core& core, Reg d, Reg n, std::uint8_t half, unsigned distance) {
    FpScope scope{core};
    const Lanes<W> source = read<W>(core, n);
    write_narrow<T>(core, d, half, [&](unsigned lane) {
        return saturate<T>(operate(source[lane], distance), scope.context());
    });
}

template <class T, auto operate, class W>
void shift_narrow_saturating_scalar(Core& core, Reg d, Reg n, unsigned distance) {
    FpScope scope{core};
    write_scalar(core, d, saturate<T>(operate(read_scalar<W>(core, n), distance), scope.context()));
}

template <auto operate>
Operation narrow(Bit q, Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    return with_lane<Sign::Unsigned, kSizesBhs>(field.size, [&]<class T>() {
        return fp_operation<&shift_narrow<T, operate, UnsignedWide<T>>>(d, n, upper_half(q), field.right);
    });
}

template <class T, Sign from>
using WideFrom = std::conditional_t<from == Sign::Signed, SignedWide<T>, UnsignedWide<T>>;

// T's signedness is `to`, the wide lane's is `from`.
template <auto operate, Sign from, Sign to>
Operation narrow_saturating(Bit q, Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    return with_lane<to, kSizesBhs>(field.size, [&]<class T>() {
        return fp_operation<&shift_narrow_saturating<T, operate, WideFrom<T, from>>>(d, n, upper_half(q),
                                                                                     field.right);
    });
}

template <auto operate, Sign from, Sign to>
Operation narrow_saturating_scalar(Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    return with_lane<to, kSizesBhs>(field.size, [&]<class T>() {
        return fp_operation<&shift_narrow_saturating_scalar<T, operate, WideFrom<T, from>>>(d, n,
                                                                                            field.right);
    });
}

constexpr auto& SHRN_vector = narrow<kShiftRight>;
constexpr auto& RSHRN_vector = narrow<kRoundingShiftRight>;
constexpr auto& SQSHRUN_vector = narrow_saturating<kShiftRight, Sign::Signed, Sign::Unsigned>;
constexpr auto& SQRSHRUN_vector = narrow_saturating<kRoundingShiftRight, Sign::Signed, Sign::Unsigned>;
constexpr auto& SQSHRN_vector = narrow_saturating<kShiftRight, Sign::Signed, Sign::Signed>;
constexpr auto& UQSHRN_vector = narrow_saturating<kShiftRight, Sign::Unsigned, Sign::Unsigned>;
constexpr auto& SQRSHRN_vector = narrow_saturating<kRoundingShiftRight, Sign::Signed, Sign::Signed>;
constexpr auto& UQRSHRN_vector = narrow_saturating<kRoundingShiftRight, Sign::Unsigned, Sign::Unsigned>;
constexpr auto& SQSHRUN_scalar = narrow_saturating_scalar<kShiftRight, Sign::Signed, Sign::Unsigned>;
constexpr auto& SQRSHRUN_scalar = narrow_saturating_scalar<kRoundingShiftRight, Sign::Signed, Sign::Unsigned>;
constexpr auto& SQSHRN_scalar = narrow_saturating_scalar<kShiftRight, Sign::Signed, Sign::Signed>;
constexpr auto& UQSHRN_scalar = narrow_saturating_scalar<kShiftRight, Sign::Unsigned, Sign::Unsigned>;
constexpr auto& SQRSHRN_scalar = narrow_saturating_scalar<kRoundingShiftRight, Sign::Signed, Sign::Signed>;
constexpr auto& UQRSHRN_scalar =
    narrow_saturating_scalar<kRoundingShiftRight, Sign::Unsigned, Sign::Unsigned>;

// --- To lanes of twice the width ---------------------------------------------------------------------------

template <class T>
void shift_long(Core& core, Reg d, Reg n, std::uint8_t half, unsigned distance) {
    const Lanes<Wide<T>> wide = extend(read<T>(core, n), half);
    write(core, d, for_each_lane<kShiftLeft>(core, kVectorBytes, wide, distance), kVectorBytes);
}

template <Sign sign>
Operation lengthen(Bit q, Imm<4> immh, Imm<3> immb, Reg n, Reg d) {
    const ShiftField field = shift_field(immh, immb);
    return with_lane<sign, kSizesBhs>(
        field.size, [&]<class T>() { return fp_operation<&shift_long<T>>(d, n, upper_half(q), field.left); });
}

constexpr auto& SSHLL_vector = lengthen<Sign::Signed>;
constexpr auto& USHLL_vector = lengthen<Sign::Unsigned>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_shift.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_shift_rows() {
    return simd::kRows;
}
