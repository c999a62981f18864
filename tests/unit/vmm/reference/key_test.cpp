#include "vmm/reference/key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/vmm/test_files.hpp"
#include "traces/format/bytes.hpp"
#include "vmm/reference/record.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

class ReferenceKeyTest : public ::testing::Test {
  protected:
    ReferenceKeyTest() {
        spec.program = files.directory() / "tool";
        fs::copy_file(fs::path{LEVITATE_TEST_PROGRAMS} / "static", spec.program);
        spec.argv = {"tool"};
        spec.stdin_bytes.emplace();
        spec.init = LEVITATE_INIT;
    }

    std::string digest_of(const RunSpec& of, const std::string& tool = "1.0") const {
        const auto key = reference_key(reference_spec(of, kernel), tool);
        EXPECT_TRUE(key) << key.error().message;
        return key ? key->digest : std::string{};
    }

    TestFiles files;
    fs::path kernel = files.write("Image", "a kernel");
    RunSpec spec;
};

TEST_F(ReferenceKeyTest, is_the_same_for_the_same) {
    EXPECT_EQ(digest_of(spec), digest_of(spec));
    EXPECT_EQ(digest_of(spec).size(), 64);
    // Where the program is found does not matter, and neither does anything of the kernel under test.
    RunSpec other = spec;
    other.program = files.directory() / "elsewhere" / "tool";
    fs::create_directories(other.program.parent_path());
    fs::copy_file(spec.program, other.program);
    other.kernel = files.write("other-kernel", "another kernel");
    other.kernel_command_line = "debug";
    other.schedule_seed = 7;
    other.instruction_limit = 5;
    EXPECT_EQ(digest_of(spec), digest_of(other));
}

TEST_F(ReferenceKeyTest, differs_with_all_that_determines_the_recordings) {
    const fs::path beside = files.write("beside", "contents");
    const fs::path root = files.write("root/etc/config", "on").parent_path().parent_path();
    const std::vector<std::function<void(RunSpec&)>> changes{
        [](RunSpec& s) { s.argv.emplace_back("--flag"); },
        [](RunSpec& s) { s.argv = {"other-name"}; },
        [](RunSpec& s) { s.envp = {"LANG=C"}; },
        [](RunSpec& s) { s.cwd = "/tmp"; },
        [](RunSpec& s) { s.stdin_bytes = traces::to_bytes("input"); },
        [](RunSpec& s) { s.stdin_bytes = traces::to_bytes("inpuT"); },
        [&](RunSpec& s) { s.files = {{.host = beside, .guest = "/data"}}; },
        [&](RunSpec& s) { s.files = {{.host = beside, .guest = "/datb"}}; },
        [&](RunSpec& s) { s.roots = {root}; },
        [](RunSpec& s) { s.guest_program = "/usr/bin/tool"; },
        [](RunSpec& s) { s.randomize_addresses = true; },
        [](RunSpec& s) { s.memory_bytes = 1ULL << 30; },
        [](RunSpec& s) { s.seed = 1; },
        [&](RunSpec& s) {
            s.program = files.directory() / "dynamic" / "tool";
            fs::create_directories(s.program.parent_path());
            fs::copy_file(fs::path{LEVITATE_TEST_PROGRAMS} / "dynamic", s.program);
            fs::copy(fs::path{LEVITATE_TEST_PROGRAMS} / "lib", s.program.parent_path() / "lib");
        },
    };
    std::vector<std::string> digests{digest_of(spec)};
    for (const auto& change : changes) {
        RunSpec changed = spec;
        change(changed);
        digests.push_back(digest_of(changed));
    }
    digests.push_back(digest_of(spec, "1.1"));
    files.write("root/etc/config", "off");
    RunSpec other_contents = spec;
    other_contents.roots = {root};
    digests.push_back(digest_of(other_contents));
    files.write("Image", "a kerneL");
    digests.push_back(digest_of(spec));
    std::ranges::sort(digests);
    EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

TEST_F(ReferenceKeyTest, differs_with_a_library) {
    const fs::path library = files.directory() / "lib" / "libanswer.so.1";
    fs::copy(fs::path{LEVITATE_TEST_PROGRAMS} / "lib", library.parent_path());
    fs::copy_file(fs::path{LEVITATE_TEST_PROGRAMS} / "dynamic", spec.program,
                  fs::copy_options::overwrite_existing);
    const std::string before = digest_of(spec);
    // What stands behind the sections is of no consequence to a loader.
    std::ofstream{library, std::ios::app} << "more";
    EXPECT_NE(digest_of(spec), before);
}

TEST_F(ReferenceKeyTest, needs_the_program_and_the_kernel) {
    RunSpec absent = spec;
    absent.program = files.directory() / "nothing";
    EXPECT_FALSE(reference_key(reference_spec(absent, kernel), "1.0"));
    EXPECT_FALSE(reference_key(reference_spec(spec, files.directory() / "no-kernel"), "1.0"));
}

}  // namespace
}  // namespace levitate::vmm
