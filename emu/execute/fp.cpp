// Scalar floating point.
#include <bit>
#include <cstdint>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"
#include "emu/fp/compare.hpp"
#include "emu/fp/convert.hpp"
#include "emu/thread.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;
using fp::Rounding;
using fp::Signedness;

// choose.operator()<Bits>() for the format that the field ftype names.
template <class Choose>
Operation with_format(Imm<2> type, Choose choose) {
    switch (type.value()) {
        case 0b00:
            return choose.template operator()<std::uint32_t>();
        case 0b01:
            return choose.template operator()<std::uint64_t>();
        case 0b11:
            return choose.template operator()<std::uint16_t>();
        default:
            return undefined();
    }
}

// --- Data processing ---------------------------------------------------------------------------------------

inline constexpr auto kIdentity = []<class T>(T a) { return a; };

template <auto operate>
Operation one_source(Imm<2> type, Reg n, Reg d) {
    return with_format(type, [&]<class T>() { return fp_operation<&unary_scalar<T, operate>>(d, n); });
}

constexpr auto& FMOV_register = one_source<kIdentity>;
constexpr auto& FABS_scalar = one_source<kFpAbsolute>;
constexpr auto& FNEG_scalar = one_source<kFpNegate>;
constexpr auto& FSQRT_scalar = one_source<kFpSquareRoot>;
constexpr auto& FRINTN_scalar = one_source<kFpRound<Rounding::TieEven>>;
constexpr auto& FRINTP_scalar = one_source<kFpRound<Rounding::PlusInfinity>>;
constexpr auto& FRINTM_scalar = one_source<kFpRound<Rounding::MinusInfinity>>;
constexpr auto& FRINTZ_scalar = one_source<kFpRound<Rounding::Zero>>;
constexpr auto& FRINTA_scalar = one_source<kFpRound<Rounding::TieAway>>;
constexpr auto& FRINTX_scalar = one_source<kFpRoundExact>;
constexpr auto& FRINTI_scalar = one_source<kFpRoundCurrent>;

template <class To, class From>
void convert_format(Core& core, Reg d, Reg n) {
    FpScope scope{core};
    const From value = read_scalar<From>(core, n);
    write_scalar(core, d, fp::convert<To>(value, scope.context().rounding(), scope.context()));
}

Operation FCVT(Imm<2> type, Imm<2> target, Reg n, Reg d) {
    if (type == target) {
        return undefined();
    }
    return with_format(type, [&]<class From>() {
        return with_format(target, [&]<class To>() {
            if constexpr (sizeof(To) == sizeof(From)) {
                return undefined();
            } else {
                return fp_operation<&convert_format<To, From>>(d, n);
            }
        });
    });
}

template <auto operate>
Operation two_source(Imm<2> type, Reg m, Reg n, Reg d) {
    return with_format(type, [&]<class T>() { return fp_operation<&binary_scalar<T, operate>>(d, n, m); });
}

constexpr auto& FMUL_scalar = two_source<kFpMultiply>;
constexpr auto& FDIV_scalar = two_source<kFpDivide>;
constexpr auto& FADD_scalar = two_source<kFpAdd>;
constexpr auto& FSUB_scalar = two_source<kFpSubtract>;
constexpr auto& FMAX_scalar = two_source<kFpMaximum>;
constexpr auto& FMIN_scalar = two_source<kFpMinimum>;
constexpr auto& FMAXNM_scalar = two_source<kFpMaximumNumber>;
constexpr auto& FMINNM_scalar = two_source<kFpMinimumNumber>;
constexpr auto& FNMUL_scalar = two_source<kFpNegatedMultiply>;

template <class T, auto operate>
void ternary_scalar(Core& core, Reg d, Reg a, Reg n, Reg m) {
    write_scalar(
        core, d,
        for_scalar<operate>(core, read_scalar<T>(core, a), read_scalar<T>(core, n), read_scalar<T>(core, m)));
}

template <auto operate>
Operation three_source(Imm<2> type, Reg m, Reg a, Reg n, Reg d) {
    return with_format(type,
                       [&]<class T>() { return fp_operation<&ternary_scalar<T, operate>>(d, a, n, m); });
}

constexpr auto& FMADD = three_source<kFpMultiplyAdd>;
constexpr auto& FMSUB = three_source<kFpMultiplySubtract>;
constexpr auto& FNMADD = three_source<kFpNegatedMultiplyAdd>;
constexpr auto& FNMSUB = three_source<kFpNegatedMultiplySubtract>;

// --- Compare and select ------------------------------------------------------------------------------------

