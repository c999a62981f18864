// Bytes that were moved in other portions, and files whose contents vary.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "traces/abi/files.hpp"
#include "traces/compare/equivalence.hpp"
#include "traces/compare/side.hpp"

namespace levitate::traces::detail {

// How many events of each side together hold the same bytes.
struct StreamMatch {
    std::size_t golden_events = 0;
    std::size_t actual_events = 0;
};

// Compares the runs of reads or writes of one descriptor that the two sides stand at.
class StreamMatcher {
  public:
    explicit StreamMatcher(Equivalence& equivalence) : equivalence_(equivalence) {}

    // nullopt: they are not the same, or may not be chunked differently. Nothing is bound then. Precondition:
    // both are at the same call.
    std::optional<StreamMatch> match(const TaskPair& pair);

  private:
    // Reads or writes in a row that belong together: each goes on where the one before ended.
    struct Run {
        std::size_t events = 0;
        std::vector<std::byte> bytes;
        std::int64_t last_result = 0;
        bool ended_short = false;  // the last one moved far fewer bytes than there was room for
        bool possible = true;      // each result is one that Linux could give
    };

    static std::optional<Run> run_at(const Side& side, Direction direction);
    static bool goes_on(const SyscallEvent& call, const SyscallEvent& before);
    // Whether bytes of the descriptor may arrive in other portions: standard input always may; other streams
    // where another task is at the other end.
    static bool chunking_is_free(const TaskPair& pair, const FdInfo& descriptor, bool reads);
    bool first_calls_agree(const TaskPair& pair);
    bool contents_equal(abi::FileVariation variation, const TaskPair& pair, const Run& golden,
                        const Run& actual);

    Equivalence& equivalence_;
};

}  // namespace levitate::traces::detail
