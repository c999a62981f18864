// What a parent learns of its children.
#pragma once

#include "task/process.hpp"

namespace kernel {

// A child has become a zombie: SIGCHLD (or another exit signal) and a wake-up for the parent; without anybody
// to wait for it, or with SIGCHLD ignored, it goes at once.
void report_to_parent(Process& child);
// A child stopped or continued: `change` is CLD_STOPPED or CLD_CONTINUED.
void report_change_to_parent(Process& child, int change);
// Takes a zombie out of the world. Its usage is added to the parent's reaped_children.
void reap(Process& child);

}  // namespace kernel
