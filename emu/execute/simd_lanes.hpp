// How AdvSIMD instructions run over lanes, and how their decoders choose the lanes' type. The operations that
// are done to lanes are in simd_operations.hpp; a row of a table is mostly one of each:
//
//     constexpr auto& SHADD_vector = three_same<kHalvingAdd, Sign::Signed, kSizesBhs>;
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "emu/core.hpp"
#include "emu/decode/fields.hpp"
#include "emu/execute/simd_operations.hpp"
#include "emu/fp/context.hpp"
#include "emu/thread.hpp"

namespace levitate::emu::simd {

inline constexpr unsigned kVectorBytes = 16;

template <class T>
inline constexpr unsigned kLaneCount = kVectorBytes / sizeof(T);
template <class T>
using Lanes = std::array<T, kLaneCount<T>>;

// How many of a vector's bytes an instruction works on: 16, 8, or those of one scalar. The others of its
// result are zero.
using Active = std::uint8_t;

inline Active active_bytes(Bit q) {
    return q ? 16 : 8;
}

template <class T>
Lanes<T> read(const Core& core, Reg number) {
    return std::bit_cast<Lanes<T>>(core.v[number.number]);
}

template <class T>
void write(Core& core, Reg number, const Lanes<T>& lanes, Active active) {
    auto value = std::bit_cast<Vector>(lanes);
    if (active < kVectorBytes) {
        value.d[1] = 0;
        if (active < 8) {
            value.d[0] &= (std::uint64_t{1} << (8 * active)) - 1;
        }
    }
    core.v[number.number] = value;
}

// Read and write a register's low lane; writing zeroes all others.
template <class T>
T read_scalar(const Core& core, Reg number) {
    return static_cast<T>(core.v[number.number].d[0]);
}

template <class T>
void write_scalar(Core& core, Reg number, T value) {
    Vector result;
    result.d = {static_cast<Unsigned<T>>(value), 0};
    core.v[number.number] = result;
}

// FPCR and FPSR for one instruction.
class FpScope {
  public:
    explicit FpScope(Core& core) : core_{core}, context_{core.fpcr, core.fpsr} {}
    ~FpScope() { core_.fpsr = context_.fpsr; }
    FpScope(const FpScope&) = delete;
    FpScope& operator=(const FpScope&) = delete;
    fp::Context& context() { return context_; }

  private:
    Core& core_;
    fp::Context context_;
};

// Whether an operation wants an fp::Context after operands of these types.
template <auto operate, class... Operands>
inline constexpr bool kTakesContext = std::is_invocable_v<decltype(operate), Operands..., fp::Context&>;

// operate(first[i], rest[i]...) for each active lane; `rest` may also be one value for all lanes. Operations
// without side effects run over all lanes, in loops that the compiler turns into vector code.
template <class T>
T lane_of(const Lanes<T>& lanes, unsigned index) {
    return lanes[index];
}
inline unsigned lane_of(unsigned value, unsigned /*index*/) {
    return value;
}

template <auto operate, class T, class... Rest>
Lanes<T> for_each_lane(Core& core, Active active, const Lanes<T>& first, const Rest&... rest) {
    Lanes<T> result{};
    if constexpr (kTakesContext<operate, T, decltype(lane_of(rest, 0))...>) {
        FpScope scope{core};
        for (unsigned i = 0; i < active / sizeof(T); ++i) {
            result[i] = operate(first[i], lane_of(rest, i)..., scope.context());
        }
    } else {
        for (unsigned i = 0; i < kLaneCount<T>; ++i) {
            result[i] = operate(first[i], lane_of(rest, i)...);
        }
    }
    return result;
}

template <auto operate, class T, class... Operands>
T for_scalar(Core& core, T first, Operands... rest) {
    if constexpr (kTakesContext<operate, T, Operands...>) {
        FpScope scope{core};
        return operate(first, rest..., scope.context());
    } else {
        static_cast<void>(core);
        return operate(first, rest...);
    }
}

// Whether an operation takes the destination's old lane before its operands.
template <auto operate, class T, class... Operands>
inline constexpr bool kAccumulates = std::is_invocable_v<decltype(operate), T, Operands...> ||
                                     std::is_invocable_v<decltype(operate), T, Operands..., fp::Context&>;

// Narrow lanes of the lower (0) or upper (1) half of a register, extended.
template <class T>
Lanes<Wide<T>> extend(const Lanes<T>& narrow, unsigned half) {
    Lanes<Wide<T>> result{};
    std::copy_n(narrow.begin() + half * result.size(), result.size(), result.begin());
    return result;
}

// Writes narrow(0), narrow(1), ... to the lower half of a register and zero above it, or to the upper half
// and leaves the lower half as it is.
template <class T, class Narrowed>
void write_narrow(Core& core, Reg d, unsigned half, Narrowed narrow) {
    constexpr unsigned kCount = kLaneCount<T> / 2;
    Lanes<T> result{};
    if (half != 0) {
        result = read<T>(core, d);
    }
    for (unsigned i = 0; i < kCount; ++i) {
        result[half * kCount + i] = narrow(i);
    }
    write(core, d, result, kVectorBytes);
}

// Q of the instructions whose narrow operand is half a register.
inline std::uint8_t upper_half(Bit q) {
    return q ? 1 : 0;
}

// sum[i] + the dot product of the i-th four bytes.
template <class T>
Lanes<std::uint32_t> dot_products(Lanes<std::uint32_t> sum, const Lanes<T>& first, const Lanes<T>& second) {
    for (unsigned i = 0; i < kLaneCount<T>; ++i) {
        sum[i / 4] += static_cast<std::uint32_t>(first[i] * second[i]);
    }
    return sum;
}

// --- Executors ---------------------------------------------------------------------------------------------

template <class T, auto operate>
void unary(Core& core, Reg d, Reg n, Active active) {
    if constexpr (kAccumulates<operate, T, T>) {
        write(core, d, for_each_lane<operate>(core, active, read<T>(core, d), read<T>(core, n)), active);
    } else {
        write(core, d, for_each_lane<operate>(core, active, read<T>(core, n)), active);
    }
}

template <class T, auto operate>
void binary(Core& core, Reg d, Reg n, Reg m, Active active) {
    const Lanes<T> first = read<T>(core, n);
    const Lanes<T> second = read<T>(core, m);
    if constexpr (kAccumulates<operate, T, T, T>) {
        write(core, d, for_each_lane<operate>(core, active, read<T>(core, d), first, second), active);
    } else {
        write(core, d, for_each_lane<operate>(core, active, first, second), active);
    }
}

template <class T, auto operate>
void unary_scalar(Core& core, Reg d, Reg n) {
    if constexpr (kAccumulates<operate, T, T>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<T>(core, d), read_scalar<T>(core, n)));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<T>(core, n)));
    }
}

