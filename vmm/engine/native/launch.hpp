// Starts the program to be recorded, under ptrace from before its execve.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "vmm/descriptor.hpp"
#include "vmm/error.hpp"

namespace levitate::vmm::native {

// What to run.
struct Program {
    std::string path;
    std::vector<std::string> argv;
    std::vector<std::string> envp;
    std::string directory = "/";
    // A fresh copy of `tree` becomes the program's root; `mount_point` is where it is mounted (see
    // enter_fresh_tree). Empty: the program runs in our own root.
    std::string tree;
    std::string mount_point;
    bool randomize_addresses = false;
};

struct LaunchedProgram {
    pid_t pid = -1;
    Descriptor input;         // what we write is its standard input
    Descriptor output;        // what it writes to standard output
    Descriptor error_output;  // and to standard error
    Descriptor report;        // becomes readable: closed when execve has succeeded, else see exec_failure
};

// The child has been seized and runs towards its execve: its first ptrace stop is PTRACE_EVENT_EXEC, or it
// exits. Precondition: no descriptor 0 to 2 is closed.
Result<LaunchedProgram> launch(const Program& program);

// Why the program could not be executed. Precondition: the child has ended without an exec.
Error exec_failure(const Program& program, const LaunchedProgram& launched);

}  // namespace levitate::vmm::native
