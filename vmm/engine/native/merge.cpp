#include "vmm/engine/native/merge.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <vector>

#include "traces/abi/constants.hpp"
#include "traces/compare/common_subsequence.hpp"
#include "vmm/tracer/initial_stack.hpp"

namespace levitate::vmm::native {
namespace {

using Auxv = std::vector<traces::AuxvEntry>;

// Knows which vector each task was given: that of its last exec, or its parent's.
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

// What a task has done, with its auxv reads separate from the rest.
struct TaskEvents {
    struct ReadAt {
        std::size_t position = 0;  // how many other events came before it
        Read read;
    };
    std::vector<ReadAt> reads;
    // What all the other events did, without their values.
    std::vector<std::uint64_t> others;
};

std::uint64_t kind_of(const traces::Event& event) {
    constexpr std::uint64_t kMostCalls = 1U << 16;
    const auto* const call = std::get_if<traces::SyscallEvent>(&event.body);
    return call != nullptr ? call->number % kMostCalls : kMostCalls + event.body.index();
}

std::map<traces::TaskNumber, TaskEvents> tasks_of(const traces::Trace& trace) {
    std::map<traces::TaskNumber, TaskEvents> tasks;
    Vectors vectors;
    for (const traces::Event& event : trace.events) {
        vectors.follow(event);
        TaskEvents& task = tasks[event.task];
        if (std::holds_alternative<traces::AuxvReadEvent>(event.body)) {
            task.reads.push_back(
                {.position = task.others.size(), .read = {.event = event, .vector = vectors.of(event.task)}});
        } else {
            task.others.push_back(kind_of(event));
        }
    }
    return tasks;
}

// Finds where in `calls` the reads belong: before the event that they preceded, or else behind the one that
// they followed, if both recordings have that event. That the task ended does not count as such an event:
// another task may have ended it early in one of the recordings.
void move_reads(TaskEvents& reads, const std::vector<std::uint64_t>& calls) {
    constexpr std::size_t kMostCells = std::size_t{1} << 24;
    const auto common = traces::common_subsequence(calls, reads.others, kMostCells);
    if (!common) {
        return;
    }
    auto next = common->begin();
    for (auto& [position, read] : reads.reads) {
        next = std::find_if(next, common->end(), [&](const auto& both) { return both.other >= position; });
        const bool has_next = next != common->end() && next->other == position;
        if (has_next && position + 1 < reads.others.size()) {
            position = next->one;
        } else if (next != common->begin() && std::prev(next)->other + 1 == position) {
            position = std::prev(next)->one + 1;
        } else {
            position = next != common->end() ? next->one : calls.size();
        }
        position = std::min(position, calls.empty() ? 0 : calls.size() - 1);
    }
}

// How far what stands near `pc` has moved between the recordings. The program moves with AT_ENTRY; everything
// in the mmap area (interpreter, libraries and vDSO) moves together with the vDSO (Linux mm/util.c,
// mmap_base).
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

// The read as it would have been if it had read the vector `to`.
traces::Event translate(Read read, const Auxv& to) {
    auto& body = std::get<traces::AuxvReadEvent>(read.event.body);
    body.value = auxv_value(to, body.type).value_or(body.value);
    body.pc += distance_moved(body.pc, read.vector, to);
    return read.event;
}

// One number of the order: that of an event, or of the entry of the call that the event is about.
struct Tick {
    traces::Event* event = nullptr;
    bool is_entry = false;
    std::uint64_t order() const {
        return is_entry ? std::get<traces::SyscallEvent>(event->body).entry_order : event->order;
    }
    std::uint64_t time() const {
        return is_entry ? std::get<traces::SyscallEvent>(event->body).entry_time : event->time;
    }
};

// The ticks of all events, in the order in which things happened.
std::vector<Tick> ticks_of(std::vector<traces::Event>& events) {
    std::vector<Tick> ticks;
    for (traces::Event& event : events) {
        if (std::holds_alternative<traces::SyscallEvent>(event.body)) {
            ticks.push_back({.event = &event, .is_entry = true});
        }
        ticks.push_back({.event = &event, .is_entry = false});
    }
    std::ranges::stable_sort(ticks, {}, &Tick::order);
    return ticks;
}

void number(std::vector<traces::Event>& events) {
    std::map<traces::TaskNumber, std::uint64_t> next_index;
    for (traces::Event& event : events) {
        event.index = next_index[event.task]++;
    }
}

// Puts the reads of all tasks between the ticks of the calls, and numbers everything again.
class Merger {
  public:
    explicit Merger(std::map<traces::TaskNumber, TaskEvents>& tasks) : tasks_(tasks) {}

    std::vector<traces::Event> merge(std::vector<traces::Event>& calls) {
        std::vector<traces::Event> merged;
        for (const Tick& tick : ticks_of(calls)) {
            // A read that precedes a call precedes its entry.
            if (tick.is_entry || !std::holds_alternative<traces::SyscallEvent>(tick.event->body)) {
                add_reads(tick.event->task, merged);
            }
            time_ = tick.time();
            if (tick.is_entry) {
                std::get<traces::SyscallEvent>(tick.event->body).entry_order = next_order_++;
                continue;
            }
            tick.event->order = next_order_++;
            vectors_.follow(*tick.event);
            merged.push_back(std::move(*tick.event));
        }
        number(merged);
        return merged;
    }

  private:
    // Adds the reads that come before the task's next event. They get the time of what happened last.
    void add_reads(traces::TaskNumber task, std::vector<traces::Event>& merged) {
        const auto& reads = tasks_[task].reads;
        std::size_t& next = next_read_[task];
        for (; next < reads.size() && reads[next].position <= position_[task]; ++next) {
            merged.push_back(translate(reads[next].read, vectors_.of(task)));
            merged.back().order = next_order_++;
            merged.back().time = time_;
        }
        ++position_[task];
    }

    std::map<traces::TaskNumber, TaskEvents>& tasks_;
    std::map<traces::TaskNumber, std::size_t> position_;
    std::map<traces::TaskNumber, std::size_t> next_read_;
    Vectors vectors_;
    std::uint64_t next_order_ = 0;
    std::uint64_t time_ = 0;
};

}  // namespace

traces::Trace merge_auxv_reads(traces::Trace calls, const traces::Trace& auxv_reads) {
    auto tasks = tasks_of(auxv_reads);
    for (const auto& [number, task] : tasks_of(calls)) {
        move_reads(tasks[number], task.others);
    }
    calls.events = Merger(tasks).merge(calls.events);
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
