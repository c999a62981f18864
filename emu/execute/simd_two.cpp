// AdvSIMD instructions with one source register, lane by lane.
#include <algorithm>
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;
using fp::Rounding;
using fp::Signedness;

// --- Lane by lane ------------------------------------------------------------------------------------------

// Reverses lanes T within containers of `bytes` bytes.
template <class T, unsigned bytes>
void reverse(Core& core, Reg d, Reg n, Active active) {
    constexpr unsigned kMembers = bytes / sizeof(T);
    const Lanes<T> source = read<T>(core, n);
    Lanes<T> result{};
    for (unsigned i = 0; i < kLaneCount<T>; ++i) {
        result[i] = source[i ^ (kMembers - 1)];
    }
    write(core, d, result, active);
}

template <unsigned bytes, unsigned sizes>
Operation decode_reverse(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, sizes>(
        size.value(), [&]<class T>() { return fp_operation<&reverse<T, bytes>>(d, n, active_bytes(q)); });
}

// Works on bytes, whatever lanes the register is divided into.
template <auto operate>
Operation bytewise(Bit q, Reg n, Reg d) {
    return fp_operation<&unary<std::uint8_t, operate>>(d, n, active_bytes(q));
}

constexpr auto& REV64_vector = decode_reverse<8, kSizesBhs>;
constexpr auto& REV32_vector = decode_reverse<4, kSizesBh>;
constexpr auto& REV16_vector = decode_reverse<2, kSizesB>;
constexpr auto& SUQADD_vector = two_misc<kSaturatingAddOtherSign, Sign::Signed, kSizesBhsd>;
constexpr auto& USQADD_vector = two_misc<kSaturatingAddOtherSign, Sign::Unsigned, kSizesBhsd>;
constexpr auto& CLS_vector = two_misc<kCountLeadingSigns, Sign::Signed, kSizesBhs>;
constexpr auto& CLZ_vector = two_misc<kCountLeadingZeros, Sign::Unsigned, kSizesBhs>;
constexpr auto& CNT_vector = two_misc<kCountOnes, Sign::Unsigned, kSizesB>;
constexpr auto& SQABS_vector = two_misc<kSaturatingAbsolute, Sign::Signed, kSizesBhsd>;
constexpr auto& SQNEG_vector = two_misc<kSaturatingNegate, Sign::Signed, kSizesBhsd>;
constexpr auto& CMGT_zero_vector = two_misc<kGreaterZero, Sign::Signed, kSizesBhsd>;
constexpr auto& CMGE_zero_vector = two_misc<kGreaterOrEqualZero, Sign::Signed, kSizesBhsd>;
constexpr auto& CMEQ_zero_vector = two_misc<kEqualZero, Sign::Signed, kSizesBhsd>;
constexpr auto& CMLE_zero_vector = two_misc<kLessOrEqualZero, Sign::Signed, kSizesBhsd>;
constexpr auto& CMLT_zero_vector = two_misc<kLessZero, Sign::Signed, kSizesBhsd>;
constexpr auto& ABS_vector = two_misc<kAbsolute, Sign::Signed, kSizesBhsd>;
constexpr auto& NEG_vector = two_misc<kNegate, Sign::Signed, kSizesBhsd>;
constexpr auto& NOT_vector = bytewise<kBitNot>;
constexpr auto& RBIT_vector = bytewise<kReverseBits>;

