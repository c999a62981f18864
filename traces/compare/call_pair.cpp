#include "traces/compare/call_pair.hpp"

namespace levitate::traces::detail {

// Which number is the lowest depends on what other threads have open.
bool CallPair::same_descriptor(Equivalence& equivalence, std::uint64_t golden_fd,
                               std::uint64_t actual_fd) const {
    if (golden_fd != actual_fd &&
        !(events.shares_memory() && events.actual.note(events.actual_event).lowest_descriptors)) {
        return false;
    }
    equivalence.bind_descriptor(user(), golden_fd, actual_fd);
    if (golden_fd != actual_fd) {
        equivalence.normalised("descriptors");
    }
    return true;
}

}  // namespace levitate::traces::detail
