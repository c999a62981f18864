// Backtraces of a stack that the emulated CPU has made with a real program's code (programs/chain.cpp), and
// what is left of them where files, registers or memory are not what they should be.
#include "vmm/debugger/backtrace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "tests/unit/emu/cpu_fixture.hpp"
#include "tests/unit/vmm/debugger/test_program.hpp"
#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kProgramBias = emu::test::kRamBase + 0x40000;  // where the fixed one is linked to
constexpr std::uint64_t kLibraryBias = emu::test::kRamBase + 0x80000;
constexpr std::uint64_t kStackTop = emu::test::kRamBase + emu::test::kRamSize;
constexpr std::uint64_t kInstructions = 200;  // more than lie before the loop

constexpr std::string_view kChain = "programs/chain.cpp";
constexpr std::string_view kDeep = "programs/deep.cpp";

// The line of a source that the comment "at: `mark`" stands on.
int line_of(std::string_view source, const std::string& mark) {
    std::istringstream lines{
        test::file_bytes(std::filesystem::path{LEVITATE_SOURCE_DIR} / "tests/unit/vmm/debugger" / source)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.ends_with("// at: " + mark)) {
            return number;
        }
    }
    return -1;
}

// RAM from `begin` on; what lies below is not mapped.
class Ram final : public UserMemory {
  public:
    Ram(std::span<const std::byte> bytes, std::uint64_t begin) : bytes_(bytes), begin_(begin) {}
    std::size_t read(GuestVirt address, std::span<std::byte> into) const override {
        const std::uint64_t offset = value(address) - emu::test::kRamBase;
        if (value(address) < begin_ || offset >= bytes_.size()) {
            return 0;
        }
        const std::size_t count = std::min(into.size(), bytes_.size() - offset);
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
        return count;
    }

  private:
    std::span<const std::byte> bytes_;
    std::uint64_t begin_;
};

// Every word of it is the same.
class SameWord final : public UserMemory {
  public:
    explicit SameWord(std::uint64_t word) : word_(word) {}
    std::size_t read(GuestVirt /*address*/, std::span<std::byte> into) const override {
        std::memcpy(into.data(), &word_, std::min(into.size(), sizeof word_));
        return into.size();
    }

  private:
    std::uint64_t word_;
};

class Backtrace : public emu::test::CpuTest {
  protected:
    // Runs `program` into the loop at the end of its calls.
    void run(std::string_view program) {
        const bool is_pie = program == "pie";
        const std::uint64_t entry = load(program, is_pie ? kProgramBias : 0);
        set_x(0, load("library", kLibraryBias));
        emu::Registers registers = cpu.registers();
        registers.sp_el1 = kStackTop;
        cpu.set_registers(registers);
        stand_at(entry);
        cpu.run(kInstructions);
        modules = {{test::program_file(program), "/bin/chain", is_pie ? kProgramBias : 0},
                   {test::program_file("library"), "/lib/libdeep.so", kLibraryBias}};
        general = general_registers();
    }

    std::vector<Frame> frames(std::size_t limit = 64) const {
        return backtrace(modules, general, Ram{memory, emu::test::kRamBase}, limit);
    }

    std::vector<LoadedModule> modules;
    GeneralRegisters general;

  private:
    // Copies the segments of a file into RAM; its entry point there.
    std::uint64_t load(std::string_view program, std::uint64_t bias) {
        const std::string bytes = test::file_bytes(test::program_file(program));
        const Elf64_Ehdr header = test::elf_header(bytes);
        for (unsigned index = 0; index < header.e_phnum; ++index) {
            Elf64_Phdr segment;
            std::memcpy(&segment, &bytes.at(header.e_phoff + index * sizeof segment), sizeof segment);
            if (segment.p_type == PT_LOAD) {
                std::memcpy(&memory.at(segment.p_vaddr + bias - emu::test::kRamBase),
                            &bytes.at(segment.p_offset), segment.p_filesz);
            }
        }
        cpu.invalidate_code();
        return header.e_entry + bias;
    }
    GeneralRegisters general_registers() const {
        const emu::Registers registers = cpu.registers();
        GeneralRegisters result;
        std::copy_n(registers.x.begin(), result.x.size(), result.x.begin());
        result.sp = registers.sp_el1;
        result.pc = registers.pc;
        return result;
    }
};

std::vector<std::string> functions(std::span<const Frame> frames) {
    std::vector<std::string> names;
    for (const Frame& frame : frames) {
        names.push_back(frame.function);
    }
    return names;
}

