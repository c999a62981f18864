// Finds out that a kernel goes round and round and that nothing can change this.
//
// A loop goes on for ever if its whole state repeats and nothing but its state decides what it does: if from
// one time at a place to the next all registers are the same, no byte of RAM has changed, no device, counter
// or timer was asked, and no interrupt could come. So a loop that counts, polls a device or reads the time is
// never taken for one, however long it lasts. Two rounds are watched, since hardware may set access flags in
// the first.
//
// There is one case in which SP may differ: an exception handler that begins by lowering SP and then stores
// through it while SP is not a multiple of 16. Each store is an SP alignment fault, which starts the handler
// again with a lower SP, still no multiple of 16. Nothing else in such a loop may read SP.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vmm/diagnosis/code_listing.hpp"
#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

struct EndlessLoop {
    std::uint64_t length = 0;     // instructions in a round, each that faults included
    std::vector<CodeLine> lines;  // the first of them, in the order in which they are executed
    // The exception that is taken in each round, if there is one: the last in the round.
    std::optional<TakenException> exception;
};

class LoopWatch {
  public:
    explicit LoopWatch(Engine& engine) : engine_(engine) {}

    struct Look {
        std::optional<EndlessLoop> loop;
        std::optional<Exit> exit;  // the engine has stopped for this, which somebody has to handle
    };
    // To be called now and then, between two runs of the engine. Lets the engine execute at most
    // `instructions`. `input_may_come`: the outside may cause an interrupt.
    Look look(std::uint64_t instructions, bool input_may_come);

  private:
    enum class Step { Goes, Influenced, Exits };

    Step step(Look& result, bool input_may_come);
    std::optional<std::uint64_t> find_period(Look& result, std::uint64_t limit, bool input_may_come);
    void confirm(Look& result, std::uint64_t period, bool input_may_come);
    bool is_influenced(bool input_may_come) const;

    Engine& engine_;
    // The next look steps at most this far, and not before so many instructions have retired. Both grow while
    // looks find nothing, so that they cost a few hundredths of the time.
    std::uint64_t reach_ = kFirstReach;
    std::uint64_t not_before_ = 0;

    static constexpr std::uint64_t kFirstReach = 2048;
};

}  // namespace levitate::vmm
