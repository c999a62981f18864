#include "tests/mutation/campaign.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <numeric>
#include <random>
#include <thread>

#include "tests/mutation/mutants.hpp"

namespace levitate::traces::mutation {
namespace {

// Which mutants, in their order. Each case has a sequence of its own, so that it gets the same sample
// whatever cases are tried beside it.
std::vector<std::size_t> sample_of(const Subject& subject, const Sampling& sampling) {
    std::vector<std::size_t> all(subject.mutants.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (sampling.most == 0 || all.size() <= sampling.most) {
        return all;
    }
    std::seed_seq seed(subject.golden.name.begin(), subject.golden.name.end());
    std::vector<std::uint32_t> words(2);
    seed.generate(words.begin(), words.end());
    std::mt19937_64 random(sampling.seed ^ ((std::uint64_t{words[0]} << 32) | words[1]));
    std::vector<std::size_t> chosen;
    std::ranges::sample(all, std::back_inserter(chosen), static_cast<std::ptrdiff_t>(sampling.most), random);
    return chosen;
}

void judge_trial(const Subject& subject, Trial& trial) {
    Trace changed = subject.recording();
    trial.mutant->apply(changed);
    trial.judgement = subject.judge->judge(changed);
}

}  // namespace

Subject make_subject(GoldenCase golden) {
    Subject subject;
    subject.golden = std::move(golden);
    subject.judge = std::make_unique<const Judge>(subject.golden.recordings);
    subject.concurrent = subject.golden.concurrent();
    subject.mutants = mutants_of(subject.recording());
    return subject;
}

void in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, threads); ++i) {
        workers.emplace_back([&] {
            for (std::size_t at = next++; at < count; at = next++) {
                work(at);
            }
        });
    }
}

void try_mutants(std::vector<Subject>& subjects, const Sampling& sampling, unsigned threads) {
    struct Job {
        Subject* subject;
        Trial* trial;
    };
    for (Subject& subject : subjects) {
        for (const std::size_t index : sample_of(subject, sampling)) {
            const Mutant& mutant = subject.mutants[index];
            subject.trials.push_back(
                {&mutant, find_accepted(all_accepted(), mutant, subject.concurrent), {}});
        }
    }
    std::vector<Job> jobs;
    for (Subject& subject : subjects) {
        jobs.push_back({&subject, nullptr});
        for (Trial& trial : subject.trials) {
            jobs.push_back({&subject, &trial});
        }
    }
    in_parallel(jobs.size(), threads, [&](std::size_t i) {
        const auto& [subject, trial] = jobs[i];
        if (trial != nullptr) {
            judge_trial(*subject, *trial);
            return;
        }
        const Judgement own = subject->judge->judge(subject->recording());
        if (own.noticed) {
            subject->of_the_recording = own;
        }
    });
}

}  // namespace levitate::traces::mutation
