// Integer instructions on registers besides addition and logic: bit fields, shifts, division, bit reversal,
// CRC32, multiplication, and conditional selection.
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// --- Bit fields and extraction -----------------------------------------------------------------------------

// UBFX and SBFX: `width` bits from `lsb` on, to the bottom.
template <class T>
void extract_field(Core& core, Target d, Source n, std::uint8_t lsb, std::uint8_t width) {
    constexpr unsigned kBitsInType = kBitsOf<std::make_unsigned_t<T>>;
    using Unsigned = std::make_unsigned_t<T>;
    const auto top = static_cast<T>(core.get<Unsigned>(n) << (kBitsInType - lsb - width));
    core.set(d, static_cast<Unsigned>(top >> (kBitsInType - width)));
}

// UBFIZ and SBFIZ: the bottom `width` bits, to `lsb`.
template <class T>
void insert_in_zero(Core& core, Target d, Source n, std::uint8_t lsb, std::uint8_t width) {
    constexpr unsigned kBitsInType = kBitsOf<std::make_unsigned_t<T>>;
    using Unsigned = std::make_unsigned_t<T>;
    const auto top = static_cast<T>(core.get<Unsigned>(n) << (kBitsInType - width));
    core.set(d, static_cast<Unsigned>(top >> (kBitsInType - width - lsb)));
}

// BFM in both forms: rotated source bits under `mask`, the destination's elsewhere.
template <class T>
void insert_field(Core& core, Target d, Source old, Source n, std::uint8_t rotation, T mask) {
    const T source = std::rotr(core.get<T>(n), rotation);
    core.set(d, (source & mask) | (core.get<T>(old) & static_cast<T>(~mask)));
}

template <class T>
void extract_pair(Core& core, Target d, Source n, Source m, std::uint8_t lsb) {
    const T low = core.get<T>(m) >> lsb;
    const T high = lsb == 0 ? T{0} : static_cast<T>(core.get<T>(n) << (kBitsOf<T> - lsb));
    core.set(d, high | low);
}

bool is_valid_field(Bit sf, Bit n, Imm<6> immr, Imm<6> imms) {
    return sf == n && (sf.set || (!immr.bit(5) && !imms.bit(5)));
}

// SBFM and UBFM, by T's signedness.
template <class T>
Operation field_move(Imm<6> immr, Imm<6> imms, Reg Rn, Reg Rd) {
    constexpr unsigned kWidth = kBitsOf<std::make_unsigned_t<T>>;
    const std::uint32_t r = immr.value();
    const std::uint32_t s = imms.value();
    if (s >= r) {
        return operation<&extract_field<T>>(Rd.target(), Rn.source(), static_cast<std::uint8_t>(r),
                                            static_cast<std::uint8_t>(s - r + 1));
    }
    return operation<&insert_in_zero<T>>(Rd.target(), Rn.source(), static_cast<std::uint8_t>(kWidth - r),
                                         static_cast<std::uint8_t>(s + 1));
}

Operation SBFM(Bit sf, Bit n, Imm<6> immr, Imm<6> imms, Reg Rn, Reg Rd) {
    if (!is_valid_field(sf, n, immr, imms)) {
        return undefined();
    }
    return sf ? field_move<std::int64_t>(immr, imms, Rn, Rd) : field_move<std::int32_t>(immr, imms, Rn, Rd);
}

Operation UBFM(Bit sf, Bit n, Imm<6> immr, Imm<6> imms, Reg Rn, Reg Rd) {
    if (!is_valid_field(sf, n, immr, imms)) {
        return undefined();
    }
    return sf ? field_move<std::uint64_t>(immr, imms, Rn, Rd) : field_move<std::uint32_t>(immr, imms, Rn, Rd);
}

Operation BFM(Bit sf, Bit n, Imm<6> immr, Imm<6> imms, Reg Rn, Reg Rd) {
    if (!is_valid_field(sf, n, immr, imms)) {
        return undefined();
    }
    const std::uint32_t r = immr.value();
    const std::uint32_t s = imms.value();
    return with_width(sf.set, [&]<class T>(T) {
        const unsigned width = s >= r ? s - r + 1 : s + 1;
        const auto field = static_cast<T>(width == kBitsOf<T> ? ~T{0} : low_mask(width));
        const auto mask = s >= r ? field : static_cast<T>(field << (kBitsOf<T> - r));
        return operation<&insert_field<T>>(Rd.target(), Rd.source(), Rn.source(),
                                           static_cast<std::uint8_t>(r), mask);
    });
}

