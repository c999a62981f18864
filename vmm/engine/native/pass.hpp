// One recording of a program by ptrace, which also serves its standard streams.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/engine/native/launch.hpp"
#include "vmm/engine/native/tracing.hpp"
#include "vmm/error.hpp"

namespace levitate::vmm::native {

struct PassSpec {
    Program program;
    // Absent: our own standard input is passed on as it arrives.
    std::optional<std::vector<std::byte>> input;
    std::chrono::milliseconds timeout{0};  // 0: none
};

struct PassResult {
    traces::OutcomeEvent outcome;
    std::vector<std::byte> input;  // what the program's standard input took
    std::string incomplete;        // why the program did not run to its end; empty if it did
};

// Called with what the program writes, as it comes.
using OutputListener = std::function<void(int fd, std::span<const std::byte> bytes)>;

// Runs the program to its end, or to the time limit. Events go to `sink`, which has been ended
// (EventSink::end) when this returns, even with an error. `listener` may be empty. Blocks SIGCHLD in the
// calling thread, which must be the only one that has children.
Result<PassResult> record_pass(const PassSpec& spec, Pass pass, const traces::Header& header,
                               traces::EventSink& sink, const OutputListener& listener);

}  // namespace levitate::vmm::native
