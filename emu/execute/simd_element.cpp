// AdvSIMD instructions whose second operand is one lane of a vector.
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;

// A lane of a register: with 16-bit lanes only the first sixteen registers can be named.
struct Element {
    Reg m;
    std::uint8_t index;
};

// The fields L, M, Rm and H.
Element element_of(unsigned size, Bit l, Bit k, Imm<4> m, Bit h) {
    const unsigned high = h ? 1 : 0;
    const unsigned middle = l ? 1 : 0;
    const unsigned low = k ? 1 : 0;
    if (size == 1) {
        return {Reg{static_cast<std::uint8_t>(m.value())},
                static_cast<std::uint8_t>(high << 2 | middle << 1 | low)};
    }
    const Reg number{static_cast<std::uint8_t>(low << 4 | m.value())};
    return {number, static_cast<std::uint8_t>(size == 2 ? high << 1 | middle : high)};
}

template <class T>
T read_element(const Core& core, Element element) {
    return read<T>(core, element.m)[element.index];
}

// --- Lanes of one width ------------------------------------------------------------------------------------

template <class T, auto operate>
void by_element(Core& core, Reg d, Reg n, Element element, Active active) {
    const Lanes<T> first = read<T>(core, n);
    Lanes<T> second;
    second.fill(read_element<T>(core, element));
    if constexpr (kAccumulates<operate, T, T, T>) {
        write(core, d, for_each_lane<operate>(core, active, read<T>(core, d), first, second), active);
    } else {
        write(core, d, for_each_lane<operate>(core, active, first, second), active);
    }
}

template <class T, auto operate>
void by_element_scalar(Core& core, Reg d, Reg n, Element element) {
    const T first = read_scalar<T>(core, n);
    const T second = read_element<T>(core, element);
    if constexpr (kAccumulates<operate, T, T, T>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<T>(core, d), first, second));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, first, second));
    }
}

template <auto operate, Sign sign>
Operation vector(Bit q, Imm<2> size, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return with_lane<sign, kSizesHs>(size.value(), [&]<class T>() {
        return fp_operation<&by_element<T, operate>>(d, n, element_of(size.value(), l, k, m, h),
                                                     active_bytes(q));
    });
}

template <auto operate>
Operation scalar(Imm<2> size, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return with_lane<Sign::Signed, kSizesHs>(size.value(), [&]<class T>() {
        return fp_operation<&by_element_scalar<T, operate>>(d, n, element_of(size.value(), l, k, m, h));
    });
}

template <auto operate>
Operation fp_vector(Bit q, Bit is_double, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    const unsigned size = is_double ? 3 : 2;
    if (is_single_double(q, size) || (is_double && l)) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesSd>(size, [&]<class T>() {
        return fp_operation<&by_element<T, operate>>(d, n, element_of(size, l, k, m, h), active_bytes(q));
    });
}

template <auto operate>
Operation fp_vector_half(Bit q, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return fp_operation<&by_element<std::uint16_t, operate>>(d, n, element_of(1, l, k, m, h),
                                                             active_bytes(q));
}

template <auto operate>
Operation fp_scalar(Bit is_double, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    const unsigned size = is_double ? 3 : 2;
    if (is_double && l) {
        return undefined();
    }
    return with_lane<Sign::Unsigned, kSizesSd>(size, [&]<class T>() {
        return fp_operation<&by_element_scalar<T, operate>>(d, n, element_of(size, l, k, m, h));
    });
}

template <auto operate>
Operation fp_scalar_half(Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return fp_operation<&by_element_scalar<std::uint16_t, operate>>(d, n, element_of(1, l, k, m, h));
}

constexpr auto& MLA_element = vector<kMultiplyAccumulate, Sign::Unsigned>;
constexpr auto& MLS_element = vector<kMultiplySubtract, Sign::Unsigned>;
constexpr auto& MUL_element = vector<kMultiply, Sign::Unsigned>;
constexpr auto& SQDMULH_element = vector<kDoublingMultiplyHigh, Sign::Signed>;
constexpr auto& SQRDMULH_element = vector<kRoundingDoublingMultiplyHigh, Sign::Signed>;
constexpr auto& SQRDMLAH_element = vector<kRoundingDoublingMultiplyAccumulateHigh, Sign::Signed>;
constexpr auto& SQRDMLSH_element = vector<kRoundingDoublingMultiplySubtractHigh, Sign::Signed>;
constexpr auto& SQDMULH_element_scalar = scalar<kDoublingMultiplyHigh>;
constexpr auto& SQRDMULH_element_scalar = scalar<kRoundingDoublingMultiplyHigh>;
constexpr auto& SQRDMLAH_element_scalar = scalar<kRoundingDoublingMultiplyAccumulateHigh>;
constexpr auto& SQRDMLSH_element_scalar = scalar<kRoundingDoublingMultiplySubtractHigh>;