template <class T, fp::NanRule rule>
void set_flags(Core& core, T first, T second) {
    FpScope scope{core};
    core.pstate.flags =
        Flags(static_cast<FlagsNibble>(fp::nzcv(fp::compare(first, second, rule, scope.context()))));
}

template <class T, fp::NanRule rule>
void compare(Core& core, Reg n, Reg m) {
    set_flags<T, rule>(core, read_scalar<T>(core, n), read_scalar<T>(core, m));
}

template <class T, fp::NanRule rule>
void compare_zero(Core& core, Reg n) {
    set_flags<T, rule>(core, read_scalar<T>(core, n), T{0});
}

template <class T, fp::NanRule rule>
void conditional_compare(Core& core, Reg n, Reg m, Condition condition, FlagsNibble otherwise) {
    if (core.pstate.flags.holds(condition)) {
        compare<T, rule>(core, n, m);
    } else {
        core.pstate.flags = Flags(otherwise);
    }
}

template <fp::NanRule rule>
Operation decode_compare(Imm<2> type, Reg m, Reg n) {
    return with_format(type, [&]<class T>() { return fp_operation<&compare<T, rule>>(n, m); });
}

template <fp::NanRule rule>
Operation decode_compare_zero(Imm<2> type, Reg n) {
    return with_format(type, [&]<class T>() { return fp_operation<&compare_zero<T, rule>>(n); });
}

template <fp::NanRule rule>
Operation decode_conditional_compare(Imm<2> type, Reg m, Imm<4> condition, Reg n, Imm<4> nzcv) {
    return with_format(type, [&]<class T>() {
        return fp_operation<&conditional_compare<T, rule>>(n, m, static_cast<Condition>(condition.value()),
                                                           static_cast<FlagsNibble>(nzcv.value()));
    });
}

constexpr auto& FCMP = decode_compare<fp::NanRule::Quiet>;
constexpr auto& FCMPE = decode_compare<fp::NanRule::Signal>;
constexpr auto& FCMP_zero = decode_compare_zero<fp::NanRule::Quiet>;
constexpr auto& FCMPE_zero = decode_compare_zero<fp::NanRule::Signal>;
constexpr auto& FCCMP = decode_conditional_compare<fp::NanRule::Quiet>;
constexpr auto& FCCMPE = decode_conditional_compare<fp::NanRule::Signal>;

template <class T>
void select(Core& core, Reg d, Reg n, Reg m, Condition condition) {
    write_scalar(core, d, read_scalar<T>(core, core.pstate.flags.holds(condition) ? n : m));
}

Operation FCSEL(Imm<2> type, Reg m, Imm<4> condition, Reg n, Reg d) {
    return with_format(type, [&]<class T>() {
        return fp_operation<&select<T>>(d, n, m, static_cast<Condition>(condition.value()));
    });
}

// --- Moves -------------------------------------------------------------------------------------------------

template <class T>
void move_immediate(Core& core, Reg d, T value) {
    write_scalar(core, d, value);
}

Operation FMOV_immediate(Imm<2> type, Imm<8> immediate, Reg d) {
    return with_format(type, [&]<class T>() {
        return fp_operation<&move_immediate<T>>(d, expand_fp_immediate<T>(immediate));
    });
}

template <class T>
void move_to_general(Core& core, Target d, Reg n) {
    core.set(d, read_scalar<T>(core, n));
}

template <class T>
void move_from_general(Core& core, Reg d, Source n) {
    write_scalar(core, d, core.get<T>(n));
}

void move_top_to_general(Core& core, Target d, Reg n) {
    core.set(d, core.v[n.number].d[1]);
}

void move_top_from_general(Core& core, Reg d, Source n) {
    core.v[d.number].d[1] = core.get(n);
}

// Whether FMOV between general and FP registers exists for the sizes.
template <class T>
bool is_movable(Bit sf) {
    return sizeof(T) == 2 || (sizeof(T) == 8) == static_cast<bool>(sf);
}

Operation FMOV_to_general(Bit sf, Imm<2> type, Reg n, Reg d) {
    return with_format(type, [&]<class T>() {
        return is_movable<T>(sf) ? fp_operation<&move_to_general<T>>(d.target(), n) : undefined();
    });
}

Operation FMOV_from_general(Bit sf, Imm<2> type, Reg n, Reg d) {
    return with_format(type, [&]<class T>() {
        return is_movable<T>(sf) ? fp_operation<&move_from_general<T>>(d, n.source()) : undefined();
    });
}

Operation FMOV_top_to_general(Reg n, Reg d) {
    return fp_operation<&move_top_to_general>(d.target(), n);
}

Operation FMOV_top_from_general(Reg n, Reg d) {
    return fp_operation<&move_top_from_general>(d, n.source());
}

