#include "vmm/cli/text_style.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::cli {
namespace {

// A terminal of 57 columns.
class TextStyleOnTerminal : public testing::Test {
  protected:
    void SetUp() override {
        int outer = -1;
        int inner = -1;
        winsize size{.ws_row = 20, .ws_col = 57, .ws_xpixel = 0, .ws_ypixel = 0};
        ASSERT_EQ(::openpty(&outer, &inner, nullptr, nullptr, &size), 0);
        outer_ = Descriptor{outer};
        inner_ = Descriptor{inner};
        ::setenv("TERM", "xterm", 1);
        ::unsetenv("NO_COLOR");
    }

    Descriptor outer_;
    Descriptor inner_;
};

TEST_F(TextStyleOnTerminal, has_its_width_and_colours) {
    const TextStyle style = style_of_descriptor(inner_.get());
    EXPECT_EQ(style.columns, 57U);
    EXPECT_TRUE(style.colour);
}

TEST_F(TextStyleOnTerminal, no_color_and_a_dumb_terminal_forbid_colours) {
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(style_of_descriptor(inner_.get()).colour);
    ::unsetenv("NO_COLOR");
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(style_of_descriptor(inner_.get()).colour);
}

TEST(TextStyle, a_file_has_the_default_width_and_no_colours) {
    const Descriptor file{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    const TextStyle style = style_of_descriptor(file.get());
    EXPECT_EQ(style.columns, TextStyle{}.columns);
    EXPECT_FALSE(style.colour);
}

}  // namespace
}  // namespace levitate::vmm::cli
