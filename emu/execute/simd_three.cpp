// AdvSIMD instructions with three vector registers.
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;

// --- Same type ---------------------------------------------------------------------------------------------

constexpr auto& SHADD_vector = three_same<halving_add, Sign::Signed, sizes_bhs>;
constexpr auto& UHADD_vector = three_same<halving_add, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQADD_vector = three_same<saturating_add, Sign::Signed, sizes_bhsd>;
constexpr auto& UQADD_vector = three_same<saturating_add, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SRHADD_vector = three_same<rounding_halving_add, Sign::Signed, sizes_bhs>;
constexpr auto& URHADD_vector = three_same<rounding_halving_add, Sign::Unsigned, sizes_bhs>;
constexpr auto& SHSUB_vector = three_same<halving_subtract, Sign::Signed, sizes_bhs>;
constexpr auto& UHSUB_vector = three_same<halving_subtract, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQSUB_vector = three_same<saturating_subtract, Sign::Signed, sizes_bhsd>;
constexpr auto& UQSUB_vector = three_same<saturating_subtract, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CMGT_vector = three_same<greater, Sign::Signed, sizes_bhsd>;
constexpr auto& CMHI_vector = three_same<greater, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CMGE_vector = three_same<greater_or_equal, Sign::Signed, sizes_bhsd>;
constexpr auto& CMHS_vector = three_same<greater_or_equal, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SSHL_vector = three_same<shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& USHL_vector = three_same<shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SQSHL_vector = three_same<saturating_shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& UQSHL_vector = three_same<saturating_shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SRSHL_vector = three_same<rounding_shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& URSHL_vector = three_same<rounding_shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SQRSHL_vector = three_same<saturating_rounding_shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& UQRSHL_vector = three_same<saturating_rounding_shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SMAX_vector = three_same<maximum, Sign::Signed, sizes_bhs>;
constexpr auto& UMAX_vector = three_same<maximum, Sign::Unsigned, sizes_bhs>;
constexpr auto& SMIN_vector = three_same<minimum, Sign::Signed, sizes_bhs>;
constexpr auto& UMIN_vector = three_same<minimum, Sign::Unsigned, sizes_bhs>;
constexpr auto& SABD_vector = three_same<absolute_difference, Sign::Signed, sizes_bhs>;
constexpr auto& UABD_vector = three_same<absolute_difference, Sign::Unsigned, sizes_bhs>;
constexpr auto& SABA_vector = three_same<absolute_difference_accumulate, Sign::Signed, sizes_bhs>;
constexpr auto& UABA_vector = three_same<absolute_difference_accumulate, Sign::Unsigned, sizes_bhs>;
constexpr auto& ADD_vector = three_same<add, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SUB_vector = three_same<subtract, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CMTST_vector = three_same<test, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CMEQ_vector = three_same<equal, Sign::Unsigned, sizes_bhsd>;
constexpr auto& MLA_vector = three_same<multiply_accumulate, Sign::Unsigned, sizes_bhs>;
constexpr auto& MLS_vector = three_same<multiply_subtract, Sign::Unsigned, sizes_bhs>;
constexpr auto& MUL_vector = three_same<multiply, Sign::Unsigned, sizes_bhs>;
constexpr auto& PMUL_vector = three_same<multiply_polynomials, Sign::Unsigned, sizes_b>;
constexpr auto& SMAXP_vector = three_pairwise<maximum, Sign::Signed, sizes_bhs>;
constexpr auto& UMAXP_vector = three_pairwise<maximum, Sign::Unsigned, sizes_bhs>;
constexpr auto& SMINP_vector = three_pairwise<minimum, Sign::Signed, sizes_bhs>;
constexpr auto& UMINP_vector = three_pairwise<minimum, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQDMULH_vector = three_same<doubling_multiply_high, Sign::Signed, sizes_hs>;
constexpr auto& SQRDMULH_vector = three_same<rounding_doubling_multiply_high, Sign::Signed, sizes_hs>;
constexpr auto& ADDP_vector = three_pairwise<add, Sign::Unsigned, sizes_bhsd>;