void expect_place(const Frame& frame, std::string_view source, const std::string& mark) {
    EXPECT_TRUE(frame.file.ends_with(source)) << frame.file;
    EXPECT_EQ(frame.line, line_of(source, mark)) << mark;
}

const std::vector<std::string> kWholeChain = {"chain::spin(long)",
                                              "chain::innermost(long)",
                                              "chain::legacy",
                                              "chain::version_0",
                                              "chain::recurse(long)",
                                              "chain::recurse(long)",
                                              "chain::recurse(long)",
                                              "deep",
                                              "chain::Walker::walk(long (*)(long, long (*)(long)))",
                                              "chain::stay(long (*)(long, long (*)(long)))",
                                              "chain_begin",
                                              "_start"};

TEST_F(Backtrace, leads_from_the_innermost_function_through_a_library_to_the_first) {
    run("fixed");
    EXPECT_EQ(functions(frames()), kWholeChain);
}

TEST_F(Backtrace, is_the_same_for_a_program_at_another_address) {
    run("pie");
    EXPECT_EQ(functions(frames()), kWholeChain);
}

TEST_F(Backtrace, frames_have_files_lines_and_modules) {
    run("fixed");
    const std::vector<Frame> found = frames();
    ASSERT_EQ(found.size(), kWholeChain.size());
    expect_place(found[0], kChain, "spin");
    expect_place(found[1], kChain, "innermost");
    expect_place(found[2], kChain, "legacy");
    expect_place(found[3], kChain, "version_0");
    expect_place(found[7], kDeep, "deep");
    expect_place(found[8], kChain, "walk");
    EXPECT_EQ(found[0].module, "/bin/chain");
    EXPECT_EQ(found[7].module, "/lib/libdeep.so");
}

TEST_F(Backtrace, inlined_function_is_a_frame_of_its_own_at_the_same_pc) {
    run("fixed");
    const std::vector<Frame> found = frames();
    ASSERT_GE(found.size(), 3U);
    EXPECT_TRUE(found[0].inlined);
    EXPECT_FALSE(found[1].inlined);
    EXPECT_EQ(found[0].pc, general.pc);
    EXPECT_EQ(found[1].pc, general.pc);
    EXPECT_NE(found[2].pc, general.pc);
}

TEST_F(Backtrace, call_at_the_very_end_of_a_function_is_not_the_next_functions) {
    run("fixed");
    const std::vector<Frame> found = frames();
    ASSERT_EQ(found.size(), kWholeChain.size());
    EXPECT_EQ(found[10].function, "chain_begin");
    expect_place(found[10], kChain, "begin");
}

TEST_F(Backtrace, without_debug_information_symbols_name_the_functions) {
    run("symbols");
    const std::vector<Frame> found = frames();
    EXPECT_EQ(functions(found), (std::vector<std::string>{kWholeChain.begin() + 1, kWholeChain.end()}));
    EXPECT_EQ(found.front().file, "");
    EXPECT_EQ(found.front().module, "/bin/chain");
    EXPECT_FALSE(found.front().inlined);
}

TEST_F(Backtrace, without_symbols_the_stack_is_unwound_and_the_module_is_named) {
    run("stripped");
    const std::vector<Frame> found = frames();
    ASSERT_EQ(found.size(), kWholeChain.size() - 1);
    EXPECT_EQ(found[0].function, "");
    EXPECT_EQ(found[0].module, "/bin/chain");
    EXPECT_EQ(found[6].function, "deep");
}

TEST_F(Backtrace, has_no_more_frames_than_its_limit) {
    run("fixed");
    for (std::size_t limit = 0; limit <= kWholeChain.size(); ++limit) {
        EXPECT_EQ(functions(frames(limit)),
                  (std::vector<std::string>{kWholeChain.begin(),
                                            kWholeChain.begin() + static_cast<std::ptrdiff_t>(limit)}));
    }
}

TEST_F(Backtrace, goes_on_behind_code_of_a_module_that_is_not_known) {
    run("fixed");
    modules.pop_back();
    const std::vector<Frame> found = frames();
    ASSERT_GE(found.size(), 9U);
    EXPECT_GT(found[7].pc, kLibraryBias);
    EXPECT_EQ(found[7].function, "");
    EXPECT_EQ(found[7].module, "");
    EXPECT_EQ(std::ranges::count(functions(found), kWholeChain[8]), 1);
}

