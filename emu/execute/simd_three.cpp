// AdvSIMD instructions with three vector registers.
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;

// --- Same type ---------------------------------------------------------------------------------------------

constexpr auto& SHADD_vector = three_same<kHalvingAdd, Sign::Signed, kSizesBhs>;
constexpr auto& UHADD_vector = three_same<kHalvingAdd, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQADD_vector = three_same<kSaturatingAdd, Sign::Signed, kSizesBhsd>;
constexpr auto& UQADD_vector = three_same<kSaturatingAdd, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SRHADD_vector = three_same<kRoundingHalvingAdd, Sign::Signed, kSizesBhs>;
constexpr auto& URHADD_vector = three_same<kRoundingHalvingAdd, Sign::Unsigned, kSizesBhs>;
constexpr auto& SHSUB_vector = three_same<kHalvingSubtract, Sign::Signed, kSizesBhs>;
constexpr auto& UHSUB_vector = three_same<kHalvingSubtract, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQSUB_vector = three_same<kSaturatingSubtract, Sign::Signed, kSizesBhsd>;
constexpr auto& UQSUB_vector = three_same<kSaturatingSubtract, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CMGT_vector = three_same<kGreater, Sign::Signed, kSizesBhsd>;
constexpr auto& CMHI_vector = three_same<kGreater, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CMGE_vector = three_same<kGreaterOrEqual, Sign::Signed, kSizesBhsd>;
constexpr auto& CMHS_vector = three_same<kGreaterOrEqual, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SSHL_vector = three_same<kShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& USHL_vector = three_same<kShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SQSHL_vector = three_same<kSaturatingShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& UQSHL_vector = three_same<kSaturatingShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SRSHL_vector = three_same<kRoundingShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& URSHL_vector = three_same<kRoundingShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SQRSHL_vector = three_same<kSaturatingRoundingShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& UQRSHL_vector = three_same<kSaturatingRoundingShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SMAX_vector = three_same<kMaximum, Sign::Signed, kSizesBhs>;
constexpr auto& UMAX_vector = three_same<kMaximum, Sign::Unsigned, kSizesBhs>;
constexpr auto& SMIN_vector = three_same<kMinimum, Sign::Signed, kSizesBhs>;
constexpr auto& UMIN_vector = three_same<kMinimum, Sign::Unsigned, kSizesBhs>;
constexpr auto& SABD_vector = three_same<kAbsoluteDifference, Sign::Signed, kSizesBhs>;
constexpr auto& UABD_vector = three_same<kAbsoluteDifference, Sign::Unsigned, kSizesBhs>;
constexpr auto& SABA_vector = three_same<kAbsoluteDifferenceAccumulate, Sign::Signed, kSizesBhs>;
constexpr auto& UABA_vector = three_same<kAbsoluteDifferenceAccumulate, Sign::Unsigned, kSizesBhs>;
constexpr auto& ADD_vector = three_same<kAdd, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SUB_vector = three_same<kSubtract, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CMTST_vector = three_same<kTest, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CMEQ_vector = three_same<kEqual, Sign::Unsigned, kSizesBhsd>;
constexpr auto& MLA_vector = three_same<kMultiplyAccumulate, Sign::Unsigned, kSizesBhs>;
constexpr auto& MLS_vector = three_same<kMultiplySubtract, Sign::Unsigned, kSizesBhs>;
constexpr auto& MUL_vector = three_same<kMultiply, Sign::Unsigned, kSizesBhs>;
constexpr auto& PMUL_vector = three_same<kMultiplyPolynomials, Sign::Unsigned, kSizesB>;
constexpr auto& SMAXP_vector = three_pairwise<kMaximum, Sign::Signed, kSizesBhs>;
constexpr auto& UMAXP_vector = three_pairwise<kMaximum, Sign::Unsigned, kSizesBhs>;
constexpr auto& SMINP_vector = three_pairwise<kMinimum, Sign::Signed, kSizesBhs>;
constexpr auto& UMINP_vector = three_pairwise<kMinimum, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQDMULH_vector = three_same<kDoublingMultiplyHigh, Sign::Signed, kSizesHs>;
constexpr auto& SQRDMULH_vector = three_same<kRoundingDoublingMultiplyHigh, Sign::Signed, kSizesHs>;
constexpr auto& ADDP_vector = three_pairwise<kAdd, Sign::Unsigned, kSizesBhsd>;

