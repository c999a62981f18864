// Makes the initramfs of a run: init, the program with its libraries, and the files that the user gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/initramfs/init/run_description.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {

struct ExtraFile {
    std::filesystem::path host;
    std::string guest;  // absolute
};

struct PackRequest {
    // Levitate's own, an AArch64 executable; empty: the program is process 1, and there is no description.
    std::filesystem::path init;
    bool has_init = false;                    // the guest has it already: only the description is packed
    std::filesystem::path program;            // on the host
    std::string guest_program;                // absolute
    std::vector<std::string> program_copies;  // where else it is to stand
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string directory = "/";
    bool randomize_addresses = false;
    bool batch = false;  // the program runs under SCHED_BATCH
    init::Input input = init::Input::Bytes;
    std::string input_bytes;
    init::TerminalRequest terminal;
    init::HashKey key{};  // of the frames that init sends
    std::vector<ExtraFile> files;
    std::vector<std::filesystem::path> roots;
    std::vector<std::filesystem::path> sysroots;  // searched before the default ones
};

// A file in the initramfs that belongs to the record of a run.
struct PackedFile {
    std::string guest;
    std::filesystem::path host;
    std::string build_id;  // for ELF files that have one
    FileContents contents;
};

struct Initramfs {
    std::vector<std::byte> archive;
    PackedFile program;
    std::vector<PackedFile> libraries;  // the interpreter first
    std::vector<PackedFile> files;      // PackRequest::files and what PackRequest::roots held
};

// The archive of a guest that boots as far as init, which waits there for what it is to run.
Result<std::vector<std::byte>> pack_init(const std::filesystem::path& init);

// The same request over the same files gives the same bytes. Roots are laid down first, in order, then
// files, then the program, then libraries that are still missing.
Result<Initramfs> pack(const PackRequest& request);

}  // namespace levitate::vmm
