// How the reads of the auxiliary vector that one run saw are put between the calls that another run made.
#include "vmm/engine/native/merge.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace levitate::vmm::native {
namespace {

using traces::TaskNumber;

traces::Event call(std::uint32_t task, std::uint64_t number) {
    traces::SyscallEvent body;
    body.number = number;
    return {.task = TaskNumber{task}, .index = 0, .order = 0, .body = body};
}

traces::Event auxv_read(std::uint32_t task, std::uint64_t type) {
    traces::AuxvReadEvent body;
    body.type = type;
    return {.task = TaskNumber{task}, .index = 0, .order = 0, .body = body};
}

TEST(native_merge, reads_come_behind_as_many_events_of_their_task) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(2, 20), call(1, 11), call(1, 12)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), auxv_read(1, 6), call(1, 11),
                    call(2, 20), auxv_read(1, 7), call(1, 12)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 7U);
    const auto type_at = [&](std::size_t at) {
        const auto* const read = std::get_if<traces::AuxvReadEvent>(&merged.events[at].body);
        return read == nullptr ? 0 : read->type;
    };
    EXPECT_EQ(type_at(2), 5U);
    EXPECT_EQ(type_at(3), 6U);
    EXPECT_EQ(type_at(5), 7U);
    EXPECT_EQ(merged.events[6].index, 5U);
    EXPECT_EQ(merged.events[6].order, 10U);
}

TEST(native_merge, a_read_comes_before_the_entry_of_the_call_that_follows) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(2, 20), call(1, 11)};
    // The second task makes and finishes its call while the first one is in its last.
    const auto at = [&](std::size_t event, std::uint64_t entry, std::uint64_t order) {
        auto& body = std::get<traces::SyscallEvent>(calls.events[event].body);
        body.entry_order = entry;
        body.entry_time = 10 * entry;
        calls.events[event].order = order;
        calls.events[event].time = 10 * order;
    };
    at(0, 0, 1);
    at(1, 3, 4);
    at(2, 2, 5);
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, 11), call(2, 20)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<traces::AuxvReadEvent>(merged.events[1].body));
    EXPECT_EQ(merged.events[1].order, 2U);
    EXPECT_EQ(merged.events[1].time, 10U);
    const auto entry_of = [&](std::size_t event) {
        return std::get<traces::SyscallEvent>(merged.events[event].body).entry_order;
    };
    EXPECT_EQ(entry_of(2), 4U);
    EXPECT_EQ(merged.events[2].order, 5U);
    EXPECT_EQ(entry_of(3), 3U);
    EXPECT_EQ(merged.events[3].order, 6U);
}

TEST(native_merge, reads_of_a_task_that_the_calls_do_not_have_are_dropped) {
    traces::Trace calls;
    calls.events = {call(1, 10)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(3, 5)};
    EXPECT_EQ(merge_auxv_reads(calls, reads).events.size(), 1U);
}

constexpr std::uint64_t kPageSizeEntry = 6;
constexpr std::uint64_t kProgramEntry = 9;
constexpr std::uint64_t kVdsoEntry = 33;

traces::Event exec(std::uint64_t program, std::uint64_t vdso) {
    traces::ExecEvent body;
    body.auxv = {{kVdsoEntry, vdso}, {kPageSizeEntry, 4096}, {kProgramEntry, program}};
    return {.task = TaskNumber{1}, .index = 0, .order = 0, .body = body};
}

traces::Event auxv_read_at(std::uint64_t pc, std::uint64_t type, std::uint64_t value) {
    traces::Event event = auxv_read(1, type);
    auto& body = std::get<traces::AuxvReadEvent>(event.body);
    body.pc = pc;
    body.value = value;
    return event;
}

// Positions of auxv reads among the task's other events.
std::vector<std::size_t> read_positions(const traces::Trace& trace) {
    std::vector<std::size_t> positions;
    std::size_t others = 0;
    for (const traces::Event& event : trace.events) {
        if (std::holds_alternative<traces::AuxvReadEvent>(event.body)) {
            positions.push_back(others);
        } else {
            ++others;
        }
    }
    return positions;
}

TEST(native_merge, reads_stand_between_the_same_calls_whatever_waits_came_besides) {
    constexpr std::uint64_t wait = 98;
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, wait), call(1, wait), call(1, wait), call(1, 11), call(1, 12)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, wait), auxv_read(1, 6), call(1, 11), call(1, 12)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1, 4}));
}

TEST(native_merge, a_read_behind_all_that_is_common_comes_before_the_end) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, 11)};
    traces::Trace reads;
    reads.events = {call(1, 10), call(1, 20), call(1, 21), auxv_read(1, 5), call(1, 22)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1}));
}

TEST(native_merge, reads_of_a_task_that_was_ended_early_come_behind_what_it_did) {
    constexpr std::uint64_t end = 93;
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, 11), call(1, end)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, end)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1}));
}

TEST(native_merge, reads_are_told_with_the_addresses_of_the_calls) {
    traces::Trace calls;
    calls.events = {exec(0xaaaa1000, 0xffff9000), call(1, 10)};
    traces::Trace reads;
    reads.events = {exec(0xaaaa5000, 0xffff2000), auxv_read_at(0xaaaa5040, kVdsoEntry, 0xffff2000),
                    auxv_read_at(0xffff0080, kPageSizeEntry, 4096), call(1, 10)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 4U);
    const auto& of_program = std::get<traces::AuxvReadEvent>(merged.events[1].body);
    EXPECT_EQ(of_program.pc, 0xaaaa1040U);
    EXPECT_EQ(of_program.value, 0xffff9000U);
    const auto& of_library = std::get<traces::AuxvReadEvent>(merged.events[2].body);
    EXPECT_EQ(of_library.pc, 0xffff7080U);
    EXPECT_EQ(of_library.value, 4096U);
}

}  // namespace
}  // namespace levitate::vmm::native