constexpr auto& AND_vector = three_bitwise<kBitAnd>;
constexpr auto& BIC_vector = three_bitwise<kBitClear>;
constexpr auto& ORR_vector = three_bitwise<kBitOr>;
constexpr auto& ORN_vector = three_bitwise<kBitOrNot>;
constexpr auto& EOR_vector = three_bitwise<kBitXor>;
constexpr auto& BSL_vector = three_bitwise<kBitSelect>;
constexpr auto& BIT_vector = three_bitwise<kInsertIfTrue>;
constexpr auto& BIF_vector = three_bitwise<kInsertIfFalse>;

constexpr auto& FMAXNM_vector = three_fp<kFpMaximumNumber>;
constexpr auto& FMLA_vector = three_fp<kFpMultiplyAdd>;
constexpr auto& FADD_vector = three_fp<kFpAdd>;
constexpr auto& FMULX_vector = three_fp<kFpMultiplyExtended>;
constexpr auto& FCMEQ_vector = three_fp<kFpEqual>;
constexpr auto& FMAX_vector = three_fp<kFpMaximum>;
constexpr auto& FRECPS_vector = three_fp<kFpReciprocalStep>;
constexpr auto& FMINNM_vector = three_fp<kFpMinimumNumber>;
constexpr auto& FMLS_vector = three_fp<kFpMultiplySubtract>;
constexpr auto& FSUB_vector = three_fp<kFpSubtract>;
constexpr auto& FMIN_vector = three_fp<kFpMinimum>;
constexpr auto& FRSQRTS_vector = three_fp<kFpReciprocalSquareRootStep>;
constexpr auto& FMAXNMP_vector = three_fp_pairwise<kFpMaximumNumber>;
constexpr auto& FADDP_vector = three_fp_pairwise<kFpAdd>;
constexpr auto& FMUL_vector = three_fp<kFpMultiply>;
constexpr auto& FCMGE_vector = three_fp<kFpGreaterOrEqual>;
constexpr auto& FACGE_vector = three_fp<kFpAbsoluteGreaterOrEqual>;
constexpr auto& FMAXP_vector = three_fp_pairwise<kFpMaximum>;
constexpr auto& FDIV_vector = three_fp<kFpDivide>;
constexpr auto& FMINNMP_vector = three_fp_pairwise<kFpMinimumNumber>;
constexpr auto& FABD_vector = three_fp<kFpAbsoluteDifference>;
constexpr auto& FCMGT_vector = three_fp<kFpGreater>;
constexpr auto& FACGT_vector = three_fp<kFpAbsoluteGreater>;
constexpr auto& FMINP_vector = three_fp_pairwise<kFpMinimum>;

constexpr auto& FMAXNM_vector_half = three_fp_half<kFpMaximumNumber>;
constexpr auto& FMLA_vector_half = three_fp_half<kFpMultiplyAdd>;
constexpr auto& FADD_vector_half = three_fp_half<kFpAdd>;
constexpr auto& FMULX_vector_half = three_fp_half<kFpMultiplyExtended>;
constexpr auto& FCMEQ_vector_half = three_fp_half<kFpEqual>;
constexpr auto& FMAX_vector_half = three_fp_half<kFpMaximum>;
constexpr auto& FRECPS_vector_half = three_fp_half<kFpReciprocalStep>;
constexpr auto& FMINNM_vector_half = three_fp_half<kFpMinimumNumber>;
constexpr auto& FMLS_vector_half = three_fp_half<kFpMultiplySubtract>;
constexpr auto& FSUB_vector_half = three_fp_half<kFpSubtract>;
constexpr auto& FMIN_vector_half = three_fp_half<kFpMinimum>;
constexpr auto& FRSQRTS_vector_half = three_fp_half<kFpReciprocalSquareRootStep>;
constexpr auto& FMAXNMP_vector_half = three_fp_pairwise_half<kFpMaximumNumber>;
constexpr auto& FADDP_vector_half = three_fp_pairwise_half<kFpAdd>;
constexpr auto& FMUL_vector_half = three_fp_half<kFpMultiply>;
constexpr auto& FCMGE_vector_half = three_fp_half<kFpGreaterOrEqual>;
constexpr auto& FACGE_vector_half = three_fp_half<kFpAbsoluteGreaterOrEqual>;
constexpr auto& FMAXP_vector_half = three_fp_pairwise_half<kFpMaximum>;
constexpr auto& FDIV_vector_half = three_fp_half<kFpDivide>;
constexpr auto& FMINNMP_vector_half = three_fp_pairwise_half<kFpMinimumNumber>;
constexpr auto& FABD_vector_half = three_fp_half<kFpAbsoluteDifference>;
constexpr auto& FCMGT_vector_half = three_fp_half<kFpGreater>;
constexpr auto& FACGT_vector_half = three_fp_half<kFpAbsoluteGreater>;
constexpr auto& FMINP_vector_half = three_fp_pairwise_half<kFpMinimum>;

