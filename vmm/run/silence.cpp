#include "vmm/run/silence.hpp"

namespace levitate::vmm {

std::optional<std::chrono::seconds> Silence::look(std::uint64_t signs, Clock::time_point now) {
    if (signs != signs_) {
        signs_ = signs;
        heard_ = now;
        next_ = kFirst;
        return std::nullopt;
    }
    if (now - heard_ < next_) {
        return std::nullopt;
    }
    const std::chrono::seconds said = next_;
    next_ *= 2;
    return said;
}

}  // namespace levitate::vmm