TEST_F(Backtrace, ends_where_the_stack_cannot_be_read) {
    run("fixed");
    // The loop's function keeps its caller in X30, and finds who called that on the stack.
    const std::vector<Frame> found = backtrace(modules, general, Ram{memory, kStackTop});
    EXPECT_EQ(functions(found), (std::vector<std::string>{kWholeChain.begin(), kWholeChain.begin() + 3}));
}

TEST_F(Backtrace, jump_to_where_no_code_is_shows_who_jumped) {
    run("fixed");
    for (const std::uint64_t pc : {std::uint64_t{0}, kLibraryBias - 4, ~std::uint64_t{0}}) {
        general.pc = pc;
        const std::vector<Frame> found = frames();
        ASSERT_GE(found.size(), 2U);
        EXPECT_EQ(found[0].pc, pc);
        EXPECT_EQ(found[0].function, "");
        EXPECT_EQ(found[0].module, "");
        EXPECT_EQ(found[1].function, "chain::legacy");  // where X30 leads
        EXPECT_EQ(found.back().function, "_start");
    }
}

TEST_F(Backtrace, has_the_pc_alone_without_modules) {
    run("fixed");
    modules.clear();
    const std::vector<Frame> found = frames();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pc, general.pc);
}

TEST_F(Backtrace, module_that_cannot_be_read_is_passed_over) {
    run("fixed");
    const TestFiles files;
    modules.insert(modules.begin(), {files.directory() / "missing", "/lib/missing.so", 0x1000'0000});
    modules.insert(modules.begin(), {files.directory(), "/lib/directory.so", 0x2000'0000});
    modules.insert(modules.begin(), {files.write("text", "#!/bin/sh\n"), "/lib/text.so", 0x3000'0000});
    modules.insert(modules.begin(), {files.write("empty", ""), "/lib/empty.so", 0x5000'0000});
    EXPECT_EQ(functions(frames()), kWholeChain);
}

TEST_F(Backtrace, stack_that_leads_to_itself_ends_at_the_limit) {
    run("fixed");
    // Every frame record says that recurse was called from where it is.
    general.pc = frames()[5].pc;
    general.x[29] = general.sp;
    const std::vector<Frame> found = backtrace(modules, general, SameWord{general.pc}, 20);
    EXPECT_EQ(found.size(), 20U);
    EXPECT_EQ(found.back().function, "chain::recurse(long)");
}

TEST_F(Backtrace, survives_any_registers_and_any_stack) {
    run("fixed");
    const std::uint64_t pc = general.pc;
    std::mt19937_64 random{1};
    for (int round = 0; round < 200; ++round) {
        std::ranges::generate(general.x, std::ref(random));
        general.sp = random();
        general.pc = pc + 4 * (random() % 64);
        const std::vector<Frame> found = backtrace(modules, general, SameWord{pc + random() % 256}, 30);
        EXPECT_GE(found.size(), 1U);
        EXPECT_LE(found.size(), 30U);
        EXPECT_EQ(found.front().pc, general.pc);
    }
}

TEST_F(Backtrace, survives_files_that_are_cut_short_or_changed) {
    run("fixed");
    const TestFiles files;
    const std::string whole = test::file_bytes(test::program_file("fixed"));
    std::mt19937_64 random{2};
    for (int round = 0; round < 200; ++round) {
        std::string bytes = whole;
        if (round % 2 == 0) {
            bytes.resize(random() % bytes.size());
        }
        for (int change = 0; change < 8 && !bytes.empty(); ++change) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        modules.front().host_file = files.write("changed", bytes);
        const std::vector<Frame> found = frames();
        ASSERT_GE(found.size(), 1U);
        EXPECT_LE(found.size(), 64U);
        EXPECT_EQ(found.front().pc, general.pc);
    }
}

TEST(BacktraceText, is_a_line_a_frame_with_what_is_known) {
    const std::vector<Frame> frames = {
        {.pc = 0x4018a4, .function = "spin", .file = "a.rs", .line = 4, .inlined = true, .module = "/bin/a"},
        {.pc = 0x4018a4, .function = "main", .file = "", .line = 0, .inlined = false, .module = "/bin/a"},
        {.pc = 0x10, .function = "", .file = "", .line = 0, .inlined = false, .module = ""}};
    EXPECT_EQ(format(frames),
              "  #0  0x00000000004018a4 in spin at a.rs:4 (inlined)\n"
              "  #1  0x00000000004018a4 in main from /bin/a\n"
              "  #2  0x0000000000000010 in ??\n");
    EXPECT_EQ(format({}), "");
}

}  // namespace
}  // namespace levitate::vmm
