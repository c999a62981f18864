// Saving and restoring the CPU. What can be worked out anew is not kept: the TLBs, decoded code, and what
// follows from control registers.
#include <cstring>
#include <type_traits>

#include "emu/core.hpp"

namespace levitate::emu {

namespace {

struct SavedState {
    StateValues values;
    GenericTimer::Channels timers{};
    GicInterfaceRegisters gic;
    TimeJumps time_jumps{0};
    std::uint64_t pc = 0;
    std::uint64_t retired = 0;
    std::uint64_t skipped_nanoseconds = 0;
    std::uint32_t step_syndrome = 0;
};
static_assert(std::is_trivially_copyable_v<SavedState>);

}  // namespace

std::vector<std::byte> Core::save() const {
    SavedState saved;
    saved.values = *this;
    saved.timers = timer.channels();
    saved.gic = gic;
    saved.time_jumps = time_jumps_;
    saved.pc = pc;
    saved.retired = retired;
    saved.skipped_nanoseconds = skipped_nanoseconds_;
    saved.step_syndrome = step_syndrome_;
    std::vector<std::byte> bytes(sizeof saved);
    std::memcpy(bytes.data(), &saved, sizeof saved);
    return bytes;
}

bool Core::restore(std::span<const std::byte> bytes) {
    SavedState saved;
    if (bytes.size() != sizeof saved) {
        return false;
    }
    std::memcpy(&saved, bytes.data(), sizeof saved);
    static_cast<StateValues&>(*this) = saved.values;
    timer.restore(saved.timers);
    static_cast<GicInterfaceRegisters&>(gic) = saved.gic;
    time_jumps_ = saved.time_jumps;
    pc = saved.pc;
    retired = saved.retired;
    observed_retired_ = retired;
    skipped_nanoseconds_ = saved.skipped_nanoseconds;
    step_syndrome_ = saved.step_syndrome;
    invalidate_code();
    translation_changed();
    debug_changed();
    timers_changed();
    interrupts_changed();
    return true;
}

void Core::set_schedule_seed(std::uint64_t seed) {
    time_jumps_ = TimeJumps{seed, retired};
}

}  // namespace levitate::emu
