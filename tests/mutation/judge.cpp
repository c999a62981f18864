#include "tests/mutation/judge.hpp"

namespace levitate::traces::mutation {

Judgement Judge::judge(const Trace& trace) const {
    const Comparison comparison = comparator_.compare(trace);
    Judgement result;
    result.noticed = comparison.verdict == Verdict::Divergent || comparison.verdict == Verdict::Stale;
    result.said = to_string(comparison.verdict);
    for (const Divergence& divergence : comparison.divergences) {
        result.kinds.push_back(divergence.kind);
    }
    if (const Divergence* first = comparison.first()) {
        result.said += ", " + std::string(to_string(first->kind)) + ": " + first->cause;
    }
    for (const Normalisation& normalisation : comparison.normalised) {
        result.said += "; " + normalisation.what + " (" + std::to_string(normalisation.count) + ")";
    }
    return result;
}

}  // namespace levitate::traces::mutation
