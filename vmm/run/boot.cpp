#include "vmm/run/boot.hpp"

#include <string>
#include <utility>

#include "vmm/machine/read_file.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/warm_start.hpp"

namespace levitate::vmm {
namespace {

// The program and its libraries, the program first, under the names by which they are executed: by init or,
// where the program is process 1, by the kernel.
std::vector<FileMapping> modules_of(const RunSpec& spec, const Initramfs& initramfs) {
    const std::string& executed =
        spec.init_mode == InitMode::Direct ? spec.init_paths.front() : spec.guest_program;
    std::vector<FileMapping> modules{{.host = initramfs.program.host, .guest = executed}};
    for (const PackedFile& library : initramfs.libraries) {
        modules.push_back({.host = library.host, .guest = library.guest});
    }
    return modules;
}

// Those it was given, or those of the kernel itself. `entry` is where it was loaded.
Result<KernelSymbols> symbols_of(const RunSpec& spec, GuestPhys entry) {
    Result<KernelSymbols> symbols = spec.kernel_symbols.empty() ? KernelSymbols::of_kernel(spec.kernel)
                                                                : KernelSymbols::load(spec.kernel_symbols);
    if (symbols) {
        symbols->set_loaded_at(entry);
    }
    return symbols;
}

}  // namespace

Result<Boot> boot(const RunSpec& spec, const RunHooks& hooks, std::optional<PackRequest> request,
                  std::function<void(std::byte)> console) {
    Boot boot;
    boot.resumed = booted_machine(spec);
    std::vector<std::byte>& archive = boot.archive;
    if (request) {
        request->has_init = boot.resumed.has_value();
        auto initramfs = pack(*request);
        if (!initramfs) {
            return std::unexpected(std::move(initramfs.error()));
        }
        boot.modules = modules_of(spec, *initramfs);
        // It has the sums of all files, which take a while.
        if (hooks.sink != nullptr) {
            boot.header = make_header(spec, *initramfs);
        }
        archive = std::move(initramfs->archive);
    }
    if (!spec.initramfs.empty()) {
        auto given = read_file("initramfs", spec.initramfs, spec.memory_bytes, "give more RAM with --memory");
        if (!given) {
            return std::unexpected(std::move(given.error()));
        }
        archive = std::move(*given);
    }
    const MachineRequest wanted = machine_request(spec, archive, spec.seed, std::move(console));
    auto machine = boot.resumed ? Machine::resume(*boot.resumed, wanted) : Machine::create(wanted);
    if (!machine) {
        return std::unexpected(std::move(machine.error()));
    }
    boot.machine = std::move(*machine);
    auto symbols = symbols_of(spec, GuestPhys{boot.machine->entry().pc});
    if (!symbols) {
        return std::unexpected(std::move(symbols.error()));
    }
    boot.symbols = std::move(*symbols);
    return boot;
}

}  // namespace levitate::vmm