constexpr auto& SUQADD_scalar = two_misc_scalar<kSaturatingAddOtherSign, Sign::Signed, kSizesBhsd>;
constexpr auto& USQADD_scalar = two_misc_scalar<kSaturatingAddOtherSign, Sign::Unsigned, kSizesBhsd>;
constexpr auto& SQABS_scalar = two_misc_scalar<kSaturatingAbsolute, Sign::Signed, kSizesBhsd>;
constexpr auto& SQNEG_scalar = two_misc_scalar<kSaturatingNegate, Sign::Signed, kSizesBhsd>;
constexpr auto& CMGT_zero_scalar = two_misc_scalar<kGreaterZero, Sign::Signed, kSizesD>;
constexpr auto& CMGE_zero_scalar = two_misc_scalar<kGreaterOrEqualZero, Sign::Signed, kSizesD>;
constexpr auto& CMEQ_zero_scalar = two_misc_scalar<kEqualZero, Sign::Signed, kSizesD>;
constexpr auto& CMLE_zero_scalar = two_misc_scalar<kLessOrEqualZero, Sign::Signed, kSizesD>;
constexpr auto& CMLT_zero_scalar = two_misc_scalar<kLessZero, Sign::Signed, kSizesD>;
constexpr auto& ABS_scalar = two_misc_scalar<kAbsolute, Sign::Signed, kSizesD>;
constexpr auto& NEG_scalar = two_misc_scalar<kNegate, Sign::Signed, kSizesD>;

// --- To lanes of another width -----------------------------------------------------------------------------

enum class Accumulate : std::uint8_t { No, Yes };

// Sums of pairs of lanes T, twice as wide.
template <class T, Accumulate accumulate>
void add_long_pairs(Core& core, Reg d, Reg n, Active active) {
    using W = Wide<T>;
    const Lanes<T> source = read<T>(core, n);
    Lanes<W> result{};
    if constexpr (accumulate == Accumulate::Yes) {
        result = read<W>(core, d);
    }
    for (unsigned i = 0; i < kLaneCount<W>; ++i) {
        result[i] = kAdd(result[i], kAdd(W{source[2 * i]}, W{source[2 * i + 1]}));
    }
    write(core, d, result, active);
}

template <Sign sign, Accumulate accumulate>
Operation long_pairs(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<sign, kSizesBhs>(size.value(), [&]<class T>() {
        return fp_operation<&add_long_pairs<T, accumulate>>(d, n, active_bytes(q));
    });
}

constexpr auto& SADDLP_vector = long_pairs<Sign::Signed, Accumulate::No>;
constexpr auto& UADDLP_vector = long_pairs<Sign::Unsigned, Accumulate::No>;
constexpr auto& SADALP_vector = long_pairs<Sign::Signed, Accumulate::Yes>;
constexpr auto& UADALP_vector = long_pairs<Sign::Unsigned, Accumulate::Yes>;

template <class T>
void extract_narrow(Core& core, Reg d, Reg n, std::uint8_t half) {
    const auto wide = read<Wide<T>>(core, n);
    write_narrow<T>(core, d, half, [&](unsigned lane) { return static_cast<T>(wide[lane]); });
}

template <class T, class W>
void extract_narrow_saturating(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto wide = read<W>(core, n);
    write_narrow<T>(core, d, half, [&](unsigned lane) { return saturate<T>(wide[lane], scope.context()); });
}

template <class T, class W>
void extract_narrow_saturating_scalar(Core& core, Reg d, Reg n) {
    FpScope scope{core};
    write_scalar(core, d, saturate<T>(read_scalar<W>(core, n), scope.context()));
}

Operation XTN_vector(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, kSizesBhs>(
        size.value(), [&]<class T>() { return fp_operation<&extract_narrow<T>>(d, n, upper_half(q)); });
}

// The signedness of the wide and of the narrow lanes.
template <class T, Sign from>
using WideFrom = std::conditional_t<from == Sign::Signed, SignedWide<T>, UnsignedWide<T>>;

template <Sign from, Sign to>
Operation narrow(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<to, kSizesBhs>(size.value(), [&]<class T>() {
        return fp_operation<&extract_narrow_saturating<T, WideFrom<T, from>>>(d, n, upper_half(q));
    });
}

template <Sign from, Sign to>
Operation narrow_scalar(Imm<2> size, Reg n, Reg d) {
    return with_lane<to, kSizesBhs>(size.value(), [&]<class T>() {
        return fp_operation<&extract_narrow_saturating_scalar<T, WideFrom<T, from>>>(d, n);
    });
}

