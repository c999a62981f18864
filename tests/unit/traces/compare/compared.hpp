// Programs as traces for tests of the comparator, and what changes and judges them.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "traces/compare/compare.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::test {

// A single-threaded program: start-up, a file, output, end.
Trace simple_program(std::int64_t pid = 100, std::uint64_t inode = 7);

// How a run of threaded_program came about.
struct ThreadedOptions {
    bool main_waits = true;
    std::int64_t wake_count = 1;
    std::uint64_t stack = 0x7ffff7a00000;
    bool child_first = false;
    std::int64_t tid = 101;
    std::int64_t wait_result = 0;
};

// A program with one thread, whose end it waits for.
Trace threaded_program(const ThreadedOptions& options = {});

// Where the call of that name stands among the events; `nth` counts from 0. Without such a call the test
// fails.
std::size_t index_of(const Trace& trace, std::string_view name, std::size_t nth = 0);

inline SyscallEvent& call_at(Trace& trace, std::string_view name, std::size_t nth = 0) {
    return std::get<SyscallEvent>(trace.events[index_of(trace, name, nth)].body);
}

template <typename T>
T& first_of(Trace& trace) {
    for (Event& event : trace.events) {
        if (auto* body = std::get_if<T>(&event.body)) {
            return *body;
        }
    }
    throw std::logic_error("no such event");
}

inline void erase_call(Trace& trace, std::string_view name, std::size_t nth = 0) {
    trace.events.erase(trace.events.begin() + static_cast<std::ptrdiff_t>(index_of(trace, name, nth)));
}

template <typename T>
void erase_first(Trace& trace) {
    trace.events.erase(
        std::ranges::find_if(trace.events, [](const Event& e) { return std::holds_alternative<T>(e.body); }));
}

inline Comparison compare_one(const Trace& golden, const Trace& actual) {
    return compare(std::span(&golden, 1), actual);
}

inline Verdict verdict_of(const Trace& golden, const Trace& actual) {
    return compare_one(golden, actual).verdict;
}

// The test fails where there is none.
inline Divergence divergence_of(const Comparison& result) {
    if (result.divergences.empty()) {
        throw std::logic_error("no divergence");
    }
    return result.divergences.front();
}

// Nothing where they do not diverge.
inline std::optional<DivergenceKind> kind_of(const Trace& golden, const Trace& actual) {
    const Comparison result = compare_one(golden, actual);
    return result.first() != nullptr ? std::optional(result.first()->kind) : std::nullopt;
}

inline std::string told(const Comparison& result) {
    return result.first() != nullptr ? result.first()->message : "no divergence";
}

}  // namespace levitate::traces::test