constexpr auto& AND_vector = three_bitwise<bit_and>;
constexpr auto& BIC_vector = three_bitwise<bit_clear>;
constexpr auto& ORR_vector = three_bitwise<bit_or>;
constexpr auto& ORN_vector = three_bitwise<bit_or_not>;
constexpr auto& EOR_vector = three_bitwise<bit_xor>;
constexpr auto& BSL_vector = three_bitwise<bit_select>;
constexpr auto& BIT_vector = three_bitwise<insert_if_true>;
constexpr auto& BIF_vector = three_bitwise<insert_if_false>;

constexpr auto& FMAXNM_vector = three_fp<fp_maximum_number>;
constexpr auto& FMLA_vector = three_fp<fp_multiply_add>;
constexpr auto& FADD_vector = three_fp<fp_add>;
constexpr auto& FMULX_vector = three_fp<fp_multiply_extended>;
constexpr auto& FCMEQ_vector = three_fp<fp_equal>;
constexpr auto& FMAX_vector = three_fp<fp_maximum>;
constexpr auto& FRECPS_vector = three_fp<fp_reciprocal_step>;
constexpr auto& FMINNM_vector = three_fp<fp_minimum_number>;
constexpr auto& FMLS_vector = three_fp<fp_multiply_subtract>;
constexpr auto& FSUB_vector = three_fp<fp_subtract>;
constexpr auto& FMIN_vector = three_fp<fp_minimum>;
constexpr auto& FRSQRTS_vector = three_fp<fp_reciprocal_square_root_step>;
constexpr auto& FMAXNMP_vector = three_fp_pairwise<fp_maximum_number>;
constexpr auto& FADDP_vector = three_fp_pairwise<fp_add>;
constexpr auto& FMUL_vector = three_fp<fp_multiply>;
constexpr auto& FCMGE_vector = three_fp<fp_greater_or_equal>;
constexpr auto& FACGE_vector = three_fp<fp_absolute_greater_or_equal>;
constexpr auto& FMAXP_vector = three_fp_pairwise<fp_maximum>;
constexpr auto& FDIV_vector = three_fp<fp_divide>;
constexpr auto& FMINNMP_vector = three_fp_pairwise<fp_minimum_number>;
constexpr auto& FABD_vector = three_fp<fp_absolute_difference>;
constexpr auto& FCMGT_vector = three_fp<fp_greater>;
constexpr auto& FACGT_vector = three_fp<fp_absolute_greater>;
constexpr auto& FMINP_vector = three_fp_pairwise<fp_minimum>;

constexpr auto& FMAXNM_vector_half = three_fp_half<fp_maximum_number>;
constexpr auto& FMLA_vector_half = three_fp_half<fp_multiply_add>;
constexpr auto& FADD_vector_half = three_fp_half<fp_add>;
constexpr auto& FMULX_vector_half = three_fp_half<fp_multiply_extended>;
constexpr auto& FCMEQ_vector_half = three_fp_half<fp_equal>;
constexpr auto& FMAX_vector_half = three_fp_half<fp_maximum>;
constexpr auto& FRECPS_vector_half = three_fp_half<fp_reciprocal_step>;
constexpr auto& FMINNM_vector_half = three_fp_half<fp_minimum_number>;
constexpr auto& FMLS_vector_half = three_fp_half<fp_multiply_subtract>;
constexpr auto& FSUB_vector_half = three_fp_half<fp_subtract>;
constexpr auto& FMIN_vector_half = three_fp_half<fp_minimum>;
constexpr auto& FRSQRTS_vector_half = three_fp_half<fp_reciprocal_square_root_step>;
constexpr auto& FMAXNMP_vector_half = three_fp_pairwise_half<fp_maximum_number>;
constexpr auto& FADDP_vector_half = three_fp_pairwise_half<fp_add>;
constexpr auto& FMUL_vector_half = three_fp_half<fp_multiply>;
constexpr auto& FCMGE_vector_half = three_fp_half<fp_greater_or_equal>;
constexpr auto& FACGE_vector_half = three_fp_half<fp_absolute_greater_or_equal>;
constexpr auto& FMAXP_vector_half = three_fp_pairwise_half<fp_maximum>;
constexpr auto& FDIV_vector_half = three_fp_half<fp_divide>;
constexpr auto& FMINNMP_vector_half = three_fp_pairwise_half<fp_minimum_number>;
constexpr auto& FABD_vector_half = three_fp_half<fp_absolute_difference>;
constexpr auto& FCMGT_vector_half = three_fp_half<fp_greater>;
constexpr auto& FACGT_vector_half = three_fp_half<fp_absolute_greater>;
constexpr auto& FMINP_vector_half = three_fp_pairwise_half<fp_minimum>;