// --- Conversion to and from general registers --------------------------------------------------------------

template <class T, unsigned width, Signedness signedness, Rounding rounding>
void to_general(Core& core, Target d, Reg n, unsigned fraction_bits) {
    FpScope scope{core};
    core.set(d, fp::to_fixed(read_scalar<T>(core, n), fraction_bits, width, signedness, rounding,
                             scope.context()));
}

template <class T, unsigned width, Signedness signedness>
void from_general(Core& core, Reg d, Source n, unsigned fraction_bits) {
    FpScope scope{core};
    write_scalar(core, d,
                 fp::from_fixed<T>(core.get(n), fraction_bits, width, signedness, scope.context().rounding(),
                                   scope.context()));
}

template <Signedness signedness, Rounding rounding>
Operation decode_to_general(Bit sf, Imm<2> type, Reg n, Reg d, unsigned fraction_bits) {
    return with_format(type, [&]<class T>() {
        return sf ? fp_operation<&to_general<T, 64, signedness, rounding>>(d.target(), n, fraction_bits)
                  : fp_operation<&to_general<T, 32, signedness, rounding>>(d.target(), n, fraction_bits);
    });
}

template <Signedness signedness>
Operation decode_from_general(Bit sf, Imm<2> type, Reg n, Reg d, unsigned fraction_bits) {
    return with_format(type, [&]<class T>() {
        return sf ? fp_operation<&from_general<T, 64, signedness>>(d, n.source(), fraction_bits)
                  : fp_operation<&from_general<T, 32, signedness>>(d, n.source(), fraction_bits);
    });
}

template <Signedness signedness, Rounding rounding>
Operation to_integer(Bit sf, Imm<2> type, Reg n, Reg d) {
    return decode_to_general<signedness, rounding>(sf, type, n, d, 0);
}

template <Signedness signedness>
Operation from_integer(Bit sf, Imm<2> type, Reg n, Reg d) {
    return decode_from_general<signedness>(sf, type, n, d, 0);
}

constexpr auto& FCVTNS_general = to_integer<Signedness::Signed, Rounding::TieEven>;
constexpr auto& FCVTNU_general = to_integer<Signedness::Unsigned, Rounding::TieEven>;
constexpr auto& FCVTAS_general = to_integer<Signedness::Signed, Rounding::TieAway>;
constexpr auto& FCVTAU_general = to_integer<Signedness::Unsigned, Rounding::TieAway>;
constexpr auto& FCVTPS_general = to_integer<Signedness::Signed, Rounding::PlusInfinity>;
constexpr auto& FCVTPU_general = to_integer<Signedness::Unsigned, Rounding::PlusInfinity>;
constexpr auto& FCVTMS_general = to_integer<Signedness::Signed, Rounding::MinusInfinity>;
constexpr auto& FCVTMU_general = to_integer<Signedness::Unsigned, Rounding::MinusInfinity>;
constexpr auto& FCVTZS_general = to_integer<Signedness::Signed, Rounding::Zero>;
constexpr auto& FCVTZU_general = to_integer<Signedness::Unsigned, Rounding::Zero>;
constexpr auto& SCVTF_general = from_integer<Signedness::Signed>;
constexpr auto& UCVTF_general = from_integer<Signedness::Unsigned>;

// The field holds 64 - fraction_bits; a 32-bit register has no more than 32 of them.
bool is_fixed_point(Bit sf, Imm<6> scale) {
    return sf || scale.value() >= 32;
}

template <Signedness signedness>
Operation to_fixed_point(Bit sf, Imm<2> type, Imm<6> scale, Reg n, Reg d) {
    return is_fixed_point(sf, scale)
               ? decode_to_general<signedness, Rounding::Zero>(sf, type, n, d, 64 - scale.value())
               : undefined();
}

template <Signedness signedness>
Operation from_fixed_point(Bit sf, Imm<2> type, Imm<6> scale, Reg n, Reg d) {
    return is_fixed_point(sf, scale) ? decode_from_general<signedness>(sf, type, n, d, 64 - scale.value())
                                     : undefined();
}

constexpr auto& SCVTF_fixed = from_fixed_point<Signedness::Signed>;
constexpr auto& UCVTF_fixed = from_fixed_point<Signedness::Unsigned>;
constexpr auto& FCVTZS_fixed = to_fixed_point<Signedness::Signed>;
constexpr auto& FCVTZU_fixed = to_fixed_point<Signedness::Unsigned>;

constexpr decode::Row kRows[] = {
#include "emu/decode/fp.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::fp_rows() {
    return simd::kRows;
}
