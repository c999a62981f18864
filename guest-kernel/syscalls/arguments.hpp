// The kernel types behind the argument kinds of traces/abi/syscalls.inc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/user.hpp"

namespace kernel {

// A file descriptor as a program passes it: the low 32 bits of a register.
struct Fd {
    int number = -1;
};

}  // namespace kernel
