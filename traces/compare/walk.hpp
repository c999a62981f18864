// The walk over two traces that align() and collect_variation() make. Its parts stand in walk*.cpp.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "traces/abi/files.hpp"
#include "traces/compare/align.hpp"
#include "traces/compare/side.hpp"

namespace levitate::traces::detail {

class Walk {
  public:
    // With `collected`, every difference of values is let pass and noted there; without, `variation` decides.
    Walk(const TraceIndex& golden, const TraceIndex& actual, const Variation& variation,
         const OptionalCalls& optional, Variation* collected)
        : golden_(golden),
          actual_(actual),
          variation_(variation),
          optional_(optional),
          collected_(collected),
          equivalence_(mode_of(golden, actual)) {}

    Alignment run();

  private:
    enum class Which { Golden, Actual };
    static AddressMode mode_of(const TraceIndex& golden, const TraceIndex& actual);

    // By birth order under each parent, beginning with the tasks that have none.
    void pair_tasks();
    static std::vector<TaskNumber> roots(const TraceIndex& index);
    void pair_children(const std::vector<TaskNumber>& golden, const std::vector<TaskNumber>& actual);
    void advance_past(TaskPair& pair, std::size_t event);

    // Moves at least one side on, ends the pair, or finds the divergence.
    void step(TaskPair& pair);

    // The same call with the same arguments, and an error that no schedule brings about.
    static bool is_refused(const TaskPair& pair, const std::vector<FieldDifference>& differences);

    // ---- walk_match.cpp ----

    // Empty: they match, and both sides have moved on.
    std::vector<FieldDifference> match(TaskPair& pair);
    void follow_unmapping(const EventPair& events);
    void inherit_space(const TaskPair& pair);
    void take(TaskPair& pair, std::size_t golden_events, std::size_t actual_events);

    // Removes the differences that are none: those that the recordings had among them, and those that the
    // call's rule leaves to the schedule.
    void let_pass(const EventPair& events, std::vector<FieldDifference>& differences);
    bool scheduling_differences(const EventPair& events, const std::vector<FieldDifference>& differences);

    // ---- walk_runs.cpp ----

    // Whether the payload holds bytes of the stream, and not the iovec array or an address.
    static bool is_buffer(const SyscallEvent& call, const Payload& payload);
    static std::optional<Run> run_at(const Side& side, Direction direction);
    bool match_runs(TaskPair& pair);

    // Whether bytes of the descriptor may arrive in other portions: standard input always may; other streams
    // where another task is at the other end.
    bool chunking_is_free(const TaskPair& pair, const FdInfo& descriptor, bool reads) const;
    bool contents_equal(abi::FileVariation variation, const TaskPair& pair, const Run& golden,
                        const Run& actual);

    // ---- walk_skip.cpp ----
    bool skip(TaskPair& pair);

    // The golden address space that the pair is in.
    std::uint32_t space_of(const TaskPair& pair) const;
    bool skip_one(TaskPair& pair, Which which);

    // munmap of a mapping's end that alignment leaves over: there is none where the mapping lies aligned.
    static bool is_trimming(const AddressMap& space, const SyscallEvent& call, Which which);
    static void note_unplaced(AddressMap& space, const SyscallEvent& call, Which which);

    // Once there are several tasks, a recorder that reads the calls and the vector in two runs cannot say
    // between which calls a read came; that it came, and in which order, it can.
    static bool at_free_auxv_read(const Side& side);
    bool set_auxv_read_aside(TaskPair& pair);

    // Reads of the vector that have come on both sides by now, in their order.
    bool match_auxv_reads(TaskPair& pair);
    bool drop_optional_read(Side& side);
    static std::vector<std::size_t> take_handler(Side& side);
    static bool at_asynchronous_signal(const Side& side);

    // A signal that comes at another point takes its handler's events along.
    bool set_signal_aside(TaskPair& pair);

    // Signals that have come on both sides by now, in their order.
    bool match_waiting(TaskPair& pair);
    void compare_handlers(const TaskPair& pair, const std::vector<std::size_t>& golden,
                          const std::vector<std::size_t>& actual);

    // ---- walk_end.cpp ----
    void finish(TaskPair& pair);

    // A thread that its process' end overtakes stops anywhere.
    bool overtaken(const Side& side) const;
    void diverge(TaskPair& pair, const std::vector<FieldDifference>& differences);
    static DivergenceKind kind_of(const std::vector<FieldDifference>& differences);

    template <typename T>
    static bool at(const Side& side) {
        return !side.ended() && std::holds_alternative<T>(side.event().body);
    }
    DivergenceKind structural_kind(const TaskPair& pair) const;
    static std::size_t distance(const Side& side, const Event& wanted);
    std::string message(const TaskPair& pair, DivergenceKind kind) const;
    void diverge_at(const TaskPair& pair, std::optional<std::size_t> golden,
                    std::optional<std::size_t> actual, DivergenceKind kind,
                    const std::vector<FieldDifference>& differences, std::string message);
    void check_unpaired_tasks();
    static std::optional<std::size_t> outcome_of(const TraceIndex& index);
    void check_outcome();

    const TraceIndex& golden_;
    const TraceIndex& actual_;
    const Variation& variation_;
    const OptionalCalls& optional_;
    Variation* collected_;
    Equivalence equivalence_;
    std::map<TaskNumber, TaskPair> pairs_;
    std::set<TaskNumber> paired_actual_;
    std::optional<Divergence> divergence_;
    std::size_t matched_ = 0;
};

}  // namespace levitate::traces::detail
