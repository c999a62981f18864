// A machine at rest, on disk: written once, and started from often.
//
// It is a folder with two files. `state` has what CPU and devices remember, and which stretches of RAM hold
// something; `ram` has these stretches. They are mapped and not read, so a start costs what the guest then
// touches. Only the build of the tool that has written it can read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/descriptor.hpp"
#include "vmm/error.hpp"
#include "vmm/machine/entry_point.hpp"
#include "vmm/machine/ram.hpp"

namespace levitate::vmm {

// What there is of it beside RAM.
struct SavedMachine {
    EntryPoint entry;  // of its kernel, long ago
    std::uint64_t memory_bytes = 0;
    std::vector<std::byte> devices;  // Board::transfer_state()
    std::vector<std::byte> cpu;      // Engine::save()
    std::vector<std::byte> console;  // what the guest has sent over its UART
};

// `folder` is there. Error: something could not be written.
Result<void> write_snapshot(const std::filesystem::path& folder, const SavedMachine& saved,
                            std::span<const std::byte> ram);

class Snapshot {
  public:
    // The file whose time a cache may look at.
    static constexpr const char* kStateName = "state";

    // nullopt: it is not there, or is damaged.
    static std::optional<Snapshot> open(const std::filesystem::path& folder);

    const SavedMachine& saved() const { return saved_; }
    // RAM as it was. What the guest writes stays in this process. Error: the host has no room.
    Result<GuestRam> ram() const;

  private:
    Snapshot() = default;

    SavedMachine saved_;
    std::vector<GuestRam::Stretch> stretches_;  // in the order in which the file has them
    Descriptor file_;
};

}  // namespace levitate::vmm