// --- Scalars -----------------------------------------------------------------------------------------------

constexpr auto& SQADD_scalar = three_same_scalar<saturating_add, Sign::Signed, sizes_bhsd>;
constexpr auto& UQADD_scalar = three_same_scalar<saturating_add, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SQSUB_scalar = three_same_scalar<saturating_subtract, Sign::Signed, sizes_bhsd>;
constexpr auto& UQSUB_scalar = three_same_scalar<saturating_subtract, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CMGT_scalar = three_same_scalar<greater, Sign::Signed, sizes_d>;
constexpr auto& CMHI_scalar = three_same_scalar<greater, Sign::Unsigned, sizes_d>;
constexpr auto& CMGE_scalar = three_same_scalar<greater_or_equal, Sign::Signed, sizes_d>;
constexpr auto& CMHS_scalar = three_same_scalar<greater_or_equal, Sign::Unsigned, sizes_d>;
constexpr auto& SSHL_scalar = three_same_scalar<shift_by_register, Sign::Signed, sizes_d>;
constexpr auto& USHL_scalar = three_same_scalar<shift_by_register, Sign::Unsigned, sizes_d>;
constexpr auto& SQSHL_scalar = three_same_scalar<saturating_shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& UQSHL_scalar = three_same_scalar<saturating_shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SRSHL_scalar = three_same_scalar<rounding_shift_by_register, Sign::Signed, sizes_d>;
constexpr auto& URSHL_scalar = three_same_scalar<rounding_shift_by_register, Sign::Unsigned, sizes_d>;
constexpr auto& SQRSHL_scalar =
    three_same_scalar<saturating_rounding_shift_by_register, Sign::Signed, sizes_bhsd>;
constexpr auto& UQRSHL_scalar =
    three_same_scalar<saturating_rounding_shift_by_register, Sign::Unsigned, sizes_bhsd>;
constexpr auto& ADD_scalar = three_same_scalar<add, Sign::Unsigned, sizes_d>;
constexpr auto& SUB_scalar = three_same_scalar<subtract, Sign::Unsigned, sizes_d>;
constexpr auto& CMTST_scalar = three_same_scalar<test, Sign::Unsigned, sizes_d>;
constexpr auto& CMEQ_scalar = three_same_scalar<equal, Sign::Unsigned, sizes_d>;
constexpr auto& SQDMULH_scalar = three_same_scalar<doubling_multiply_high, Sign::Signed, sizes_hs>;
constexpr auto& SQRDMULH_scalar = three_same_scalar<rounding_doubling_multiply_high, Sign::Signed, sizes_hs>;

constexpr auto& FMULX_scalar = three_fp_scalar<fp_multiply_extended>;
constexpr auto& FCMEQ_scalar = three_fp_scalar<fp_equal>;
constexpr auto& FRECPS_scalar = three_fp_scalar<fp_reciprocal_step>;
constexpr auto& FRSQRTS_scalar = three_fp_scalar<fp_reciprocal_square_root_step>;
constexpr auto& FCMGE_scalar = three_fp_scalar<fp_greater_or_equal>;
constexpr auto& FACGE_scalar = three_fp_scalar<fp_absolute_greater_or_equal>;
constexpr auto& FABD_scalar = three_fp_scalar<fp_absolute_difference>;
constexpr auto& FCMGT_scalar = three_fp_scalar<fp_greater>;
constexpr auto& FACGT_scalar = three_fp_scalar<fp_absolute_greater>;

