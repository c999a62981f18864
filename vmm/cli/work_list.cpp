#include "vmm/cli/work_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <variant>

#include "traces/abi/syscalls.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::size_t kMostShown = 30;
constexpr std::size_t kMostNames = 4;

struct AreaOf {
    static std::string call(const traces::abi::SyscallRow* row) {
        return std::string{to_string(row != nullptr ? row->area : traces::abi::Area::System)};
    }
    std::string operator()(const traces::SyscallEvent& event) const {
        return call(traces::abi::find_syscall(event.number));
    }
    std::string operator()(const traces::VdsoCallEvent& event) const {
        return call(traces::abi::find_vdso_function(event.symbol));
    }
    std::string operator()(const traces::SignalEvent& /*event*/) const {
        return std::string{to_string(traces::abi::Area::Signal)};
    }
    std::string operator()(const traces::TaskStartEvent& /*event*/) const {
        return std::string{to_string(traces::abi::Area::Thread)};
    }
    // Births, ends and surroundings of programs.
    std::string operator()(const traces::AuxvReadEvent& /*event*/) const { return process(); }
    std::string operator()(const traces::ExecEvent& /*event*/) const { return process(); }
    std::string operator()(const traces::TaskEndEvent& /*event*/) const { return process(); }
    std::string operator()(const traces::OutcomeEvent& /*event*/) const { return process(); }
    // Every part of std needs its registers.
    std::string operator()(const traces::RegistersEvent& /*event*/) const { return "all"; }

  private:
    static std::string process() { return std::string{to_string(traces::abi::Area::Process)}; }
};

// What Linux does at the place decides; what only the actual trace has is of its own area.
std::string area_of(const traces::Divergence& divergence, const traces::Trace& golden,
                    const traces::Trace& actual) {
    using Kind = traces::DivergenceKind;
    if (divergence.kind == Kind::Output) {
        return std::string{to_string(traces::abi::Area::Io)};
    }
    const bool is_actuals = divergence.kind == Kind::ExtraCall || divergence.kind == Kind::Registers;
    if (divergence.golden_event && !(is_actuals && divergence.actual_event)) {
        return std::visit(AreaOf{}, golden.events[*divergence.golden_event].body);
    }
    return divergence.actual_event ? std::visit(AreaOf{}, actual.events[*divergence.actual_event].body)
                                   : "all";
}

void add_divergences(const CaseReport& report, std::vector<Sighting>& sightings) {
    const CaseResult& result = *report.result;
    const traces::Comparison& comparison = result.comparison;
    const traces::Trace& golden = result.golden.recordings[comparison.golden];
    const auto stages = stages_of(comparison.divergences, golden, result.actual, result.main);
    for (std::size_t i = 0; i < comparison.divergences.size(); ++i) {
        const traces::Divergence& divergence = comparison.divergences[i];
        sightings.push_back({.name = report.name,
                             .kind = std::string{traces::to_string(divergence.kind)},
                             .cause = divergence.cause,
                             .stage = stages[i],
                             .area = area_of(divergence, golden, result.actual),
                             .is_first = i == 0,
                             .count = divergence.count});
    }
}

std::string names_text(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() > kMostNames ? fmt::format("{} and {} more", text, names.size() - kMostNames) : text;
}

}  // namespace

std::vector<Sighting> sightings_in(const std::vector<CaseReport>& reports) {
    std::vector<Sighting> sightings;
    for (const CaseReport& report : reports) {
        if (!report.result || report.result->comparison.verdict == traces::Verdict::Stale) {
            continue;
        }
        const std::size_t before = sightings.size();
        add_divergences(report, sightings);
        if (const std::string& unjudged = report.result->unjudged; !unjudged.empty()) {
            const MainSpan& main = report.result->main;
            sightings.push_back({.name = report.name,
                                 .kind = "no verdict",
                                 .cause = unjudged,
                                 .stage = !main.known  ? Stage::Unknown
                                          : main.end   ? Stage::AtExit
                                          : main.begin ? Stage::InMain
                                                       : Stage::BeforeMain,
                                 .area = "all",
                                 .is_first = sightings.size() == before});
        }
    }
    return sightings;
}

std::vector<WorkItem> work_list(std::span<const Sighting> sightings) {
    std::map<std::pair<std::string, std::string>, std::size_t> places;
    std::vector<WorkItem> items;
    for (const Sighting& sighting : sightings) {
        const auto [place, is_new] = places.try_emplace({sighting.kind, sighting.cause}, items.size());
        if (is_new) {
            items.push_back(
                {.kind = sighting.kind, .cause = sighting.cause, .area = sighting.area, .cases = {}});
        }
        WorkItem& item = items[place->second];
        item.stage = std::min(item.stage, sighting.stage);
        if (item.cases.empty() || item.cases.back() != sighting.name) {
            item.cases.push_back(sighting.name);
        }
        item.first_in += sighting.is_first ? 1 : 0;
        item.count += sighting.count;
    }
    // Causes that are equal in all this keep the order in which they were met.
    std::ranges::stable_sort(items, [](const WorkItem& a, const WorkItem& b) {
        return std::tuple{b.cases.size(), a.stage, b.first_in, std::string_view{a.area}} <
               std::tuple{a.cases.size(), b.stage, a.first_in, std::string_view{b.area}};
    });
    return items;
}

std::string work_list_text(std::span<const WorkItem> items) {
    if (items.empty()) {
        return {};
    }
    std::string text = fmt::format("work list: {} cause{}, those first that stop most cases\n", items.size(),
                                   items.size() == 1 ? "" : "s");
    text += fmt::format("  {:>5}  {:<11}  {:<7}  {:<12}  {}\n", "cases", "when", "area", "kind", "cause");
    for (const WorkItem& item : items.first(std::min(items.size(), kMostShown))) {
        text += fmt::format("  {:>5}  {:<11}  {:<7}  {:<12}  {}  ({})\n", item.cases.size(),
                            to_string(item.stage), item.area, item.kind, item.cause, names_text(item.cases));
    }
    if (items.size() > kMostShown) {
        text += fmt::format("         and {} more; --json has them all\n", items.size() - kMostShown);
    }
    return text;
}

}  // namespace levitate::vmm::cli
