#include "vmm/engine/native/merge.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "traces/abi/constants.hpp"
#include "vmm/tracer/initial_stack.hpp"

namespace levitate::vmm::native {
namespace {

using Auxv = std::vector<traces::AuxvEntry>;

// Which vector each task was given: that of its last exec, or its parent's.
class Vectors {
  public:
    // To be called with each event in order.
    void follow(const traces::Event& event) {
        if (const auto* const exec = std::get_if<traces::ExecEvent>(&event.body)) {
            of_task_[event.task] = exec->auxv;
        } else if (const auto* const start = std::get_if<traces::TaskStartEvent>(&event.body)) {
            of_task_[event.task] = of_task_[start->parent];
        }
    }
    const Auxv& of(traces::TaskNumber task) { return of_task_[task]; }

  private:
    std::map<traces::TaskNumber, Auxv> of_task_;
};

struct Read {
    traces::Event event;
    Auxv vector;  // that was read
};

// A task's auxv reads by the number of other events that came before them.
using ReadsByPosition = std::multimap<std::uint64_t, Read>;

std::map<traces::TaskNumber, ReadsByPosition> collect_reads(const traces::Trace& trace) {
    std::map<traces::TaskNumber, ReadsByPosition> reads;
    std::map<traces::TaskNumber, std::uint64_t> others;
    Vectors vectors;
    for (const traces::Event& event : trace.events) {
        vectors.follow(event);
        if (std::holds_alternative<traces::AuxvReadEvent>(event.body)) {
            reads[event.task].emplace(others[event.task],
                                      Read{.event = event, .vector = vectors.of(event.task)});
        } else {
            ++others[event.task];
        }
    }
    return reads;
}

// How far what stands near `pc` lies from where it lay: the program moves with AT_ENTRY, and all that is in
// the mmap area, interpreter, libraries and vDSO, moves as one with the vDSO (Linux mm/util.c, mmap_base).
std::uint64_t distance_moved(std::uint64_t pc, const Auxv& from, const Auxv& to) {
    std::uint64_t moved = 0;
    std::uint64_t nearest = std::numeric_limits<std::uint64_t>::max();
    for (const std::int64_t anchor :
         {traces::abi::constant("AT_ENTRY"), traces::abi::constant("AT_SYSINFO_EHDR")}) {
        const auto type = static_cast<std::uint64_t>(anchor);
        const auto before = auxv_value(from, type);
        const auto after = auxv_value(to, type);
        if (!before || !after) {
            continue;
        }
        const std::uint64_t distance = std::max(pc, *before) - std::min(pc, *before);
        if (distance < nearest) {
            nearest = distance;
            moved = *after - *before;
        }
    }
    return moved;
}

// The read as it would have been of the vector `to`.
traces::Event translate(Read read, const Auxv& to) {
    auto& body = std::get<traces::AuxvReadEvent>(read.event.body);
    body.value = auxv_value(to, body.type).value_or(body.value);
    body.pc += distance_moved(body.pc, read.vector, to);
    return read.event;
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
    Vectors vectors;
    std::vector<traces::Event> merged;
    for (traces::Event& event : calls.events) {
        ReadsByPosition& of_task = reads[event.task];
        const auto here = of_task.equal_range(position[event.task]++);
        std::transform(here.first, here.second, std::back_inserter(merged),
                       [&](const auto& read) { return translate(read.second, vectors.of(event.task)); });
        of_task.erase(here.first, here.second);
        vectors.follow(event);
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
