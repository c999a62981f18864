// Random bytes: ChaCha20 (RFC 8439) over a key that the device tree's rng-seed starts. The same seed gives
// the same bytes: a run under the emulator is a function of its inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kernel {

void seed_random(std::span<const std::byte> seed);
// What programs give: it counts when the numbers are next seeded from it.
void mix_random(std::span<const std::byte> bytes);
void reseed_random();
// Programs get them in blocks of this size (Linux drivers/char/random.c, CHACHA_BLOCK_SIZE).
inline constexpr std::size_t kRandomBlock = 64;
// Fast key erasure: what has been handed out cannot be worked out from the state later.
void fill_random(std::span<std::byte> destination);
std::uint64_t random_number();

}  // namespace kernel