constexpr auto& FMULX_scalar_half = three_fp_scalar_half<fp_multiply_extended>;
constexpr auto& FCMEQ_scalar_half = three_fp_scalar_half<fp_equal>;
constexpr auto& FRECPS_scalar_half = three_fp_scalar_half<fp_reciprocal_step>;
constexpr auto& FRSQRTS_scalar_half = three_fp_scalar_half<fp_reciprocal_square_root_step>;
constexpr auto& FCMGE_scalar_half = three_fp_scalar_half<fp_greater_or_equal>;
constexpr auto& FACGE_scalar_half = three_fp_scalar_half<fp_absolute_greater_or_equal>;
constexpr auto& FABD_scalar_half = three_fp_scalar_half<fp_absolute_difference>;
constexpr auto& FCMGT_scalar_half = three_fp_scalar_half<fp_greater>;
constexpr auto& FACGT_scalar_half = three_fp_scalar_half<fp_absolute_greater>;

// --- Extra -------------------------------------------------------------------------------------------------

constexpr auto& SQRDMLAH_vector =
    three_same<rounding_doubling_multiply_accumulate_high, Sign::Signed, sizes_hs>;
constexpr auto& SQRDMLSH_vector =
    three_same<rounding_doubling_multiply_subtract_high, Sign::Signed, sizes_hs>;
constexpr auto& SQRDMLAH_scalar =
    three_same_scalar<rounding_doubling_multiply_accumulate_high, Sign::Signed, sizes_hs>;
constexpr auto& SQRDMLSH_scalar =
    three_same_scalar<rounding_doubling_multiply_subtract_high, Sign::Signed, sizes_hs>;

template <Sign sign>
Flow dot_product(Core& core, Reg d, Reg n, Reg m, Active active) {
    write(core, d,
          dot_products<Lane<sign, 0>>(read<std::uint32_t>(core, d), read<Lane<sign, 0>>(core, n),
                                      read<Lane<sign, 0>>(core, m)),
          active);
    return Flow::Next;
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
Flow long_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Lanes<Wide<T>> first = extend(read<T>(core, n), half);
    const Lanes<Wide<T>> second = extend(read<T>(core, m), half);
    if constexpr (accumulates<operate, Wide<T>, Wide<T>, Wide<T>>) {
        write(core, d, for_each_lane<operate>(core, 16, read<Wide<T>>(core, d), first, second), 16);
    } else {
        write(core, d, for_each_lane<operate>(core, 16, first, second), 16);
    }
    return Flow::Next;
}

// Wide result and first operand (SADDW).
template <class T, auto operate>
Flow wide_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    write(core, d, for_each_lane<operate>(core, 16, read<Wide<T>>(core, n), extend(read<T>(core, m), half)),
          16);
    return Flow::Next;
}

// The upper halves of wide lanes (ADDHN).
template <class T, auto operate>
Flow narrow_high_binary(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Lanes<Wide<T>> wide =
        for_each_lane<operate>(core, 16, read<Wide<T>>(core, n), read<Wide<T>>(core, m));
    write_narrow<T>(core, d, half, [&](unsigned lane) { return static_cast<T>(wide[lane] >> bits_of<T>); });
    return Flow::Next;
}

inline constexpr auto rounding_add_high = []<class W>(W a, W b) {
    return add(add(a, b), static_cast<W>(W{1} << (bits_of<W> / 2 - 1)));
};
inline constexpr auto rounding_subtract_high = []<class W>(W a, W b) {
    return add(subtract(a, b), static_cast<W>(W{1} << (bits_of<W> / 2 - 1)));
};