constexpr auto& FMLA_element = fp_vector<kFpMultiplyAdd>;
constexpr auto& FMLS_element = fp_vector<kFpMultiplySubtract>;
constexpr auto& FMUL_element = fp_vector<kFpMultiply>;
constexpr auto& FMULX_element = fp_vector<kFpMultiplyExtended>;
constexpr auto& FMLA_element_half = fp_vector_half<kFpMultiplyAdd>;
constexpr auto& FMLS_element_half = fp_vector_half<kFpMultiplySubtract>;
constexpr auto& FMUL_element_half = fp_vector_half<kFpMultiply>;
constexpr auto& FMULX_element_half = fp_vector_half<kFpMultiplyExtended>;
constexpr auto& FMLA_element_scalar = fp_scalar<kFpMultiplyAdd>;
constexpr auto& FMLS_element_scalar = fp_scalar<kFpMultiplySubtract>;
constexpr auto& FMUL_element_scalar = fp_scalar<kFpMultiply>;
constexpr auto& FMULX_element_scalar = fp_scalar<kFpMultiplyExtended>;
constexpr auto& FMLA_element_scalar_half = fp_scalar_half<kFpMultiplyAdd>;
constexpr auto& FMLS_element_scalar_half = fp_scalar_half<kFpMultiplySubtract>;
constexpr auto& FMUL_element_scalar_half = fp_scalar_half<kFpMultiply>;
constexpr auto& FMULX_element_scalar_half = fp_scalar_half<kFpMultiplyExtended>;

// --- To lanes of twice the width ---------------------------------------------------------------------------

template <class T, auto operate>
void long_by_element(Core& core, Reg d, Reg n, Element element, std::uint8_t half) {
    using W = Wide<T>;
    const Lanes<W> first = extend(read<T>(core, n), half);
    Lanes<W> second;
    second.fill(read_element<T>(core, element));
    if constexpr (kAccumulates<operate, W, W, W>) {
        write(core, d, for_each_lane<operate>(core, kVectorBytes, read<W>(core, d), first, second),
              kVectorBytes);
    } else {
        write(core, d, for_each_lane<operate>(core, kVectorBytes, first, second), kVectorBytes);
    }
}

template <class T, auto operate>
void long_by_element_scalar(Core& core, Reg d, Reg n, Element element) {
    using W = Wide<T>;
    const W first = read_scalar<T>(core, n);
    const W second = read_element<T>(core, element);
    if constexpr (kAccumulates<operate, W, W, W>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<W>(core, d), first, second));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, first, second));
    }
}

template <auto operate, Sign sign>
Operation long_vector(Bit q, Imm<2> size, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return with_lane<sign, kSizesHs>(size.value(), [&]<class T>() {
        return fp_operation<&long_by_element<T, operate>>(d, n, element_of(size.value(), l, k, m, h),
                                                          upper_half(q));
    });
}

template <auto operate>
Operation long_scalar(Imm<2> size, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return with_lane<Sign::Signed, kSizesHs>(size.value(), [&]<class T>() {
        return fp_operation<&long_by_element_scalar<T, operate>>(d, n, element_of(size.value(), l, k, m, h));
    });
}

constexpr auto& SMLAL_element = long_vector<kMultiplyAccumulate, Sign::Signed>;
constexpr auto& UMLAL_element = long_vector<kMultiplyAccumulate, Sign::Unsigned>;
constexpr auto& SQDMLAL_element = long_vector<kSaturatingDoublingMultiplyAccumulate, Sign::Signed>;
constexpr auto& SMLSL_element = long_vector<kMultiplySubtract, Sign::Signed>;
constexpr auto& UMLSL_element = long_vector<kMultiplySubtract, Sign::Unsigned>;
constexpr auto& SQDMLSL_element = long_vector<kSaturatingDoublingMultiplySubtract, Sign::Signed>;
constexpr auto& SMULL_element = long_vector<kMultiply, Sign::Signed>;
constexpr auto& UMULL_element = long_vector<kMultiply, Sign::Unsigned>;
constexpr auto& SQDMULL_element = long_vector<kSaturatingDoublingMultiply, Sign::Signed>;
constexpr auto& SQDMLAL_element_scalar = long_scalar<kSaturatingDoublingMultiplyAccumulate>;
constexpr auto& SQDMLSL_element_scalar = long_scalar<kSaturatingDoublingMultiplySubtract>;
constexpr auto& SQDMULL_element_scalar = long_scalar<kSaturatingDoublingMultiply>;

// The element is a group of four bytes.
template <Sign sign>
void dot_by_element(Core& core, Reg d, Reg n, Element element, Active active) {
    using T = Lane<sign, 0>;
    Lanes<std::uint32_t> second;
    second.fill(read_element<std::uint32_t>(core, element));
    write(core, d,
          dot_products<T>(read<std::uint32_t>(core, d), read<T>(core, n), std::bit_cast<Lanes<T>>(second)),
          active);
}

template <Sign sign>
Operation dot(Bit q, Bit l, Bit k, Imm<4> m, Bit h, Reg n, Reg d) {
    return fp_operation<&dot_by_element<sign>>(d, n, element_of(2, l, k, m, h), active_bytes(q));
}

constexpr auto& SDOT_element = dot<Sign::Signed>;
constexpr auto& UDOT_element = dot<Sign::Unsigned>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_element.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_element_rows() {
    return simd::kRows;
}
