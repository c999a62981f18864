#include "lib/system_name.hpp"

namespace kernel {

// The release's number is the Linux whose interface this kernel answers to (libraries compare it); the rest
// of it, and the version, say what it really is.
new_utsname& system_name() {
    static constinit new_utsname name = {.sysname = "Linux",
                                         .nodename = "(none)",
                                         .release = "6.1.0-levitate",
                                         .version = "#1 Levitate guest-kernel",
                                         .machine = "aarch64",
                                         .domainname = "(none)"};
    return name;
}

}  // namespace kernel
