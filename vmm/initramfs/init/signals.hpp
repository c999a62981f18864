// Signals of the host that the program gets.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace levitate::vmm::init {

// Sends the signal of a frame (FrameType::Signal).
void pass_signal(pid_t program, std::span<const std::uint32_t> frame);

// Is there a process besides this one that handles a signal which the host could pass on? /proc says so.
bool programs_handle_signals();

}  // namespace levitate::vmm::init
