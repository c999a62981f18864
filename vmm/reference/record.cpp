#include "vmm/reference/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <variant>

#include "traces/compare/compare.hpp"
#include "traces/format/sinks.hpp"
#include "vmm/run/ignore_sigpipe.hpp"

namespace levitate::vmm {
namespace {

// A program that does not end has no reference. Linux alone takes 900 million instructions to boot, so limits
// that suit the kernel under test may be too low for it.
constexpr std::uint64_t kLeastInstructionLimit = 8'000'000'000;
constexpr std::chrono::milliseconds kLeastTimeout{600'000};

Result<traces::Trace> record_once(RunSpec spec, const ReferenceSchedule& schedule) {
    spec.schedule_seed = schedule.seed;
    spec.batch = schedule.batch;
    traces::TraceCollector collector;
    RunHooks hooks;
    hooks.sink = &collector;
    hooks.capture_output = true;
    auto outcome = run(spec, hooks);
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    if (!outcome->incomplete.empty()) {
        return failure(Error::Kind::Harness,
                       fmt::format("{}: no reference: on real Linux the run did not end by itself: {}",
                                   spec.program.string(), outcome->incomplete));
    }
    return collector.take();
}

// Records under each of the schedules, as many at once as there are processors.
class SideBySide {
  public:
    SideBySide(const RunSpec& spec, std::span<const ReferenceSchedule> schedules,
               std::function<void(std::size_t)> begun)
        : spec_(spec), schedules_(schedules), begun_(std::move(begun)), results_(schedules.size()) {}

    Result<void> record_into(std::vector<traces::Trace>& recordings) {
        // Each run ignores SIGPIPE and restores what was before, which is the same for all of them while this
        // lives.
        const IgnoreSigpipe ignore_sigpipe;
        {
            std::vector<std::jthread> workers;
            const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
            for (std::size_t i = 0; i < std::min(processors, schedules_.size()); ++i) {
                workers.emplace_back([this] { work(); });
            }
        }
        for (Result<traces::Trace>& result : results_) {
            if (!result) {
                return std::unexpected(std::move(result.error()));
            }
            recordings.push_back(std::move(*result));
        }
        return {};
    }

  private:
    void work() {
        for (std::size_t i = next_++; i < schedules_.size(); i = next_++) {
            {
                const std::scoped_lock lock(mutex_);
                begun_(i);
            }
            results_[i] = record_once(spec_, schedules_[i]);
        }
    }

    const RunSpec& spec_;
    std::span<const ReferenceSchedule> schedules_;
    std::function<void(std::size_t)> begun_;
    std::vector<Result<traces::Trace>> results_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
};

bool has_several_tasks(const traces::Trace& trace) {
    return std::ranges::count_if(trace.events, [](const traces::Event& event) {
               return std::holds_alternative<traces::TaskStartEvent>(event.body);
           }) > 1;
}

// Whether the few recordings cannot stand for all schedules.
bool depends_on_schedule(std::span<const traces::Trace> recordings) {
    return has_several_tasks(recordings.front()) ||
           traces::compare(recordings.first(1), recordings.back(), traces::Extent::First).first() != nullptr;
}

}  // namespace

RunSpec reference_spec(const RunSpec& spec, const std::filesystem::path& kernel) {
    RunSpec reference;
    reference.program = spec.program;
    reference.guest_program = spec.guest_program;
    reference.argv = spec.argv;
    reference.envp = spec.envp;
    reference.cwd = spec.cwd;
    reference.files = spec.files;
    reference.roots = spec.roots;
    reference.sysroots = spec.sysroots;
    reference.stdin_bytes = spec.stdin_bytes;
    reference.randomize_addresses = spec.randomize_addresses;
    reference.seed = spec.seed;
    reference.memory_bytes = spec.memory_bytes;
    reference.init = spec.init;
    reference.snapshots = spec.snapshots;
    if (spec.init_mode == InitMode::Direct) {
        reference.init_mode = InitMode::Direct;
        reference.init_paths = spec.init_paths;
    }
    reference.timeout = std::max(spec.timeout, kLeastTimeout);
    reference.instruction_limit = std::max(spec.instruction_limit, kLeastInstructionLimit);
    reference.engine = EngineKind::Emu;
    reference.kernel = kernel;
    return reference;
}

Result<std::vector<traces::Trace>> record_reference(const RunSpec& spec, const RecordingProgress& progress) {
    const std::span schedules{kReferenceSchedules};
    std::vector<traces::Trace> recordings;
    const auto record = [&](std::span<const ReferenceSchedule> more, std::size_t total) {
        const std::size_t before = recordings.size();
        SideBySide side_by_side{spec, more, [&](std::size_t i) { progress(before + i + 1, total); }};
        return side_by_side.record_into(recordings);
    };
    if (auto recorded = record(schedules.first(kFewRecordings), kFewRecordings); !recorded) {
        return std::unexpected(std::move(recorded.error()));
    }
    if (depends_on_schedule(recordings)) {
        if (auto recorded = record(schedules.subspan(kFewRecordings), schedules.size()); !recorded) {
            return std::unexpected(std::move(recorded.error()));
        }
    }
    return recordings;
}

}  // namespace levitate::vmm
