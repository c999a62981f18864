#include "traces/compare/compare.hpp"

#include <algorithm>
#include <iterator>
#include <list>

#include "traces/compare/align.hpp"

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

Comparison compare(std::span<const Trace> golden, const Trace& actual) {
    std::list<detail::TraceIndex> recordings;
    for (const Trace& trace : golden) {
        recordings.emplace_back(trace);
    }
    detail::OptionalCalls optional;
    for (auto one = recordings.begin(); one != recordings.end(); ++one) {
        for (auto other = std::next(one); other != recordings.end(); ++other) {
            optional.learn(*one, *other);
        }
    }
    const detail::TraceIndex actual_index(actual);
    Comparison best;
    std::size_t furthest = 0;
    std::size_t number = 0;
    for (auto reference = recordings.begin(); reference != recordings.end(); ++reference, ++number) {
        detail::Variation variation;
        for (auto other = recordings.begin(); other != recordings.end(); ++other) {
            if (other != reference) {
                detail::collect_variation(*reference, *other, optional, variation);
            }
        }
        detail::Alignment alignment = detail::align(*reference, actual_index, variation, optional);
        const bool agrees = !alignment.divergence;
        if (number == 0 || agrees || alignment.matched > furthest) {
            furthest = alignment.matched;
            best.golden = number;
            best.divergence = std::move(alignment.divergence);
            best.normalised = std::move(alignment.normalised);
        }
        if (agrees) {
            break;
        }
    }
    best.other_builds = other_builds(golden[best.golden].header, actual.header);
    if (best.divergence) {
        best.verdict = best.other_builds.empty() ? Verdict::Divergent : Verdict::Stale;
    } else {
        best.verdict = best.normalised.empty() ? Verdict::Identical : Verdict::Equivalent;
    }
    return best;
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
        case Verdict::Divergent:
            return "divergent";
        case Verdict::Stale:
            return "stale";
    }
    return {};
}

}  // namespace levitate::traces
