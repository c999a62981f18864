// How traces of kernels are compared that place stack, vDSO and mappings in their own way.
#include <elf.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/abi/constants.hpp"
#include "traces/compare/compare.hpp"

namespace levitate::traces::test {
namespace {

// Where a kernel has placed a program.
struct Places {
    const char* kernel = "Linux 6.1.0-57-arm64 #1 SMP Debian 6.1.192-3 (2026-11-26)";
    std::uint64_t program = 0xaaaaaaaa0000;
    std::uint64_t interpreter = 0xfffff7fc0000;
    std::uint64_t vdso = 0xfffff7ffb000;
    std::uint64_t sp = 0xfffffffff000;
    std::uint64_t strings = 0x800;  // above SP
    std::uint64_t mapping = 0xfffff7f00000;
};

constexpr Places kLinux{};
// Another kernel: everything elsewhere, and the strings nearer to SP.
constexpr Places kOther{.kernel = "Hobby 0.1 build 7",
                        .program = 0x4000000000,
                        .interpreter = 0x5000000000,
                        .vdso = 0x6000000000,
                        .sp = 0x7fffffe100,
                        .strings = 0x730,
                        .mapping = 0x5500000000};

Trace program(const Places& at) {
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
    ExecEvent exec{.path = "/bin/case", .argv = {"case"}, .envp = {}, .auxv = {}, .sp = at.sp};
    exec.entry_pc = at.interpreter + 0x1240;
    exec.auxv = {{AT_SYSINFO_EHDR, at.vdso},
                 {AT_HWCAP, 0xff},
                 {AT_PAGESZ, 4096},
                 {AT_PHDR, at.program + 0x40},
                 {AT_BASE, at.interpreter},
                 {AT_ENTRY, at.program + 0x5880},
                 {AT_PLATFORM, at.sp + at.strings - 8},
                 {AT_RANDOM, at.sp + at.strings},
                 {AT_EXECFN, at.sp + at.strings + 0x7e8}};
    exec.platform = "aarch64";
    exec.random = std::vector<std::byte>(16, std::byte{1});
    exec.random->front() = at.sp == kLinux.sp ? std::byte{2} : std::byte{3};
    b.add(1, exec);
    for (const AuxvEntry& entry : exec.auxv) {
        b.add(1, AuxvReadEvent{entry.type, entry.value, 0, 8, at.interpreter + 0x2000});
        b.add(1, AuxvReadEvent{entry.type, entry.value, 8, 8, at.interpreter + 0x2004});
    }
    b.call(1, "mmap", {0, 8192, 3, 0x22, value(-1), 0}, static_cast<std::int64_t>(at.mapping));
    b.call(1, "mprotect", {at.mapping + 4096, 4096, 1}, 0);
    b.call(1, "set_tid_address", {at.program + 0x10f0}, 100);
    b.call(1, "uname", {at.sp - 0x1a8}, -14);
    b.call(1, "sysinfo", {at.sp - 0x300}, -14);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    Trace trace = b.trace();
    trace.header.kernel = at.kernel;
    return trace;
}

ExecEvent& exec_of(Trace& trace) {
    return first_of<ExecEvent>(trace);
}

// Changes an entry wherever it is seen.
void set_entry(Trace& trace, std::uint64_t type, std::uint64_t value) {
    for (AuxvEntry& entry : exec_of(trace).auxv) {
        entry.value = entry.type == type ? value : entry.value;
    }
    for (Event& event : trace.events) {
        if (auto* read = std::get_if<AuxvReadEvent>(&event.body); read != nullptr && read->type == type) {
            read->value = value;
        }
    }
}

void drop_entry(Trace& trace, std::uint64_t type) {
    std::erase_if(exec_of(trace).auxv, [&](const AuxvEntry& entry) { return entry.type == type; });
    std::erase_if(trace.events, [&](const Event& event) {
        const auto* read = std::get_if<AuxvReadEvent>(&event.body);
        return read != nullptr && read->type == type;
    });
}

Comparison compared(const Trace& actual, Layout layout = Layout::ByKernel) {
    const Trace golden = program(kLinux);
    return compare(std::span(&golden, 1), actual, Extent::All, layout);
}

TEST(FreeLayout, is_another_kernels_right) {
    const Comparison comparison = compared(program(kOther));
    EXPECT_EQ(comparison.verdict, Verdict::Equivalent)
        << (comparison.first() != nullptr ? comparison.first()->message : "");
}

TEST(FreeLayout, is_not_linuxs_or_our_own) {
    for (const char* const kernel : {kLinux.kernel, "Linux 6.1.0-levitate #1 Levitate guest-kernel", ""}) {
        Places places = kOther;
        places.kernel = kernel;
        EXPECT_EQ(compared(program(places)).verdict, Verdict::Divergent) << kernel;
    }
    // What only calls itself Linux is another kernel.
    Places places = kOther;
    places.kernel = "Linux 5.10.0 hobby #1";
    EXPECT_EQ(compared(program(places)).verdict, Verdict::Equivalent);
}

TEST(FreeLayout, is_held_to_linuxs_on_request) {
    EXPECT_EQ(compared(program(kOther), Layout::Strict).verdict, Verdict::Divergent);
    EXPECT_EQ(compared(program(kLinux), Layout::Strict).verdict, Verdict::Identical);
}

TEST(FreeLayout, notes_a_smaller_address_space) {
    const auto has_note = [](const Comparison& comparison, const std::string& text) {
        return std::ranges::any_of(comparison.normalised,
                                   [&](const Normalisation& note) { return note.what == text; });
    };
    EXPECT_TRUE(has_note(compared(program(kOther)), "stack below 2^39, not 2^48"));
    Places places = kOther;
    places.sp = 0x7ffffffff000;
    EXPECT_TRUE(has_note(compared(program(places)), "stack below 2^47, not 2^48"));
    places.sp = 0xffffffffe000;
    EXPECT_FALSE(has_note(compared(program(places)), "stack below 2^48, not 2^48"));
}

// What must be noticed although the layout is free.
struct Mutant {
    const char* name;
    DivergenceKind kind;
    std::function<void(Trace&)> change;
};

const Mutant kMutants[] = {
    {"entry_in_another_page", DivergenceKind::Auxv,
     [](Trace& t) { set_entry(t, AT_ENTRY, kOther.program + 0x6880); }},
    {"entry_at_another_offset", DivergenceKind::Auxv,
     [](Trace& t) { set_entry(t, AT_ENTRY, kOther.program + 0x5884); }},
    {"headers_of_another_object", DivergenceKind::Auxv,
     [](Trace& t) { set_entry(t, AT_PHDR, kOther.interpreter + 0x40); }},
    {"no_interpreter", DivergenceKind::Auxv, [](Trace& t) { set_entry(t, AT_BASE, 0); }},
    {"interpreter_within_a_page", DivergenceKind::Auxv,
     [](Trace& t) { set_entry(t, AT_BASE, kOther.interpreter + 0x10); }},
    {"vdso_within_a_page", DivergenceKind::Auxv,
     [](Trace& t) { set_entry(t, AT_SYSINFO_EHDR, kOther.vdso + 16); }},
    {"no_random_bytes", DivergenceKind::Auxv, [](Trace& t) { set_entry(t, AT_RANDOM, 0); }},
    {"random_bytes_cut_off", DivergenceKind::Auxv, [](Trace& t) { exec_of(t).random->pop_back(); }},
    {"random_bytes_all_zero", DivergenceKind::Auxv,
     [](Trace& t) { std::ranges::fill(*exec_of(t).random, std::byte{}); }},
    {"another_platform", DivergenceKind::Auxv, [](Trace& t) { exec_of(t).platform = "armv8l"; }},
    {"unreadable_platform", DivergenceKind::Auxv, [](Trace& t) { exec_of(t).platform = ""; }},
    {"another_page_size", DivergenceKind::Auxv, [](Trace& t) { set_entry(t, AT_PAGESZ, 16384); }},
    {"no_capabilities", DivergenceKind::Auxv, [](Trace& t) { set_entry(t, AT_HWCAP, 0); }},
    {"misaligned_sp", DivergenceKind::Auxv, [](Trace& t) { exec_of(t).sp += 8; }},
    {"another_place_of_the_stack", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "uname").arguments[0] += 16; }},
    {"stack_for_a_mapping", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "uname").arguments[0] = kOther.mapping + 0xe58; }},
    {"another_mapping", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "mprotect").arguments[0] += 0x10000; }},
};