Operation EXTR(Bit sf, Bit n, Reg Rm, Imm<6> imms, Reg Rn, Reg Rd) {
    if (sf != n || (!sf && imms.bit(5))) {
        return undefined();
    }
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&extract_pair<T>>(Rd.target(), Rn.source(), Rm.source(),
                                           static_cast<std::uint8_t>(imms.value()));
    });
}

// --- Two sources, one source -------------------------------------------------------------------------------

// Makes an executor of two sources from a function of two values.
template <class T, auto function>
void apply_binary(Core& core, Target d, Source n, Source m) {
    core.set(d, function(core.get<T>(n), core.get<T>(m)));
}

template <class T, auto function>
void apply_unary(Core& core, Target d, Source n) {
    core.set(d, function(core.get<T>(n)));
}

template <auto function>
Operation decode_binary(Bit sf, Reg Rm, Reg Rn, Reg Rd) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&apply_binary<T, function>>(Rd.target(), Rn.source(), Rm.source());
    });
}

template <auto function>
Operation decode_unary(Bit sf, Reg Rn, Reg Rd) {
    return with_width(
        sf.set, [&]<class T>(T) { return operation<&apply_unary<T, function>>(Rd.target(), Rn.source()); });
}

template <class T, auto function>
Operation decode_sized_unary(Reg Rn, Reg Rd) {
    return operation<&apply_unary<T, function>>(Rd.target(), Rn.source());
}

constexpr auto kDivideUnsigned = []<class T>(T first, T second) {
    return second == 0 ? T{0} : first / second;
};

constexpr auto kDivideSigned = []<class T>(T first, T second) {
    using Signed = std::make_signed_t<T>;
    if (second == 0) {
        return T{0};
    }
    // The one quotient that does not fit wraps.
    if (second == ~T{0}) {
        return static_cast<T>(T{0} - first);
    }
    return static_cast<T>(static_cast<Signed>(first) / static_cast<Signed>(second));
};

template <Shift shift>
constexpr auto kShiftVariable = []<class T>(T value, T amount) {
    return shifted(value, shift, static_cast<unsigned>(amount % kBitsOf<T>));
};

constexpr auto UDIV = decode_binary<kDivideUnsigned>;
constexpr auto SDIV = decode_binary<kDivideSigned>;
constexpr auto LSLV = decode_binary<kShiftVariable<Shift::Lsl>>;
constexpr auto LSRV = decode_binary<kShiftVariable<Shift::Lsr>>;
constexpr auto ASRV = decode_binary<kShiftVariable<Shift::Asr>>;
constexpr auto RORV = decode_binary<kShiftVariable<Shift::Ror>>;

// Exchanges neighbouring groups of bits, of every size in `mask`'s pattern: swap(value, 1, 0x5555…) and so
// on.
template <class T>
constexpr T swap_groups(T value, unsigned size, T low_groups) {
    return static_cast<T>(((value >> size) & low_groups) | ((value & low_groups) << size));
}

constexpr auto kSwapBytesInHalves = []<class T>(T value) {
    return swap_groups(value, 8, static_cast<T>(0x00ff00ff00ff00ff));
};

constexpr auto kSwapBytesInWords = []<class T>(T value) {
    return swap_groups(kSwapBytesInHalves(value), 16, static_cast<T>(0x0000ffff0000ffff));
};

constexpr auto kSwapAllBytes = [](std::uint64_t value) { return std::rotr(kSwapBytesInWords(value), 32); };

constexpr auto kReverseBits = []<class T>(T value) {
    value = swap_groups(value, 1, static_cast<T>(0x5555555555555555));
    value = swap_groups(value, 2, static_cast<T>(0x3333333333333333));
    value = swap_groups(value, 4, static_cast<T>(0x0f0f0f0f0f0f0f0f));
    value = kSwapBytesInWords(value);
    if constexpr (sizeof(T) == 8) {
        value = std::rotr(value, 32);
    }
    return value;
};

constexpr auto kCountLeadingZeros = []<class T>(T value) { return static_cast<T>(std::countl_zero(value)); };

constexpr auto kCountLeadingSignBits = []<class T>(T value) {
    const T changes = value ^ static_cast<T>(value << 1);
    return static_cast<T>(std::countl_zero(static_cast<T>(changes | 1)));
};

