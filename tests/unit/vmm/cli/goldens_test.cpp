#include "vmm/cli/goldens.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm::cli {
namespace {

class MeaningTest : public ::testing::Test {
  protected:
    MeaningTest() {
        ::setenv("LEVITATE_GOLDENS", (files.directory() / "goldens").c_str(), 1);
        ::setenv("LEVITATE_GUESTS", (files.directory() / "guests").c_str(), 1);
        files.write("goldens/both/recording-1.jsonl", "{");
        files.write("guests/both",
                    "\x7f"
                    "ELF");
        files.write("guests/guest",
                    "\x7f"
                    "ELF");
    }
    ~MeaningTest() override {
        ::unsetenv("LEVITATE_GOLDENS");
        ::unsetenv("LEVITATE_GUESTS");
    }
    std::string path(const char* name) const { return (files.directory() / name).string(); }

    TestFiles files;
};

TEST_F(MeaningTest, prefers_a_golden_to_a_guest) {
    EXPECT_EQ(meaning_of("both"), Meaning::Golden);
    EXPECT_EQ(meaning_of("guest"), Meaning::Program);
    EXPECT_EQ(meaning_of("no-such-thing-anywhere"), Meaning::Nothing);
}

TEST_F(MeaningTest, tells_traces_from_programs) {
    EXPECT_EQ(meaning_of(files.write("tool",
                                     "\x7f"
                                     "ELF")),
              Meaning::Program);
    EXPECT_EQ(meaning_of(files.write("script", "#!/bin/sh")), Meaning::Program);
    EXPECT_EQ(meaning_of(files.write("empty", "")), Meaning::Program);
    EXPECT_EQ(meaning_of(files.write("trace", "{\"format\"")), Meaning::Golden);
    EXPECT_EQ(meaning_of(files.write("trace.jsonl", "damaged")), Meaning::Golden);
    EXPECT_EQ(meaning_of(path("absent.jsonl.zst")), Meaning::Golden);
    EXPECT_EQ(meaning_of(path("absent")), Meaning::Nothing);
}

TEST_F(MeaningTest, opens_folders_of_folders) {
    files.write("mine/b/recording-1.jsonl.zst", "");
    files.write("mine/a/recording-1.jsonl", "{");
    files.write("mine/notes/readme", "");
    files.write("mine/file", "");
    files.write("nothing/file", "");
    EXPECT_EQ(meaning_of(path("mine")), Meaning::Folder);
    EXPECT_EQ(meaning_of(path("mine/a")), Meaning::Golden);
    EXPECT_EQ(meaning_of(path("nothing")), Meaning::Golden);  // load_golden() says that there is no recording
    const auto opened = with_folders_opened({"both", path("mine")});
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, (std::vector<std::string>{"both", path("mine/a"), path("mine/b")}));
}

}  // namespace
}  // namespace levitate::vmm::cli
