#include "tests/isa/proof/proof.hpp"

#include <array>
#include <utility>

#include "emu/decode/table.hpp"
#include "tests/isa/judges/differences.hpp"
#include "tests/isa/proof/compare.hpp"

namespace levitate::isa {

Proof::Proof(std::uint64_t seed, std::vector<std::unique_ptr<Judge>> judges)
    : generator_(seed, emu::decode::all_rows()), judges_(std::move(judges)) {
    for (const auto& judge : judges_) {
        tallies_.emplace_back(judge->name());
    }
}

std::expected<void, std::string> Proof::run(
    std::uint64_t first, const std::function<std::optional<std::uint64_t>(std::uint64_t)>& next,
    const std::function<void(const Mismatch&)>& on_mismatch) {
    std::optional<std::uint64_t> number = first;
    const auto prepare = [&](Round& round) {
        std::array<bool, JUDGE_SEQUENCES> is_used{};
        round.batch = {};
        while (number.has_value() && !std::exchange(is_used[*number % JUDGE_SEQUENCES], true)) {
            generator_.add_sequence(*number, round.batch);
            number = next(*number);
        }
        emulator_.run(round.batch, round.emulated);
    };
    // While the judges work on one round, the next is prepared.
    std::array<Round, 2> rounds;
    Round* current = &rounds[0];
    Round* following = &rounds[1];
    prepare(*current);
    while (!current->batch.sequences.empty()) {
        for (const auto& judge : judges_) {
            if (auto begun = judge->begin(current->batch, current->emulated); !begun.has_value()) {
                return begun;
            }
        }
        prepare(*following);
        for (std::size_t i = 0; i < judges_.size(); ++i) {
            const auto judged = judges_[i]->verdict();
            if (!judged.has_value()) {
                return std::unexpected{judged.error()};
            }
            compare(i, *current, *judged, on_mismatch);
        }
        std::swap(current, following);
    }
    return {};
}

void Proof::compare(std::size_t judge, const Round& round, std::span<const JudgeReply> judged,
                    const std::function<void(const Mismatch&)>& on_mismatch) {
    const std::string_view name = judges_[judge]->name();
    for (std::size_t i = 0; i < round.batch.sequences.size(); ++i) {
        const JudgeSequence& sequence = round.batch.sequences[i];
        for (std::size_t step = 0; step < sequence.step_count; ++step) {
            const std::size_t slot = sequence.first_slot + step;
            const JudgeStep& what = round.batch.steps[slot];
            const EmulatedStep& emulated = round.emulated[slot];
            const JudgeReply& reply = judged[slot];
            if (reply.outcome == JUDGE_NOT_RUN || is_known_difference(name, what.word, emulated.before)) {
                continue;
            }
            tallies_[judge].count(what.word, reply.outcome == JUDGE_RETIRED);
            const std::string text = difference(what, emulated.reply, reply);
            if (!text.empty()) {
                on_mismatch({name, round.batch.numbers[i], step, describe(what, emulated.before) + text});
                break;
            }
        }
    }
}

}  // namespace levitate::isa
