#include "traces/compare/aside.hpp"

#include <algorithm>
#include <optional>

#include "traces/abi/syscalls.hpp"

namespace levitate::traces::detail {

bool SetAside::match(TaskPair& pair) {
    if (golden_reads_.empty() != actual_reads_.empty() ||
        golden_signals_.empty() != actual_signals_.empty()) {
        // The other side's next event may be the partner of what waits.
        const bool golden_waits = !golden_reads_.empty() || !golden_signals_.empty();
        Side& late = golden_waits ? pair.actual : pair.golden;
        const bool moved = golden_waits ? put_read(late, actual_reads_) || put_signal(late, actual_signals_)
                                        : put_read(late, golden_reads_) || put_signal(late, golden_signals_);
        if (!moved) {
            return false;
        }
    }
    return match_reads(pair) || match_signals(pair);
}

bool SetAside::put(TaskPair& pair) {
    return put_read(pair.golden, golden_reads_) || put_read(pair.actual, actual_reads_) ||
           put_signal(pair.golden, golden_signals_) || put_signal(pair.actual, actual_signals_);
}

void SetAside::put_read(const TaskPair& pair, Side& side) {
    put_read(side, &side == &pair.golden ? golden_reads_ : actual_reads_);
}

bool SetAside::put_read(Side& side, std::deque<std::size_t>& reads) {
    if (side.ended() || !side.is_free_auxv_read()) {
        return false;
    }
    reads.push_back(side.event_index());
    ++side.next;
    return true;
}

bool SetAside::put_signal(Side& side, std::deque<Handler>& signals) {
    if (side.ended() || !side.is_asynchronous_signal()) {
        return false;
    }
    signals.push_back(take_handler(side));
    return true;
}

SetAside::Handler SetAside::take_handler(Side& side) {
    Handler events;
    int depth = 0;
    do {
        const Event& event = side.event();
        depth += std::holds_alternative<SignalEvent>(event.body) ? 1 : 0;
        depth -= call_of_kind(event, abi::CallKind::SignalReturn) != nullptr ? 1 : 0;
        events.push_back(side.event_index());
        ++side.next;
    } while (depth > 0 && !side.ended());
    return events;
}

bool SetAside::match_reads(const TaskPair& pair) {
    if (golden_reads_.empty() || actual_reads_.empty()) {
        return false;
    }
    const std::size_t golden = golden_reads_.front();
    const std::size_t actual = actual_reads_.front();
    golden_reads_.pop_front();
    actual_reads_.pop_front();
    const auto differences = matcher_.differences(golden, actual);
    if (differences.empty()) {
        matcher_.accept(golden);
        findings_.matched(1);
        return true;
    }
    matcher_.reject();
    report(pair, &golden, &actual, DivergenceKind::Auxv, differences,
           describe(matcher_.golden().trace().events[golden]) + ": auxv differs");
    return true;
}

bool SetAside::match_signals(const TaskPair& pair) {
    if (golden_signals_.empty() || actual_signals_.empty()) {
        return false;
    }
    const Handler golden = golden_signals_.front();
    const Handler actual = actual_signals_.front();
    golden_signals_.pop_front();
    actual_signals_.pop_front();
    compare_handlers(pair, golden, actual);
    return true;
}

void SetAside::compare_handlers(const TaskPair& pair, const Handler& golden, const Handler& actual) {
    for (std::size_t i = 0; i < std::max(golden.size(), actual.size()); ++i) {
        const std::size_t* one = i < golden.size() ? &golden[i] : nullptr;
        const std::size_t* other = i < actual.size() ? &actual[i] : nullptr;
        if (one == nullptr || other == nullptr) {
            report(pair, one, other, DivergenceKind::Signal, {}, "the signal handler did something else");
            return;
        }
        const Event& golden_event = matcher_.golden().trace().events[*one];
        std::vector<FieldDifference> differences;
        const bool same = same_identity(golden_event, matcher_.actual().trace().events[*other]);
        if (same) {
            differences = matcher_.differences(*one, *other);
        }
        if (!same || !differences.empty()) {
            matcher_.reject();
            report(pair, one, other, DivergenceKind::Signal, differences,
                   "in a signal handler, " + describe(golden_event) + " differs");
            return;
        }
        matcher_.accept(*one);
        findings_.matched(1);
    }
    matcher_.note("signals that came at another point");
}

void SetAside::finish(const TaskPair& pair, Range usual_reads) {
    // If the signal that ends the task can come at any point, the last reads may be missing.
    const bool usual = pair.actual.killed_anywhere ||
                       usual_reads.contains(count_auxv_reads(*pair.actual.index, *pair.actual.task));
    if (!golden_reads_.empty() && !usual) {
        report(pair, &golden_reads_.front(), nullptr, DivergenceKind::Auxv, {},
               describe(matcher_.golden().trace().events[golden_reads_.front()]) + " is missing");
    } else if (!actual_reads_.empty() && !usual) {
        report(pair, nullptr, &actual_reads_.front(), DivergenceKind::Auxv, {},
               describe(matcher_.actual().trace().events[actual_reads_.front()]) +
                   " is not in the golden recording");
    }
    for (const Handler& handler : golden_signals_) {
        report(pair, handler.data(), nullptr, DivergenceKind::Signal, {},
               describe(matcher_.golden().trace().events[handler.front()]) + " was not delivered");
    }
    for (const Handler& handler : actual_signals_) {
        report(
            pair, nullptr, handler.data(), DivergenceKind::Signal, {},
            describe(matcher_.actual().trace().events[handler.front()]) + " is not in the golden recording");
    }
    forget();
}

void SetAside::forget() {
    golden_reads_.clear();
    actual_reads_.clear();
    golden_signals_.clear();
    actual_signals_.clear();
}

void SetAside::report(const TaskPair& pair, const std::size_t* golden, const std::size_t* actual,
                      DivergenceKind kind, const std::vector<FieldDifference>& differences,
                      std::string message) {
    const auto at = [](const std::size_t* event) {
        return event != nullptr ? std::optional(*event) : std::nullopt;
    };
    findings_.report(kind, pair.golden.task->number, at(golden), at(actual), differences, std::move(message));
}

}  // namespace levitate::traces::detail
