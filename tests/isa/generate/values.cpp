#include "tests/isa/generate/values.hpp"

#include <array>
#include <span>

namespace levitate::isa {

namespace {

// Bit patterns of one format that lie at an edge of it, or of a conversion from it.
constexpr std::array<std::uint64_t, 24> kHalfEdges{
    0x0000, 0x0001, 0x03ff, 0x0400, 0x0401, 0x3800, 0x3c00, 0x3e00, 0x4000, 0x4100, 0x3bff, 0x3c01,
    0x7bff, 0x7c00, 0x7e00, 0x7c01, 0x7fff, 0x7d55, 0x7800, 0x77ff, 0x1400, 0x5800, 0x0200, 0x0010};
constexpr std::array<std::uint64_t, 32> kSingleEdges{
    0x00000000, 0x00000001, 0x007fffff, 0x00800000, 0x00800001, 0x3f000000, 0x3f800000, 0x3fc00000,
    0x40000000, 0x40200000, 0x3f7fffff, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7f800001,
    0x7fffffff, 0x7fa12345, 0x4f000000, 0x4effffff, 0x4f800000, 0x5f000000, 0x5f800000, 0x477fe000,
    0x477ff000, 0x38800000, 0x387fffff, 0x33800000, 0x33000000, 0x00400000, 0x7e800000, 0x4b000001};
constexpr std::array<std::uint64_t, 36> kDoubleEdges{
    0x0000000000000000, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x0010000000000001,
    0x3fe0000000000000, 0x3ff0000000000000, 0x3ff8000000000000, 0x4000000000000000, 0x4004000000000000,
    0x3fefffffffffffff, 0x3ff0000000000001, 0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff8000000000000,
    0x7ff0000000000001, 0x7fffffffffffffff, 0x7ff4123456789abc, 0x41e0000000000000, 0x41dfffffffc00000,
    0x41dfffffffe00000, 0x41efffffffe00000, 0x41f0000000000000, 0x43e0000000000000, 0x43dfffffffffffff,
    0x43f0000000000000, 0x47efffffe0000000, 0x47efffffefffffff, 0x47effffff0000000, 0x3810000000000000,
    0x380fffffffffffff, 0x36a0000000000000, 0x3690000000000000, 0x0008000000000000, 0x7fd0000000000000,
    0x4330000000000001};

// How lanes of a width are cut: sign, exponent, fraction.
struct LaneFormat {
    unsigned width;
    unsigned fraction_bits;
    std::span<const std::uint64_t> edges;
};
constexpr std::array<LaneFormat, 3> kFormats{{
    {16, 10, kHalfEdges},
    {32, 23, kSingleEdges},
    {64, 52, kDoubleEdges},
}};
constexpr std::array<unsigned, 4> kIntegerWidths{8, 16, 32, 64};

std::uint64_t sign_of(const LaneFormat& format, Random& random) {
    return (random() & 1) << (format.width - 1);
}

std::uint64_t fp_lane(const LaneFormat& format, Random& random) {
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - format.width);
    const std::uint64_t fraction_mask = (std::uint64_t{1} << format.fraction_bits) - 1;
    const unsigned exponent_bits = format.width - 1 - format.fraction_bits;
    const std::uint64_t bias = (std::uint64_t{1} << (exponent_bits - 1)) - 1;
    switch (random.below(8)) {
        case 0:
        case 1:
            return format.edges[random.below(format.edges.size())] | sign_of(format, random);
        case 2:  // next to an edge
            return (format.edges[random.below(format.edges.size())] + random.below(5) - 2) & mask;
        case 3:  // around one
            return ((bias - 4 + random.below(10)) << format.fraction_bits) | (random() & fraction_mask) |
                   sign_of(format, random);
        case 4:  // few bits set
            return ((bias - 12 + random.below(24)) << format.fraction_bits) |
                   (random() & random() & random() & random() & fraction_mask) | sign_of(format, random);
        case 5:  // subnormal, or just above
            return (random() & ((fraction_mask << 2) | 3)) | sign_of(format, random);
        case 6:  // a fraction of all ones at the end
            return (random() | ((std::uint64_t{1} << random.below(format.fraction_bits)) - 1)) & mask;
        default:
            return random() & mask;
    }
}

std::uint64_t integer_lane(unsigned width, Random& random) {
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
    const std::uint64_t top = std::uint64_t{1} << (width - 1);
    switch (random.below(5)) {
        case 0:
            return (top - 2 + random.below(5)) & mask;
        case 1:
            return (0 - std::uint64_t{3} + random.below(7)) & mask;
        case 2:
            return std::uint64_t{1} << random.below(width);
        default:
            return random() & mask;
    }
}

void fill_vector(std::uint64_t (&vector)[2], std::size_t profile, Random& random) {
    vector[0] = 0;
    vector[1] = 0;
    const unsigned width =
        profile < kFormats.size() ? kFormats[profile].width : kIntegerWidths[profile - kFormats.size()];
    for (unsigned bit = 0; bit < 128; bit += width) {
        const std::uint64_t lane =
            profile < kFormats.size() ? fp_lane(kFormats[profile], random) : integer_lane(width, random);
        vector[bit / 64] |= lane << (bit % 64);
    }
}

std::uint64_t random_fpcr(Random& random) {
    if (random.below(2) == 0) {
        return 0;
    }
    constexpr std::uint64_t kModes = 0b111'11'00'1 << 19;  // AHP, DN, FZ, RMode, FZ16
    return random() & kModes;
}

}  // namespace

std::uint64_t random_general(Random& random) {
    if (random.one_in(4)) {
        return fp_lane(kFormats[random.below(kFormats.size())], random);
    }
    return integer_lane(kIntegerWidths[random.below(kIntegerWidths.size())], random);
}

JudgeState random_state(Random& random) {
    JudgeState state{};
    constexpr std::size_t kProfiles = kFormats.size() + kIntegerWidths.size();
    const std::size_t profile = random.below(kProfiles);
    for (auto& vector : state.v) {
        fill_vector(vector, profile, random);
    }
    for (std::uint64_t& x : state.x) {
        x = random_general(random);
    }
    constexpr std::uint64_t kFlags = 0x0800009f;
    state.pstate = random() & JUDGE_PSTATE;
    state.fpcr = random_fpcr(random);
    state.fpsr = random.one_in(2) ? 0 : random() & kFlags;
    state.sp = JUDGE_MEMORY + JUDGE_MEMORY_SIZE / 2;
    return state;
}

}  // namespace levitate::isa