TEST(FreeLayout, notices_what_is_pointed_to) {
    for (const Mutant& mutant : kMutants) {
        Trace changed = program(kOther);
        mutant.change(changed);
        const Comparison comparison = compared(changed);
        ASSERT_NE(comparison.first(), nullptr) << mutant.name;
        EXPECT_EQ(comparison.first()->kind, mutant.kind) << mutant.name << ": " << comparison.first()->cause;
    }
}

// A loader that wants 192 KiB at a boundary of 64 KiB maps 64 KiB more, and unmaps what is before and behind.
Trace loading(const Places& at, std::uint64_t mapping, std::uint64_t kept = 0x30000) {
    constexpr std::uint64_t kAlignment = 0x10000;
    const std::uint64_t start = (mapping + kAlignment - 1) & ~(kAlignment - 1);
    const std::uint64_t before = start - mapping;
    const std::uint64_t behind = 0x30000 + kAlignment - before - kept;
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
    b.call(1, "mmap", {0, 0x30000 + kAlignment, 0, 0x22, value(-1), 0}, static_cast<std::int64_t>(mapping));
    b.call(1, "mmap", {start, 0x20000, 5, 0x12, value(-1), 0}, static_cast<std::int64_t>(start));
    if (before != 0) {
        b.call(1, "munmap", {mapping, before}, 0);
    }
    if (behind != 0) {
        b.call(1, "munmap", {start + kept, behind - 0x800}, 0);
    }
    b.call(1, "mprotect", {start + 0x1000, 4096, 1}, 0);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    Trace trace = b.trace();
    trace.header.kernel = at.kernel;
    return trace;
}

