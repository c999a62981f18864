#include "traces/compare/align.hpp"

#include <algorithm>
#include <deque>

#include "traces/abi/constants.hpp"
#include "traces/abi/files.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/contents.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CompareRule;
using abi::syscall_number;

// How far ahead a call is looked for, to tell a missing call from an extra one.
constexpr std::size_t kLookAhead = 64;

const SyscallEvent* call_of(const Event& event) {
    return std::get_if<SyscallEvent>(&event.body);
}

CompareRule rule_of(const SyscallEvent& call) {
    const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments);
    return row != nullptr ? row->rule : CompareRule::Exact;
}

// Results that a schedule brings about. Any other error is the kernel's word on the arguments, and exact.
bool ordinary_result(const SyscallEvent& call) {
    if (!call.result || *call.result >= 0) {
        return true;
    }
    switch (-*call.result) {
        case abi::error_number("EAGAIN"):
        case abi::error_number("EINTR"):
            return true;
        case abi::error_number("ETIMEDOUT"):
            return call.arguments[3] != 0;
        default:
            return false;
    }
}

// A signal that comes when it comes: not the program's own fault, and not one that it has just sent itself.
bool is_asynchronous(const SignalEvent& signal, const Event* before) {
    if (abi::siginfo_view(signal.siginfo).name == "siginfo_fault") {
        return false;
    }
    const SyscallEvent* call = before != nullptr ? call_of(*before) : nullptr;
    if (call == nullptr) {
        return true;
    }
    switch (call->number) {
        case syscall_number("kill"):
        case syscall_number("tkill"):
        case syscall_number("tgkill"):
        case syscall_number("rt_sigqueueinfo"):
        case syscall_number("rt_tgsigqueueinfo"):
        case syscall_number("pidfd_send_signal"):
        case syscall_number("rt_sigprocmask"):
        case syscall_number("rt_sigsuspend"):
            return false;
        default:
            return true;
    }
}

// The events of one task of a pair and how far each side has come.
struct Side {
    const TraceIndex* index = nullptr;
    const TaskView* task = nullptr;
    std::size_t next = 0;
    // Asynchronous signals, with what their handlers did, that the other side has not had yet: indices of
    // events.
    std::deque<std::vector<std::size_t>> waiting;
    // The same for reads of the auxiliary vector.
    std::deque<std::size_t> auxv_reads;

    bool ended() const { return next >= task->events.size(); }
    std::size_t remaining() const { return task->events.size() - next; }
    std::size_t event_index() const { return task->events[next]; }
    const Event& event() const { return index->trace().events[event_index()]; }
    const Event* before() const {
        return next > 0 ? &index->trace().events[task->events[next - 1]] : nullptr;
    }
    bool concurrent() const { return index->note(event_index()).concurrent; }
    // A thread's last wake comes after its last event, so that its joiner may wait although it runs alone by
    // then.
    bool concurrent(const SyscallEvent& call) const {
        const CompareRule rule = rule_of(call);
        const bool late = rule == CompareRule::Wait || rule == CompareRule::Wake;
        return concurrent() || (late && index->note(event_index()).after_first_clone);
    }
};

struct TaskPair {
    Side golden;
    Side actual;
    bool done = false;
};

