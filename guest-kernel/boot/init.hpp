// The first program.
#pragma once

namespace kernel {

// Starts /init of the initramfs (or what `rdinit=` names) as process 1 and never comes back. Panics without
// it.
[[noreturn]] void start_init();

}  // namespace kernel