// --- Scalars -----------------------------------------------------------------------------------------------

constexpr auto& SQADD_scalar = three_same_scalar<kSaturatingAdd, Sign::Signed, kSizesBhsd>;
constexpr auto& UQADD_scalar = three_same_scalar<kSaturatingAdd, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SQSUB_scalar = three_same_scalar<kSaturatingSubtract, Sign::Signed, kSizesBhsd>;
constexpr auto& UQSUB_scalar = three_same_scalar<kSaturatingSubtract, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CMGT_scalar = three_same_scalar<kGreater, Sign::Signed, kSizesD>;
constexpr auto& CMHI_scalar = three_same_scalar<kGreater, Sign::Unsigned, kSizesD>;
constexpr auto& CMGE_scalar = three_same_scalar<kGreaterOrEqual, Sign::Signed, kSizesD>;
constexpr auto& CMHS_scalar = three_same_scalar<kGreaterOrEqual, Sign::Unsigned, kSizesD>;
constexpr auto& SSHL_scalar = three_same_scalar<kShiftByRegister, Sign::Signed, kSizesD>;
constexpr auto& USHL_scalar = three_same_scalar<kShiftByRegister, Sign::Unsigned, kSizesD>;
constexpr auto& SQSHL_scalar = three_same_scalar<kSaturatingShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& UQSHL_scalar = three_same_scalar<kSaturatingShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SRSHL_scalar = three_same_scalar<kRoundingShiftByRegister, Sign::Signed, kSizesD>;
constexpr auto& URSHL_scalar = three_same_scalar<kRoundingShiftByRegister, Sign::Unsigned, kSizesD>;
constexpr auto& SQRSHL_scalar =
    three_same_scalar<kSaturatingRoundingShiftByRegister, Sign::Signed, kSizesBhsd>;
constexpr auto& UQRSHL_scalar =
    three_same_scalar<kSaturatingRoundingShiftByRegister, Sign::Unsigned, kSizesBhsd>;
constexpr auto& ADD_scalar = three_same_scalar<kAdd, Sign::Unsigned, kSizesD>;
constexpr auto& SUB_scalar = three_same_scalar<kSubtract, Sign::Unsigned, kSizesD>;
constexpr auto& CMTST_scalar = three_same_scalar<kTest, Sign::Unsigned, kSizesD>;
constexpr auto& CMEQ_scalar = three_same_scalar<kEqual, Sign::Unsigned, kSizesD>;
constexpr auto& SQDMULH_scalar = three_same_scalar<kDoublingMultiplyHigh, Sign::Signed, kSizesHs>;
constexpr auto& SQRDMULH_scalar = three_same_scalar<kRoundingDoublingMultiplyHigh, Sign::Signed, kSizesHs>;

constexpr auto& FMULX_scalar = three_fp_scalar<kFpMultiplyExtended>;
constexpr auto& FCMEQ_scalar = three_fp_scalar<kFpEqual>;
constexpr auto& FRECPS_scalar = three_fp_scalar<kFpReciprocalStep>;
constexpr auto& FRSQRTS_scalar = three_fp_scalar<kFpReciprocalSquareRootStep>;
constexpr auto& FCMGE_scalar = three_fp_scalar<kFpGreaterOrEqual>;
constexpr auto& FACGE_scalar = three_fp_scalar<kFpAbsoluteGreaterOrEqual>;
constexpr auto& FABD_scalar = three_fp_scalar<kFpAbsoluteDifference>;
constexpr auto& FCMGT_scalar = three_fp_scalar<kFpGreater>;
constexpr auto& FACGT_scalar = three_fp_scalar<kFpAbsoluteGreater>;

