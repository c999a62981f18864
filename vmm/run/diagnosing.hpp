// What a session finds out about a guest that goes wrong, while it runs and when it has ended.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "vmm/diagnosis/kernel_symbols.hpp"
#include "vmm/diagnosis/loop_watch.hpp"
#include "vmm/diagnosis/report.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/run/pacing.hpp"
#include "vmm/run/run.hpp"
#include "vmm/run/silence.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

class Diagnosing {
  public:
    Diagnosing(Engine& engine, const Workload& workload, const RunHooks& hooks, KernelSymbols symbols)
        : engine_(engine), workload_(workload), hooks_(hooks), symbols_(std::move(symbols)), watch_(engine) {}

    // A person who debugs the guest can change what a loop depends on, and knows where the guest is.
    void leave_to_debugger() { is_left_ = true; }

    // To be called at each look of the session, with how long the guest has waited for us since the last one.
    // May let the engine execute up to `instructions`; an exit is to be handled as one of Engine::run().
    std::optional<Exit> look(std::uint64_t instructions, const Pacing& pacing,
                             std::chrono::nanoseconds waited);

    // The CPU waits, and nothing will wake it.
    void note_idle() { is_idle_ = true; }

    // Empty, or what is to end the run: the guest is in a loop that nothing can end.
    std::string end() const;
    // What became of the guest, for people; several lines.
    std::string report(std::span<const std::string> unanswered, TaskName task_name) const;

  private:
    static constexpr std::size_t kSamples = 64;

    Engine& engine_;
    const Workload& workload_;
    const RunHooks& hooks_;
    KernelSymbols symbols_;
    LoopWatch watch_;
    Silence silence_{Silence::Clock::now()};
    std::optional<EndlessLoop> loop_;
    std::array<std::uint64_t, kSamples> samples_{};  // addresses in the kernel, at the last looks
    std::size_t sample_count_ = 0;
    bool is_left_ = false;
    bool is_idle_ = false;
};

}  // namespace levitate::vmm
