// A whole recording of a program: both passes.
#pragma once

#include <string>

#include "vmm/engine/native/pass.hpp"

namespace levitate::vmm::native {

// Runs the program twice, first for everything but the auxv reads and then for the reads, and gives the
// merged events to `sink`. The second run gets the input that the first one took; its output is not shown.
//
// Returns the first pass's result. `sink` has been ended when this returns, even with an error.
Result<PassResult> record_program(const PassSpec& spec, const traces::Header& header, traces::EventSink& sink,
                                  const OutputListener& listener);

// What a header says of the machine that this runs on: "Linux 6.1.0-40-arm64 #1 SMP …" and "Neoverse N1".
std::string kernel_description();
std::string cpu_description();

}  // namespace levitate::vmm::native