constexpr auto& FMULX_scalar_half = three_fp_scalar_half<kFpMultiplyExtended>;
constexpr auto& FCMEQ_scalar_half = three_fp_scalar_half<kFpEqual>;
constexpr auto& FRECPS_scalar_half = three_fp_scalar_half<kFpReciprocalStep>;
constexpr auto& FRSQRTS_scalar_half = three_fp_scalar_half<kFpReciprocalSquareRootStep>;
constexpr auto& FCMGE_scalar_half = three_fp_scalar_half<kFpGreaterOrEqual>;
constexpr auto& FACGE_scalar_half = three_fp_scalar_half<kFpAbsoluteGreaterOrEqual>;
constexpr auto& FABD_scalar_half = three_fp_scalar_half<kFpAbsoluteDifference>;
constexpr auto& FCMGT_scalar_half = three_fp_scalar_half<kFpGreater>;
constexpr auto& FACGT_scalar_half = three_fp_scalar_half<kFpAbsoluteGreater>;

// --- Extra -------------------------------------------------------------------------------------------------

constexpr auto& SQRDMLAH_vector = three_same<kRoundingDoublingMultiplyAccumulateHigh, Sign::Signed, kSizesHs>;
constexpr auto& SQRDMLSH_vector = three_same<kRoundingDoublingMultiplySubtractHigh, Sign::Signed, kSizesHs>;
constexpr auto& SQRDMLAH_scalar =
    three_same_scalar<kRoundingDoublingMultiplyAccumulateHigh, Sign::Signed, kSizesHs>;
constexpr auto& SQRDMLSH_scalar =
    three_same_scalar<kRoundingDoublingMultiplySubtractHigh, Sign::Signed, kSizesHs>;

template <Sign sign>
void dot_product(Core& core, Reg d, Reg n, Reg m, Active active) {
    write(core, d,
          dot_products<Lane<sign, 0>>(read<std::uint32_t>(core, d), read<Lane<sign, 0>>(core, n),
                                      read<Lane<sign, 0>>(core, m)),
          active);
}

template <Sign sign>
Operation dot(Bit q, Reg m, Reg n, Reg d) {
    return fp_operation<&dot_product<sign>>(d, n, m, active_bytes(q));
}

constexpr auto& SDOT_vector = dot<Sign::Signed>;
constexpr auto& UDOT_vector = dot<Sign::Unsigned>;

// --- Different types ---------------------------------------------------------------------------------------

// T is the narrow lane. `half` is 1 for the "2" forms, which take the upper half of a narrow source.

// Wide result, narrow operands (SADDL).
template <class T, auto operate>
void long_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Lanes<Wide<T>> first = extend(read<T>(core, n), half);
    const Lanes<Wide<T>> second = extend(read<T>(core, m), half);
    if constexpr (kAccumulates<operate, Wide<T>, Wide<T>, Wide<T>>) {
        write(core, d, for_each_lane<operate>(core, 16, read<Wide<T>>(core, d), first, second), 16);
    } else {
        write(core, d, for_each_lane<operate>(core, 16, first, second), 16);
    }
}

// Wide result and first operand (SADDW).
template <class T, auto operate>
void wide_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    write(core, d, for_each_lane<operate>(core, 16, read<Wide<T>>(core, n), extend(read<T>(core, m), half)),
          16);
}

// The upper halves of wide lanes (ADDHN).
template <class T, auto operate>
void narrow_high_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Lanes<Wide<T>> wide =
        for_each_lane<operate>(core, 16, read<Wide<T>>(core, n), read<Wide<T>>(core, m));
    write_narrow<T>(core, d, half, [&](unsigned lane) { return static_cast<T>(wide[lane] >> kBitsOf<T>); });
}

inline constexpr auto kRoundingAddHigh = []<class W>(W a, W b) {
    return kAdd(kAdd(a, b), static_cast<W>(W{1} << (kBitsOf<W> / 2 - 1)));
};
inline constexpr auto kRoundingSubtractHigh = []<class W>(W a, W b) {
    return kAdd(kSubtract(a, b), static_cast<W>(W{1} << (kBitsOf<W> / 2 - 1)));
};

