// Which faults of lib/faults.inc the command line asks for.
#include "lib/faults.hpp"

#ifdef LEVITATE_FAULTS

#include <cstddef>

#include "lib/command_line.hpp"

namespace kernel {

namespace {

constexpr std::string_view kNames[] = {
#define FAULT_POINT(point, effect) #point,
#include "lib/faults.inc"
#undef FAULT_POINT
};

}  // namespace

bool is_planted(Fault fault) {
    const std::string_view name = kNames[static_cast<std::size_t>(fault)];
    std::string_view rest = command_line_value("fault");
    while (!rest.empty()) {
        const std::size_t end = rest.find(',');
        if (rest.substr(0, end) == name) {
            return true;
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return false;
}

}  // namespace kernel

#endif
