// The source of randomness: a case is a function of the seed and its sequence's number.
#pragma once

#include <cstdint>
#include <limits>

namespace levitate::isa {

// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"): cheap to seed, which is
// done for every sequence.
class Random {
  public:
    using result_type = std::uint64_t;
    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    Random(std::uint64_t seed, std::uint64_t stream) : state_(seed) { state_ ^= (*this)() + mix(stream); }

    result_type operator()() {
        state_ += 0x9e3779b97f4a7c15;
        return mix(state_);
    }
    // Less than `limit`, which is not 0.
    std::uint64_t below(std::uint64_t limit) { return (*this)() % limit; }
    bool one_in(std::uint64_t times) { return below(times) == 0; }

  private:
    static constexpr std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

}  // namespace levitate::isa