constexpr auto& SQXTUN_vector = narrow<Sign::Signed, Sign::Unsigned>;
constexpr auto& SQXTN_vector = narrow<Sign::Signed, Sign::Signed>;
constexpr auto& UQXTN_vector = narrow<Sign::Unsigned, Sign::Unsigned>;
constexpr auto& SQXTUN_scalar = narrow_scalar<Sign::Signed, Sign::Unsigned>;
constexpr auto& SQXTN_scalar = narrow_scalar<Sign::Signed, Sign::Signed>;
constexpr auto& UQXTN_scalar = narrow_scalar<Sign::Unsigned, Sign::Unsigned>;

template <class T>
void shift_long_by_width(Core& core, Reg d, Reg n, std::uint8_t half) {
    const Lanes<Wide<T>> wide = extend(read<T>(core, n), half);
    write(core, d, for_each_lane<kShiftLeft>(core, kVectorBytes, wide, kBitsOf<T>), kVectorBytes);
}

Operation SHLL_vector(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, kSizesBhs>(
        size.value(), [&]<class T>() { return fp_operation<&shift_long_by_width<T>>(d, n, upper_half(q)); });
}

// `odd` is FCVTXN's rounding; FCVTN rounds as FPCR says.
enum class Narrowing : std::uint8_t { Current, Odd };

template <class To, class From, Narrowing narrowing>
To narrow_float(From value, fp::Context& context) {
    const Rounding rounding = narrowing == Narrowing::Odd ? Rounding::Odd : context.rounding();
    return fp::convert<To>(value, rounding, context);
}

template <class To, class From, Narrowing narrowing>
void narrow_floats(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto wide = read<From>(core, n);
    write_narrow<To>(core, d, half, [&](unsigned lane) {
        return narrow_float<To, From, narrowing>(wide[lane], scope.context());
    });
}

template <class To, class From>
void widen_floats(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto source = read<From>(core, n);
    Lanes<To> result{};
    for (unsigned i = 0; i < kLaneCount<To>; ++i) {
        result[i] = fp::convert<To>(source[half * kLaneCount<To> + i], Rounding::TieEven, scope.context());
    }
    write(core, d, result, kVectorBytes);
}

void narrow_double_odd(Core& core, Reg d, Reg n) {
    FpScope scope{core};
    write_scalar(core, d,
                 narrow_float<std::uint32_t, std::uint64_t, Narrowing::Odd>(
                     read_scalar<std::uint64_t>(core, n), scope.context()));
}

Operation FCVTN(Bit q, Bit from_double, Reg n, Reg d) {
    return from_double ? fp_operation<&narrow_floats<std::uint32_t, std::uint64_t, Narrowing::Current>>(
                             d, n, upper_half(q))
                       : fp_operation<&narrow_floats<std::uint16_t, std::uint32_t, Narrowing::Current>>(
                             d, n, upper_half(q));
}

Operation FCVTL(Bit q, Bit to_double, Reg n, Reg d) {
    return to_double ? fp_operation<&widen_floats<std::uint64_t, std::uint32_t>>(d, n, upper_half(q))
                     : fp_operation<&widen_floats<std::uint32_t, std::uint16_t>>(d, n, upper_half(q));
}

Operation FCVTXN_vector(Bit q, Reg n, Reg d) {
    return fp_operation<&narrow_floats<std::uint32_t, std::uint64_t, Narrowing::Odd>>(d, n, upper_half(q));
}

Operation FCVTXN_scalar(Reg n, Reg d) {
    return fp_operation<&narrow_double_odd>(d, n);
}

// --- Floating point, lane by lane --------------------------------------------------------------------------

