#include "vmm/engine/native/recording.hpp"

#include <sys/utsname.h>

#include <cstdint>
#include <fstream>
#include <ios>
#include <sstream>

#include "traces/format/sinks.hpp"
#include "vmm/engine/native/merge.hpp"

namespace levitate::vmm::native {

Result<PassResult> record_program(const PassSpec& spec, const traces::Header& header, traces::EventSink& sink,
                                  const OutputListener& listener) {
    traces::TraceCollector calls;
    auto result = record_pass(spec, Pass::Calls, header, calls, listener);
    if (!result || !result->incomplete.empty()) {
        replay_into(calls.trace(), sink);
        return result;
    }
    PassSpec again = spec;
    again.input = result->input;
    traces::TraceCollector auxv_reads;
    const auto second = record_pass(again, Pass::AuxvReads, header, auxv_reads, {});
    traces::Trace merged = merge_auxv_reads(calls.trace(), auxv_reads.trace());
    if (!second) {
        merged.incomplete = "reads of the auxiliary vector: " + second.error().message;
    } else if (!second->incomplete.empty()) {
        merged.incomplete = "reads of the auxiliary vector: " + second->incomplete;
    }
    result->incomplete = merged.incomplete;
    replay_into(merged, sink);
    return result;
}

std::string kernel_description() {
    utsname names{};
    ::uname(&names);
    return std::string(names.sysname) + " " + names.release + " " + names.version;
}

std::string cpu_description() {
    // MIDR_EL1: implementer in bits 31:24, part number in bits 15:4 (Arm ARM D17.2.100).
    constexpr std::uint64_t kImplementerAndPart = 0xff00fff0;
    constexpr std::uint64_t kNeoverseN1 = 0x4100d0c0;
    std::ifstream file("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1");
    std::uint64_t midr = 0;
    if (!(file >> std::hex >> midr)) {
        return "unknown";
    }
    if ((midr & kImplementerAndPart) == kNeoverseN1) {
        return "Neoverse N1";
    }
    std::ostringstream text;
    text << "MIDR_EL1 0x" << std::hex << midr;
    return text.str();
}

}  // namespace levitate::vmm::native
