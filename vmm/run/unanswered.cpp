#include "vmm/run/unanswered.hpp"

#include <fmt/format.h>

namespace levitate::vmm {
namespace {

std::string_view name_of(UnansweredAccess::Kind kind) {
    switch (kind) {
        case UnansweredAccess::Kind::Read:
            return "read";
        case UnansweredAccess::Kind::Write:
            return "write";
        case UnansweredAccess::Kind::Fetch:
            return "fetch";
        case UnansweredAccess::Kind::TableWalk:
            break;
    }
    return "table walk's read";
}

}  // namespace

std::string describe(const UnansweredAccess& access) {
    return fmt::format("{} of {} bytes at {:#010x}, PC {:#x}, {}", name_of(access.kind), access.size,
                       value(access.address), value(access.pc),
                       access.count == 1 ? "once" : fmt::format("{} times", access.count));
}

std::vector<std::string> describe_unanswered(const EngineStatistics& statistics) {
    std::vector<std::string> lines;
    std::uint64_t rest = statistics.unanswered_total;
    for (const UnansweredAccess& access : statistics.unanswered) {
        lines.push_back(describe(access));
        rest -= access.count;
    }
    if (rest != 0) {
        lines.push_back(fmt::format("{} more accesses", rest));
    }
    return lines;
}

}  // namespace levitate::vmm