// One run of reads or writes of one descriptor.
struct Run {
    std::size_t events = 0;
    std::vector<std::byte> bytes;
    std::optional<std::int64_t> last_result;
};

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

    Alignment run() {
        pair_tasks();
        for (const std::size_t event : golden_.by_order()) {
            const auto found = pairs_.find(golden_.trace().events[event].task);
            if (found != pairs_.end()) {
                advance_past(found->second, event);
            }
            if (divergence_) {
                break;
            }
        }
        for (auto& [number, pair] : pairs_) {
            while (!divergence_ && !pair.done) {
                step(pair);
            }
        }
        check_unpaired_tasks();
        check_outcome();
        return {std::move(divergence_), matched_, equivalence_.normalisations()};
    }

  private:
    static AddressMode mode_of(const TraceIndex& golden, const TraceIndex& actual) {
        const bool random =
            golden.trace().header.randomize_addresses || actual.trace().header.randomize_addresses;
        return random ? AddressMode::Random : AddressMode::Exact;
    }

    // By birth order under each parent, beginning with the tasks that have none.
    void pair_tasks() { pair_children(roots(golden_), roots(actual_)); }

    static std::vector<TaskNumber> roots(const TraceIndex& index) {
        std::vector<TaskNumber> result;
        for (const auto& [number, task] : index.tasks()) {
            if (index.task(task.parent) == nullptr || task.parent == number) {
                result.push_back(number);
            }
        }
        return result;
    }

    void pair_children(const std::vector<TaskNumber>& golden, const std::vector<TaskNumber>& actual) {
        for (std::size_t i = 0; i < std::min(golden.size(), actual.size()); ++i) {
            const TaskView* one = golden_.task(golden[i]);
            const TaskView* other = actual_.task(actual[i]);
            pairs_[golden[i]] = {.golden = {&golden_, one, 0, {}, {}},
                                 .actual = {&actual_, other, 0, {}, {}}};
            paired_actual_.insert(actual[i]);
            pair_children(one->children, other->children);
        }
    }

    void advance_past(TaskPair& pair, std::size_t event) {
        while (!pair.done && !divergence_ && !pair.golden.ended() && pair.golden.event_index() != event &&
               golden_.trace().events[pair.golden.event_index()].order <=
                   golden_.trace().events[event].order) {
            step(pair);
        }
        if (!pair.done && !divergence_ && !pair.golden.ended() && pair.golden.event_index() == event) {
            const std::size_t before = pair.golden.next;
            while (!pair.done && !divergence_ && pair.golden.next == before) {
                step(pair);
            }
        }
    }

    // What is recorded for replay, or by one recorder only.
    bool is_ignored(const Event& event, bool& counted) const {
        if (std::holds_alternative<MemoryWriteEvent>(event.body) ||
            std::holds_alternative<RegisterReadEvent>(event.body) ||
            std::holds_alternative<MappedFileEvent>(event.body)) {
            return true;
        }
        counted = true;
        return (std::holds_alternative<AuxvReadEvent>(event.body) && !golden_.has_auxv_reads()) ||
               (std::holds_alternative<VdsoCallEvent>(event.body) && !golden_.has_vdso_calls());
    }

    void pass_ignored(Side& side) {
        bool counted = false;
        while (!side.ended() && is_ignored(side.event(), counted)) {
            if (counted) {
                equivalence_.normalised(
                    "auxiliary vector reads and vDSO calls, which the golden recording lacks");
                equivalence_.commit();
            }
            counted = false;
            ++side.next;
        }
    }

    // Moves at least one side on, ends the pair, or finds the divergence.
    void step(TaskPair& pair) {
        pass_ignored(pair.golden);
        pass_ignored(pair.actual);
        if (pair.golden.ended() && pair.actual.ended() && !match_auxv_reads(pair)) {
            finish(pair);
            return;
        }
        if (match_auxv_reads(pair) || match_waiting(pair)) {
            return;
        }
        std::vector<FieldDifference> differences;
        if (!pair.golden.ended() && !pair.actual.ended() &&
            same_identity(pair.golden.event(), pair.actual.event())) {
            differences = match(pair);
            if (differences.empty()) {
                return;
            }
        }
        if (!is_refused(pair, differences) && skip(pair)) {
            return;
        }
        diverge(pair, differences);
    }

    // The same call with the same arguments, and an error that no schedule brings about.
    static bool is_refused(const TaskPair& pair, const std::vector<FieldDifference>& differences) {
        return !differences.empty() && kind_of(differences) == DivergenceKind::Result &&
               call_of(pair.actual.event()) != nullptr && !ordinary_result(*call_of(pair.actual.event()));
    }

    // ---- events that match ----

    // Empty: they match, and both sides have moved on.
    std::vector<FieldDifference> match(TaskPair& pair) {
        inherit_space(pair);
        const EventPair events{golden_, actual_, pair.golden.event_index(), pair.actual.event_index()};
        std::vector<FieldDifference> differences = compare_fields(events, equivalence_);
        let_pass(events, differences);
        if (differences.empty()) {
            follow_unmapping(events);
            take(pair, 1, 1);
            return {};
        }
        equivalence_.roll_back();
        if (match_runs(pair)) {
            return {};
        }
        return differences;
    }

    void follow_unmapping(const EventPair& events) {
        const SyscallEvent* call = call_of(events.golden_side());
        if (call != nullptr && call->number == syscall_number("munmap") && call->result == 0) {
            equivalence_.space(events.space()).note_unmapping(call->arguments[0], call->arguments[1]);
        }
    }

    void inherit_space(const TaskPair& pair) {
        if (!std::holds_alternative<TaskStartEvent>(pair.golden.event().body)) {
            return;
        }
        const TaskView* parent = golden_.task(pair.golden.task->parent);
        if (parent == nullptr) {
            return;
        }
        const auto& own = golden_.note(pair.golden.event_index());
        // The parent's space is that of its last event before this one.
        std::optional<std::uint32_t> space;
        for (const std::size_t event : parent->events) {
            if (golden_.trace().events[event].order < pair.golden.event().order) {
                space = golden_.note(event).space;
            }
        }
        if (space) {
            equivalence_.fork_space(*space, own.space);
        }
    }

    void take(TaskPair& pair, std::size_t golden_events, std::size_t actual_events) {
        equivalence_.commit();
        if (collected_ != nullptr) {
            collected_->note_aligned(pair.golden.event_index());
        }
        matched_ += golden_events;
        pair.golden.next += golden_events;
        pair.actual.next += actual_events;
    }

    // Removes the differences that are none: those that the recordings had among them, and those that the
    // call's rule leaves to the schedule.
    void let_pass(const EventPair& events, std::vector<FieldDifference>& differences) {
        if (differences.empty()) {
            return;
        }
        if (scheduling_differences(events, differences)) {
            differences.clear();
            return;
        }
        std::erase_if(differences, [&](const FieldDifference& difference) {
            if (collected_ != nullptr) {
                collected_->note(events.golden_event, difference);
            } else if (!variation_.allows(events.golden_event, difference)) {
                return false;
            } else {
                equivalence_.normalised(difference.value_class == ValueClass::Time
                                            ? "times"
                                            : "values that differ between the golden recordings");
            }
            if (difference.mapping_length != 0) {
                equivalence_.space(events.space())
                    .note_mapping(difference.golden_mapping, difference.actual_mapping,
                                  difference.mapping_length);
            }
            return true;
        });
    }

    bool scheduling_differences(const EventPair& events, const std::vector<FieldDifference>& differences) {
        const SyscallEvent* golden = call_of(events.golden_side());
        const SyscallEvent* actual = call_of(events.actual_side());
        const bool threaded = golden_.note(events.golden_event).after_first_clone &&
                              actual_.note(events.actual_event).after_first_clone;
        if (golden == nullptr || !threaded || !ordinary_result(*golden) || !ordinary_result(*actual)) {
            return false;
        }
        const bool only_outcome = std::ranges::all_of(differences, [](const FieldDifference& difference) {
            return difference.kind == DivergenceKind::Result || difference.kind == DivergenceKind::Data;
        });
        const bool only_result = std::ranges::all_of(differences, [](const FieldDifference& difference) {
            return difference.kind == DivergenceKind::Result;
        });
        switch (rule_of(*golden)) {
            case CompareRule::Wait:
            case CompareRule::Wake:
                if (only_result) {
                    equivalence_.normalised("results of waits and wakes");
                }
                return only_result;
            case CompareRule::Poll:
                if (only_outcome && events.concurrent()) {
                    equivalence_.normalised("what was ready when");
                }
                return only_outcome && events.concurrent();
            default:
                return false;
        }
    }

    // ---- runs: bytes that were chunked otherwise, and files with varying contents ----

    // Whether the payload holds bytes of the stream, and not the iovec array or an address.
    static bool is_buffer(const SyscallEvent& call, const Payload& payload) {
        constexpr unsigned kFirstMessageBuffer = 4;
        switch (call.number) {
            case syscall_number("readv"):
            case syscall_number("writev"):
                return payload.element != 0;
            case syscall_number("sendmsg"):
            case syscall_number("recvmsg"):
                return payload.element >= kFirstMessageBuffer;
            default:
                return payload.argument == 1;
        }
    }

    static std::optional<Run> run_at(const Side& side, Direction direction) {
        Run run;
        const SyscallEvent* first = call_of(side.event());
        for (std::size_t i = side.next; i < side.task->events.size(); ++i) {
            const SyscallEvent* call = call_of(side.index->trace().events[side.task->events[i]]);
            if (call == nullptr || call->number != first->number ||
                call->arguments[0] != first->arguments[0] || !call->result) {
                break;
            }
            const bool failed = abi::is_error(*call->result);
            std::size_t left = failed ? 0 : static_cast<std::size_t>(*call->result);
            for (const Payload& payload : call->payloads) {
                if (payload.direction == direction && is_buffer(*call, payload)) {
                    const std::size_t taken = std::min(left, payload.bytes.size());
                    run.bytes.insert(run.bytes.end(), payload.bytes.begin(),
                                     payload.bytes.begin() + static_cast<std::ptrdiff_t>(taken));
                    left -= taken;
                }
            }
            run.last_result = call->result;
            ++run.events;
            if (failed || *call->result == 0) {
                break;
            }
        }
        return run.events != 0 ? std::optional(std::move(run)) : std::nullopt;
    }

    bool match_runs(TaskPair& pair) {
        const SyscallEvent* golden_call = call_of(pair.golden.event());
        const SyscallEvent* actual_call = call_of(pair.actual.event());
        if (golden_call == nullptr || golden_call->arguments[0] != actual_call->arguments[0]) {
            return false;
        }
        const FdInfo& descriptor = golden_.note(pair.golden.event_index()).fd;
        const auto contents = abi::file_variation(descriptor.path);
        const abi::SyscallRow* row = abi::find_syscall(golden_call->number);
        const bool reads = row != nullptr && row->argument_count > 1 &&
                           (row->arguments()[1].kind == abi::ArgumentKind::OutBytes ||
                            row->arguments()[1].kind == abi::ArgumentKind::OutIovec);
        const bool varying = contents != abi::FileVariation::None && reads;
        if (!varying && !chunking_is_free(pair, descriptor, reads)) {
            return false;
        }
        const Direction direction = reads ? Direction::Out : Direction::In;
        const auto golden = run_at(pair.golden, direction);
        const auto actual = run_at(pair.actual, direction);
        if (!golden || !actual) {
            return false;
        }
        const bool golden_ended = *golden->last_result <= 0;
        const bool actual_ended = *actual->last_result <= 0;
        const bool failed = *golden->last_result < 0 || *actual->last_result < 0;
        if ((failed || (golden_ended && actual_ended)) && golden->last_result != actual->last_result) {
            return false;
        }
        const bool equal =
            varying ? contents_equal(contents, pair, *golden, *actual) : golden->bytes == actual->bytes;
        if (!equal || (!varying && golden_ended != actual_ended)) {
            equivalence_.roll_back();
            return false;
        }
        equivalence_.normalised(varying ? "contents of /proc and /dev files" : "how streams were chunked");
        take(pair, golden->events, actual->events);
        return true;
    }

    // Whether bytes of the descriptor may arrive in other portions: standard input always may; other streams
    // where another task is at the other end.
    bool chunking_is_free(const TaskPair& pair, const FdInfo& descriptor, bool reads) const {
        if (rule_of(*call_of(pair.golden.event())) != CompareRule::Stream ||
            descriptor.kind == FdKind::File) {
            return false;
        }
        const bool beside = pair.golden.concurrent() && pair.actual.concurrent();
        return beside || (descriptor.kind == FdKind::Inherited && reads);
    }

    bool contents_equal(abi::FileVariation variation, const TaskPair& pair, const Run& golden,
                        const Run& actual) {
        const std::string_view one = as_string_view(golden.bytes);
        const std::string_view other = as_string_view(actual.bytes);
        switch (variation) {
            case abi::FileVariation::Maps: {
                const std::uint32_t space = golden_.note(pair.golden.event_index()).space;
                const auto extent = [](const Run& run) {
                    return *run.last_result == 0 ? Extent::Whole : Extent::Part;
                };
                return !compare_maps(one, other, extent(golden), extent(actual),
                                     [&](std::uint64_t a, std::uint64_t b) {
                                         return equivalence_.addresses_equal(space, a, b);
                                     });
            }
            case abi::FileVariation::Shape:
                return shape(one) == shape(other);
            case abi::FileVariation::Random:
                return one.size() == other.size();
            default:
                return one.empty() == other.empty();
        }
    }

    // ---- events that one side may have alone ----

    enum class Which { Golden, Actual };

    bool skip(TaskPair& pair) {
        return skip_one(pair, Which::Golden) || skip_one(pair, Which::Actual) || set_auxv_read_aside(pair) ||
               set_signal_aside(pair);
    }

    // The golden address space that the pair is in.
    std::uint32_t space_of(const TaskPair& pair) const {
        const auto& events = pair.golden.task->events;
        return events.empty() ? 0 : golden_.note(events[std::min(pair.golden.next, events.size() - 1)]).space;
    }

    bool skip_one(TaskPair& pair, Which which) {
        Side& side = which == Which::Golden ? pair.golden : pair.actual;
        const SyscallEvent* call = side.ended() ? nullptr : call_of(side.event());
        if (call == nullptr || !side.concurrent(*call)) {
            return false;
        }
        const CompareRule rule = rule_of(*call);
        const bool free = rule == CompareRule::Wait || rule == CompareRule::Wake || rule == CompareRule::Poll;
        AddressMap& space = equivalence_.space(space_of(pair));
        if (free && ordinary_result(*call)) {
            equivalence_.normalised("waits, wakes and polls that are absent or repeated");
        } else if (is_trimming(space, *call, which)) {
            equivalence_.normalised("addresses");
        } else if (optional_.contains(side.event())) {
            equivalence_.normalised("calls that only some golden recordings have");
            note_unplaced(space, *call, which);
        } else {
            return false;
        }
        equivalence_.commit();
        matched_ += which == Which::Golden ? 1 : 0;
        ++side.next;
        return true;
    }

    // munmap of a mapping's end that alignment leaves over: there is none where the mapping lies aligned.
    static bool is_trimming(const AddressMap& space, const SyscallEvent& call, Which which) {
        return call.number == syscall_number("munmap") && call.result == 0 &&
               (which == Which::Golden ? space.moved(call.arguments[0])
                                       : space.moved_from_actual(call.arguments[0]));
    }

    static void note_unplaced(AddressMap& space, const SyscallEvent& call, Which which) {
        if (call.number != syscall_number("mmap") || !call.result || abi::is_error(*call.result)) {
            return;
        }
        const auto address = static_cast<std::uint64_t>(*call.result);
        if (which == Which::Golden) {
            space.note_golden_only(address, call.arguments[1]);
        } else {
            space.note_actual_only(address, call.arguments[1]);
        }
    }

    // Once there are several tasks, a recorder that reads the calls and the vector in two runs cannot say
    // between which calls a read came; that it came, and in which order, it can.
    static bool at_free_auxv_read(const Side& side) {
        return !side.ended() && std::holds_alternative<AuxvReadEvent>(side.event().body) &&
               side.index->note(side.event_index()).after_first_clone;
    }

    bool set_auxv_read_aside(TaskPair& pair) {
        for (Side* side : {&pair.golden, &pair.actual}) {
            if (at_free_auxv_read(*side)) {
                side->auxv_reads.push_back(side->event_index());
                ++side->next;
                return true;
            }
        }
        return false;
    }

    // Reads of the vector that have come on both sides by now, in their order.
    bool match_auxv_reads(TaskPair& pair) {
        if (pair.golden.auxv_reads.empty() && pair.actual.auxv_reads.empty()) {
            return false;
        }
        if (set_auxv_read_aside(pair)) {
            return true;
        }
        if (pair.golden.auxv_reads.empty() || pair.actual.auxv_reads.empty()) {
            return false;
        }
        const EventPair events{golden_, actual_, pair.golden.auxv_reads.front(),
                               pair.actual.auxv_reads.front()};
        std::vector<FieldDifference> differences = compare_fields(events, equivalence_);
        let_pass(events, differences);
        if (differences.empty()) {
            pair.golden.auxv_reads.pop_front();
            pair.actual.auxv_reads.pop_front();
            equivalence_.normalised("auxiliary vector reads that came at another point");
            equivalence_.commit();
            ++matched_;
        } else if (!drop_optional_read(pair.golden) && !drop_optional_read(pair.actual)) {
            diverge_at(pair, events.golden_event, events.actual_event, DivergenceKind::Auxv, differences,
                       describe(events.golden_side()) + ": auxv differs");
            pair.done = true;
        }
        return true;
    }

    bool drop_optional_read(Side& side) {
        if (side.auxv_reads.empty() ||
            !optional_.contains(side.index->trace().events[side.auxv_reads.front()])) {
            return false;
        }
        equivalence_.roll_back();
        equivalence_.normalised("auxiliary vector reads that only some golden recordings have");
        equivalence_.commit();
        side.auxv_reads.pop_front();
        return true;
    }

    static std::vector<std::size_t> take_handler(Side& side) {
        std::vector<std::size_t> events;
        int depth = 0;
        do {
            const Event& event = side.event();
            depth += std::holds_alternative<SignalEvent>(event.body) ? 1 : 0;
            const SyscallEvent* call = call_of(event);
            depth -= call != nullptr && call->number == syscall_number("rt_sigreturn") ? 1 : 0;
            events.push_back(side.event_index());
            ++side.next;
        } while (depth > 0 && !side.ended());
        return events;
    }

    static bool at_asynchronous_signal(const Side& side) {
        const auto* signal = side.ended() ? nullptr : std::get_if<SignalEvent>(&side.event().body);
        return signal != nullptr && is_asynchronous(*signal, side.before());
    }

    // A signal that comes at another point takes its handler's events along.
    bool set_signal_aside(TaskPair& pair) {
        for (Side* side : {&pair.golden, &pair.actual}) {
            if (at_asynchronous_signal(*side)) {
                side->waiting.push_back(take_handler(*side));
                return true;
            }
        }
        return false;
    }

    // Signals that have come on both sides by now, in their order.
    bool match_waiting(TaskPair& pair) {
        Side& golden = pair.golden;
        Side& actual = pair.actual;
        if (golden.waiting.empty() == actual.waiting.empty()) {
            return false;
        }
        Side& late = golden.waiting.empty() ? golden : actual;
        if (!at_asynchronous_signal(late)) {
            return false;
        }
        late.waiting.push_back(take_handler(late));
        const std::vector<std::size_t> one = golden.waiting.front();
        const std::vector<std::size_t> other = actual.waiting.front();
        golden.waiting.pop_front();
        actual.waiting.pop_front();
        compare_handlers(pair, one, other);
        return true;
    }

    void compare_handlers(const TaskPair& pair, const std::vector<std::size_t>& golden,
                          const std::vector<std::size_t>& actual) {
        for (std::size_t i = 0; i < std::max(golden.size(), actual.size()); ++i) {
            if (i >= golden.size() || i >= actual.size()) {
                diverge_at(pair, i < golden.size() ? std::optional(golden[i]) : std::nullopt,
                           i < actual.size() ? std::optional(actual[i]) : std::nullopt,
                           DivergenceKind::Signal, {}, "the signal handler did something else");
                return;
            }
            const EventPair events{golden_, actual_, golden[i], actual[i]};
            std::vector<FieldDifference> differences;
            const bool same = same_identity(events.golden_side(), events.actual_side());
            if (same) {
                differences = compare_fields(events, equivalence_);
                let_pass(events, differences);
            }
            if (!same || !differences.empty()) {
                diverge_at(pair, golden[i], actual[i], DivergenceKind::Signal, differences,
                           "in a signal handler, " + describe(events.golden_side()) + " differs");
                return;
            }
            ++matched_;
        }
        equivalence_.normalised("signals that came at another point");
        equivalence_.commit();
    }

    // ---- ends and divergences ----

    void finish(TaskPair& pair) {
        pair.done = true;
        while (drop_optional_read(pair.golden) || drop_optional_read(pair.actual)) {
        }
        for (const Side* side : {&pair.golden, &pair.actual}) {
            const bool is_read = side->waiting.empty() && !side->auxv_reads.empty();
            if (is_read || !side->waiting.empty()) {
                const std::size_t event = is_read ? side->auxv_reads.front() : side->waiting.front().front();
                const bool is_golden = side == &pair.golden;
                diverge_at(pair, is_golden ? std::optional(event) : std::nullopt,
                           is_golden ? std::nullopt : std::optional(event),
                           is_read ? DivergenceKind::Auxv : DivergenceKind::Signal, {},
                           describe(side->index->trace().events[event]) +
                               (is_golden ? (is_read ? " is missing" : " was not delivered")
                                          : " is not in the golden recording"));
                return;
            }
        }
    }

    // A thread that its process' end overtakes stops anywhere.
    bool overtaken(const Side& side) const {
        if (!side.index->ended_by_another(*side.task)) {
            return false;
        }
        return side.ended() || std::holds_alternative<TaskEndEvent>(side.event().body) ||
               (call_of(side.event()) != nullptr && !call_of(side.event())->result);
    }

    void diverge(TaskPair& pair, const std::vector<FieldDifference>& differences) {
        if (overtaken(pair.golden) || overtaken(pair.actual)) {
            equivalence_.normalised("threads that ended with their process");
            equivalence_.commit();
            pair.done = true;
            return;
        }
        if (collected_ != nullptr) {
            pair.done = true;  // this recording says no more of the task
            return;
        }
        const auto at = [](const Side& side) {
            return side.ended() ? std::nullopt : std::optional(side.event_index());
        };
        const DivergenceKind kind = differences.empty() ? structural_kind(pair) : kind_of(differences);
        diverge_at(pair, at(pair.golden), at(pair.actual), kind, differences, message(pair, kind));
    }

    static DivergenceKind kind_of(const std::vector<FieldDifference>& differences) {
        for (const DivergenceKind kind : {DivergenceKind::Arguments, DivergenceKind::Result}) {
            if (std::ranges::any_of(differences, [&](const FieldDifference& d) { return d.kind == kind; })) {
                return kind;
            }
        }
        return differences.front().kind;
    }

    template <typename T>
    static bool at(const Side& side) {
        return !side.ended() && std::holds_alternative<T>(side.event().body);
    }

    DivergenceKind structural_kind(const TaskPair& pair) const {
        if (at<RegistersEvent>(pair.actual) || at<RegistersEvent>(pair.golden)) {
            return DivergenceKind::Registers;
        }
        if (at<SignalEvent>(pair.golden) || at<SignalEvent>(pair.actual)) {
            return DivergenceKind::Signal;
        }
        if (at<AuxvReadEvent>(pair.golden) || at<AuxvReadEvent>(pair.actual)) {
            return DivergenceKind::Auxv;
        }
        if (at<TaskEndEvent>(pair.actual) || pair.actual.ended()) {
            const bool alone = at<TaskEndEvent>(pair.golden) || pair.golden.ended();
            return alone ? DivergenceKind::Exit : DivergenceKind::MissingCall;
        }
        if (at<TaskEndEvent>(pair.golden) || pair.golden.ended()) {
            return DivergenceKind::ExtraCall;
        }
        // The call that comes sooner on the other side is the one that was expected there.
        const std::size_t to_actual = distance(pair.golden, pair.actual.event());
        const std::size_t to_golden = distance(pair.actual, pair.golden.event());
        if (to_actual != to_golden) {
            return to_actual < to_golden ? DivergenceKind::MissingCall : DivergenceKind::ExtraCall;
        }
        return pair.actual.remaining() > pair.golden.remaining() ? DivergenceKind::ExtraCall
                                                                 : DivergenceKind::MissingCall;
    }

    static std::size_t distance(const Side& side, const Event& wanted) {
        const std::size_t end = std::min(side.task->events.size(), side.next + kLookAhead);
        for (std::size_t i = side.next; i < end; ++i) {
            if (same_identity(side.index->trace().events[side.task->events[i]], wanted)) {
                return i - side.next;
            }
        }
        return kLookAhead;
    }

    std::string message(const TaskPair& pair, DivergenceKind kind) const {
        const std::string golden = pair.golden.ended() ? "the task's end" : describe(pair.golden.event());
        std::string actual = pair.actual.ended() ? "the task's end" : describe(pair.actual.event());
        if (pair.actual.ended() && !actual_.trace().incomplete.empty()) {
            actual = "the end of the recording (" + actual_.trace().incomplete + ")";
        }
        if (kind == DivergenceKind::Registers) {
            return "the kernel has not preserved registers: " + actual;
        }
        if (golden == actual) {
            const bool plural = kind == DivergenceKind::Arguments || kind == DivergenceKind::Data;
            return golden + ": " + std::string(to_string(kind)) + (plural ? " differ" : " differs");
        }
        return "expected " + golden + ", found " + actual;
    }

    void diverge_at(const TaskPair& pair, std::optional<std::size_t> golden,
                    std::optional<std::size_t> actual, DivergenceKind kind,
                    const std::vector<FieldDifference>& differences, std::string message) {
        equivalence_.roll_back();
        if (collected_ != nullptr || divergence_) {
            return;
        }
        Divergence divergence{.kind = kind,
                              .task = pair.golden.task->number,
                              .golden_event = golden,
                              .actual_event = actual,
                              .differences = {},
                              .message = std::move(message)};
        for (const FieldDifference& difference : differences) {
            divergence.differences.push_back(difference.shown);
        }
        divergence_ = std::move(divergence);
    }

    void check_unpaired_tasks() {
        const auto report = [&](const TraceIndex& index, TaskNumber number, DivergenceKind kind,
                                std::string text) {
            const TaskView* task = index.task(number);
            const std::optional<std::size_t> first =
                task->events.empty() ? std::nullopt : std::optional(task->events.front());
            const bool missing = kind == DivergenceKind::MissingCall;
            divergence_ = Divergence{.kind = kind,
                                     .task = number,
                                     .golden_event = missing ? first : std::nullopt,
                                     .actual_event = missing ? std::nullopt : first,
                                     .differences = {},
                                     .message = std::move(text)};
        };
        for (const auto& [number, task] : golden_.tasks()) {
            if (!divergence_ && collected_ == nullptr && !pairs_.contains(number) && !task.events.empty()) {
                report(golden_, number, DivergenceKind::MissingCall,
                       "a task of the golden recording was never started");
            }
        }
        for (const auto& [number, task] : actual_.tasks()) {
            if (!divergence_ && collected_ == nullptr && !paired_actual_.contains(number) &&
                !task.events.empty()) {
                report(actual_, number, DivergenceKind::ExtraCall,
                       "a task was started that the golden recording has not");
            }
        }
    }

    static std::optional<std::size_t> outcome_of(const TraceIndex& index) {
        const auto& events = index.trace().events;
        for (std::size_t i = events.size(); i > 0; --i) {
            if (std::holds_alternative<OutcomeEvent>(events[i - 1].body)) {
                return i - 1;
            }
        }
        return std::nullopt;
    }

    void check_outcome() {
        const auto golden = outcome_of(golden_);
        const auto actual = outcome_of(actual_);
        if (divergence_ || !golden) {
            return;
        }
        if (!actual) {
            if (collected_ == nullptr) {
                const std::string why = actual_.trace().incomplete;
                divergence_ =
                    Divergence{.kind = DivergenceKind::Exit,
                               .task = golden_.trace().events[*golden].task,
                               .golden_event = golden,
                               .actual_event = std::nullopt,
                               .differences = {},
                               .message = "the program did not end" + (why.empty() ? "" : ": " + why)};
            }
            return;
        }
        const EventPair events{golden_, actual_, *golden, *actual};
        auto differences = compare_outcomes(events, equivalence_);
        let_pass(events, differences);
        if (differences.empty()) {
            if (collected_ != nullptr) {
                collected_->note_aligned(*golden);
            }
            equivalence_.commit();
            ++matched_;
            return;
        }
        const DivergenceKind kind = differences.front().kind;
        Divergence divergence{.kind = kind,
                              .task = events.golden_side().task,
                              .golden_event = golden,
                              .actual_event = actual,
                              .differences = {},
                              .message = kind == DivergenceKind::Exit ? "the program ended differently"
                                                                      : "the program's output differs"};
        for (const FieldDifference& difference : differences) {
            divergence.differences.push_back(difference.shown);
        }
        divergence_ = std::move(divergence);
    }

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

}  // namespace

Alignment align(const TraceIndex& golden, const TraceIndex& actual, const Variation& variation,
                const OptionalCalls& optional) {
    return Walk(golden, actual, variation, optional, nullptr).run();
}

void collect_variation(const TraceIndex& reference, const TraceIndex& other, const OptionalCalls& optional,
                       Variation& variation) {
    variation.begin_recording();
    const Variation nothing;
    Walk(reference, other, nothing, optional, &variation).run();
}

}  // namespace levitate::traces::detail
