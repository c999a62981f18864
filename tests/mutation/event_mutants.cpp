// Mutants that change which events there are, and in which order.
#include <algorithm>

#include "tests/mutation/edit.hpp"
#include "tests/mutation/mutants.hpp"
#include "tests/mutation/places.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

// A task's first and last events, and the trace's last, have to be just that: anything else is damage.
bool has_a_fixed_place(const Event& event) {
    return std::holds_alternative<TaskStartEvent>(event.body) ||
           std::holds_alternative<TaskEndEvent>(event.body) ||
           std::holds_alternative<OutcomeEvent>(event.body);
}

// What differs in the order of completion alone is the same trace.
bool same_body(const Event& one, const Event& other) {
    const auto* call = std::get_if<SyscallEvent>(&one.body);
    const auto* other_call = std::get_if<SyscallEvent>(&other.body);
    if (call != nullptr && other_call != nullptr) {
        // Registers that are no arguments of the call hold what they happen to hold.
        const abi::SyscallRow* row = abi::find_syscall(call->number, call->arguments);
        const std::size_t count = row != nullptr ? row->argument_count : call->arguments.size();
        return call->number == other_call->number &&
               std::equal(call->arguments.begin(),
                          call->arguments.begin() + static_cast<std::ptrdiff_t>(count),
                          other_call->arguments.begin()) &&
               call->result == other_call->result && call->payloads == other_call->payloads;
    }
    const auto* function = std::get_if<VdsoCallEvent>(&one.body);
    const auto* other_function = std::get_if<VdsoCallEvent>(&other.body);
    if (function != nullptr && other_function != nullptr) {
        return function->symbol == other_function->symbol &&
               function->arguments == other_function->arguments &&
               function->result == other_function->result && function->payloads == other_function->payloads;
    }
    const auto* read = std::get_if<AuxvReadEvent>(&one.body);
    const auto* other_read = std::get_if<AuxvReadEvent>(&other.body);
    return read != nullptr && other_read != nullptr && read->type == other_read->type &&
           read->value == other_read->value && read->offset == other_read->offset &&
           read->size == other_read->size;
}

}  // namespace

void add_event_mutants(const Trace& trace, std::vector<Mutant>& mutants) {
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        const Event& event = trace.events[i];
        const std::string owner = label_of(event);
        if (!std::holds_alternative<TaskStartEvent>(event.body)) {
            mutants.push_back(
                {{owner, "", "deleted"}, i, "", [i](Trace& changed) { erase_event(changed, i); }});
        }
        if (has_a_fixed_place(event)) {
            continue;
        }
        mutants.push_back({{owner, "", "doubled"}, i, "", [i](Trace& changed) { double_event(changed, i); }});
        const auto next = next_of_task(trace, i);
        if (next && !has_a_fixed_place(trace.events[*next]) && !same_body(event, trace.events[*next])) {
            mutants.push_back({{owner, "", "swapped"},
                               i,
                               "with " + label_of(trace.events[*next]),
                               [i, next = *next](Trace& changed) { swap_events(changed, i, next); }});
        }
    }
}

}  // namespace levitate::traces::mutation
