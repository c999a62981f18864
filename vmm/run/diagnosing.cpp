#include "vmm/run/diagnosing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {

std::optional<Exit> Diagnosing::look(std::uint64_t instructions, const Pacing& pacing,
                                     std::chrono::nanoseconds waited) {
    if (is_left_) {
        return std::nullopt;
    }
    if (!is_at_el0(engine_.registers().pstate)) {
        samples_[sample_count_++ % kSamples] = value(engine_.program_counter());
    }
    silence_.forgive(waited);
    const auto quiet = silence_.look(workload_.received() + engine_.call_count(), Silence::Clock::now());
    if (quiet && hooks_.on_silence) {
        hooks_.on_silence(fmt::format("nothing heard of the guest for {} s: it is at {}", quiet->count(),
                                      describe_place(engine_, symbols_)));
    }
    LoopWatch::Look found = watch_.look(instructions, pacing.input_may_come());
    loop_ = std::move(found.loop);
    return found.exit;
}

std::string Diagnosing::end() const {
    return loop_ ? describe_end(*loop_, engine_, symbols_) : std::string{};
}

std::string Diagnosing::report(std::span<const std::string> unanswered, TaskName task_name) const {
    std::map<std::uint64_t, std::size_t> seen_at;
    for (std::size_t i = 0; i < std::min(sample_count_, kSamples); ++i) {
        ++seen_at[samples_[i]];
    }
    return describe(
        {.engine = engine_,
         .symbols = symbols_,
         .console = hooks_.console_is_shown ? std::nullopt : std::optional{workload_.log().text()},
         .access = unanswered,
         .loop = loop_,
         .is_idle = is_idle_,
         .seen_at = std::move(seen_at),
         .task_name = std::move(task_name)});
}

}  // namespace levitate::vmm