template <auto operate, Sign sign, unsigned sizes>
Operation three_long(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<sign, sizes>(size.value(), [&]<class T>() {
        return fp_operation<&long_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

template <auto operate, Sign sign>
Operation three_wide(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<sign, kSizesBhs>(size.value(), [&]<class T>() {
        return fp_operation<&wide_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

template <auto operate>
Operation three_narrow_high(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, kSizesBhs>(size.value(), [&]<class T>() {
        return fp_operation<&narrow_high_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

constexpr auto& SADDL_vector = three_long<kAdd, Sign::Signed, kSizesBhs>;
constexpr auto& UADDL_vector = three_long<kAdd, Sign::Unsigned, kSizesBhs>;
constexpr auto& SADDW_vector = three_wide<kAdd, Sign::Signed>;
constexpr auto& UADDW_vector = three_wide<kAdd, Sign::Unsigned>;
constexpr auto& SSUBL_vector = three_long<kSubtract, Sign::Signed, kSizesBhs>;
constexpr auto& USUBL_vector = three_long<kSubtract, Sign::Unsigned, kSizesBhs>;
constexpr auto& SSUBW_vector = three_wide<kSubtract, Sign::Signed>;
constexpr auto& USUBW_vector = three_wide<kSubtract, Sign::Unsigned>;
constexpr auto& ADDHN = three_narrow_high<kAdd>;
constexpr auto& RADDHN = three_narrow_high<kRoundingAddHigh>;
constexpr auto& SABAL_vector = three_long<kAbsoluteDifferenceAccumulate, Sign::Signed, kSizesBhs>;
constexpr auto& UABAL_vector = three_long<kAbsoluteDifferenceAccumulate, Sign::Unsigned, kSizesBhs>;
constexpr auto& SUBHN = three_narrow_high<kSubtract>;
constexpr auto& RSUBHN = three_narrow_high<kRoundingSubtractHigh>;
constexpr auto& SABDL_vector = three_long<kAbsoluteDifference, Sign::Signed, kSizesBhs>;
constexpr auto& UABDL_vector = three_long<kAbsoluteDifference, Sign::Unsigned, kSizesBhs>;
constexpr auto& SMLAL_vector = three_long<kMultiplyAccumulate, Sign::Signed, kSizesBhs>;
constexpr auto& UMLAL_vector = three_long<kMultiplyAccumulate, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQDMLAL_vector = three_long<kSaturatingDoublingMultiplyAccumulate, Sign::Signed, kSizesHs>;
constexpr auto& SMLSL_vector = three_long<kMultiplySubtract, Sign::Signed, kSizesBhs>;
constexpr auto& UMLSL_vector = three_long<kMultiplySubtract, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQDMLSL_vector = three_long<kSaturatingDoublingMultiplySubtract, Sign::Signed, kSizesHs>;
constexpr auto& SMULL_vector = three_long<kMultiply, Sign::Signed, kSizesBhs>;
constexpr auto& UMULL_vector = three_long<kMultiply, Sign::Unsigned, kSizesBhs>;
constexpr auto& SQDMULL_vector = three_long<kSaturatingDoublingMultiply, Sign::Signed, kSizesHs>;

// The scalar forms: the low lanes, and a result that is one wide lane.
template <class T, auto operate>
void long_scalar(Core& core, Reg d, Reg n, Reg m) {
    const Wide<T> first = read_scalar<T>(core, n);
    const Wide<T> second = read_scalar<T>(core, m);
    if constexpr (kAccumulates<operate, Wide<T>, Wide<T>, Wide<T>>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<Wide<T>>(core, d), first, second));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, first, second));
    }
}

template <auto operate>
Operation three_long_scalar(Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<Sign::Signed, kSizesHs>(
        size.value(), [&]<class T>() { return fp_operation<&long_scalar<T, operate>>(d, n, m); });
}

constexpr auto& SQDMLAL_scalar = three_long_scalar<kSaturatingDoublingMultiplyAccumulate>;
constexpr auto& SQDMLSL_scalar = three_long_scalar<kSaturatingDoublingMultiplySubtract>;
constexpr auto& SQDMULL_scalar = three_long_scalar<kSaturatingDoublingMultiply>;

// The operands are zero-extended bytes, so that no product bit is lost.
void pmull_bytes(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    long_binary<std::uint8_t, kMultiplyPolynomials>(core, d, n, m, half);
}

void pmull_doublewords(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Uint128 first = core.v[n.number].d[half];
    const std::uint64_t second = core.v[m.number].d[half];
    Uint128 product = 0;
    for (unsigned i = 0; i < 64; ++i) {
        product ^= ((second >> i) & 1) != 0 ? first << i : 0;
    }
    core.v[d.number].d = {static_cast<std::uint64_t>(product), static_cast<std::uint64_t>(product >> 64)};
}

Operation PMULL(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    switch (size.value()) {
        case 0:
            return fp_operation<&pmull_bytes>(d, n, m, upper_half(q));
        case 3:
            return fp_operation<&pmull_doublewords>(d, n, m, upper_half(q));
        default:
            return undefined();
    }
}

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_three.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_three_rows() {
    return simd::kRows;
}
