// One task's place in a trace, and what of its next event a schedule decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// nullptr where the event is no call.
const SyscallEvent* call_of(const Event& event);

// The rule of the call's row, or of its command's.
abi::CallKind call_kind(const SyscallEvent& call);

// Results that a schedule brings about. Any other error is the kernel's word on the arguments, and exact.
bool ordinary_result(const SyscallEvent& call);

// A signal that comes when it comes: not the program's own fault, and not one that it has just sent itself.
bool is_asynchronous(const SignalEvent& signal, const Event* before);

// The events of one task of a pair and how far each side has come.
struct Side {
    const TraceIndex* index = nullptr;
    const TaskView* task = nullptr;
    std::size_t next = 0;
    // Asynchronous signals, with what their handlers did, that the other side has not had yet: indices of
    // events.
    std::deque<std::vector<std::size_t>> waiting;
    // The same for reads of the auxiliary vector.
    std::deque<std::size_t> auxv_reads;

    bool ended() const { return next >= task->events.size(); }
    std::size_t remaining() const { return task->events.size() - next; }
    std::size_t event_index() const { return task->events[next]; }
    const Event& event() const { return index->trace().events[event_index()]; }
    const Event* before() const {
        return next > 0 ? &index->trace().events[task->events[next - 1]] : nullptr;
    }
    bool concurrent() const { return index->note(event_index()).concurrent; }
    // A thread's last wake comes after its last event, so that its joiner may wait although it runs alone by
    // then.
    bool concurrent(const SyscallEvent& call) const;
};

struct TaskPair {
    Side golden;
    Side actual;
    bool done = false;
};

// One run of reads or writes of one descriptor.
struct Run {
    std::size_t events = 0;
    std::vector<std::byte> bytes;
    std::int64_t last_result = 0;
};

}  // namespace levitate::traces::detail
