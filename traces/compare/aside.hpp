// Events that may come at another point of their task, and wait until the other side has them too: reads of
// the auxiliary vector once there are several tasks (a recorder that reads calls and vector in two runs
// cannot say between which calls a read came), and signals from outside with what their handlers did.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "traces/compare/event_matcher.hpp"
#include "traces/compare/habits.hpp"
#include "traces/compare/side.hpp"

namespace levitate::traces::detail {

class SetAside {
  public:
    SetAside(EventMatcher& matcher, Findings& findings) : matcher_(matcher), findings_(findings) {}

    // Matches, in order, what has come on both sides by now. True: something has moved.
    bool match(TaskPair& pair);
    // Puts the next event of one side aside if it may come elsewhere. True: it has done so.
    bool put(TaskPair& pair);
    // Puts the read that a side of the pair stands at aside.
    void put_read(const TaskPair& pair, Side& side);
    // At the end of both sides: what only one has is a divergence. `usual_reads` is how many reads of the
    // vector the recordings of real Linux had; the recorder may have missed the last ones.
    void finish(const TaskPair& pair, Range usual_reads);
    // The end of its process has overtaken one side: what only the other has is no divergence.
    void forget();

  private:
    using Handler = std::vector<std::size_t>;  // indices of events, the signal's first

    static Handler take_handler(Side& side);
    static bool put_read(Side& side, std::deque<std::size_t>& reads);
    static bool put_signal(Side& side, std::deque<Handler>& signals);
    bool match_reads(const TaskPair& pair);
    bool match_signals(const TaskPair& pair);
    void compare_handlers(const TaskPair& pair, const Handler& golden, const Handler& actual);
    void report(const TaskPair& pair, const std::size_t* golden, const std::size_t* actual,
                DivergenceKind kind, const std::vector<FieldDifference>& differences, std::string message);

    EventMatcher& matcher_;
    Findings& findings_;
    std::deque<std::size_t> golden_reads_;
    std::deque<std::size_t> actual_reads_;
    std::deque<Handler> golden_signals_;
    std::deque<Handler> actual_signals_;
};

}  // namespace levitate::traces::detail
