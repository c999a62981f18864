#include "vmm/diagnosis/loop_watch.hpp"

#include <algorithm>
#include <utility>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kMostReach = 1U << 20U;
// A look that has stepped as far as it may and found nothing is followed by this many times as many
// instructions without one.
constexpr std::uint64_t kRest = 2048;
// Of a loop so many instructions are kept for the report.
constexpr std::size_t kMostLines = 16;

constexpr std::uint64_t kStackAlignment = 16;

bool is_sp_alignment_fault(const TakenException& exception) {
    constexpr std::uint64_t kSpAlignmentFault = 0x26;
    return (exception.esr >> 26 & 0x3fU) == kSpAlignmentFault;
}

// Where state_words() has SP is the engine's own business, so it is told by what differs.
struct Difference {
    std::size_t words = 0;
    std::uint64_t by = 0;
};

Difference difference(const std::vector<std::uint64_t>& first, const std::vector<std::uint64_t>& second) {
    Difference found;
    for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
        if (first[i] != second[i]) {
            ++found.words;
            found.by = second[i] - first[i];
        }
    }
    return found;
}

// ADD or SUB of an immediate to SP itself, 64 bits wide (Arm ARM C6.2.4, C6.2.308).
bool moves_sp(std::uint32_t word) {
    return (word & 0xbf80'03ffU) == 0x9100'03ffU;
}

// Wherever an instruction reads SP, bits 9 to 5 name it (Rn). Some mean XZR by the same number, or have other
// fields there; of these only B, with which vectors begin, is known not to read SP.
bool may_read_sp(std::uint32_t word) {
    constexpr std::uint32_t kBranch = 0b000101;
    return (word >> 5 & 31U) == 31 && word >> 26 != kBranch;
}

}  // namespace

bool LoopWatch::is_influenced(bool input_may_come) const {
    const Influences met = engine_.influences();
    return met.memory || met.device || met.time ||
           (met.unmasked && (input_may_come || engine_.interrupt_is_due()));
}

LoopWatch::Step LoopWatch::step(Look& result, bool input_may_come) {
    const Exit exit = engine_.run(1);
    if (exit.reason != ExitReason::Budget) {
        result.exit = exit;
        return Step::Exits;
    }
    return is_influenced(input_may_come) ? Step::Influenced : Step::Goes;
}

LoopWatch::Look LoopWatch::look(std::uint64_t instructions, bool input_may_come) {
    Look result;
    const bool in_kernel = !is_at_el0(engine_.registers().pstate);
    if (!in_kernel || engine_.retired_instructions() < not_before_) {
        return result;
    }
    engine_.watch_influences(true);
    if (const auto period = find_period(result, std::min(instructions / 2, reach_), input_may_come)) {
        confirm(result, *period, input_may_come);
    }
    engine_.watch_influences(false);
    return result;
}

// Brent's algorithm: the state to which later ones are compared is taken anew after 1, 2, 4 … steps, so that
// it comes to lie in the loop.
std::optional<std::uint64_t> LoopWatch::find_period(Look& result, std::uint64_t limit, bool input_may_come) {
    std::vector<std::uint64_t> anchor = engine_.state_words();
    GuestVirt place = engine_.program_counter();
    std::uint64_t sp = engine_.registers().sp_el1;
    std::uint64_t since = 0;
    std::uint64_t until_next = 1;
    for (std::uint64_t steps = 0; steps < limit; ++steps) {
        if (const Step how = step(result, input_may_come); how != Step::Goes) {
            reach_ = kFirstReach;
            return std::nullopt;
        }
        ++since;
        if (engine_.program_counter() == place) {
            const Difference differs = difference(anchor, engine_.state_words());
            const std::uint64_t sp_by = engine_.registers().sp_el1 - sp;
            if (differs.words == 0 || (differs.words == 1 && differs.by == sp_by)) {
                return since;
            }
        }
        if (since == until_next) {
            anchor = engine_.state_words();
            place = engine_.program_counter();
            sp = engine_.registers().sp_el1;
            since = 0;
            until_next *= 2;
        }
    }
    if (limit == reach_) {
        not_before_ = engine_.retired_instructions() + reach_ * kRest;
        reach_ = std::min(reach_ * 4, kMostReach);
    }
    return std::nullopt;
}

// Goes round once more, to see what the round consists of.
void LoopWatch::confirm(Look& result, std::uint64_t period, bool input_may_come) {
    engine_.watch_influences(true);
    const std::vector<std::uint64_t> before = engine_.state_words();
    const std::uint64_t sp_before = engine_.registers().sp_el1;
    EndlessLoop loop{.length = period, .lines = {}, .exception = std::nullopt};
    bool only_moves_sp = true;
    for (std::uint64_t steps = 0; steps < period; ++steps) {
        const std::uint64_t begun = engine_.retired_instructions();
        const CodeLine line = code_at(engine_, engine_.program_counter());
        const bool from_el0 = is_at_el0(engine_.registers().pstate);
        if (step(result, input_may_come) != Step::Goes) {
            return;
        }
        if (loop.lines.size() < kMostLines) {
            loop.lines.push_back(line);
        }
        auto exceptions = engine_.recent_exceptions();
        const bool faults = !exceptions.empty() && exceptions.back().retired > begun;
        if (faults) {
            loop.exception = exceptions.back();
        }
        const bool is_fault_of_sp = faults && is_sp_alignment_fault(*loop.exception);
        const bool only_moves =
            line.word && (is_fault_of_sp || !may_read_sp(*line.word) || moves_sp(*line.word));
        only_moves_sp = only_moves_sp && only_moves && !from_el0;
    }
    const Difference differs = difference(before, engine_.state_words());
    const std::uint64_t sp_by = engine_.registers().sp_el1 - sp_before;
    const bool runs_away = differs.words == 1 && differs.by == sp_by && sp_by % kStackAlignment == 0 &&
                           only_moves_sp && loop.exception && is_sp_alignment_fault(*loop.exception);
    if (differs.words == 0 || runs_away) {
        result.loop = std::move(loop);
    }
}

}  // namespace levitate::vmm
