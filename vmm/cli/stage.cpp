#include "vmm/cli/stage.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>

#include "traces/abi/syscalls.hpp"

namespace levitate::vmm::cli {
namespace {

using traces::DivergenceKind;
using traces::abi::CallKind;

bool is_end(const traces::Event& event) {
    if (const auto* const call = std::get_if<traces::SyscallEvent>(&event.body)) {
        const auto* const row = traces::abi::find_syscall(call->number);
        return row != nullptr && (row->kind == CallKind::Exit || row->kind == CallKind::ExitGroup);
    }
    return std::holds_alternative<traces::TaskEndEvent>(event.body) ||
           std::holds_alternative<traces::OutcomeEvent>(event.body);
}

// When an event was begun.
std::uint64_t start_of(const traces::Event& event) {
    const auto* const call = std::get_if<traces::SyscallEvent>(&event.body);
    return call != nullptr ? call->entry_order : event.order;
}

class Stages {
  public:
    Stages(const traces::Trace& golden, const traces::Trace& actual, const MainSpan& span)
        : golden_(golden),
          actual_(actual),
          span_(span),
          before_main_(first_task_events_before(span.begin)),
          before_end_(first_task_events_before(span.end)) {}

    Stage next(const traces::Divergence& divergence) {
        const Stage stage = stage_of(divergence);
        // Calls that are missing move what comes after them in the golden recording away from its
        // counterpart.
        if (divergence.task == kFirstTask) {
            const auto count = static_cast<std::int64_t>(divergence.count);
            shift_ += divergence.kind == DivergenceKind::MissingCall ? count : 0;
            shift_ -= divergence.kind == DivergenceKind::ExtraCall ? count : 0;
        }
        return stage;
    }

  private:
    // How many events of the first task come before this place in the actual trace; nullopt: all.
    std::optional<std::int64_t> first_task_events_before(std::optional<std::uint64_t> place) const {
        if (!place) {
            return std::nullopt;
        }
        return std::ranges::count_if(actual_.events, [&](const traces::Event& event) {
            return event.task == kFirstTask && event.order < *place;
        });
    }

    Stage stage_of(const traces::Divergence& divergence) const {
        if (divergence.kind == DivergenceKind::Exit) {
            return Stage::AtExit;
        }
        if (divergence.actual_event) {
            return stage_in_actual(actual_.events[*divergence.actual_event]);
        }
        return divergence.golden_event ? stage_in_golden(golden_.events[*divergence.golden_event])
                                       : Stage::Unknown;
    }

    Stage stage_in_actual(const traces::Event& event) const {
        const bool is_output = std::holds_alternative<traces::OutcomeEvent>(event.body);
        if (is_output || event.task != kFirstTask) {
            // What it wrote, and other tasks, come from main, if that is there.
            return !span_.known ? Stage::Unknown : span_.begin ? Stage::InMain : Stage::BeforeMain;
        }
        return stage_at(event, span_.begin && start_of(event) >= *span_.begin,
                        span_.end && start_of(event) >= *span_.end);
    }

    Stage stage_in_golden(const traces::Event& event) const {
        if (event.task != kFirstTask) {
            return span_.known ? Stage::InMain : Stage::Unknown;
        }
        const auto place = static_cast<std::int64_t>(event.index) - shift_;
        return stage_at(event, before_main_ && place >= *before_main_, before_end_ && place >= *before_end_);
    }

    Stage stage_at(const traces::Event& event, bool is_after_begin, bool is_after_end) const {
        if (is_end(event)) {
            return Stage::AtExit;
        }
        if (!span_.known) {
            return Stage::Unknown;
        }
        return is_after_end ? Stage::AtExit : is_after_begin ? Stage::InMain : Stage::BeforeMain;
    }

    const traces::Trace& golden_;
    const traces::Trace& actual_;
    const MainSpan& span_;
    std::optional<std::int64_t> before_main_;
    std::optional<std::int64_t> before_end_;
    std::int64_t shift_ = 0;  // golden events before here that the actual trace lacks
};

}  // namespace

std::vector<Stage> stages_of(std::span<const traces::Divergence> divergences, const traces::Trace& golden,
                             const traces::Trace& actual, const MainSpan& span) {
    Stages stages{golden, actual, span};
    std::vector<Stage> found;
    for (const traces::Divergence& divergence : divergences) {
        found.push_back(stages.next(divergence));
    }
    return found;
}

std::string_view to_string(Stage stage) {
    switch (stage) {
        case Stage::BeforeMain:
            return "before main";
        case Stage::InMain:
            return "in main";
        case Stage::AtExit:
            return "at exit";
        case Stage::Unknown:
            return "unknown";
    }
    return "";
}

}  // namespace levitate::vmm::cli
