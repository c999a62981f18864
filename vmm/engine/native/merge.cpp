#include "vmm/engine/native/merge.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace levitate::vmm::native {
namespace {

// A task's auxv reads by the number of other events that came before them.
using ReadsByPosition = std::multimap<std::uint64_t, traces::Event>;

std::map<traces::TaskNumber, ReadsByPosition> collect_reads(const traces::Trace& trace) {
    std::map<traces::TaskNumber, ReadsByPosition> reads;
    std::map<traces::TaskNumber, std::uint64_t> others;
    for (const traces::Event& event : trace.events) {
        if (std::holds_alternative<traces::AuxvReadEvent>(event.body)) {
            reads[event.task].emplace(others[event.task], event);
        } else {
            ++others[event.task];
        }
    }
    return reads;
}

void number(std::vector<traces::Event>& events) {
    std::map<traces::TaskNumber, std::uint64_t> next_index;
    std::uint64_t next_order = 0;
    for (traces::Event& event : events) {
        event.index = next_index[event.task]++;
        event.order = next_order++;
    }
}

}  // namespace

traces::Trace merge_auxv_reads(traces::Trace calls, const traces::Trace& auxv_reads) {
    auto reads = collect_reads(auxv_reads);
    std::map<traces::TaskNumber, std::uint64_t> position;
    std::vector<traces::Event> merged;
    for (traces::Event& event : calls.events) {
        ReadsByPosition& of_task = reads[event.task];
        const auto here = of_task.equal_range(position[event.task]++);
        std::transform(here.first, here.second, std::back_inserter(merged),
                       [](const auto& read) { return read.second; });
        of_task.erase(here.first, here.second);
        merged.push_back(std::move(event));
    }
    number(merged);
    calls.events = std::move(merged);
    return calls;
}

void replay_into(const traces::Trace& trace, traces::EventSink& sink) {
    sink.begin(trace.header);
    for (const traces::Event& event : trace.events) {
        sink.event(event);
    }
    sink.end(trace.incomplete);
}

}  // namespace levitate::vmm::native
