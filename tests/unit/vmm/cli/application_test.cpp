#include "vmm/cli/application.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm::cli {
namespace {

using Words = std::vector<std::string>;

TEST(ProgramArguments, stand_behind_the_dashes_of_a_command_that_takes_names) {
    for (const char* const command : {"check", "reference"}) {
        Words words{command, "--json", "./tool", "--", "--flag", "--", "x"};
        EXPECT_EQ(take_program_arguments(words), (Words{"--flag", "--", "x"}));
        EXPECT_EQ(words, (Words{command, "--json", "./tool"}));
    }
}

TEST(ProgramArguments, are_left_to_other_commands) {
    for (const Words& line :
         {Words{"run", "tool", "--", "check"}, Words{"check", "hello"}, Words{"--help"}, Words{}}) {
        Words words = line;
        EXPECT_EQ(take_program_arguments(words), Words{});
        EXPECT_EQ(words, line);
    }
}

}  // namespace
}  // namespace levitate::vmm::cli
