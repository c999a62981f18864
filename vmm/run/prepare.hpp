// Turns what the user asked for into what the machine needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/error.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// The specification with its defaults filled in; InitMode::Auto becomes Harness. Error (Usage): a path in the
// guest is not absolute, a string that the guest's kernel reads up to a NUL contains one, an initramfs is
// given that does not hold the program, or the engine cannot follow the schedule's seed or the limit of
// instructions.
Result<RunSpec> complete_spec(RunSpec spec);

// Checks that the engine is one with a machine.
Result<void> check_machine_engine(EngineKind engine);

// Precondition for all: complete_spec() made `spec`.
PackRequest pack_request(const RunSpec& spec);
std::string boot_arguments(const RunSpec& spec);
// `initramfs` must outlive the request. `console` gets every byte that the guest sends over the UART.
MachineRequest machine_request(const RunSpec& spec, std::span<const std::byte> initramfs, std::uint64_t seed,
                               Pl011::Output console);

}  // namespace levitate::vmm