template <auto operate, Sign sign, unsigned sizes>
Operation three_long(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<sign, sizes>(size.value(), [&]<class T>() {
        return fp_operation<&long_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

template <auto operate, Sign sign>
Operation three_wide(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<sign, sizes_bhs>(size.value(), [&]<class T>() {
        return fp_operation<&wide_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

template <auto operate>
Operation three_narrow_high(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, sizes_bhs>(size.value(), [&]<class T>() {
        return fp_operation<&narrow_high_binary<T, operate>>(d, n, m, upper_half(q));
    });
}

constexpr auto& SADDL_vector = three_long<add, Sign::Signed, sizes_bhs>;
constexpr auto& UADDL_vector = three_long<add, Sign::Unsigned, sizes_bhs>;
constexpr auto& SADDW_vector = three_wide<add, Sign::Signed>;
constexpr auto& UADDW_vector = three_wide<add, Sign::Unsigned>;
constexpr auto& SSUBL_vector = three_long<subtract, Sign::Signed, sizes_bhs>;
constexpr auto& USUBL_vector = three_long<subtract, Sign::Unsigned, sizes_bhs>;
constexpr auto& SSUBW_vector = three_wide<subtract, Sign::Signed>;
constexpr auto& USUBW_vector = three_wide<subtract, Sign::Unsigned>;
constexpr auto& ADDHN = three_narrow_high<add>;
constexpr auto& RADDHN = three_narrow_high<rounding_add_high>;
constexpr auto& SABAL_vector = three_long<absolute_difference_accumulate, Sign::Signed, sizes_bhs>;
constexpr auto& UABAL_vector = three_long<absolute_difference_accumulate, Sign::Unsigned, sizes_bhs>;
constexpr auto& SUBHN = three_narrow_high<subtract>;
constexpr auto& RSUBHN = three_narrow_high<rounding_subtract_high>;
constexpr auto& SABDL_vector = three_long<absolute_difference, Sign::Signed, sizes_bhs>;
constexpr auto& UABDL_vector = three_long<absolute_difference, Sign::Unsigned, sizes_bhs>;
constexpr auto& SMLAL_vector = three_long<multiply_accumulate, Sign::Signed, sizes_bhs>;
constexpr auto& UMLAL_vector = three_long<multiply_accumulate, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQDMLAL_vector = three_long<saturating_doubling_multiply_accumulate, Sign::Signed, sizes_hs>;
constexpr auto& SMLSL_vector = three_long<multiply_subtract, Sign::Signed, sizes_bhs>;
constexpr auto& UMLSL_vector = three_long<multiply_subtract, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQDMLSL_vector = three_long<saturating_doubling_multiply_subtract, Sign::Signed, sizes_hs>;
constexpr auto& SMULL_vector = three_long<multiply, Sign::Signed, sizes_bhs>;
constexpr auto& UMULL_vector = three_long<multiply, Sign::Unsigned, sizes_bhs>;
constexpr auto& SQDMULL_vector = three_long<saturating_doubling_multiply, Sign::Signed, sizes_hs>;

// The scalar forms: the low lanes, and a result that is one wide lane.
template <class T, auto operate>
Flow long_scalar(Core& core, Reg d, Reg n, Reg m) {
    const Wide<T> first = read_scalar<T>(core, n);
    const Wide<T> second = read_scalar<T>(core, m);
    if constexpr (accumulates<operate, Wide<T>, Wide<T>, Wide<T>>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<Wide<T>>(core, d), first, second));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, first, second));
    }
    return Flow::Next;
}

template <auto operate>
Operation three_long_scalar(Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<Sign::Signed, sizes_hs>(
        size.value(), [&]<class T>() { return fp_operation<&long_scalar<T, operate>>(d, n, m); });
}

constexpr auto& SQDMLAL_scalar = three_long_scalar<saturating_doubling_multiply_accumulate>;
constexpr auto& SQDMLSL_scalar = three_long_scalar<saturating_doubling_multiply_subtract>;
constexpr auto& SQDMULL_scalar = three_long_scalar<saturating_doubling_multiply>;

// The operands are zero-extended bytes, so that no product bit is lost.
Flow pmull_bytes(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    return long_binary<std::uint8_t, multiply_polynomials>(core, d, n, m, half);
}

Flow pmull_doublewords(Core& core, Reg d, Reg n, Reg m, std::uint8_t half) {
    const Uint128 first = core.v[n.number].d[half];
    const std::uint64_t second = core.v[m.number].d[half];
    Uint128 product = 0;
    for (unsigned i = 0; i < 64; ++i) {
        product ^= ((second >> i) & 1) != 0 ? first << i : 0;
    }
    core.v[d.number].d = {static_cast<std::uint64_t>(product), static_cast<std::uint64_t>(product >> 64)};
    return Flow::Next;
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

constexpr decode::Row rows[] = {
#include "emu/decode/simd_three.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_three_rows() {
    return simd::rows;
}
