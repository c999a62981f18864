// AdvSIMD instructions with one source register: lane by lane, across lanes, and of a pair of lanes.
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
Flow reverse(Core& core, Reg d, Reg n, Active active) {
    constexpr unsigned members = bytes / sizeof(T);
    const Lanes<T> source = read<T>(core, n);
    Lanes<T> result{};
    for (unsigned i = 0; i < lane_count<T>; ++i) {
        result[i] = source[i ^ (members - 1)];
    }
    write(core, d, result, active);
    return Flow::Next;
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

constexpr auto& REV64_vector = decode_reverse<8, sizes_bhs>;
constexpr auto& REV32_vector = decode_reverse<4, sizes_bh>;
constexpr auto& REV16_vector = decode_reverse<2, sizes_b>;
constexpr auto& SUQADD_vector = two_misc<saturating_add_other_sign, Sign::Signed, sizes_bhsd>;
constexpr auto& USQADD_vector = two_misc<saturating_add_other_sign, Sign::Unsigned, sizes_bhsd>;
constexpr auto& CLS_vector = two_misc<count_leading_signs, Sign::Signed, sizes_bhs>;
constexpr auto& CLZ_vector = two_misc<count_leading_zeros, Sign::Unsigned, sizes_bhs>;
constexpr auto& CNT_vector = two_misc<count_ones, Sign::Unsigned, sizes_b>;
constexpr auto& SQABS_vector = two_misc<saturating_absolute, Sign::Signed, sizes_bhsd>;
constexpr auto& SQNEG_vector = two_misc<saturating_negate, Sign::Signed, sizes_bhsd>;
constexpr auto& CMGT_zero_vector = two_misc<greater_zero, Sign::Signed, sizes_bhsd>;
constexpr auto& CMGE_zero_vector = two_misc<greater_or_equal_zero, Sign::Signed, sizes_bhsd>;
constexpr auto& CMEQ_zero_vector = two_misc<equal_zero, Sign::Signed, sizes_bhsd>;
constexpr auto& CMLE_zero_vector = two_misc<less_or_equal_zero, Sign::Signed, sizes_bhsd>;
constexpr auto& CMLT_zero_vector = two_misc<less_zero, Sign::Signed, sizes_bhsd>;
constexpr auto& ABS_vector = two_misc<absolute, Sign::Signed, sizes_bhsd>;
constexpr auto& NEG_vector = two_misc<negate, Sign::Signed, sizes_bhsd>;
constexpr auto& NOT_vector = bytewise<bit_not>;
constexpr auto& RBIT_vector = bytewise<reverse_bits>;

constexpr auto& SUQADD_scalar = two_misc_scalar<saturating_add_other_sign, Sign::Signed, sizes_bhsd>;
constexpr auto& USQADD_scalar = two_misc_scalar<saturating_add_other_sign, Sign::Unsigned, sizes_bhsd>;
constexpr auto& SQABS_scalar = two_misc_scalar<saturating_absolute, Sign::Signed, sizes_bhsd>;
constexpr auto& SQNEG_scalar = two_misc_scalar<saturating_negate, Sign::Signed, sizes_bhsd>;
constexpr auto& CMGT_zero_scalar = two_misc_scalar<greater_zero, Sign::Signed, sizes_d>;
constexpr auto& CMGE_zero_scalar = two_misc_scalar<greater_or_equal_zero, Sign::Signed, sizes_d>;
constexpr auto& CMEQ_zero_scalar = two_misc_scalar<equal_zero, Sign::Signed, sizes_d>;
constexpr auto& CMLE_zero_scalar = two_misc_scalar<less_or_equal_zero, Sign::Signed, sizes_d>;
constexpr auto& CMLT_zero_scalar = two_misc_scalar<less_zero, Sign::Signed, sizes_d>;
constexpr auto& ABS_scalar = two_misc_scalar<absolute, Sign::Signed, sizes_d>;
constexpr auto& NEG_scalar = two_misc_scalar<negate, Sign::Signed, sizes_d>;

// --- To lanes of another width -----------------------------------------------------------------------------

enum class Accumulate : std::uint8_t { No, Yes };

// Sums of pairs of lanes T, twice as wide.
template <class T, Accumulate accumulate>
Flow add_long_pairs(Core& core, Reg d, Reg n, Active active) {
    using W = Wide<T>;
    const Lanes<T> source = read<T>(core, n);
    Lanes<W> result{};
    if constexpr (accumulate == Accumulate::Yes) {
        result = read<W>(core, d);
    }
    for (unsigned i = 0; i < lane_count<W>; ++i) {
        result[i] = add(result[i], add(W{source[2 * i]}, W{source[2 * i + 1]}));
    }
    write(core, d, result, active);
    return Flow::Next;
}

template <Sign sign, Accumulate accumulate>
Operation long_pairs(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<sign, sizes_bhs>(size.value(), [&]<class T>() {
        return fp_operation<&add_long_pairs<T, accumulate>>(d, n, active_bytes(q));
    });
}

constexpr auto& SADDLP_vector = long_pairs<Sign::Signed, Accumulate::No>;
constexpr auto& UADDLP_vector = long_pairs<Sign::Unsigned, Accumulate::No>;
constexpr auto& SADALP_vector = long_pairs<Sign::Signed, Accumulate::Yes>;
constexpr auto& UADALP_vector = long_pairs<Sign::Unsigned, Accumulate::Yes>;

template <class T>
Flow extract_narrow(Core& core, Reg d, Reg n, std::uint8_t half) {
    const auto wide = read<Wide<T>>(core, n);
    write_narrow<T>(core, d, half, [&](unsigned lane) { return static_cast<T>(wide[lane]); });
    return Flow::Next;
}

template <class T, class W>
Flow extract_narrow_saturating(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto wide = read<W>(core, n);
    write_narrow<T>(core, d, half, [&](unsigned lane) { return saturate<T>(wide[lane], scope.context()); });
    return Flow::Next;
}

template <class T, class W>
Flow extract_narrow_saturating_scalar(Core& core, Reg d, Reg n) {
    FpScope scope{core};
    write_scalar(core, d, saturate<T>(read_scalar<W>(core, n), scope.context()));
    return Flow::Next;
}

Operation XTN_vector(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, sizes_bhs>(
        size.value(), [&]<class T>() { return fp_operation<&extract_narrow<T>>(d, n, upper_half(q)); });
}

// The signedness of the wide and of the narrow lanes.
template <class T, Sign from>
using WideFrom = std::conditional_t<from == Sign::Signed, SignedWide<T>, UnsignedWide<T>>;

template <Sign from, Sign to>
Operation narrow(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<to, sizes_bhs>(size.value(), [&]<class T>() {
        return fp_operation<&extract_narrow_saturating<T, WideFrom<T, from>>>(d, n, upper_half(q));
    });
}

template <Sign from, Sign to>
Operation narrow_scalar(Imm<2> size, Reg n, Reg d) {
    return with_lane<to, sizes_bhs>(size.value(), [&]<class T>() {
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
Flow shift_long_by_width(Core& core, Reg d, Reg n, std::uint8_t half) {
    const Lanes<Wide<T>> wide = extend(read<T>(core, n), half);
    write(core, d, for_each_lane<shift_left>(core, vector_bytes, wide, bits_of<T>), vector_bytes);
    return Flow::Next;
}

Operation SHLL_vector(Bit q, Imm<2> size, Reg n, Reg d) {
    return with_lane<Sign::Unsigned, sizes_bhs>(
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
Flow narrow_floats(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto wide = read<From>(core, n);
    write_narrow<To>(core, d, half, [&](unsigned lane) {
        return narrow_float<To, From, narrowing>(wide[lane], scope.context());
    });
    return Flow::Next;
}

template <class To, class From>
Flow widen_floats(Core& core, Reg d, Reg n, std::uint8_t half) {
    FpScope scope{core};
    const auto source = read<From>(core, n);
    Lanes<To> result{};
    for (unsigned i = 0; i < lane_count<To>; ++i) {
        result[i] = fp::convert<To>(source[half * lane_count<To> + i], Rounding::TieEven, scope.context());
    }
    write(core, d, result, vector_bytes);
    return Flow::Next;
}

Flow narrow_double_odd(Core& core, Reg d, Reg n) {
    FpScope scope{core};
    write_scalar(core, d,
                 narrow_float<std::uint32_t, std::uint64_t, Narrowing::Odd>(
                     read_scalar<std::uint64_t>(core, n), scope.context()));
    return Flow::Next;
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

constexpr auto& FRINTN_vector = two_fp<fp_round<Rounding::TieEven>>;
constexpr auto& FRINTM_vector = two_fp<fp_round<Rounding::MinusInfinity>>;
constexpr auto& FCVTNS_vector = two_fp<fp_to_integer<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_vector = two_fp<fp_to_integer<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_vector = two_fp<fp_to_integer<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_vector = two_fp<fp_from_integer<Signedness::Signed>>;
constexpr auto& FCMGT_zero_vector = two_fp<fp_greater_zero>;
constexpr auto& FCMEQ_zero_vector = two_fp<fp_equal_zero>;
constexpr auto& FCMLT_zero_vector = two_fp<fp_less_zero>;
constexpr auto& FABS_vector = two_fp<fp_absolute>;
constexpr auto& FRINTP_vector = two_fp<fp_round<Rounding::PlusInfinity>>;
constexpr auto& FRINTZ_vector = two_fp<fp_round<Rounding::Zero>>;
constexpr auto& FCVTPS_vector = two_fp<fp_to_integer<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_vector = two_fp<fp_to_integer<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_vector = two_fp<fp_reciprocal_estimate>;
constexpr auto& FRINTA_vector = two_fp<fp_round<Rounding::TieAway>>;
constexpr auto& FRINTX_vector = two_fp<fp_round_exact>;
constexpr auto& FCVTNU_vector = two_fp<fp_to_integer<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_vector = two_fp<fp_to_integer<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_vector = two_fp<fp_to_integer<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_vector = two_fp<fp_from_integer<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_vector = two_fp<fp_greater_or_equal_zero>;
constexpr auto& FCMLE_zero_vector = two_fp<fp_less_or_equal_zero>;
constexpr auto& FNEG_vector = two_fp<fp_negate>;
constexpr auto& FRINTI_vector = two_fp<fp_round_current>;
constexpr auto& FCVTPU_vector = two_fp<fp_to_integer<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_vector = two_fp<fp_to_integer<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_vector = two_fp<fp_reciprocal_square_root_estimate>;
constexpr auto& FSQRT_vector = two_fp<fp_square_root>;

constexpr auto& FRINTN_vector_half = two_fp_half<fp_round<Rounding::TieEven>>;
constexpr auto& FRINTM_vector_half = two_fp_half<fp_round<Rounding::MinusInfinity>>;
constexpr auto& FCVTNS_vector_half = two_fp_half<fp_to_integer<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_vector_half = two_fp_half<fp_to_integer<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_vector_half = two_fp_half<fp_to_integer<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_vector_half = two_fp_half<fp_from_integer<Signedness::Signed>>;
constexpr auto& FCMGT_zero_vector_half = two_fp_half<fp_greater_zero>;
constexpr auto& FCMEQ_zero_vector_half = two_fp_half<fp_equal_zero>;
constexpr auto& FCMLT_zero_vector_half = two_fp_half<fp_less_zero>;
constexpr auto& FABS_vector_half = two_fp_half<fp_absolute>;
constexpr auto& FRINTP_vector_half = two_fp_half<fp_round<Rounding::PlusInfinity>>;
constexpr auto& FRINTZ_vector_half = two_fp_half<fp_round<Rounding::Zero>>;
constexpr auto& FCVTPS_vector_half = two_fp_half<fp_to_integer<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_vector_half = two_fp_half<fp_to_integer<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_vector_half = two_fp_half<fp_reciprocal_estimate>;
constexpr auto& FRINTA_vector_half = two_fp_half<fp_round<Rounding::TieAway>>;
constexpr auto& FRINTX_vector_half = two_fp_half<fp_round_exact>;
constexpr auto& FCVTNU_vector_half = two_fp_half<fp_to_integer<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_vector_half =
    two_fp_half<fp_to_integer<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_vector_half = two_fp_half<fp_to_integer<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_vector_half = two_fp_half<fp_from_integer<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_vector_half = two_fp_half<fp_greater_or_equal_zero>;
constexpr auto& FCMLE_zero_vector_half = two_fp_half<fp_less_or_equal_zero>;
constexpr auto& FNEG_vector_half = two_fp_half<fp_negate>;
constexpr auto& FRINTI_vector_half = two_fp_half<fp_round_current>;
constexpr auto& FCVTPU_vector_half = two_fp_half<fp_to_integer<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_vector_half = two_fp_half<fp_to_integer<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_vector_half = two_fp_half<fp_reciprocal_square_root_estimate>;
constexpr auto& FSQRT_vector_half = two_fp_half<fp_square_root>;

constexpr auto& FCVTNS_scalar = two_fp_scalar<fp_to_integer<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_scalar = two_fp_scalar<fp_to_integer<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_scalar = two_fp_scalar<fp_to_integer<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_scalar = two_fp_scalar<fp_from_integer<Signedness::Signed>>;
constexpr auto& FCMGT_zero_scalar = two_fp_scalar<fp_greater_zero>;
constexpr auto& FCMEQ_zero_scalar = two_fp_scalar<fp_equal_zero>;
constexpr auto& FCMLT_zero_scalar = two_fp_scalar<fp_less_zero>;
constexpr auto& FCVTPS_scalar = two_fp_scalar<fp_to_integer<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_scalar = two_fp_scalar<fp_to_integer<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_scalar = two_fp_scalar<fp_reciprocal_estimate>;
constexpr auto& FCVTNU_scalar = two_fp_scalar<fp_to_integer<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_scalar = two_fp_scalar<fp_to_integer<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_scalar = two_fp_scalar<fp_to_integer<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_scalar = two_fp_scalar<fp_from_integer<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_scalar = two_fp_scalar<fp_greater_or_equal_zero>;
constexpr auto& FCMLE_zero_scalar = two_fp_scalar<fp_less_or_equal_zero>;
constexpr auto& FCVTPU_scalar = two_fp_scalar<fp_to_integer<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_scalar = two_fp_scalar<fp_to_integer<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_scalar = two_fp_scalar<fp_reciprocal_square_root_estimate>;

constexpr auto& FCVTNS_scalar_half = two_fp_scalar_half<fp_to_integer<Rounding::TieEven, Signedness::Signed>>;
constexpr auto& FCVTMS_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::MinusInfinity, Signedness::Signed>>;
constexpr auto& FCVTAS_scalar_half = two_fp_scalar_half<fp_to_integer<Rounding::TieAway, Signedness::Signed>>;
constexpr auto& SCVTF_scalar_half = two_fp_scalar_half<fp_from_integer<Signedness::Signed>>;
constexpr auto& FCMGT_zero_scalar_half = two_fp_scalar_half<fp_greater_zero>;
constexpr auto& FCMEQ_zero_scalar_half = two_fp_scalar_half<fp_equal_zero>;
constexpr auto& FCMLT_zero_scalar_half = two_fp_scalar_half<fp_less_zero>;
constexpr auto& FCVTPS_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::PlusInfinity, Signedness::Signed>>;
constexpr auto& FCVTZS_scalar_half = two_fp_scalar_half<fp_to_integer<Rounding::Zero, Signedness::Signed>>;
constexpr auto& FRECPE_scalar_half = two_fp_scalar_half<fp_reciprocal_estimate>;
constexpr auto& FCVTNU_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::TieEven, Signedness::Unsigned>>;
constexpr auto& FCVTMU_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::MinusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTAU_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::TieAway, Signedness::Unsigned>>;
constexpr auto& UCVTF_scalar_half = two_fp_scalar_half<fp_from_integer<Signedness::Unsigned>>;
constexpr auto& FCMGE_zero_scalar_half = two_fp_scalar_half<fp_greater_or_equal_zero>;
constexpr auto& FCMLE_zero_scalar_half = two_fp_scalar_half<fp_less_or_equal_zero>;
constexpr auto& FCVTPU_scalar_half =
    two_fp_scalar_half<fp_to_integer<Rounding::PlusInfinity, Signedness::Unsigned>>;
constexpr auto& FCVTZU_scalar_half = two_fp_scalar_half<fp_to_integer<Rounding::Zero, Signedness::Unsigned>>;
constexpr auto& FRSQRTE_scalar_half = two_fp_scalar_half<fp_reciprocal_square_root_estimate>;

constexpr auto& FRECPX_scalar = two_fp_scalar<fp_reciprocal_exponent>;
constexpr auto& FRECPX_scalar_half = two_fp_scalar_half<fp_reciprocal_exponent>;

template <auto operate>
Operation estimate_integers(Bit q, Reg n, Reg d) {
    return fp_operation<&unary<std::uint32_t, operate>>(d, n, active_bytes(q));
}

constexpr auto& URECPE = estimate_integers<unsigned_reciprocal_estimate>;
constexpr auto& URSQRTE = estimate_integers<unsigned_reciprocal_square_root_estimate>;

// --- Across lanes ------------------------------------------------------------------------------------------

// The architecture combines halves, which matters for which of several NaNs comes out.
template <auto operate, class T>
T reduce(const T* lanes, unsigned count, fp::Context& context) {
    if (count == 1) {
        return lanes[0];
    }
    const T low = reduce<operate>(lanes, count / 2, context);
    const T high = reduce<operate>(lanes + count / 2, count / 2, context);
    if constexpr (takes_context<operate, T, T>) {
        return operate(low, high, context);
    } else {
        return operate(low, high);
    }
}

template <class T, auto operate>
Flow across(Core& core, Reg d, Reg n, Active active) {
    FpScope scope{core};
    const Lanes<T> source = read<T>(core, n);
    write_scalar(core, d,
                 reduce<operate>(source.data(), static_cast<unsigned>(active / sizeof(T)), scope.context()));
    return Flow::Next;
}

template <class T>
Flow add_long_across(Core& core, Reg d, Reg n, Active active) {
    const Lanes<T> source = read<T>(core, n);
    Wide<T> sum = 0;
    for (unsigned i = 0; i < active / sizeof(T); ++i) {
        sum = add(sum, Wide<T>{source[i]});
    }
    write_scalar(core, d, sum);
    return Flow::Next;
}

// Two lanes are a pair, and not allocated here.
bool is_pair_of_singles(Bit q, Imm<2> size) {
    return size.value() == 2 && !q;
}

template <auto operate, Sign sign>
Operation decode_across(Bit q, Imm<2> size, Reg n, Reg d) {
    if (is_pair_of_singles(q, size)) {
        return undefined();
    }
    return with_lane<sign, sizes_bhs>(
        size.value(), [&]<class T>() { return fp_operation<&across<T, operate>>(d, n, active_bytes(q)); });
}

template <Sign sign>
Operation decode_add_long_across(Bit q, Imm<2> size, Reg n, Reg d) {
    if (is_pair_of_singles(q, size)) {
        return undefined();
    }
    return with_lane<sign, sizes_bhs>(
        size.value(), [&]<class T>() { return fp_operation<&add_long_across<T>>(d, n, active_bytes(q)); });
}

template <auto operate>
Operation across_singles(Reg n, Reg d) {
    return fp_operation<&across<std::uint32_t, operate>>(d, n, Active{vector_bytes});
}

template <auto operate>
Operation across_halves(Bit q, Reg n, Reg d) {
    return fp_operation<&across<std::uint16_t, operate>>(d, n, active_bytes(q));
}

constexpr auto& SADDLV = decode_add_long_across<Sign::Signed>;
constexpr auto& UADDLV = decode_add_long_across<Sign::Unsigned>;
constexpr auto& SMAXV = decode_across<maximum, Sign::Signed>;
constexpr auto& UMAXV = decode_across<maximum, Sign::Unsigned>;
constexpr auto& SMINV = decode_across<minimum, Sign::Signed>;
constexpr auto& UMINV = decode_across<minimum, Sign::Unsigned>;
constexpr auto& ADDV = decode_across<add, Sign::Unsigned>;
constexpr auto& FMAXNMV = across_singles<fp_maximum_number>;
constexpr auto& FMINNMV = across_singles<fp_minimum_number>;
constexpr auto& FMAXV = across_singles<fp_maximum>;
constexpr auto& FMINV = across_singles<fp_minimum>;
constexpr auto& FMAXNMV_half = across_halves<fp_maximum_number>;
constexpr auto& FMINNMV_half = across_halves<fp_minimum_number>;
constexpr auto& FMAXV_half = across_halves<fp_maximum>;
constexpr auto& FMINV_half = across_halves<fp_minimum>;

// --- Scalar pairwise ---------------------------------------------------------------------------------------

template <auto operate>
Operation pair(Bit is_double, Reg n, Reg d) {
    return is_double ? fp_operation<&across<std::uint64_t, operate>>(d, n, Active{16})
                     : fp_operation<&across<std::uint32_t, operate>>(d, n, Active{8});
}

template <auto operate>
Operation pair_half(Reg n, Reg d) {
    return fp_operation<&across<std::uint16_t, operate>>(d, n, Active{4});
}

Operation ADDP_scalar(Reg n, Reg d) {
    return fp_operation<&across<std::uint64_t, add>>(d, n, Active{16});
}

constexpr auto& FMAXNMP_scalar = pair<fp_maximum_number>;
constexpr auto& FMINNMP_scalar = pair<fp_minimum_number>;
constexpr auto& FADDP_scalar = pair<fp_add>;
constexpr auto& FMAXP_scalar = pair<fp_maximum>;
constexpr auto& FMINP_scalar = pair<fp_minimum>;
constexpr auto& FMAXNMP_scalar_half = pair_half<fp_maximum_number>;
constexpr auto& FMINNMP_scalar_half = pair_half<fp_minimum_number>;
constexpr auto& FADDP_scalar_half = pair_half<fp_add>;
constexpr auto& FMAXP_scalar_half = pair_half<fp_maximum>;
constexpr auto& FMINP_scalar_half = pair_half<fp_minimum>;

constexpr decode::Row rows[] = {
#include "emu/decode/simd_two.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_two_rows() {
    return simd::rows;
}
