#include "lib/random.hpp"

#include <array>
#include <bit>

#include "lib/memory.hpp"

namespace kernel {

namespace {

constexpr std::size_t kKeyWords = 8;
constexpr std::size_t kBlockSize = 64;
using Block = std::array<std::uint32_t, 16>;

using Key = std::array<std::uint32_t, kKeyWords>;
constinit Key current{};
constinit Key pool{};  // what programs have given since

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

Block chacha20_block(const Key& key, std::uint32_t counter) {
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

void absorb(Key& into, std::span<const std::byte> bytes) {
    for (std::size_t offset = 0; offset < bytes.size(); offset += sizeof(Key)) {
        Key part{};
        const std::size_t rest = bytes.size() - offset;
        copy_bytes(part.data(), bytes.data() + offset, rest < sizeof(part) ? rest : sizeof(part));
        for (std::size_t i = 0; i < kKeyWords; ++i) {
            into[i] ^= part[i];
        }
        const Block mixed = chacha20_block(into, 0);
        copy_bytes(into.data(), mixed.data(), sizeof(into));
    }
}

}  // namespace

void seed_random(std::span<const std::byte> seed) {
    absorb(current, seed);
}

void mix_random(std::span<const std::byte> bytes) {
    absorb(pool, bytes);
}

void reseed_random() {
    absorb(current, std::as_bytes(std::span(pool)));
}

void fill_random(std::span<std::byte> destination) {
    // The first half of block 0 is the next key.
    const Block first = chacha20_block(current, 0);
    std::uint32_t counter = 1;
    while (!destination.empty()) {
        const Block block = chacha20_block(current, counter++);
        const std::size_t size = destination.size() < kBlockSize ? destination.size() : kBlockSize;
        copy_bytes(destination.data(), block.data(), size);
        destination = destination.subspan(size);
    }
    copy_bytes(current.data(), first.data(), sizeof(current));
}

std::uint64_t random_number() {
    std::uint64_t value = 0;
    fill_random({reinterpret_cast<std::byte*>(&value), sizeof(value)});
    return value;
}

}  // namespace kernel
