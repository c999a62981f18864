#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/compare/compare.hpp"
#include "traces/compare/descriptors.hpp"

namespace levitate::traces {
namespace {

using test::kThreadFlags;
using test::told;
using test::TraceBuilder;
using test::value;

// Which jobs each of the two workers does, in turn.
using Schedule = std::vector<std::vector<int>>;

struct PoolOptions {
    std::vector<int> never{};     // jobs whose file is not closed
    std::vector<int> reversed{};  // jobs that write before they look at the file
    std::vector<int> renamed{};   // jobs that take another file
    std::vector<int> failing{};   // jobs whose write fails
    std::int64_t descriptor = 3;  // that the second worker gets while the first has 3
};

bool has(const std::vector<int>& jobs, int job) {
    return std::ranges::find(jobs, job) != jobs.end();
}

void do_job(TraceBuilder& b, std::uint32_t worker, int job, std::int64_t fd, const PoolOptions& options) {
    const std::string path = "/tmp/job-" + std::to_string(has(options.renamed, job) ? job + 100 : job);
    b.open(worker, path, fd);
    const auto descriptor = static_cast<std::uint64_t>(fd);
    const auto look = [&] { b.call(worker, "lseek", {descriptor, 0, 0}, 0); };
    if (!has(options.reversed, job)) {
        look();
    }
    SyscallEvent& write = b.write(worker, descriptor, "done");
    if (has(options.failing, job)) {
        write.result = -abi::error_number("ENOSPC");
    }
    if (has(options.reversed, job)) {
        look();
    }
    if (!has(options.never, job)) {
        b.call(worker, "close", {descriptor}, 0);
    }
}

Trace pool(const Schedule& schedule, const PoolOptions& options = {}) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    for (std::uint32_t worker = 2; worker < 4; ++worker) {
        SyscallEvent& clone = b.call(1, "clone", {kThreadFlags, 0, 0, 0, 0}, 99 + worker);
        clone.pc = 0x400100;
        b.start(worker, 1, kThreadFlags, 99 + worker);
    }
    for (std::size_t worker = 0; worker < schedule.size(); ++worker) {
        const auto number = static_cast<std::uint32_t>(worker + 2);
        b.call(number, "gettid", {}, 101 + static_cast<std::int64_t>(worker));
        for (const int job : schedule[worker]) {
            do_job(b, number, job, options.descriptor, options);
        }
        b.call(number, "exit", {0}, std::nullopt);
        b.end(number, 0);
    }
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

std::vector<Trace> recordings() {
    return {pool({{0, 1, 2, 3}, {4, 5}}), pool({{0, 2, 4}, {1, 3, 5}}), pool({{1, 2, 5}, {0, 3, 4}}),
            pool({{}, {0, 1, 2, 3, 4, 5}})};
}

Verdict verdict_of(const Trace& actual) {
    const Comparison result = compare(recordings(), actual);
    return result.verdict;
}

TEST(ComparePools, any_worker_may_do_a_job) {
    for (const Schedule& schedule :
         {Schedule{{5}, {0, 1, 2, 3, 4}}, Schedule{{0, 3, 5}, {1, 2, 4}}, Schedule{{0, 1, 2, 3, 4, 5}, {}}}) {
        const Comparison result = compare(recordings(), pool(schedule));
        EXPECT_EQ(result.verdict, Verdict::Equivalent) << told(result);
    }
}

TEST(ComparePools, every_job_is_done_once) {
    EXPECT_EQ(verdict_of(pool({{0, 1, 2}, {3, 5}})), Verdict::Divergent) << "one was forgotten";
    EXPECT_EQ(verdict_of(pool({{0, 1, 2, 4}, {3, 4, 5}})), Verdict::Divergent) << "one was done twice";
    EXPECT_EQ(verdict_of(pool({{0, 1, 2}, {3, 5, 6}})), Verdict::Divergent) << "another one";
}

TEST(ComparePools, what_belongs_to_a_job_stays_together) {
    EXPECT_EQ(verdict_of(pool({{0, 3, 5}, {1, 2, 4}}, {.never = {2}})), Verdict::Divergent);
    EXPECT_EQ(verdict_of(pool({{0, 3, 5}, {1, 2, 4}}, {.reversed = {3}})), Verdict::Divergent);
    EXPECT_EQ(verdict_of(pool({{0, 3, 5}, {1, 2, 4}}, {.renamed = {5}})), Verdict::Divergent);

    Trace torn = pool({{0, 3, 5}, {1, 2, 4}});
    const auto close_of = [&](int task) {
        return std::ranges::find_if(torn.events, [&](const Event& event) {
            const auto* call = std::get_if<SyscallEvent>(&event.body);
            return call != nullptr && event.task == static_cast<TaskNumber>(task) &&
                   call->number == abi::find_syscall("close")->number;
        });
    };
    close_of(2)->task = TaskNumber{3};
    EXPECT_EQ(verdict_of(torn), Verdict::Divergent) << "another worker closed the file";
}

TEST(ComparePools, a_wrong_answer_is_named_wherever_the_job_was_done) {
    const Comparison result = compare(recordings(), pool({{0, 3, 5}, {1, 2, 4}}, {.failing = {2}}));
    ASSERT_EQ(result.divergences.size(), 1U) << told(result);
    EXPECT_EQ(result.divergences.front().kind, DivergenceKind::Result);
    EXPECT_EQ(result.divergences.front().cause, "write → ENOSPC, Linux: 4");
}

TEST(ComparePools, a_descriptor_is_the_lowest_that_is_free) {
    EXPECT_EQ(verdict_of(pool({{0, 3, 5}, {1, 2, 4}}, {.descriptor = 4})), Verdict::Divergent);
}

// A queue hands its jobs out in order, whoever takes them.
TEST(ComparePools, work_from_a_queue_comes_in_its_order) {
    std::vector<Trace> queue;
    std::vector<int> all;
    for (int job = 0; job < 12; ++job) {
        all.push_back(job);
    }
    for (const int step : {2, 3, 4, 5, 12}) {
        Schedule schedule(2);
        for (const int job : all) {
            schedule[job % step == 0 ? 0 : 1].push_back(job);
        }
        queue.push_back(pool(schedule));
    }
    EXPECT_EQ(compare(queue, pool({{0, 2, 5, 7}, {1, 3, 4, 6, 8, 9, 10, 11}})).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare(queue, pool({{0, 5, 2, 7}, {1, 3, 4, 6, 8, 9, 10, 11}})).verdict, Verdict::Divergent);
}

TEST(ComparePools, threads_of_which_no_work_moves_are_no_pool) {
    const std::vector<Trace> same(4, pool({{0, 1, 2}, {3, 4, 5}}));
    EXPECT_EQ(compare(same, pool({{0, 1, 3}, {2, 4, 5}})).verdict, Verdict::Divergent);
}

TEST(DescriptorTable, the_lowest_is_what_no_call_of_the_time_has_open) {
    using detail::DescriptorTable;
    DescriptorTable table;
    std::vector<std::int32_t> taken;
    const auto follow = [&](std::string_view name, std::uint64_t argument, std::int64_t result,
                            std::uint64_t from, std::uint64_t by) {
        SyscallEvent call;
        call.number = abi::find_syscall(name)->number;
        call.arguments[0] = argument;
        call.result = result;
        call.entry_order = from;
        table.follow(call, *abi::find_syscall(name), by, taken);
    };
    follow("openat", 0, 3, 10, 11);
    follow("openat", 0, 4, 20, 23);
    follow("close", 3, 0, 21, 30);
    EXPECT_EQ(taken, (std::vector<std::int32_t>{3, 4}));
    EXPECT_TRUE(table.could_be_lowest(3, 0, {10, 11}));
    EXPECT_FALSE(table.could_be_lowest(2, 0, {10, 11})) << "a standard stream is open";
    EXPECT_FALSE(table.could_be_lowest(4, 0, {5, 6})) << "3 is free";
    EXPECT_TRUE(table.could_be_lowest(4, 0, {20, 23})) << "3 may not be closed yet";
    EXPECT_TRUE(table.could_be_lowest(3, 0, {20, 23})) << "3 may be closed already";
    EXPECT_FALSE(table.could_be_lowest(4, 0, {40, 41}));
    EXPECT_TRUE(table.could_be_lowest(10, 10, {40, 41})) << "fcntl(F_DUPFD, 10)";
    table.forget_numbers();
    EXPECT_FALSE(table.could_be_lowest(3, 0, {10, 11}));
}

}  // namespace
}  // namespace levitate::traces
