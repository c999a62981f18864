// The implementation that is judged: levitate's CPU at EL0, as a program of Linux would find it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "emu/cpu.hpp"
#include "tests/isa/generate/batch.hpp"

namespace levitate::isa {

// A step with the state that it found: its patches are in it.
struct EmulatedStep {
    JudgeState before;
    JudgeReply reply;
};

class Emulator {
  public:
    Emulator();

    // Runs every sequence. `emulated`, which this resizes, then has the outcomes by slot: JUDGE_NOT_RUN where
    // there is no step, or it was not reached.
    void run(const Batch& batch, std::vector<EmulatedStep>& emulated);

    // Straight code, at an address of the sequence's own: laid out for as many sequences as are wanted, and
    // then run in the sequence's state and memory. `pc` and `memory_hash` of what comes back are those of all
    // of it.
    void lay_out_straight(const JudgeSequence& sequence, std::span<const std::uint32_t> code);
    void finish_layout() { cpu_.invalidate_code(); }
    JudgeReply run_straight(const JudgeSequence& sequence, std::size_t instructions);

  private:
    class NoBus final : public emu::Bus {
      public:
        std::optional<std::uint64_t> read(std::uint64_t address, unsigned size) override;
        bool write(std::uint64_t address, unsigned size, std::uint64_t value) override;
    };
    // An interrupt is always pending, and EL0 masks it: so WFI and WFE do not wait.
    class PendingInterrupt final : public emu::InterruptController {
      public:
        std::optional<Pending> highest_pending() override { return Pending{.intid = 32, .priority = 0}; }
        void acknowledge(std::uint32_t /*intid*/) override {}
        void deactivate(std::uint32_t /*intid*/) override {}
        void send_sgi(std::uint64_t /*value*/) override {}
        void set_timer_output(emu::TimerOutput /*output*/, bool /*level*/) override {}
    };

    template <class T>
    void put(std::uint64_t address, const T& value);
    void map_pages();
    void set_up_system();
    void clear_exclusive_monitor();
    void prepare_memory(const JudgeSequence& sequence);
    void run_sequence(const JudgeSequence& sequence, const Batch& batch, std::vector<EmulatedStep>& emulated);
    JudgeReply run_step(const JudgeState& before, const JudgeStep& step, std::uint64_t slot);
    // From the registers as they are; without the memory's hash.
    JudgeReply run(std::size_t instructions);
    JudgeReply exception_reply() const;
    std::uint64_t memory_hash() const;

    std::vector<std::byte> ram_;
    NoBus bus_;
    PendingInterrupt interrupts_;
    emu::Cpu cpu_;
};

}  // namespace levitate::isa
