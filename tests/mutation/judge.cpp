#include "tests/mutation/judge.hpp"

namespace levitate::traces::mutation {

Judgement Judge::judge(const Trace& trace, Extent extent) const {
    const Comparison comparison = comparator_.compare(trace, extent);
    Judgement result;
    result.noticed = comparison.verdict == Verdict::Divergent || comparison.verdict == Verdict::Stale;
    result.said = to_string(comparison.verdict);
    for (const Divergence& divergence : comparison.divergences) {
        result.kinds.push_back(divergence.kind);
        result.said += ", " + std::string(to_string(divergence.kind)) + ": " + divergence.message;
    }
    for (const Normalisation& normalisation : comparison.normalised) {
        result.said += "; " + normalisation.what + " (" + std::to_string(normalisation.count) + ")";
    }
    return result;
}

}  // namespace levitate::traces::mutation
