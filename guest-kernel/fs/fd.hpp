// A file descriptor as a program passes it.
#pragma once

namespace kernel {

// The low 32 bits of a register.
struct Fd {
    int number = -1;
};

}  // namespace kernel