constexpr auto& FRINTN_vector = two_fp<kFpRound<Rounding::TieEven>>;
constexpr auto& FRINTM_vector = two_fp<kFpRound<Rounding::MinusInfinity>>;
constexpr auto& FCVTNS_vector = two_fp<kFpToInteger<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_vector = two_fp<kFpToInteger<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_vector = two_fp<kFpToInteger<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_vector = two_fp<kFpFromInteger<Signedness::Signed>>;
constexpr auto& FCMGT_zero_vector = two_fp<kFpGreaterZero>;
constexpr auto& FCMEQ_zero_vector = two_fp<kFpEqualZero>;
constexpr auto& FCMLT_zero_vector = two_fp<kFpLessZero>;
constexpr auto& FABS_vector = two_fp<kFpAbsolute>;
constexpr auto& FRINTP_vector = two_fp<kFpRound<Rounding::PlusInfinity>>;
constexpr auto& FRINTZ_vector = two_fp<kFpRound<Rounding::Zero>>;
constexpr auto& FCVTPS_vector = two_fp<kFpToInteger<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_vector = two_fp<kFpToInteger<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_vector = two_fp<kFpReciprocalEstimate>;
constexpr auto& FRINTA_vector = two_fp<kFpRound<Rounding::TieAway>>;
constexpr auto& FRINTX_vector = two_fp<kFpRoundExact>;
constexpr auto& FCVTNU_vector = two_fp<kFpToInteger<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_vector = two_fp<kFpToInteger<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_vector = two_fp<kFpToInteger<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_vector = two_fp<kFpFromInteger<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_vector = two_fp<kFpGreaterOrEqualZero>;
constexpr auto& FCMLE_zero_vector = two_fp<kFpLessOrEqualZero>;
constexpr auto& FNEG_vector = two_fp<kFpNegate>;
constexpr auto& FRINTI_vector = two_fp<kFpRoundCurrent>;
constexpr auto& FCVTPU_vector = two_fp<kFpToInteger<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_vector = two_fp<kFpToInteger<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_vector = two_fp<kFpReciprocalSquareRootEstimate>;
constexpr auto& FSQRT_vector = two_fp<kFpSquareRoot>;

constexpr auto& FRINTN_vector_half = two_fp_half<kFpRound<Rounding::TieEven>>;
constexpr auto& FRINTM_vector_half = two_fp_half<kFpRound<Rounding::MinusInfinity>>;
constexpr auto& FCVTNS_vector_half = two_fp_half<kFpToInteger<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_vector_half = two_fp_half<kFpToInteger<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_vector_half = two_fp_half<kFpToInteger<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_vector_half = two_fp_half<kFpFromInteger<Signedness::Signed>>;
constexpr auto& FCMGT_zero_vector_half = two_fp_half<kFpGreaterZero>;
constexpr auto& FCMEQ_zero_vector_half = two_fp_half<kFpEqualZero>;
constexpr auto& FCMLT_zero_vector_half = two_fp_half<kFpLessZero>;
constexpr auto& FABS_vector_half = two_fp_half<kFpAbsolute>;
constexpr auto& FRINTP_vector_half = two_fp_half<kFpRound<Rounding::PlusInfinity>>;
constexpr auto& FRINTZ_vector_half = two_fp_half<kFpRound<Rounding::Zero>>;
constexpr auto& FCVTPS_vector_half = two_fp_half<kFpToInteger<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_vector_half = two_fp_half<kFpToInteger<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_vector_half = two_fp_half<kFpReciprocalEstimate>;
constexpr auto& FRINTA_vector_half = two_fp_half<kFpRound<Rounding::TieAway>>;
constexpr auto& FRINTX_vector_half = two_fp_half<kFpRoundExact>;
constexpr auto& FCVTNU_vector_half = two_fp_half<kFpToInteger<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_vector_half = two_fp_half<kFpToInteger<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_vector_half = two_fp_half<kFpToInteger<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_vector_half = two_fp_half<kFpFromInteger<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_vector_half = two_fp_half<kFpGreaterOrEqualZero>;
constexpr auto& FCMLE_zero_vector_half = two_fp_half<kFpLessOrEqualZero>;
constexpr auto& FNEG_vector_half = two_fp_half<kFpNegate>;
constexpr auto& FRINTI_vector_half = two_fp_half<kFpRoundCurrent>;
constexpr auto& FCVTPU_vector_half = two_fp_half<kFpToInteger<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_vector_half = two_fp_half<kFpToInteger<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_vector_half = two_fp_half<kFpReciprocalSquareRootEstimate>;
constexpr auto& FSQRT_vector_half = two_fp_half<kFpSquareRoot>;

