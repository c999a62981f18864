#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "vmm/cli/application.hpp"
#include "vmm/cli/choice.hpp"
#include "vmm/cli/manual/documents.hpp"

namespace levitate::vmm::cli {
namespace {

// A command line with what is awkward in roff and in a shell.
class ManualTest : public testing::Test {
  protected:
    ManualTest() {
        app_.set_version_flag("--version", "7");
        CLI::App* command = app_.add_subcommand("try", "Tries it");
        command->footer("Examples:\n  .\\tool 'a' --all\n\n.dots begin a line");
        command->add_option("-l,--list", list_, "Don't [split] this: \\ no")->option_text("FILE");
        offer<int>(command->add_option("--colour", colour_, "A colour"), {{"blue", 1}, {"red", 2}});
        command->add_flag("--all", all_, "All");
        command->add_option("what", what_, "What to try")->option_text("TRACE|NAME");
    }

    CLI::App app_{"Is small.\n\nExit status: none.", "small"};
    std::vector<std::string> list_;
    std::string what_;
    int colour_ = 0;
    bool all_ = false;
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(ManualTest, ReadsTheDefinitions) {
    const CommandLine line = describe(app_);
    EXPECT_EQ(line.version, "7");
    ASSERT_EQ(line.commands.size(), 1U);
    const Command& command = line.commands.front();
    const auto options = command.options();
    ASSERT_EQ(options.size(), 4U);  // --help too
    EXPECT_EQ(options[1].names, (std::vector<std::string>{"-l", "--list"}));
    EXPECT_EQ(options[1].kind, ValueKind::File);
    EXPECT_TRUE(options[1].repeats);
    EXPECT_EQ(options[2].words, (std::vector<std::string>{"blue", "red"}));
    EXPECT_FALSE(options[2].repeats);
    EXPECT_EQ(options[3].kind, ValueKind::Flag);
    ASSERT_EQ(command.positionals().size(), 1U);
    EXPECT_EQ(command.positionals()[0].value, "what");
    EXPECT_EQ(command.positionals()[0].kind, ValueKind::Trace);
}

TEST_F(ManualTest, RefusesAValueThatNobodyCanComplete) {
    app_.get_subcommand("try")->add_option("--new", what_, "New")->option_text("THING");
    EXPECT_THROW(describe(app_), std::logic_error);
}

TEST_F(ManualTest, OffersOnlyTheNamedValues) {
    EXPECT_NO_THROW(app_.parse("try --colour red", false));
    EXPECT_EQ(colour_, 2);
    EXPECT_THROW(app_.parse("try --colour green", false), CLI::ValidationError);
}

TEST_F(ManualTest, KeepsTroffFromReadingText) {
    const std::string page = man_page(describe(app_));
    EXPECT_TRUE(contains(page, "Don\\(aqt [split] this: \\e no.\n"));
    EXPECT_TRUE(contains(page, "\n\\&.\\etool \\(aqa\\(aq \\-\\-all\n.EE\n"));
    EXPECT_TRUE(contains(page, "\n\\&.dots begin a line\n"));
    EXPECT_TRUE(contains(page, ".SH EXIT STATUS\n.PP\nnone.\n"));
}

TEST_F(ManualTest, QuotesForZsh) {
    EXPECT_TRUE(contains(zsh_completion(describe(app_)),
                         R"('*--list=[Don'\''t \[split\] this\: \\ no]:FILE:_files')"));
}

TEST(Manual, KnowsAllOfTheTool) {
    int status = 0;
    const CommandLine line = describe(*make_application(status, {}));
    const auto run = std::ranges::find(line.commands, "run", &Command::name);
    ASSERT_NE(run, line.commands.end());
    EXPECT_EQ(run->positionals().back().kind, ValueKind::Program);
}

}  // namespace
}  // namespace levitate::vmm::cli
