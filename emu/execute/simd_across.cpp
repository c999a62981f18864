// AdvSIMD instructions that combine the lanes of one register: all of them, or a pair.
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using namespace operations;

// The architecture combines halves, which matters for which of several NaNs comes out.
template <auto operate, class T>
T reduce(const T* lanes, unsigned count, fp::Context& context) {
    if (count == 1) {
        return lanes[0];
    }
    const T low = reduce<operate>(lanes, count / 2, context);
    const T high = reduce<operate>(lanes + count / 2, count / 2, context);
    if constexpr (kTakesContext<operate, T, T>) {
        return operate(low, high, context);
    } else {
        return operate(low, high);
    }
}

template <class T, auto operate>
void across(Core& core, Reg d, Reg n, Active active) {
    FpScope scope{core};
    const Lanes<T> source = read<T>(core, n);
    write_scalar(core, d,
                 reduce<operate>(source.data(), static_cast<unsigned>(active / sizeof(T)), scope.context()));
}

template <class T>
void add_long_across(Core& core, Reg d, Reg n, Active active) {
    const Lanes<T> source = read<T>(core, n);
    Wide<T> sum = 0;
    for (unsigned i = 0; i < active / sizeof(T); ++i) {
        sum = kAdd(sum, Wide<T>{source[i]});
    }
    write_scalar(core, d, sum);
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
    return with_lane<sign, kSizesBhs>(
        size.value(), [&]<class T>() { return fp_operation<&across<T, operate>>(d, n, active_bytes(q)); });
}

template <Sign sign>
Operation decode_add_long_across(Bit q, Imm<2> size, Reg n, Reg d) {
    if (is_pair_of_singles(q, size)) {
        return undefined();
    }
    return with_lane<sign, kSizesBhs>(
        size.value(), [&]<class T>() { return fp_operation<&add_long_across<T>>(d, n, active_bytes(q)); });
}

template <auto operate>
Operation across_singles(Reg n, Reg d) {
    return fp_operation<&across<std::uint32_t, operate>>(d, n, Active{kVectorBytes});
}

template <auto operate>
Operation across_halves(Bit q, Reg n, Reg d) {
    return fp_operation<&across<std::uint16_t, operate>>(d, n, active_bytes(q));
}

constexpr auto& SADDLV = decode_add_long_across<Sign::Signed>;
constexpr auto& UADDLV = decode_add_long_across<Sign::Unsigned>;
constexpr auto& SMAXV = decode_across<kMaximum, Sign::Signed>;
constexpr auto& UMAXV = decode_across<kMaximum, Sign::Unsigned>;
constexpr auto& SMINV = decode_across<kMinimum, Sign::Signed>;
constexpr auto& UMINV = decode_across<kMinimum, Sign::Unsigned>;
constexpr auto& ADDV = decode_across<kAdd, Sign::Unsigned>;
constexpr auto& FMAXNMV = across_singles<kFpMaximumNumber>;
constexpr auto& FMINNMV = across_singles<kFpMinimumNumber>;
constexpr auto& FMAXV = across_singles<kFpMaximum>;
constexpr auto& FMINV = across_singles<kFpMinimum>;
constexpr auto& FMAXNMV_half = across_halves<kFpMaximumNumber>;
constexpr auto& FMINNMV_half = across_halves<kFpMinimumNumber>;
constexpr auto& FMAXV_half = across_halves<kFpMaximum>;
constexpr auto& FMINV_half = across_halves<kFpMinimum>;

// Scalar pairwise: across two lanes.
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
    return fp_operation<&across<std::uint64_t, kAdd>>(d, n, Active{16});
}

constexpr auto& FMAXNMP_scalar = pair<kFpMaximumNumber>;
constexpr auto& FMINNMP_scalar = pair<kFpMinimumNumber>;
constexpr auto& FADDP_scalar = pair<kFpAdd>;
constexpr auto& FMAXP_scalar = pair<kFpMaximum>;
constexpr auto& FMINP_scalar = pair<kFpMinimum>;
constexpr auto& FMAXNMP_scalar_half = pair_half<kFpMaximumNumber>;
constexpr auto& FMINNMP_scalar_half = pair_half<kFpMinimumNumber>;
constexpr auto& FADDP_scalar_half = pair_half<kFpAdd>;
constexpr auto& FMAXP_scalar_half = pair_half<kFpMaximum>;
constexpr auto& FMINP_scalar_half = pair_half<kFpMinimum>;

constexpr decode::Row kRows[] = {
#include "emu/decode/simd_across.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::simd_across_rows() {
    return simd::kRows;
}
