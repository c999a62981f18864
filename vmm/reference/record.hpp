// A reference: what real Linux does with a program, recorded on our own machine where there is no golden.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// A schedule of a reference: the seed of the jumps of time, and whether a task that is woken waits for its
// turn (SCHED_BATCH). Linux's default is that it takes the CPU at once from a task that has run for long;
// that depends on how long a program's instructions take, and jumps of time alone never show the other order.
struct ReferenceSchedule {
    std::uint64_t seed = 0;
    bool batch = false;
};

// Two recordings show what varies with time alone. Where tasks run beside one another, or the two differ, all
// are made: with four seeds, other schedules of a correct kernel were not called divergent.
inline constexpr std::array<ReferenceSchedule, 6> kReferenceSchedules{
    {{0, false}, {1, false}, {2, true}, {3, false}, {4, true}, {5, false}}};
inline constexpr std::size_t kFewRecordings = 2;

// The run of the same program on the reference's kernel: what describes the program is kept, what describes
// the kernel under test is not. The memory stays, because a program can ask for its size.
RunSpec reference_spec(const RunSpec& spec, const std::filesystem::path& kernel);

// Called, from one thread at a time, before each recording that is begun: its number, and how many there will
// be as far as is known.
using RecordingProgress = std::function<void(std::size_t number, std::size_t of)>;

// Precondition: reference_spec() made `spec`, and its stdin_bytes are set. Recordings are made side by side,
// one on each processor. Error: the kernel could not execute the program, or did not bring it to its end.
Result<std::vector<traces::Trace>> record_reference(const RunSpec& spec, const RecordingProgress& progress);

}  // namespace levitate::vmm
