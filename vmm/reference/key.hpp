// What determines a reference, as a name for it.
#pragma once

#include <string>
#include <string_view>

#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

struct ReferenceKey {
    std::string digest;       // lower-case hex; names the reference
    std::string description;  // a JSON object of all that the digest is of
};

// Everything that a recording is a function of: the initramfs (the program, its libraries and interpreter,
// its arguments, environment and standard input, the files beside it, and the harness' own init), kernel and
// command line, memory, seeds and schedules, the CPU, and `tool`, which has to differ between builds of the
// tool that may record differently. Precondition: reference_spec() made `spec`.
Result<ReferenceKey> reference_key(const RunSpec& spec, std::string_view tool);

// The version and the bytes of the running executable.
Result<std::string> tool_identity(std::string_view version);

}  // namespace levitate::vmm
