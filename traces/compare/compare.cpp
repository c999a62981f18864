#include "traces/compare/compare.hpp"

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <set>

#include "traces/compare/align.hpp"
#include "traces/compare/causes.hpp"
#include "traces/compare/layout.hpp"

namespace levitate::traces {
namespace {

bool is_other_build(const FileIdentity& golden, const FileIdentity& actual) {
    return !golden.sha256.empty() && !actual.sha256.empty() && golden.sha256 != actual.sha256;
}

std::vector<std::string> other_builds(const Header& golden, const Header& actual) {
    std::vector<std::string> paths;
    if (is_other_build(golden.program, actual.program)) {
        paths.push_back(actual.program.path);
    }
    for (const FileIdentity& library : golden.libraries) {
        const auto same = std::ranges::find(actual.libraries, library.path, &FileIdentity::path);
        if (same != actual.libraries.end() && is_other_build(library, *same)) {
            paths.push_back(library.path);
        }
    }
    return paths;
}

}  // namespace

class Comparator::Implementation {
  public:
    explicit Implementation(std::span<const Trace> golden)
        : golden_(golden),
          recordings_(golden.begin(), golden.end()),
          habits_(recordings_),
          variations_(golden.size()) {}

    Comparison compare(const Trace& trace, Extent extent, Layout layout) {
        const detail::TraceIndex actual(trace);
        Comparison comparison;
        std::size_t furthest = 0;
        detail::Alignment best;
        for (std::size_t number = 0; number < golden_.size(); ++number) {
            detail::Alignment alignment = align(number, actual, detail::Depth::First, layout);
            const bool agrees = alignment.divergences.empty();
            if (number == 0 || agrees || alignment.matched > furthest) {
                furthest = alignment.matched;
                comparison.golden = number;
                best = std::move(alignment);
            }
            if (agrees) {
                break;
            }
        }
        if (best.divergences.empty()) {
            follow_outlived(best.outlived, actual, layout, comparison);
        }
        comparison.normalised = std::move(best.normalised);
        if (mode_of(recording(comparison.golden), actual, layout) == detail::AddressMode::Random) {
            if (auto what = detail::smaller_address_space(golden_[comparison.golden], trace)) {
                comparison.normalised.push_back({std::move(*what), 1});
            }
        }
        if (!best.divergences.empty()) {
            comparison.divergences =
                extent == Extent::First
                    ? std::move(best.divergences)
                    : align(comparison.golden, actual, detail::Depth::All, layout).divergences;
        }
        if (extent == Extent::First && comparison.divergences.size() > 1) {
            comparison.divergences.erase(std::next(comparison.divergences.begin()),
                                         comparison.divergences.end());
        }
        detail::merge_causes(recording(comparison.golden), actual, comparison.divergences);
        comparison.other_builds = other_builds(golden_[comparison.golden].header, trace.header);
        comparison.verdict = verdict_of(comparison);
        return comparison;
    }

  private:
    const detail::TraceIndex& recording(std::size_t number) const {
        return *std::next(recordings_.begin(), static_cast<std::ptrdiff_t>(number));
    }

    static detail::AddressMode mode_of(const detail::TraceIndex& golden, const detail::TraceIndex& actual,
                                       Layout layout) {
        return detail::address_mode(golden.trace().header, actual.trace().header, layout);
    }

    detail::Alignment align(std::size_t reference, const detail::TraceIndex& actual, detail::Depth depth,
                            Layout layout) {
        detail::VariationJudge judge([&]() -> const detail::Variation& { return variation(reference); });
        return detail::align(recording(reference), actual, judge, habits_,
                             {.depth = depth, .addresses = mode_of(recording(reference), actual, layout)});
    }

    const detail::Variation& variation(std::size_t reference) {
        const std::scoped_lock lock(mutex_);
        std::optional<detail::Variation>& variation = variations_[reference];
        if (!variation) {
            variation.emplace();
            for (std::size_t other = 0; other < golden_.size(); ++other) {
                if (other != reference) {
                    variation->begin_recording();
                    detail::VariationCollector collector(*variation);
                    const detail::AddressMode mode =
                        mode_of(recording(reference), recording(other), Layout::ByKernel);
                    detail::align(recording(reference), recording(other), collector, habits_,
                                  {.depth = detail::Depth::First, .addresses = mode});
                }
            }
        }
        return *variation;
    }

    // Where tasks went on after the golden recording's end, the rest is held against those recordings in
    // which they go on too.
    void follow_outlived(const std::set<TaskNumber>& tasks, const detail::TraceIndex& actual, Layout layout,
                         Comparison& comparison) {
        for (const TaskNumber task : tasks) {
            bool known = false;
            bool agrees = false;
            Comparison other = comparison;
            for (std::size_t number = 0; number < golden_.size() && !agrees; ++number) {
                detail::Alignment alignment = align(number, actual, detail::Depth::All, layout);
                if (alignment.outlived.contains(task)) {
                    continue;
                }
                std::erase_if(alignment.divergences,
                              [&](const Divergence& found) { return found.task != task; });
                agrees = alignment.divergences.empty();
                if (!known) {
                    other.golden = number;
                    other.divergences = std::move(alignment.divergences);
                }
                known = true;
            }
            if (!known) {
                comparison.undecided.push_back(task);
            } else if (!agrees) {
                comparison = std::move(other);
                return;
            }
        }
    }

    static Verdict verdict_of(const Comparison& comparison) {
        if (!comparison.divergences.empty()) {
            return comparison.other_builds.empty() ? Verdict::Divergent : Verdict::Stale;
        }
        if (!comparison.undecided.empty()) {
            return Verdict::OutputOnly;
        }
        return comparison.normalised.empty() ? Verdict::Identical : Verdict::Equivalent;
    }

    std::span<const Trace> golden_;
    std::list<detail::TraceIndex> recordings_;
    detail::Habits habits_;
    std::mutex mutex_;                                          // of variations_
    std::vector<std::optional<detail::Variation>> variations_;  // by the reference's number
};

Comparator::Comparator(std::span<const Trace> golden)
    : implementation_(std::make_unique<Implementation>(golden)) {}

Comparator::~Comparator() = default;

Comparison Comparator::compare(const Trace& actual, Extent extent, Layout layout) const {
    return implementation_->compare(actual, extent, layout);
}

Comparison compare(std::span<const Trace> golden, const Trace& actual, Extent extent, Layout layout) {
    return Comparator(golden).compare(actual, extent, layout);
}

std::string_view to_string(DivergenceKind kind) {
    switch (kind) {
        case DivergenceKind::MissingCall:
            return "missing call";
        case DivergenceKind::ExtraCall:
            return "extra call";
        case DivergenceKind::Arguments:
            return "arguments";
        case DivergenceKind::Result:
            return "result";
        case DivergenceKind::Data:
            return "data";
        case DivergenceKind::Signal:
            return "signal";
        case DivergenceKind::Auxv:
            return "auxv";
        case DivergenceKind::Registers:
            return "registers";
        case DivergenceKind::Exit:
            return "exit";
        case DivergenceKind::Output:
            return "output";
    }
    return {};
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Identical:
            return "identical";
        case Verdict::Equivalent:
            return "equivalent";
        case Verdict::OutputOnly:
            return "equivalent (output only)";
        case Verdict::Divergent:
            return "divergent";
        case Verdict::Stale:
            return "stale";
    }
    return {};
}

}  // namespace levitate::traces
