#include "vmm/cli/text_style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace levitate::vmm::cli {
namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

}  // namespace

TextStyle style_of_descriptor(int descriptor) {
    TextStyle style;
    if (::isatty(descriptor) != 1) {
        return style;
    }
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
        style.columns = size.ws_col;
    }
    style.colour = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
    return style;
}

}  // namespace levitate::vmm::cli
