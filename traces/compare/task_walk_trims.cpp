// The part of a task's walk that knows how a loader aligns what it maps. It maps more than it needs, because
// the kernel chooses the place, and unmaps what is too much before and behind (glibc, _dl_map_segment). Where
// the kernels choose different places, these calls have other arguments, and one of them may not be needed.
#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/pages.hpp"
#include "traces/compare/task_walk.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CallKind;

// The reservation stands this many events before its trimming at most: a segment is mapped in between.
constexpr std::size_t kNear = 4;

struct Reservation {
    std::uint64_t address = 0;
    std::uint64_t length = 0;

    bool holds(std::uint64_t start, std::uint64_t size) const {
        return start >= address && start - address <= length && size <= length - (start - address);
    }
};

// The mapping without access that the task has just made at a place of the kernel's choice.
std::optional<Reservation> reservation_before(const Side& side) {
    for (std::size_t back = 1; back <= std::min(kNear, side.next); ++back) {
        const Event& event = side.index->trace().events[side.task->events[side.next - back]];
        const SyscallEvent* call = call_of_kind(event, CallKind::Map);
        const std::int64_t place = call != nullptr ? call->result.value_or(-1) : -1;
        if (place > 0 && call->arguments[0] == 0 &&
            call->arguments[2] == static_cast<std::uint64_t>(abi::constant("PROT_NONE"))) {
            return Reservation{.address = static_cast<std::uint64_t>(place),
                               .length = whole_pages(call->arguments[1])};
        }
    }
    return std::nullopt;
}

// What the next calls of one side unmap of the reservation.
struct Trims {
    std::size_t calls = 0;
    std::uint64_t bytes = 0;
};

Trims trims_of(const Side& side, const Reservation& reservation) {
    Trims trims;
    while (trims.calls < side.remaining()) {
        const SyscallEvent* call = call_of_kind(side.event(trims.calls), CallKind::Unmap);
        const std::uint64_t length = call != nullptr ? whole_pages(call->arguments[1]) : 0;
        if (call == nullptr || call->result != 0 || !reservation.holds(call->arguments[0], length)) {
            break;
        }
        trims.bytes += length;
        ++trims.calls;
    }
    return trims;
}

}  // namespace

// Passes over trimmings that leave as much of the reservation on both sides, whatever they cut off where.
bool TaskWalk::match_trims() {
    if (comparing_.matcher.equivalence().mode() == AddressMode::Exact) {
        return false;
    }
    const auto golden = reservation_before(pair_.golden);
    const auto actual = reservation_before(pair_.actual);
    if (!golden || !actual || golden->length != actual->length) {
        return false;
    }
    const Trims one = trims_of(pair_.golden, *golden);
    const Trims other = trims_of(pair_.actual, *actual);
    if (one.calls == 0 || other.calls == 0 || one.bytes != other.bytes) {
        return false;
    }
    comparing_.matcher.note("addresses");
    comparing_.findings.matched(one.calls);
    pair_.golden.next += one.calls;
    pair_.actual.next += other.calls;
    return true;
}

}  // namespace levitate::traces::detail
