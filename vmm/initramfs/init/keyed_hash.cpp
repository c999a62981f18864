#include "vmm/initramfs/init/keyed_hash.hpp"

#include <bit>

namespace levitate::vmm::init {
namespace {

constexpr std::size_t kWord = 8;

// Up to eight bytes, little-endian.
std::uint64_t word_of(std::span<const std::byte> bytes) {
    std::uint64_t word = 0;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        word |= std::to_integer<std::uint64_t>(bytes[index]) << (8 * index);
    }
    return word;
}

struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t keyed_hash(const HashKey& key, std::span<const std::byte> message) {
    const std::uint64_t first = word_of(std::span{key}.first(kWord));
    const std::uint64_t second = word_of(std::span{key}.last(kWord));
    // The constants spell "somepseudorandomlygeneratedbytes".
    State state{.v0 = first ^ 0x736f'6d65'7073'6575,
                .v1 = second ^ 0x646f'7261'6e64'6f6d,
                .v2 = first ^ 0x6c79'6765'6e65'7261,
                .v3 = second ^ 0x7465'6462'7974'6573};
    const std::uint64_t length = message.size();
    while (message.size() >= kWord) {
        state.absorb(word_of(message.first(kWord)));
        message = message.subspan(kWord);
    }
    state.absorb(word_of(message) | length << 56U);
    state.v2 ^= 0xff;
    for (int count = 0; count < 4; ++count) {
        state.round();
    }
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace levitate::vmm::init