constexpr auto RBIT = decode_unary<kReverseBits>;
constexpr auto REV16 = decode_unary<kSwapBytesInHalves>;
constexpr auto REV_32 = decode_sized_unary<std::uint32_t, kSwapBytesInWords>;
constexpr auto REV32 = decode_sized_unary<std::uint64_t, kSwapBytesInWords>;
constexpr auto REV_64 = decode_sized_unary<std::uint64_t, kSwapAllBytes>;
constexpr auto CLZ = decode_unary<kCountLeadingZeros>;
constexpr auto CLS = decode_unary<kCountLeadingSignBits>;

// --- CRC32 -------------------------------------------------------------------------------------------------

// Polynomials with their bits reversed: 0x04c11db7 and 0x1edc6f41.
constexpr std::uint32_t kPolynomialCrc32 = 0xedb88320;
constexpr std::uint32_t kPolynomialCrc32c = 0x82f63b78;

template <std::uint32_t polynomial>
constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t remainder = byte;
        for (int i = 0; i < 8; ++i) {
            remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? polynomial : 0);
        }
        table[byte] = remainder;
    }
    return table;
}();

template <class T, std::uint32_t polynomial>
void crc(Core& core, Target d, Source n, Source m) {
    auto checksum = core.get<std::uint32_t>(n);
    std::uint64_t data = core.get<T>(m);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        checksum = (checksum >> 8) ^ kCrcTable<polynomial>[(checksum ^ data) & 0xff];
        data >>= 8;
    }
    core.set(d, checksum);
}

template <class T, std::uint32_t polynomial>
Operation decode_crc(Reg Rm, Reg Rn, Reg Rd) {
    return operation<&crc<T, polynomial>>(Rd.target(), Rn.source(), Rm.source());
}
constexpr auto CRC32B = decode_crc<std::uint8_t, kPolynomialCrc32>;
constexpr auto CRC32H = decode_crc<std::uint16_t, kPolynomialCrc32>;
constexpr auto CRC32W = decode_crc<std::uint32_t, kPolynomialCrc32>;
constexpr auto CRC32X = decode_crc<std::uint64_t, kPolynomialCrc32>;
constexpr auto CRC32CB = decode_crc<std::uint8_t, kPolynomialCrc32c>;
constexpr auto CRC32CH = decode_crc<std::uint16_t, kPolynomialCrc32c>;
constexpr auto CRC32CW = decode_crc<std::uint32_t, kPolynomialCrc32c>;
constexpr auto CRC32CX = decode_crc<std::uint64_t, kPolynomialCrc32c>;

// --- Multiplication ----------------------------------------------------------------------------------------

template <class T, Operator op>
void multiply_add(Core& core, Target d, Source n, Source m, Source a) {
    const T product = core.get<T>(n) * core.get<T>(m);
    const T addend = core.get<T>(a);
    core.set(d, op == Operator::Add ? addend + product : addend - product);
}

// Narrow is std::int32_t or std::uint32_t; the product is exact in 64 bits.
template <class Narrow, Operator op>
void multiply_add_long(Core& core, Target d, Source n, Source m, Source a) {
    using Wide = std::conditional_t<std::is_signed_v<Narrow>, std::int64_t, std::uint64_t>;
    const auto product = static_cast<std::uint64_t>(Wide{core.get<Narrow>(n)} * Wide{core.get<Narrow>(m)});
    const std::uint64_t addend = core.get(a);
    core.set(d, op == Operator::Add ? addend + product : addend - product);
}

template <class Wide, class Narrow>
void multiply_high(Core& core, Target d, Source n, Source m) {
    const auto product = Wide{core.get<Narrow>(n)} * Wide{core.get<Narrow>(m)};
    core.set(d, static_cast<std::uint64_t>(product >> 64));
}

template <Operator op>
Operation decode_multiply(Bit sf, Reg Rm, Reg Ra, Reg Rn, Reg Rd) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&multiply_add<T, op>>(Rd.target(), Rn.source(), Rm.source(), Ra.source());
    });
}
constexpr auto MADD = decode_multiply<Operator::Add>;
constexpr auto MSUB = decode_multiply<Operator::Subtract>;

