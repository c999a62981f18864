// The machine of a run, with all that boots on it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/diagnosis/kernel_symbols.hpp"
#include "vmm/error.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/machine/snapshot.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

struct Boot {
    std::unique_ptr<Machine> machine;
    KernelSymbols symbols;
    traces::Header header;             // of the trace; empty if nothing is recorded or no program packed
    std::vector<FileMapping> modules;  // the program and its libraries, the program first
    // The machine stands where its init waits for `archive`, and not before the kernel's first instruction.
    std::optional<Snapshot> resumed;
    std::vector<std::byte> archive;
};

// Packs the initramfs that `request` describes, if there is one, and loads it with kernel and device tree
// into RAM, or resumes a machine that has booted. `console` gets every byte that the guest sends over the
// UART. `spec` is complete.
Result<Boot> boot(const RunSpec& spec, const RunHooks& hooks, std::optional<PackRequest> request,
                  std::function<void(std::byte)> console);

}  // namespace levitate::vmm
