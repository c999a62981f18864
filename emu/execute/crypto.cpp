// AES (FIPS 197), SHA-1 and SHA-256 (FIPS 180-4) instructions.
#include <array>
#include <bit>
#include <cstdint>

#include "emu/decode/table.hpp"
#include "emu/execute/simd_lanes.hpp"

namespace levitate::emu::simd {

namespace {

using Bytes = Lanes<std::uint8_t>;
using Words = Lanes<std::uint32_t>;

// --- AES ---------------------------------------------------------------------------------------------------

// Multiplication in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
    unsigned product = 0;
    unsigned power = a;
    for (unsigned bits = b; bits != 0; bits >>= 1) {
        product ^= (bits & 1) != 0 ? power : 0;
        power = (power << 1) ^ ((power & 0x80) != 0 ? 0x11b : 0);
    }
    return static_cast<std::uint8_t>(product);
}

using SubstitutionBox = std::array<std::uint8_t, 256>;

// The inverse in GF(2^8), a^254 = a^2 a^4 … a^128 (and zero for zero), under an affine transformation.
consteval SubstitutionBox make_box() {
    SubstitutionBox box{};
    for (unsigned i = 0; i < box.size(); ++i) {
        auto square = static_cast<std::uint8_t>(i);
        std::uint8_t inverse = 1;
        for (unsigned exponent = 2; exponent <= 128; exponent *= 2) {
            square = multiply(square, square);
            inverse = multiply(inverse, square);
        }
        std::uint8_t value = 0x63;
        for (int rotation = 0; rotation < 5; ++rotation) {
            value = static_cast<std::uint8_t>(value ^ std::rotl(inverse, rotation));
        }
        box[i] = value;
    }
    return box;
}

consteval SubstitutionBox invert(const SubstitutionBox& box) {
    SubstitutionBox inverse{};
    for (unsigned i = 0; i < box.size(); ++i) {
        inverse[box[i]] = static_cast<std::uint8_t>(i);
    }
    return inverse;
}

constexpr SubstitutionBox kSubstitution = make_box();
constexpr SubstitutionBox kInverseSubstitution = invert(kSubstitution);

// The state is stored by columns: byte i is row i % 4 of column i / 4. Row r rotates left by r columns.
constexpr unsigned shifted_row(unsigned i) {
    return (i + 4 * (i % 4)) % 16;
}
constexpr unsigned inverse_shifted_row(unsigned i) {
    return (i + 12 * (i % 4)) % 16;
}

template <auto place, const SubstitutionBox& box>
void aes_round(Core& core, Reg d, Reg n) {
    const Bytes state = read<std::uint8_t>(core, d);
    const Bytes key = read<std::uint8_t>(core, n);
    Bytes result;
    for (unsigned i = 0; i < result.size(); ++i) {
        const unsigned from = place(i);
        result[i] = box[static_cast<std::uint8_t>(state[from] ^ key[from])];
    }
    write(core, d, result, kVectorBytes);
}

// A row of the matrix that MixColumns multiplies each column with; the other rows are this one, rotated.
using Coefficients = std::array<std::uint8_t, 4>;
constexpr Coefficients kMixCoefficients{2, 3, 1, 1};
constexpr Coefficients kInverseMixCoefficients{14, 11, 13, 9};

template <const Coefficients& coefficients>
void aes_mix(Core& core, Reg d, Reg n) {
    const Bytes state = read<std::uint8_t>(core, n);
    Bytes result;
    for (unsigned i = 0; i < result.size(); ++i) {
        const unsigned column = i - i % 4;
        std::uint8_t sum = 0;
        for (unsigned k = 0; k < 4; ++k) {
            sum = static_cast<std::uint8_t>(sum ^ multiply(state[column + (i + k) % 4], coefficients[k]));
        }
        result[i] = sum;
    }
    write(core, d, result, kVectorBytes);
}

template <auto executor>
Operation two_registers(Reg n, Reg d) {
    return fp_operation<executor>(d, n);
}

constexpr auto& AESE = two_registers<&aes_round<&shifted_row, kSubstitution>>;
constexpr auto& AESD = two_registers<&aes_round<&inverse_shifted_row, kInverseSubstitution>>;
constexpr auto& AESMC = two_registers<&aes_mix<kMixCoefficients>>;
constexpr auto& AESIMC = two_registers<&aes_mix<kInverseMixCoefficients>>;

// --- SHA ---------------------------------------------------------------------------------------------------

constexpr std::uint32_t choose(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return (x & y) | (~x & z);
}
constexpr std::uint32_t parity(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return x ^ y ^ z;
}
constexpr std::uint32_t majority(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return (x & y) | (x & z) | (y & z);
}

// Four rounds of SHA-1: d is a to d, n is e, m is the schedule with the round constants added.
template <auto function>
void sha1_rounds(Core& core, Reg d, Reg n, Reg m) {
    Words state = read<std::uint32_t>(core, d);
    std::uint32_t e = read_scalar<std::uint32_t>(core, n);
    const Words schedule = read<std::uint32_t>(core, m);
    for (const std::uint32_t word : schedule) {
        const std::uint32_t next = e + std::rotl(state[0], 5) + function(state[1], state[2], state[3]) + word;
        e = state[3];
        state = {next, state[0], std::rotl(state[1], 30), state[2]};
    }
    write(core, d, state, kVectorBytes);
}

void sha1_fixed_rotate(Core& core, Reg d, Reg n) {
    write_scalar(core, d, std::rotl(read_scalar<std::uint32_t>(core, n), 30));
}

void sha1_schedule_0(Core& core, Reg d, Reg n, Reg m) {
    const Words a = read<std::uint32_t>(core, d);
    const Words b = read<std::uint32_t>(core, n);
    const Words c = read<std::uint32_t>(core, m);
    write(core, d, Words{a[2] ^ a[0] ^ c[0], a[3] ^ a[1] ^ c[1], b[0] ^ a[2] ^ c[2], b[1] ^ a[3] ^ c[3]},
          kVectorBytes);
}

void sha1_schedule_1(Core& core, Reg d, Reg n) {
    const Words a = read<std::uint32_t>(core, d);
    const Words b = read<std::uint32_t>(core, n);
    Words result{a[0] ^ b[1], a[1] ^ b[2], a[2] ^ b[3], a[3]};
    for (std::uint32_t& word : result) {
        word = std::rotl(word, 1);
    }
    // The last word depends on the first of the four that are being made.
    result[3] ^= std::rotl(result[0], 1);
    write(core, d, result, kVectorBytes);
}

constexpr std::uint32_t large_sigma_0(std::uint32_t x) {
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
constexpr std::uint32_t large_sigma_1(std::uint32_t x) {
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}
constexpr std::uint32_t small_sigma_0(std::uint32_t x) {
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
}
constexpr std::uint32_t small_sigma_1(std::uint32_t x) {
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}

// Four rounds of SHA-256 on a to d and e to h, with the round constants added to the schedule.
struct Sha256State {
    Words abcd;
    Words efgh;
};

Sha256State sha256_rounds(Sha256State state, const Words& schedule) {
    for (const std::uint32_t word : schedule) {
        const auto& [a, b, c, d] = state.abcd;
        const auto& [e, kF, g, h] = state.efgh;
        const std::uint32_t first = h + large_sigma_1(e) + choose(e, kF, g) + word;
        const std::uint32_t second = large_sigma_0(a) + majority(a, b, c);
        state = {Words{first + second, a, b, c}, Words{d + first, e, kF, g}};
    }
    return state;
}

// SHA256H finds a to d in d, and gives their new values; SHA256H2 finds e to h in d, and a to d in n.
void sha256_hash_1(Core& core, Reg d, Reg n, Reg m) {
    const Sha256State state{read<std::uint32_t>(core, d), read<std::uint32_t>(core, n)};
    write(core, d, sha256_rounds(state, read<std::uint32_t>(core, m)).abcd, kVectorBytes);
}

void sha256_hash_2(Core& core, Reg d, Reg n, Reg m) {
    const Sha256State state{read<std::uint32_t>(core, n), read<std::uint32_t>(core, d)};
    write(core, d, sha256_rounds(state, read<std::uint32_t>(core, m)).efgh, kVectorBytes);
}

void sha256_schedule_0(Core& core, Reg d, Reg n) {
    const Words a = read<std::uint32_t>(core, d);
    const Words b = read<std::uint32_t>(core, n);
    write(core, d,
          Words{a[0] + small_sigma_0(a[1]), a[1] + small_sigma_0(a[2]), a[2] + small_sigma_0(a[3]),
                a[3] + small_sigma_0(b[0])},
          kVectorBytes);
}

void sha256_schedule_1(Core& core, Reg d, Reg n, Reg m) {
    const Words a = read<std::uint32_t>(core, d);
    const Words b = read<std::uint32_t>(core, n);
    const Words c = read<std::uint32_t>(core, m);
    Words result{};
    result[0] = a[0] + b[1] + small_sigma_1(c[2]);
    result[1] = a[1] + b[2] + small_sigma_1(c[3]);
    result[2] = a[2] + b[3] + small_sigma_1(result[0]);
    result[3] = a[3] + c[0] + small_sigma_1(result[1]);
    write(core, d, result, kVectorBytes);
}

template <auto executor>
Operation three_registers(Reg m, Reg n, Reg d) {
    return fp_operation<executor>(d, n, m);
}

constexpr auto& SHA1C = three_registers<&sha1_rounds<&choose>>;
constexpr auto& SHA1P = three_registers<&sha1_rounds<&parity>>;
constexpr auto& SHA1M = three_registers<&sha1_rounds<&majority>>;
constexpr auto& SHA1H = two_registers<&sha1_fixed_rotate>;
constexpr auto& SHA1SU0 = three_registers<&sha1_schedule_0>;
constexpr auto& SHA1SU1 = two_registers<&sha1_schedule_1>;
constexpr auto& SHA256H = three_registers<&sha256_hash_1>;
constexpr auto& SHA256H2 = three_registers<&sha256_hash_2>;
constexpr auto& SHA256SU0 = two_registers<&sha256_schedule_0>;
constexpr auto& SHA256SU1 = three_registers<&sha256_schedule_1>;

constexpr decode::Row kRows[] = {
#include "emu/decode/crypto.inc"
};

}  // namespace

}  // namespace levitate::emu::simd

std::span<const levitate::emu::decode::Row> levitate::emu::decode::crypto_rows() {
    return simd::kRows;
}
