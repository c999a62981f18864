#include "lib/random.hpp"

#include <array>
#include <bit>

#include "lib/memory.hpp"

namespace kernel {

namespace {

constexpr std::size_t kKeyWords = 8;
constexpr std::size_t kBlockSize = 64;
using Block = std::array<std::uint32_t, 16>;

constinit std::array<std::uint32_t, kKeyWords> key{};

void quarter_round(Block& s, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 7);
}

Block chacha20_block(std::uint32_t counter) {
    // "expand 32-byte k"
    Block start = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (std::size_t i = 0; i < kKeyWords; ++i) {
        start[4 + i] = key[i];
    }
    start[12] = counter;
    Block state = start;
    for (int round = 0; round < 10; ++round) {
        quarter_round(state, 0, 4, 8, 12);
        quarter_round(state, 1, 5, 9, 13);
        quarter_round(state, 2, 6, 10, 14);
        quarter_round(state, 3, 7, 11, 15);
        quarter_round(state, 0, 5, 10, 15);
        quarter_round(state, 1, 6, 11, 12);
        quarter_round(state, 2, 7, 8, 13);
        quarter_round(state, 3, 4, 9, 14);
    }
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i] += start[i];
    }
    return state;
}

}  // namespace

void seed_random(std::span<const std::byte> seed) {
    for (std::size_t offset = 0; offset < seed.size(); offset += sizeof(key)) {
        std::array<std::uint32_t, kKeyWords> part{};
        const std::size_t rest = seed.size() - offset;
        copy_bytes(part.data(), seed.data() + offset, rest < sizeof(part) ? rest : sizeof(part));
        for (std::size_t i = 0; i < kKeyWords; ++i) {
            key[i] ^= part[i];
        }
        const Block mixed = chacha20_block(0);
        copy_bytes(key.data(), mixed.data(), sizeof(key));
    }
}

void fill_random(std::span<std::byte> destination) {
    // The first half of block 0 is the next key.
    const Block first = chacha20_block(0);
    std::uint32_t counter = 1;
    while (!destination.empty()) {
        const Block block = chacha20_block(counter++);
        const std::size_t size = destination.size() < kBlockSize ? destination.size() : kBlockSize;
        copy_bytes(destination.data(), block.data(), size);
        destination = destination.subspan(size);
    }
    copy_bytes(key.data(), first.data(), sizeof(key));
}

std::uint64_t random_number() {
    std::uint64_t value = 0;
    fill_random({reinterpret_cast<std::byte*>(&value), sizeof(value)});
    return value;
}

}  // namespace kernel
