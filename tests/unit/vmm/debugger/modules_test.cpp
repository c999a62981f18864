// Which files a debugger finds in a program's address space, by what the program's trace says of exec, openat
// and mmap.
#include "vmm/debugger/modules.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/traces/trace_builder.hpp"
#include "tests/unit/vmm/debugger/test_program.hpp"
#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm {
namespace {

constexpr auto kEntryType = static_cast<std::uint64_t>(traces::abi::constant("AT_ENTRY"));
constexpr auto kBaseType = static_cast<std::uint64_t>(traces::abi::constant("AT_BASE"));

constexpr std::uint64_t kBias = 0xaaaa'0000'0000;
constexpr std::uint64_t kInterpreter = 0xffff'9000'0000;
constexpr std::int64_t kLibrary = 0xffff'8000'0000;
constexpr std::int64_t kFailure = -13;  // EACCES
constexpr std::uint64_t kSegmentOffset = 0x1'0000;

class Modules : public testing::Test {
  protected:
    Modules() { files = {{"/bin/chain", test::program_file("pie")}}; }

    void exec(std::vector<traces::AuxvEntry> auxv) {
        traces::ExecEvent event;
        event.auxv = std::move(auxv);
        trace.add(1, event);
    }
    // The exec of a program that its kernel put at kBias.
    void exec_at_bias() {
        const auto entry = test::elf_header(test::file_bytes(files.front().host)).e_entry;
        exec({{kEntryType, kBias + entry}, {kBaseType, kInterpreter}});
    }
    void map(std::uint64_t descriptor, std::uint64_t offset, std::int64_t result) {
        trace.call(1, "mmap", {0, 0x1000, 5, 2, descriptor, offset}, result);
    }
    void add_library() { files.push_back({"/lib/libdeep.so", test::program_file("library")}); }

    // The name and the bias of each module.
    std::map<std::string, std::uint64_t> biases() {
        std::map<std::string, std::uint64_t> found;
        for (const LoadedModule& module : loaded_modules(trace.trace().events, files)) {
            found[module.name] = module.bias;
        }
        return found;
    }

    traces::test::TraceBuilder trace;
    std::vector<HostFile> files;
};

using Biases = std::map<std::string, std::uint64_t>;

TEST_F(Modules, there_are_none_before_the_exec_and_without_files) {
    EXPECT_EQ(biases(), Biases{});
    trace.open(1, "/bin/chain", 3);
    map(3, 0, kLibrary);
    EXPECT_EQ(biases(), Biases{});
    exec_at_bias();
    files.clear();
    EXPECT_EQ(biases(), Biases{});
}

TEST_F(Modules, programs_bias_is_what_its_entry_point_was_moved_by) {
    exec_at_bias();
    EXPECT_EQ(biases(), (Biases{{"/bin/chain", kBias}}));
    const auto modules = loaded_modules(trace.trace().events, files);
    EXPECT_EQ(modules.front().host_file, test::program_file("pie"));
}

TEST_F(Modules, fixed_program_has_no_bias) {
    files = {{"/bin/chain", test::program_file("fixed")}};
    exec({{kEntryType, test::elf_header(test::file_bytes(files.front().host)).e_entry}});
    EXPECT_EQ(biases(), (Biases{{"/bin/chain", 0}}));
}

TEST_F(Modules, interpreter_lies_where_the_kernel_says) {
    files.push_back({"/lib/ld-linux-aarch64.so.1", test::program_file("library")});
    exec_at_bias();
    EXPECT_EQ(biases(), (Biases{{"/bin/chain", kBias}, {"/lib/ld-linux-aarch64.so.1", kInterpreter}}));
}

TEST_F(Modules, without_at_base_there_is_no_interpreter_and_without_at_entry_no_program) {
    files.push_back({"/lib/ld-linux-aarch64.so.1", test::program_file("library")});
    exec({});
    EXPECT_EQ(biases(), Biases{});
}

TEST_F(Modules, library_lies_where_the_beginning_of_its_file_was_mapped_first) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    map(3, kSegmentOffset, kLibrary + 0x5'0000);
    map(3, 0, kLibrary);
    map(3, 0, kLibrary + 0x9'0000);
    EXPECT_EQ(biases().at("/lib/libdeep.so"), static_cast<std::uint64_t>(kLibrary));
}

TEST_F(Modules, file_that_was_opened_but_not_mapped_is_no_module) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    map(3, kSegmentOffset, kLibrary);
    EXPECT_EQ(biases().count("/lib/libdeep.so"), 0U);
}

TEST_F(Modules, calls_that_fail_or_have_not_returned_map_nothing) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", kFailure);
    map(static_cast<std::uint64_t>(kFailure), 0, kLibrary);
    trace.open(1, "/lib/libdeep.so", 3);
    map(3, 0, kFailure);
    trace.call(1, "mmap", {0, 0x1000, 5, 2, 3, 0}, std::nullopt);
    EXPECT_EQ(biases().count("/lib/libdeep.so"), 0U);
}

TEST_F(Modules, descriptor_is_the_files_until_it_is_closed) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    trace.call(1, "close", {3}, 0);
    map(3, 0, kLibrary);
    trace.open(1, "/etc/other", 3);
    map(3, 0, kLibrary);
    EXPECT_EQ(biases().count("/lib/libdeep.so"), 0U);
}

TEST_F(Modules, close_that_fails_closes_nothing) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    trace.call(1, "close", {3}, kFailure);
    map(3, 0, kLibrary);
    EXPECT_EQ(biases().at("/lib/libdeep.so"), static_cast<std::uint64_t>(kLibrary));
}

TEST_F(Modules, exec_takes_away_what_the_last_program_had_mapped) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    map(3, 0, kLibrary);
    exec_at_bias();
    EXPECT_EQ(biases(), (Biases{{"/bin/chain", kBias}}));
}

TEST_F(Modules, path_that_was_not_recorded_or_has_no_end_is_survived) {
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3).payloads.clear();
    map(3, 0, kLibrary);
    map(~std::uint64_t{0}, 0, kLibrary);  // anonymous
    trace.open(1, "", 4);
    map(4, 0, kLibrary);
    EXPECT_EQ(biases(), (Biases{{"/bin/chain", kBias}}));
    trace.open(1, std::string_view{"/lib/libdeep.so\0behind", 22}, 5);
    map(5, 0, kLibrary);
    EXPECT_EQ(biases().at("/lib/libdeep.so"), static_cast<std::uint64_t>(kLibrary));
}

TEST_F(Modules, program_that_cannot_be_read_hides_no_library) {
    const TestFiles directory;
    add_library();
    exec_at_bias();
    trace.open(1, "/lib/libdeep.so", 3);
    map(3, 0, kLibrary);
    for (const auto& file :
         {directory.directory() / "missing", directory.directory(), directory.write("empty", ""),
          directory.write("text", "#!/bin/sh\n"),
          directory.write("cut", test::file_bytes(test::program_file("pie")).substr(0, 40))}) {
        files.front().host = file;
        EXPECT_EQ(biases(), (Biases{{"/lib/libdeep.so", static_cast<std::uint64_t>(kLibrary)}})) << file;
    }
}

}  // namespace
}  // namespace levitate::vmm
