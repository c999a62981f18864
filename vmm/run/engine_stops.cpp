#include "vmm/run/engine_stops.hpp"

#include <algorithm>
#include <iterator>

namespace levitate::vmm {

void EngineStops::set_tracers(const Stops& wanted) {
    if (tracers_ != wanted) {
        tracers_ = wanted;
        apply();
    }
}

void EngineStops::set_debuggers_boundary(bool wanted) {
    debuggers_.boundary = wanted;
    apply();
}

void EngineStops::set_debuggers_breakpoints(std::span<const GuestVirt> addresses) {
    std::vector<GuestVirt>& breakpoints = debuggers_.breakpoints;
    breakpoints.assign(addresses.begin(), addresses.end());
    std::ranges::sort(breakpoints);
    const auto repeated = std::ranges::unique(breakpoints);
    breakpoints.erase(repeated.begin(), repeated.end());
    apply();
}

bool EngineStops::debugger_has_breakpoint(GuestVirt address) const {
    return std::ranges::binary_search(debuggers_.breakpoints, address);
}

void EngineStops::apply() {
    Stops all{
        .boundary = tracers_.boundary || debuggers_.boundary, .loads = tracers_.loads, .breakpoints = {}};
    std::ranges::set_union(tracers_.breakpoints, debuggers_.breakpoints, std::back_inserter(all.breakpoints));
    engine_.set_stops(all);
}

}  // namespace levitate::vmm