constexpr auto& FCVTNS_scalar = two_fp_scalar<kFpToInteger<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_scalar = two_fp_scalar<kFpToInteger<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_scalar = two_fp_scalar<kFpToInteger<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_scalar = two_fp_scalar<kFpFromInteger<Signedness::Signed>>;
constexpr auto& FCMGT_zero_scalar = two_fp_scalar<kFpGreaterZero>;
constexpr auto& FCMEQ_zero_scalar = two_fp_scalar<kFpEqualZero>;
constexpr auto& FCMLT_zero_scalar = two_fp_scalar<kFpLessZero>;
constexpr auto& FCVTPS_scalar = two_fp_scalar<kFpToInteger<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_scalar = two_fp_scalar<kFpToInteger<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_scalar = two_fp_scalar<kFpReciprocalEstimate>;
constexpr auto& FCVTNU_scalar = two_fp_scalar<kFpToInteger<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_scalar = two_fp_scalar<kFpToInteger<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_scalar = two_fp_scalar<kFpToInteger<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_scalar = two_fp_scalar<kFpFromInteger<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_scalar = two_fp_scalar<kFpGreaterOrEqualZero>;
constexpr auto& FCMLE_zero_scalar = two_fp_scalar<kFpLessOrEqualZero>;
constexpr auto& FCVTPU_scalar = two_fp_scalar<kFpToInteger<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_scalar = two_fp_scalar<kFpToInteger<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_scalar = two_fp_scalar<kFpReciprocalSquareRootEstimate>;

constexpr auto& FCVTNS_scalar_half = two_fp_scalar_half<kFpToInteger<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_scalar_half = two_fp_scalar_half<kFpToInteger<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_scalar_half = two_fp_scalar_half<kFpFromInteger<Signedness::Signed>>;
constexpr auto& FCMGT_zero_scalar_half = two_fp_scalar_half<kFpGreaterZero>;
constexpr auto& FCMEQ_zero_scalar_half = two_fp_scalar_half<kFpEqualZero>;
constexpr auto& FCMLT_zero_scalar_half = two_fp_scalar_half<kFpLessZero>;
constexpr auto& FCVTPS_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_scalar_half = two_fp_scalar_half<kFpToInteger<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_scalar_half = two_fp_scalar_half<kFpReciprocalEstimate>;
constexpr auto& FCVTNU_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_scalar_half = two_fp_scalar_half<kFpFromInteger<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_scalar_half = two_fp_scalar_half<kFpGreaterOrEqualZero>;
constexpr auto& FCMLE_zero_scalar_half = two_fp_scalar_half<kFpLessOrEqualZero>;
constexpr auto& FCVTPU_scalar_half =
    two_fp_scalar_half<kFpToInteger<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_scalar_half = two_fp_scalar_half<kFpToInteger<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_scalar_half = two_fp_scalar_half<kFpReciprocalSquareRootEstimate>;

constexpr auto& FRECPX_scalar = two_fp_scalar<kFpReciprocalExponent>;
constexpr auto& FRECPX_scalar_half = two_fp_scalar_half<kFpReciprocalExponent>;

template <auto operate>
Operation estimate_integers(Bit q, Reg n, Reg d) {
    return fp_operation<&unary<std::uint32_t, operate>>(d, n, active_bytes(q));
}

constexpr auto& URECPE = estimate_integers<kUnsignedReciprocalEstimate>;
constexpr auto& URSQRTE = estimate_integers<kUnsignedReciprocalSquareRootEstimate>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_two.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_two_rows() {
    return simd::kRows;
}
