#include "lib/faults.hpp"

#ifdef LEVITATE_FAULTS

#include "boot/command_line.hpp"

namespace kernel {

Fault selected_fault() {
    const std::string_view name = command_line_value("fault");
#define FAULT_POINT(point, effect) \
    if (name == #point) {          \
        return Fault::point;       \
    }
#include "lib/faults.inc"
#undef FAULT_POINT
    return Fault::None;
}

}  // namespace kernel

#endif
