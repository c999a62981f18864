// A trace file: read, shown, written again, and compared with itself and with what is left of it without its
// last event.
#include <string>

#include "tests/fuzz/input.hpp"
#include "traces/compare/compare.hpp"
#include "traces/export/strace.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/reader.hpp"

namespace levitate::fuzz {
namespace {

std::string lines_of(const traces::Trace& trace) {
    std::string text = header_line(trace.header) + "\n";
    for (const traces::Event& event : trace.events) {
        text += event_line(event) + "\n";
    }
    return text + traces::footer_line({.events = trace.events.size(), .incomplete = trace.incomplete}) + "\n";
}

void examine(std::string_view text) {
    const auto trace = traces::parse_trace(text, "input");
    if (!trace.has_value()) {
        require(trace.error().message.starts_with("input:"), "an error names the file");
        return;
    }
    const std::string written = lines_of(*trace);
    const auto again = traces::parse_trace(written, "written");
    require(again.has_value(), "what was read can be written and read again");
    require(lines_of(*again) == written, "the same trace gives the same bytes");
    for (std::size_t event = 0; event < trace->events.size(); ++event) {
        static_cast<void>(strace_line(*trace, event));
    }
    const traces::Comparison same = traces::compare({&*trace, 1}, *again);
    require(same.verdict == traces::Verdict::Identical || !trace->incomplete.empty(),
            "a whole trace is identical to itself");
    if (!trace->events.empty()) {
        traces::Trace shorter = *trace;
        shorter.events.pop_back();
        static_cast<void>(traces::compare({&*trace, 1}, shorter));
        static_cast<void>(traces::compare({&shorter, 1}, *trace));
    }
}

}  // namespace
}  // namespace levitate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    levitate::fuzz::examine(levitate::fuzz::as_text({data, size}));
    return 0;
}