TEST(FreeLayout, lets_frames_be_rounded) {
    const auto verdict = [](std::uint64_t sp, std::uint64_t apart) {
        Places places = kOther;
        places.sp = sp;
        Trace actual = program(places);
        call_at(actual, "uname").arguments[0] -= apart;
        return compared(actual).verdict;
    };
    EXPECT_EQ(verdict(0x7fffffe0f0, 112), Verdict::Equivalent);
    EXPECT_EQ(verdict(0x7fffffe0f0, 128), Verdict::Divergent);
    EXPECT_EQ(verdict(0x7fffffe0f0, 8), Verdict::Divergent);
    EXPECT_EQ(verdict(0x7fffffe080, 0), Verdict::Equivalent);
    EXPECT_EQ(verdict(0x7fffffe080, 112), Verdict::Divergent);
}

TEST(FreeLayout, lets_a_loader_align_what_it_maps) {
    const Trace golden = loading(kLinux, 0xfffff7dc1000);
    const auto verdict = [&](const Trace& actual) { return compare(std::span(&golden, 1), actual).verdict; };
    for (const std::uint64_t place : {0x5500001000UL, 0x550000f000UL, 0x5500004000UL, 0x5500010000UL}) {
        EXPECT_EQ(verdict(loading(kOther, place)), Verdict::Equivalent) << place;
    }
    EXPECT_EQ(verdict(loading(kOther, 0x5500004000, 0x20000)), Verdict::Divergent);
    Trace failing = loading(kOther, 0x5500004000);
    call_at(failing, "munmap", 1).result = -22;
    EXPECT_EQ(verdict(failing), Verdict::Divergent);
    Trace elsewhere = loading(kOther, 0x5500004000);
    call_at(elsewhere, "munmap", 1).arguments[0] += 0x100000;
    EXPECT_EQ(verdict(elsewhere), Verdict::Divergent);
    EXPECT_EQ(verdict(loading(kLinux, 0xfffff7dc4000)), Verdict::Divergent);
}

TEST(Auxv, names_an_entry_that_is_missing) {
    for (const Places& places : {kLinux, kOther}) {
        Trace lacking = program(places);
        drop_entry(lacking, AT_EXECFN);
        drop_entry(lacking, AT_HWCAP);
        const Comparison comparison = compared(lacking);
        ASSERT_NE(comparison.first(), nullptr);
        EXPECT_EQ(comparison.first()->kind, DivergenceKind::Auxv);
        std::string causes;
        for (const Divergence& divergence : comparison.divergences) {
            causes += divergence.cause + "\n";
        }
        EXPECT_NE(causes.find("AT_HWCAP"), std::string::npos) << causes;
        EXPECT_NE(causes.find("AT_EXECFN"), std::string::npos) << causes;
        // The entries that are there are compared with their like.
        for (const char* const other : {"AT_PAGESZ 0", "AT_PHDR 0", "AT_ENTRY 0"}) {
            EXPECT_EQ(causes.find(other), std::string::npos) << causes;
        }
        EXPECT_LE(comparison.divergences.size(), 5) << causes;
    }
}

}  // namespace
}  // namespace levitate::traces::test
