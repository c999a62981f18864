// What differs over a whole program because of one fault of a kernel has one cause.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::compare_one;
using test::TraceBuilder;

using Auxv = std::vector<AuxvEntry>;

constexpr auto kHwcap = static_cast<std::uint64_t>(abi::constant("AT_HWCAP"));
constexpr auto kPagesz = static_cast<std::uint64_t>(abi::constant("AT_PAGESZ"));
constexpr auto kUid = static_cast<std::uint64_t>(abi::constant("AT_UID"));
constexpr auto kExecfn = static_cast<std::uint64_t>(abi::constant("AT_EXECFN"));
constexpr auto kVdso = static_cast<std::uint64_t>(abi::constant("AT_SYSINFO_EHDR"));

const Auxv kLinux = {
    {kVdso, 0x7ffff7fff000}, {kHwcap, 0x11}, {kPagesz, 4096}, {kUid, 0}, {kExecfn, 0x7fffffffeff0}};

void add_end(TraceBuilder& b) {
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
}

// A program that reads all of its vector, type and value of each entry, as the start-up code of C libraries
// does.
Trace program_with(const Auxv& auxv) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    const bool has_path = std::ranges::find(auxv, kExecfn, &AuxvEntry::type) != auxv.end();
    b.add(1, ExecEvent{has_path ? "/bin/case" : "", {"case"}, {}, auxv, 0x7fffffffe000, 0x1000});
    for (const AuxvEntry& entry : auxv) {
        b.add(1, AuxvReadEvent{entry.type, entry.value, 0, 8, 0x1040});
        b.add(1, AuxvReadEvent{entry.type, entry.value, 8, 8, 0x1044});
    }
    b.add(1, AuxvReadEvent{0, 0, 0, 8, 0x1040});
    b.call(1, "getuid", {}, 0);
    add_end(b);
    Trace trace = b.trace();
    trace.header.auxv = auxv;
    return trace;
}

std::vector<std::string> causes(const Trace& golden, const Trace& actual) {
    std::vector<std::string> found;
    for (const Divergence& divergence : compare_one(golden, actual).divergences) {
        found.push_back(divergence.cause);
    }
    return found;
}

TEST(Causes, entries_of_the_vector_that_are_missing_hide_no_other) {
    const Trace actual = program_with({{kHwcap, 0}, {kPagesz, 4096}, {kUid, 0}});
    EXPECT_EQ(
        causes(program_with(kLinux), actual),
        (std::vector<std::string>{"AT_SYSINFO_EHDR nothing, Linux 0x7ffff7fff000", "AT_HWCAP 0, Linux 0x11",
                                  "AT_EXECFN nothing, Linux 0x7fffffffeff0"}));
}

TEST(Causes, an_entry_that_linux_has_not_is_one) {
    Auxv more = kLinux;
    more.insert(more.begin() + 2, {99, 7});
    EXPECT_EQ(causes(program_with(kLinux), program_with(more)),
              std::vector<std::string>{"type 99 7, Linux nothing"});
}

TEST(Causes, the_order_of_the_vector_is_held) {
    Auxv other = kLinux;
    std::swap(other[2], other[3]);
    const auto found = causes(program_with(kLinux), program_with(other));
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.front().find("order of the auxiliary vector"), std::string::npos) << found.front();
}

TEST(Causes, an_entry_that_stands_there_twice_differs) {
    Auxv twice = kLinux;
    twice.insert(twice.begin() + 2, twice[2]);
    EXPECT_FALSE(causes(program_with(kLinux), program_with(twice)).empty());
}

enum class Kernel { Linux, LosesRegisters };

// Makes the calls; the kernel that loses registers also gives another answer to the third.
Trace program_on(Kernel kernel, std::initializer_list<const char*> calls) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    std::size_t number = 0;
    for (const char* name : calls) {
        const bool wrong = kernel == Kernel::LosesRegisters && ++number == 3;
        b.call(1, name, {}, wrong ? 5 : 0);
        if (kernel == Kernel::LosesRegisters) {
            b.add(1, RegistersEvent{{{"x17", "0x1", "0x2"}}, std::string("syscall ") + name, 0});
        }
    }
    add_end(b);
    return b.trace();
}

// A PIE may lie anywhere, and its calls with it.
TEST(Causes, sides_that_part_meet_again_where_the_program_lies_elsewhere) {
    const auto program_at = [](std::uint64_t base, bool goes_astray) {
        TraceBuilder b;
        b.start(1, 0, 17, 100);
        std::uint64_t pc = base;
        const auto call = [&](const char* name) { b.call(1, name, {}, 0).pc = pc += 0x20; };
        call("getuid");
        pc += goes_astray ? 0 : 0x20;
        if (goes_astray) {
            call("sync");
        }
        for (const char* name : {"geteuid", "getgid", "getegid"}) {
            call(name);
        }
        add_end(b);
        return b.trace();
    };
    EXPECT_EQ(causes(program_at(0xaaaa'aaaa'0100, false), program_at(0x10'0000'0100, true)),
              std::vector<std::string>{"sync is not called on Linux"});
}

TEST(Causes, a_register_that_every_call_loses_is_one_and_hides_no_other) {
    const auto calls = {"getuid", "geteuid", "getgid", "getegid", "getuid"};
    const Comparison compared =
        compare_one(program_on(Kernel::Linux, calls), program_on(Kernel::LosesRegisters, calls));
    ASSERT_EQ(compared.divergences.size(), 2U);
    EXPECT_EQ(compared.divergences[0].cause, "x17 not kept over calls");
    EXPECT_EQ(compared.divergences[0].count, 5U);
    EXPECT_EQ(compared.divergences[1].cause, "getgid → 5, Linux: 0");
}

TEST(Causes, a_register_that_one_call_loses_is_told_with_it) {
    const auto calls = {"getuid", "getuid"};
    EXPECT_EQ(causes(program_on(Kernel::Linux, calls), program_on(Kernel::LosesRegisters, calls)),
              std::vector<std::string>{"x17 not kept over getuid"});
}

TEST(Causes, a_register_that_linux_loses_too_is_none) {
    const auto calls = {"getuid", "geteuid"};
    EXPECT_TRUE(
        causes(program_on(Kernel::LosesRegisters, calls), program_on(Kernel::LosesRegisters, calls)).empty());
}

}  // namespace
}  // namespace levitate::traces
