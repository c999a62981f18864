#include "tests/mutation/judge.hpp"

namespace levitate::traces::mutation {

Judgement Judge::judge(const Trace& trace) const {
    const Comparison comparison = compare(golden_, trace);
    Judgement result;
    result.noticed = comparison.verdict == Verdict::Divergent || comparison.verdict == Verdict::Stale;
    result.said = to_string(comparison.verdict);
    if (comparison.divergence) {
        result.kinds.push_back(comparison.divergence->kind);
        result.said += ", " + std::string(to_string(comparison.divergence->kind)) + ": " +
                       comparison.divergence->message;
    }
    for (const Normalisation& normalisation : comparison.normalised) {
        result.said += "; " + normalisation.what + " (" + std::to_string(normalisation.count) + ")";
    }
    return result;
}

}  // namespace levitate::traces::mutation
