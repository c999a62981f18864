#include "traces/compare/allocations.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/pages.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CallKind;

// Builds the operations of one episode.
class Digest {
  public:
    explicit Digest(const TraceIndex& index) : index_(index) {}

    void add(std::size_t event) {
        const SyscallEvent& call = *call_of(index_.trace().events[event]);
        const CallKind kind = call_kind(call);
        const bool failed = call.result && abi::is_error(*call.result);
        if (!failed && kind == CallKind::Unmap && trim(call.arguments[0], whole_pages(call.arguments[1]))) {
            return;
        }
        PlacedOperation placed{
            .operation = {.kind = kind, .error = failed ? *call.result : 0, .length = call.arguments[1]},
            .address = call.arguments[0],
            .event = event};
        switch (kind) {
            case CallKind::Map:
                placed.operation.flags = call.arguments[2] << 32U | (call.arguments[3] & 0xffffffffU);
                placed.operation.file = call.arguments[4] & 0xffffffffU;
                placed.operation.offset = call.arguments[5];
                placed.address = static_cast<std::uint64_t>(call.result.value_or(0));
                break;
            case CallKind::Break:
                // How far the heap's end moves depends on what else lies in the heap.
                placed.operation.length = 0;
                break;
            case CallKind::Unmap:
            case CallKind::Query:
                break;
            default:
                placed.operation.flags = call.arguments[2];
                place_within(placed);
                break;
        }
        operations_.push_back(placed);
    }

    std::vector<PlacedOperation> take() { return std::move(operations_); }

  private:
    // The mapping of this episode that the address lies in; nullptr: in none.
    PlacedOperation* mapping_of(std::uint64_t address) {
        const auto found = std::ranges::find_if(operations_, [&](const PlacedOperation& placed) {
            return placed.operation.kind == CallKind::Map && placed.operation.error == 0 &&
                   address - placed.address < whole_pages(placed.operation.length);
        });
        return found != operations_.end() ? &*found : nullptr;
    }

    // What is cut off a new mapping's ends to align the rest does not count as an operation of its own.
    bool trim(std::uint64_t address, std::uint64_t length) {
        PlacedOperation* mapping = mapping_of(address);
        if (mapping == nullptr) {
            return false;
        }
        const std::uint64_t offset = address - mapping->address;
        Operation& map = mapping->operation;
        const std::uint64_t mapped = whole_pages(map.length);
        if (length > mapped - offset || (offset != 0 && offset + length != mapped)) {
            return false;
        }
        map.length = mapped;
        map.end_first = offset == 0 && cut_at_end_.contains(mapping->event);
        if (offset != 0) {
            cut_at_end_.insert(mapping->event);
        }
        mapping->address += offset == 0 ? length : 0;
        map.length -= length;
        if (map.length == 0) {
            operations_.erase(operations_.begin() + (mapping - operations_.data()));
        }
        return true;
    }

    // Inside a mapping of this episode the program decides the place. In an older mapping, place and size
    // depend on what else lies in it.
    void place_within(PlacedOperation& placed) {
        if (const PlacedOperation* mapping = mapping_of(placed.address)) {
            placed.operation.offset = placed.address - mapping->address;
        } else if (placed.operation.kind == CallKind::Protect) {
            placed.operation.length = 0;
        }
    }

    const TraceIndex& index_;
    std::vector<PlacedOperation> operations_;
    std::set<std::size_t> cut_at_end_;  // mappings, by their events
};

// Calls back with each episode of the task: its operations, and how many fixed events came before.
template <class Visit>
void for_each_episode(const TraceIndex& index, const TaskView& task, Visit visit) {
    Side side{.index = &index, .task = &task};
    std::size_t fixed = 0;
    while (!side.ended()) {
        if (side.is_shared_allocation()) {
            const Episode episode = episode_at(side);
            visit(fixed, operations_of(index, episode.allocations));
            side.next += episode.events;
            continue;
        }
        fixed += side.is_fixed() ? 1U : 0U;
        ++side.next;
    }
}

}  // namespace

Episode episode_at(const Side& side) {
    Episode episode;
    for (std::size_t ahead = 0; ahead < side.remaining(); ++ahead) {
        const bool allocation = side.is_shared_allocation(ahead);
        if (allocation) {
            episode.allocations.push_back(side.event_index(ahead));
            episode.events = ahead + 1;
        } else if (side.is_fixed(ahead) || side.is_asynchronous_signal(ahead)) {
            break;
        }
    }
    return episode;
}

std::vector<PlacedOperation> operations_of(const TraceIndex& index, const std::vector<std::size_t>& calls) {
    Digest digest(index);
    for (const std::size_t event : calls) {
        digest.add(event);
    }
    return digest.take();
}

bool is_reserve(const Operation& operation) {
    return operation.kind == CallKind::Map && operation.error == 0 &&
           operation.flags >> 32U == static_cast<std::uint64_t>(abi::constant("PROT_NONE"));
}

Reserve reserved_for(const Operation& operation) {
    constexpr auto kStack = static_cast<std::uint64_t>(abi::constant("MAP_STACK"));
    return (operation.flags & kStack) != 0 ? Reserve::Stack : Reserve::Heap;
}