template <class T, auto operate>
void binary_scalar(Core& core, Reg d, Reg n, Reg m) {
    const T first = read_scalar<T>(core, n);
    const T second = read_scalar<T>(core, m);
    if constexpr (kAccumulates<operate, T, T, T>) {
        write_scalar(core, d, for_scalar<operate>(core, read_scalar<T>(core, d), first, second));
    } else {
        write_scalar(core, d, for_scalar<operate>(core, first, second));
    }
}

// Lane i is that of the pair 2i, 2i + 1 of `n` and then `m`.
template <class T, auto operate>
void pairwise(Core& core, Reg d, Reg n, Reg m, Active active) {
    const Lanes<T> first = read<T>(core, n);
    const Lanes<T> second = read<T>(core, m);
    const unsigned half = static_cast<unsigned>(active / sizeof(T)) / 2;
    Lanes<T> even{};
    Lanes<T> odd{};
    for (unsigned i = 0; i < half; ++i) {
        even[i] = first[2 * i];
        odd[i] = first[2 * i + 1];
        even[half + i] = second[2 * i];
        odd[half + i] = second[2 * i + 1];
    }
    write(core, d, for_each_lane<operate>(core, active, even, odd), active);
}

// --- Decoders ----------------------------------------------------------------------------------------------

enum class Sign : std::uint8_t { Unsigned, Signed };

// A lane of 8 << size bits.
template <Sign sign, unsigned size>
using Lane = std::conditional_t<sign == Sign::Signed, typename Integers<1U << size>::Signed,
                                typename Integers<1U << size>::Unsigned>;

// Sets of lane sizes, bit n for 8 << n bits.
inline constexpr unsigned kSizesB = 0b0001;
inline constexpr unsigned kSizesBh = 0b0011;
inline constexpr unsigned kSizesBhs = 0b0111;
inline constexpr unsigned kSizesBhsd = 0b1111;
inline constexpr unsigned kSizesHs = 0b0110;
inline constexpr unsigned kSizesS = 0b0100;
inline constexpr unsigned kSizesSd = 0b1100;
inline constexpr unsigned kSizesD = 0b1000;

// choose.operator()<T>() with T of 8 << size bits, or undefined() if the size is not in the set.
template <Sign sign, unsigned sizes, class Choose>
Operation with_lane(unsigned size, Choose choose) {
    if constexpr ((sizes & 1) != 0) {
        if (size == 0) {
            return choose.template operator()<Lane<sign, 0>>();
        }
    }
    if constexpr ((sizes & 2) != 0) {
        if (size == 1) {
            return choose.template operator()<Lane<sign, 1>>();
        }
    }
    if constexpr ((sizes & 4) != 0) {
        if (size == 2) {
            return choose.template operator()<Lane<sign, 2>>();
        }
    }
    if constexpr ((sizes & 8) != 0) {
        if (size == 3) {
            return choose.template operator()<Lane<sign, 3>>();
        }
    }
    return undefined();
}

// Vectors of one 64-bit lane are reserved: that is what scalar encodings are for.
inline bool is_single_double(Bit q, unsigned size) {
    return size == 3 && !q;
}

