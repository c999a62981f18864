// Starting a program: its pipes or its terminal, its surroundings, execve.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/input_feeder.hpp"
#include "vmm/initramfs/init/line.hpp"
#include "vmm/initramfs/init/run_description.hpp"
#include "vmm/initramfs/init/terminal.hpp"

namespace levitate::vmm::init {

struct RunningProgram {
    pid_t child = -1;  // ours: the program, or what leads its session
    pid_t pid = -1;    // the program
    InputFeeder input;
    Descriptor output;  // closed where that is the terminal
    Descriptor error_output;
    TerminalPair terminal;
    // Wait statuses of the program from the session's leader; closed if it is our child.
    Descriptor statuses;
};

// Returns when execve has succeeded. nullopt: it has failed, and that has been reported.
std::optional<RunningProgram> start_program(const Case& one, std::uint32_t number, Line& line);

}  // namespace levitate::vmm::init
