#include "traces/compare/habits.hpp"

#include <algorithm>

namespace levitate::traces::detail {

Habits::Habits(const std::list<TraceIndex>& recordings) : allocations_(recordings) {
    for (const TraceIndex& recording : recordings) {
        for (const auto& [number, task] : recording.tasks()) {
            const auto reads =
                static_cast<std::size_t>(std::ranges::count_if(task.events, [&](std::size_t event) {
                    return std::holds_alternative<AuxvReadEvent>(recording.trace().events[event].body);
                }));
            Range& range = auxv_reads_[number];
            range.least = std::min(range.least, reads);
            range.most = std::max(range.most, reads);
        }
    }
}

Range Habits::auxv_reads(TaskNumber task) const {
    const auto found = auxv_reads_.find(task);
    return found != auxv_reads_.end() ? found->second : Range{};
}

}  // namespace levitate::traces::detail
