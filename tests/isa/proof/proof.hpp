// The execution proof: generated sequences on the emulator and on judges, compared step by step.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/isa/generate/generator.hpp"
#include "tests/isa/judges/judge.hpp"
#include "tests/isa/proof/tally.hpp"

namespace levitate::isa {

struct Mismatch {
    std::string_view judge;
    std::uint64_t sequence;
    std::size_t step;
    std::string text;  // for people, several lines
};

class Proof {
  public:
    Proof(std::uint64_t seed, std::vector<std::unique_ptr<Judge>> judges);

    // Runs sequences from number `first` on. `next` gives the number that follows one, or nullopt to end;
    // `on_mismatch` is told of the first step of a sequence on which a judge differs. An error is one of a
    // judge's.
    std::expected<void, std::string> run(
        std::uint64_t first, const std::function<std::optional<std::uint64_t>(std::uint64_t)>& next,
        const std::function<void(const Mismatch&)>& on_mismatch);

    // One a judge, in the judges' order.
    std::span<const Tally> tallies() const { return tallies_; }

  private:
    // A batch, and what the emulator makes of it.
    struct Round {
        Batch batch;
        std::vector<EmulatedStep> emulated;
    };
    void compare(std::size_t judge, const Round& round, std::span<const JudgeReply> judged,
                 const std::function<void(const Mismatch&)>& on_mismatch);

    Generator generator_;
    Emulator emulator_;
    std::vector<std::unique_ptr<Judge>> judges_;
    std::vector<Tally> tallies_;
};

}  // namespace levitate::isa