std::string to_text(const Operation& operation) {
    constexpr std::uint64_t kLow = 0xffffffff;
    switch (operation.kind) {
        case CallKind::Map:
            return "mmap(" + std::to_string(operation.length) + ", " +
                   abi::decode("mmap_prot", operation.flags >> 32U) + ", " +
                   abi::decode("mmap_flags", operation.flags & kLow) + ")";
        case CallKind::Protect:
            return "mprotect(" + abi::decode("mmap_prot", operation.flags) + ")";
        case CallKind::Unmap:
            return "munmap(" + std::to_string(operation.length) + ")";
        case CallKind::Remap:
            return "mremap";
        case CallKind::Break:
            return "brk";
        case CallKind::Query:
            return "a question for the CPUs";
        default:
            return "madvise(" + std::to_string(operation.flags) + ")";
    }
}

std::map<std::uint32_t, OperationCounts> count_operations(const TraceIndex& index) {
    std::map<std::uint32_t, OperationCounts> counts;
    for (const auto& entry : index.tasks()) {
        const TaskView& task = entry.second;
        for_each_episode(index, task, [&](std::size_t, const std::vector<PlacedOperation>& operations) {
            for (const PlacedOperation& placed : operations) {
                ++counts[task.process][placed.operation];
            }
        });
    }
    return counts;
}

AllocationHabits::AllocationHabits(const std::list<TraceIndex>& recordings,
                                   const std::set<TaskNumber>& cut_short, const std::set<TaskNumber>& pooled)
    : recordings_(recordings.size()) {
    for (const TraceIndex& recording : recordings) {
        learn(recording, cut_short, pooled);
    }
}

void AllocationHabits::learn(const TraceIndex& recording, const std::set<TaskNumber>& cut_short,
                             const std::set<TaskNumber>& pooled) {
    std::map<std::pair<std::uint32_t, Operation>, Places> here;
    std::set<std::pair<std::uint32_t, Operation>> of_pools;
    std::map<std::pair<std::uint32_t, Operation>, std::size_t> counts;
    for (const auto& entry : recording.tasks()) {
        const TaskView& task = entry.second;
        for_each_episode(recording, task, [&](std::size_t fixed, const auto& operations) {
            for (const PlacedOperation& placed : operations) {
                const std::pair key{task.process, placed.operation};
                ++counts[key];
                Places& places = here[key];
                if (!cut_short.contains(task.number)) {
                    ++places[{task.number, fixed}];
                }
                if (pooled.contains(task.number)) {
                    of_pools.insert(key);
                }
            }
        });
    }
    for (auto& [key, places] : here) {
        Seen& seen = seen_[key];
        ++seen.recordings;
        seen.pooled = seen.pooled || of_pools.contains(key);
        seen.least = std::min(seen.least, counts[key]);
        seen.most = std::max(seen.most, counts[key]);
        seen.places.insert(std::move(places));
    }
}

bool AllocationHabits::moves(std::uint32_t process, const Operation& operation) const {
    if (operation.kind == CallKind::Query) {
        return true;
    }
    const auto found = seen_.find({process, operation});
    return found != seen_.end() && (found->second.pooled || found->second.places.size() > 1 ||
                                    found->second.recordings < recordings_);
}

std::size_t AllocationHabits::least(std::uint32_t process, const Operation& operation) const {
    const auto found = seen_.find({process, operation});
    const bool always = found != seen_.end() && found->second.recordings == recordings_;
    if (always && found->second.pooled && found->second.least != found->second.most) {
        // One member may do all of the work.
        return std::min<std::size_t>(found->second.least, 1);
    }
    return always ? found->second.least : 0;
}

std::size_t AllocationHabits::most(std::uint32_t process, const Operation& operation) const {
    const auto found = seen_.find({process, operation});
    return found != seen_.end() ? found->second.most : 0;
}

void AllocationLedger::note(std::uint32_t process, const Operation& operation,
                            std::optional<std::size_t> golden_event,
                            std::optional<std::size_t> actual_event) {
    Noted& noted = noted_[{process, operation}];
    noted.golden_event = noted.golden_event ? noted.golden_event : golden_event;
    noted.actual_event = noted.actual_event ? noted.actual_event : actual_event;
}

std::vector<AllocationLedger::Imbalance> AllocationLedger::imbalances(
    const AllocationHabits& habits, const std::map<std::uint32_t, OperationCounts>& counts,
    const std::set<std::uint32_t>& cut_short) const {
    std::vector<Imbalance> found;
    for (const auto& [key, noted] : noted_) {
        const auto& [process, operation] = key;
        const auto of_process = counts.find(process);
        std::size_t count = 0;
        if (of_process != counts.end()) {
            const auto times = of_process->second.find(operation);
            count = times != of_process->second.end() ? times->second : 0;
        }
        const std::size_t least = operation.kind == CallKind::Query ? 0 : habits.least(process, operation);
        // Whether an allocator asks at all depends on how many threads want an arena at once.
        const std::size_t asked = operation.kind == CallKind::Query ? 1 : 0;
        const std::size_t most = std::max(habits.most(process, operation), asked);
        if (count > most || (count < least && !cut_short.contains(process))) {
            found.push_back({process, operation, count, least, most, noted.golden_event, noted.actual_event});
        }
    }
    return found;
}

}  // namespace levitate::traces::detail