// VFPExpandImm: the numbers (16..31) / 16 * 2^(-3..4) with either sign.
template <class T>
T expand_fp_immediate(Imm<8> immediate) {
    using L = fp::Layout<T>;
    const int exponent = static_cast<int>((immediate.value() >> 4) & 3) - (immediate.bit(6) ? 3 : -1);
    const auto fraction = static_cast<T>(T(immediate.value() & 15) << (L::kFractionBits - 4));
    return static_cast<T>(L::power_of_two(immediate.bit(7), exponent) | fraction);
}

template <auto operate, Sign sign, unsigned sizes>
Operation three_same(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    if (is_single_double(q, size.value())) {
        return undefined();
    }
    return with_lane<sign, sizes>(
        size.value(), [&]<class T>() { return fp_operation<&binary<T, operate>>(d, n, m, active_bytes(q)); });
}

template <auto operate, Sign sign, unsigned sizes>
Operation three_same_scalar(Imm<2> size, Reg m, Reg n, Reg d) {
    return with_lane<sign, sizes>(
        size.value(), [&]<class T>() { return fp_operation<&binary_scalar<T, operate>>(d, n, m); });
}

template <auto operate, Sign sign, unsigned sizes>
Operation three_pairwise(Bit q, Imm<2> size, Reg m, Reg n, Reg d) {
    if (is_single_double(q, size.value())) {
        return undefined();
    }
    return with_lane<sign, sizes>(size.value(), [&]<class T>() {
        return fp_operation<&pairwise<T, operate>>(d, n, m, active_bytes(q));
    });
}

template <auto operate>
Operation three_bitwise(Bit q, Reg m, Reg n, Reg d) {
    return fp_operation<&binary<std::uint64_t, operate>>(d, n, m, active_bytes(q));
}

template <auto operate, Sign sign, unsigned sizes>
Operation two_misc(Bit q, Imm<2> size, Reg n, Reg d) {
    if (is_single_double(q, size.value())) {
        return undefined();
    }
    return with_lane<sign, sizes>(
        size.value(), [&]<class T>() { return fp_operation<&unary<T, operate>>(d, n, active_bytes(q)); });
}

template <auto operate, Sign sign, unsigned sizes>
Operation two_misc_scalar(Imm<2> size, Reg n, Reg d) {
    return with_lane<sign, sizes>(size.value(),
                                  [&]<class T>() { return fp_operation<&unary_scalar<T, operate>>(d, n); });
}

// One bit tells single and double precision apart; half precision has rows of its own.

template <auto operate>
Operation three_fp(Bit q, Bit is_double, Reg m, Reg n, Reg d) {
    return three_same<operate, Sign::Unsigned, kSizesSd>(q, Imm<2>{is_double ? 3U : 2U}, m, n, d);
}

template <auto operate>
Operation three_fp_half(Bit q, Reg m, Reg n, Reg d) {
    return fp_operation<&binary<std::uint16_t, operate>>(d, n, m, active_bytes(q));
}

template <auto operate>
Operation three_fp_pairwise(Bit q, Bit is_double, Reg m, Reg n, Reg d) {
    return three_pairwise<operate, Sign::Unsigned, kSizesSd>(q, Imm<2>{is_double ? 3U : 2U}, m, n, d);
}

template <auto operate>
Operation three_fp_pairwise_half(Bit q, Reg m, Reg n, Reg d) {
    return fp_operation<&pairwise<std::uint16_t, operate>>(d, n, m, active_bytes(q));
}

template <auto operate>
Operation three_fp_scalar(Bit is_double, Reg m, Reg n, Reg d) {
    return is_double ? fp_operation<&binary_scalar<std::uint64_t, operate>>(d, n, m)
                     : fp_operation<&binary_scalar<std::uint32_t, operate>>(d, n, m);
}

template <auto operate>
Operation three_fp_scalar_half(Reg m, Reg n, Reg d) {
    return fp_operation<&binary_scalar<std::uint16_t, operate>>(d, n, m);
}

template <auto operate>
Operation two_fp(Bit q, Bit is_double, Reg n, Reg d) {
    return two_misc<operate, Sign::Unsigned, kSizesSd>(q, Imm<2>{is_double ? 3U : 2U}, n, d);
}

template <auto operate>
Operation two_fp_half(Bit q, Reg n, Reg d) {
    return fp_operation<&unary<std::uint16_t, operate>>(d, n, active_bytes(q));
}

template <auto operate>
Operation two_fp_scalar(Bit is_double, Reg n, Reg d) {
    return is_double ? fp_operation<&unary_scalar<std::uint64_t, operate>>(d, n)
                     : fp_operation<&unary_scalar<std::uint32_t, operate>>(d, n);
}

template <auto operate>
Operation two_fp_scalar_half(Reg n, Reg d) {
    return fp_operation<&unary_scalar<std::uint16_t, operate>>(d, n);
}

}  // namespace levitate::emu::simd
