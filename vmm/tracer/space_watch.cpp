#include "vmm/tracer/space_watch.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "traces/abi/constants.hpp"
#include "vmm/tracer/vdso.hpp"

namespace levitate::vmm {

void SpaceWatch::begin(std::uint64_t space, const InitialStack& stack) {
    constexpr auto kAtSysinfoEhdr = static_cast<std::uint64_t>(traces::abi::constant("AT_SYSINFO_EHDR"));
    Space made{.auxv = stack.auxv_range, .unread_vdso = std::nullopt, .vdso = {}};
    if (const auto base = auxv_value(stack.auxv, kAtSysinfoEhdr)) {
        made.unread_vdso = GuestVirt{*base};
    }
    spaces_.insert_or_assign(space, std::move(made));
    forget_unused();
}

void SpaceWatch::copy(std::uint64_t from, std::uint64_t to) {
    const auto found = spaces_.find(from);
    if (from != to && found != spaces_.end()) {
        spaces_.insert_or_assign(to, Space(found->second));
        forget_unused();
    }
}

void SpaceWatch::forget_unused() {
    std::erase_if(spaces_, [this](const auto& space) { return !tasks_.uses(space.first); });
    set_loads();
    set_breakpoints();
}

void SpaceWatch::set_loads() {
    stops_.loads.clear();
    stops_.loads.reserve(spaces_.size());
    for (const auto& [table, space] : spaces_) {
        stops_.loads.push_back({.table = table, .begin = space.auxv.begin, .end = space.auxv.end});
    }
}

void SpaceWatch::set_breakpoints() {
    std::set<GuestVirt> wanted;
    for (const auto& [table, space] : spaces_) {
        for (const auto& [address, name] : space.vdso) {
            wanted.insert(address);
        }
    }
    for (const std::uint64_t address : recorder_.vdso_returns()) {
        wanted.insert(GuestVirt{address});
    }
    stops_.breakpoints.assign(wanted.begin(), wanted.end());
}

SpaceWatch::Space* SpaceWatch::space_of(traces::TaskNumber number) {
    const auto found = spaces_.find(tasks_.find(number)->space);
    return found == spaces_.end() ? nullptr : &found->second;
}

void SpaceWatch::on_load(traces::TaskNumber number, const Exit& exit) {
    if (const Space* const space = space_of(number)) {
        recorder_.auxv_load(number,
                            {.range = space->auxv,
                             .address = exit.load_address,
                             .size = exit.load_size,
                             .pc = value(exit.load_pc)},
                            memory_);
    }
}

void SpaceWatch::on_breakpoint(traces::TaskNumber number, const VcpuRegisters& now) {
    if (!std::ranges::binary_search(stops_.breakpoints, GuestVirt{now.pc})) {
        return;
    }
    tasks_.find(number)->served = {.pc = now.pc, .retired = engine_.retired_instructions()};
    recorder_.return_to(number, now.pc, now.sp, static_cast<std::int64_t>(now.x[0]), memory_);
    if (const Space* const space = space_of(number)) {
        const auto function = space->vdso.find(GuestVirt{now.pc});
        if (function != space->vdso.end()) {
            recorder_.enter_vdso(number, {.symbol = function->second,
                                          .arguments = {now.x[0], now.x[1]},
                                          .return_pc = now.x[30],
                                          .sp = now.sp});
        }
    }
    set_breakpoints();
}

void SpaceWatch::on_exception(traces::TaskNumber number, std::uint64_t pc) {
    TracedTask& task = *tasks_.find(number);
    task.was_served =
        task.served && task.served->pc == pc && engine_.retired_instructions() - task.served->retired <= 1;
}

// The engine steps over a breakpoint that it stands on, and takes an interrupt before it looks for one.
void SpaceWatch::on_resume(traces::TaskNumber number, const VcpuRegisters& now) {
    if (Space* const space = space_of(number)) {
        find_vdso_functions(*space);
    }
    if (!tasks_.find(number)->stands_at_served(now.pc)) {
        on_breakpoint(number, now);
    }
}

// A kernel may map the vDSO's pages when they are first touched, as Linux does, so they are looked for at
// each return to the program until they are there. The program's start-up code reads the symbols before it
// can call one. If a function is entered by the very fault that maps it, the task comes back to that
// function's first instruction.
void SpaceWatch::find_vdso_functions(Space& space) {
    if (!space.unread_vdso || !engine_.translate(*space.unread_vdso, View::User)) {
        return;
    }
    for (VdsoFunction& function : vdso_functions(memory_, *space.unread_vdso)) {
        space.vdso.emplace(function.address, std::move(function.name));
    }
    if (!space.vdso.empty()) {
        // A child may come to it before it has touched the page.
        if (const auto address = vdso_signal_return(memory_, *space.unread_vdso)) {
            check_.add_restorer(value(*address));
        }
        space.unread_vdso.reset();
        set_breakpoints();
    }
}

}  // namespace levitate::vmm
