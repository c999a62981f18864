// The first program.
#pragma once

namespace kernel {

// Starts /init of the initramfs, or what `rdinit=` names, as process 1 and never returns. Panics if there is
// none.
[[noreturn]] void start_init();

}  // namespace kernel
