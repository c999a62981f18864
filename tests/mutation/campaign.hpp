// Judges mutants of golden cases.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/mutation/accepted.hpp"
#include "tests/mutation/judge.hpp"
#include "tests/mutation/mutant.hpp"
#include "tests/mutation/recordings.hpp"

namespace levitate::traces::mutation {

struct Trial {
    const Mutant* mutant = nullptr;
    const Accepted* accepted = nullptr;  // it does not count
    Judgement judgement;
};

// The mutants of a case's first recording, and what the comparator said of them.
struct Subject {
    GoldenCase golden;
    std::unique_ptr<const Judge> judge;  // of this golden
    bool concurrent = false;
    std::vector<Mutant> mutants;
    std::vector<Trial> trials;
    std::optional<Judgement> of_the_recording;  // where it was noticed itself, and no mutant proves anything

    const Trace& recording() const { return golden.recordings.front(); }
};

Subject make_subject(GoldenCase golden);

struct Sampling {
    std::size_t most = 0;  // of each case; 0: all
    std::uint64_t seed = 1;
};

// Fills in `trials`, on so many threads.
void try_mutants(std::vector<Subject>& subjects, const Sampling& sampling, unsigned threads);

// Calls `work` with 0 to count - 1, on so many threads.
void in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace levitate::traces::mutation
