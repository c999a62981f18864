// Runs a bare-metal Image on the machine and the emulated CPU until it switches itself off; its UART is
// standard output.
//   bare_machine IMAGE GIC
// GIC is the version of the interrupt controller, 2 or 3.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/machine/machine.hpp"

namespace levitate::vmm {
namespace {

// As transcript_test.py gives QEMU.
constexpr std::uint64_t kMemoryBytes = std::uint64_t{256} << 20U;
// No guest takes a fifth of it.
constexpr std::uint64_t kMostInstructions = 1'500'000'000;

int run_image(const char* path, GicVersion gic) {
    auto machine =
        Machine::create({.memory_bytes = kMemoryBytes,
                         .kernel = path,
                         .initramfs = {},
                         .boot_arguments = "",
                         .hardware = {.gic = gic, .disks = {}},
                         .board = {.console = [](std::byte byte) { std::putchar(static_cast<int>(byte)); }}});
    if (!machine) {
        fmt::print(stderr, "bare_machine: {}\n", machine.error().message);
        return 2;
    }
    const auto engine = make_emu_engine(**machine, 0);
    const Exit exit = engine->run(kMostInstructions);
    std::fflush(stdout);
    if (exit.reason == ExitReason::PowerOff) {
        return 0;
    }
    if (exit.reason == ExitReason::SemihostingExit) {
        return exit.status;
    }
    const VcpuRegisters registers = engine->registers();
    fmt::print(stderr, "bare_machine: {}: {} at PC {:#x}, PSTATE {:#x}, after {} instructions\n", path,
               exit.reason == ExitReason::Budget ? "still running"
               : exit.reason == ExitReason::Idle ? "waits for an interrupt that never comes"
                                                 : "reset",
               registers.pc, registers.pstate, engine->retired_instructions());
    return 1;
}

}  // namespace
}  // namespace levitate::vmm

int main(int argc, char** argv) {
    const std::string_view gic = argc == 3 ? argv[2] : "";
    if (gic != "2" && gic != "3") {
        fmt::print(stderr, "usage: bare_machine IMAGE 2|3\n");
        return 2;
    }
    using levitate::vmm::GicVersion;
    return levitate::vmm::run_image(argv[1], gic == "2" ? GicVersion::V2 : GicVersion::V3);
}
