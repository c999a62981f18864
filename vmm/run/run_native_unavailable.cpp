// What vmm/run/run_native.hpp does on hosts other than AArch64 Linux: it says that there is no native engine.
#include "vmm/run/run_native.hpp"

namespace levitate::vmm {

Result<Outcome> run_native(const RunSpec& /*spec*/, const RunHooks& /*hooks*/,
                           const traces::Header& /*header*/) {
    return failure(Error::Kind::Usage,
                   "the native engine runs programs on this host's own Linux, and this host is not AArch64 "
                   "Linux; use --engine emu, or scripts/linux-host for a real AArch64 Linux in an emulator");
}

}  // namespace levitate::vmm