template <class Narrow, Operator op>
Operation decode_multiply_long(Reg Rm, Reg Ra, Reg Rn, Reg Rd) {
    return operation<&multiply_add_long<Narrow, op>>(Rd.target(), Rn.source(), Rm.source(), Ra.source());
}
constexpr auto SMADDL = decode_multiply_long<std::int32_t, Operator::Add>;
constexpr auto SMSUBL = decode_multiply_long<std::int32_t, Operator::Subtract>;
constexpr auto UMADDL = decode_multiply_long<std::uint32_t, Operator::Add>;
constexpr auto UMSUBL = decode_multiply_long<std::uint32_t, Operator::Subtract>;

Operation SMULH(Reg Rm, Reg Rn, Reg Rd) {
    return operation<&multiply_high<Int128, std::int64_t>>(Rd.target(), Rn.source(), Rm.source());
}

Operation UMULH(Reg Rm, Reg Rn, Reg Rd) {
    return operation<&multiply_high<Uint128, std::uint64_t>>(Rd.target(), Rn.source(), Rm.source());
}

// --- Conditional operations --------------------------------------------------------------------------------

constexpr auto kUnchanged = []<class T>(T value) { return value; };
constexpr auto kIncremented = []<class T>(T value) { return static_cast<T>(value + 1); };
constexpr auto kInverted = []<class T>(T value) { return static_cast<T>(~value); };
constexpr auto kNegated = []<class T>(T value) { return static_cast<T>(T{0} - value); };

// `otherwise` is what becomes of the second register if the condition does not hold.
template <class T, auto otherwise>
void select(Core& core, Target d, Source n, Source m, Condition condition) {
    core.set(d, core.pstate.flags.holds(condition) ? core.get<T>(n) : otherwise(core.get<T>(m)));
}

template <auto otherwise>
Operation decode_select(Bit sf, Reg Rm, Imm<4> condition, Reg Rn, Reg Rd) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&select<T, otherwise>>(Rd.target(), Rn.source(), Rm.source(),
                                                static_cast<Condition>(condition.value()));
    });
}
constexpr auto CSEL = decode_select<kUnchanged>;
constexpr auto CSINC = decode_select<kIncremented>;
constexpr auto CSINV = decode_select<kInverted>;
constexpr auto CSNEG = decode_select<kNegated>;

template <class T, Operator op>
void compare_if(Core& core, T first, T second, Condition condition, FlagsNibble otherwise) {
    if (core.pstate.flags.holds(condition)) {
        static_cast<void>(add_or_subtract<T, op, SetFlags::Yes>(first, second, core.pstate.flags));
    } else {
        core.pstate.flags = Flags(otherwise);
    }
}

template <class T, Operator op>
void compare_register_if(Core& core, Source n, Source m, Condition condition, FlagsNibble otherwise) {
    compare_if<T, op>(core, core.get<T>(n), core.get<T>(m), condition, otherwise);
}

template <class T, Operator op>
void compare_immediate_if(Core& core, Source n, std::uint8_t immediate, Condition condition,
                          FlagsNibble otherwise) {
    compare_if<T, op>(core, core.get<T>(n), T{immediate}, condition, otherwise);
}

template <Operator op>
Operation decode_compare_register(Bit sf, Reg Rm, Imm<4> condition, Reg Rn, Imm<4> nzcv) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&compare_register_if<T, op>>(Rn.source(), Rm.source(),
                                                      static_cast<Condition>(condition.value()),
                                                      static_cast<FlagsNibble>(nzcv.value()));
    });
}
constexpr auto CCMN_register = decode_compare_register<Operator::Add>;
constexpr auto CCMP_register = decode_compare_register<Operator::Subtract>;

template <Operator op>
Operation decode_compare_immediate(Bit sf, Imm<5> imm5, Imm<4> condition, Reg Rn, Imm<4> nzcv) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&compare_immediate_if<T, op>>(Rn.source(), static_cast<std::uint8_t>(imm5.value()),
                                                       static_cast<Condition>(condition.value()),
                                                       static_cast<FlagsNibble>(nzcv.value()));
    });
}
constexpr auto CCMN_immediate = decode_compare_immediate<Operator::Add>;
constexpr auto CCMP_immediate = decode_compare_immediate<Operator::Subtract>;

constexpr decode::Row kRows[] = {
#include "emu/decode/data_processing.inc"
};

}  // namespace

std::span<const decode::Row> decode::data_processing_rows() {
    return kRows;
}

}  // namespace levitate::emu
