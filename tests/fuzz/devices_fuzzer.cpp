// The registers of all devices, and what those do with RAM that the guest has filled.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/input.hpp"
#include "vmm/machine/board.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

constexpr std::size_t kRamBytes = 16384;

// Where the inputs' accesses go: a byte chooses the region, so that they find the devices.
constexpr std::array kRegions{
    Region{0x0000'0000, 0x8'0000},  // of the flash
    Region{0x03FF'0000, 0x2'0000}, kDistributorRegion, kGicV2CpuRegion, kGicV2mRegion, kRedistributorRegion,
    kUartRegion, kRtcRegion, kFwCfgRegion, kGpioRegion, Region{kVirtioRegion.base, 2 * kVirtioRegion.size},
    // The slots with devices, in the order in which they are filled.
    Region{kVirtioRegion.base + 31 * kVirtioRegion.size, kVirtioRegion.size},
    Region{kVirtioRegion.base + 30 * kVirtioRegion.size, kVirtioRegion.size},
    Region{kVirtioRegion.base + 29 * kVirtioRegion.size, kVirtioRegion.size}, kPciMemoryRegion,
    kPciPortRegion, Region{kPciConfigurationRegion.base, 0x2000}, Region{0x0801'0000, 0x10'0000},  // gaps too
};

std::unique_ptr<Disk> make_disk() {
    const int file = ::memfd_create("disk", MFD_CLOEXEC);
    fuzz::require(file >= 0 && ::ftruncate(file, 10'000) == 0, "there is a file");
    auto disk = Disk::open("/proc/self/fd/" + std::to_string(file));
    ::close(file);
    fuzz::require(disk.has_value(), "the file is a disk");
    return std::move(*disk);
}

class Guest {
  public:
    explicit Guest(std::uint8_t choices)
        : board_({.gic = (choices & 1U) != 0 ? GicVersion::V2 : GicVersion::V3,
                  .virtio = (choices & 2U) != 0 ? VirtioForm::Modern : VirtioForm::Legacy,
                  .disks = {},
                  .virtio_console = true,
                  .virtio_entropy = true},
                 disks(), {.seed = 1, .console = [this](std::byte) { ++output_; }}, memory_) {
        board_.set_time_source([this] { return std::chrono::seconds{time_}; });
        memory_.on_write([this](std::uint64_t address, std::size_t size) {
            fuzz::require(memory_.contains(address, size), "devices write RAM only");
        });
    }

    void access(fuzz::Input& input) {
        const Region region = kRegions.at(input.take<std::uint8_t>() % kRegions.size());
        const auto what = input.take<std::uint8_t>();
        const unsigned size = 1U << (what & 3U);
        const std::uint64_t offset = input.take<std::uint32_t>() % region.size;
        const std::uint64_t address = (region.base + offset) & ~std::uint64_t{size - 1};
        if ((what & 4U) != 0) {
            board_.bus().write(address, size, input.take<std::uint64_t>());
        } else if (const auto value = board_.bus().read(address, size)) {
            fuzz::require(size == 8 || *value >> (8 * size) == 0, "a value has the size of its access");
        }
        look_at_interrupts();
    }
    void fill(fuzz::Input& input) {
        const std::size_t place = input.take<std::uint16_t>() % (kRamBytes - 16);
        for (std::size_t word = 0; word < 2; ++word) {
            const auto value = input.take<std::uint64_t>();
            std::memcpy(ram_.data() + place + 8 * word, &value, sizeof value);
        }
    }
    void pass(std::uint8_t seconds) { time_ += seconds; }

  private:
    static std::vector<std::unique_ptr<Disk>> disks() {
        std::vector<std::unique_ptr<Disk>> made;
        made.push_back(make_disk());
        return made;
    }
    // What the CPU would do.
    void look_at_interrupts() {
        if (auto* const two = std::get_if<GicV2>(&board_.gic())) {
            two->signalled();
        } else if (auto* const three = std::get_if<GicV3>(&board_.gic())) {
            if (const auto pending = three->highest_pending()) {
                fuzz::require(pending->intid < GicV3::kInterrupts, "it is an interrupt");
                three->acknowledge(pending->intid);
                three->deactivate(pending->intid);
            }
        }
    }

    std::vector<std::byte> ram_ = std::vector<std::byte>(kRamBytes);
    GuestMemory memory_{kRamBase, ram_};
    std::uint64_t output_ = 0;
    std::uint64_t time_ = 0;
    Board board_;
};

}  // namespace
}  // namespace levitate::vmm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    levitate::fuzz::Input input{{data, size}};
    levitate::vmm::Guest guest{input.take<std::uint8_t>()};
    while (!input.rest().empty()) {
        switch (const auto what = input.take<std::uint8_t>(); what % 8) {
            case 0:
                guest.pass(input.take<std::uint8_t>());
                break;
            case 1:
            case 2:
            case 3:
                guest.fill(input);
                break;
            default:
                guest.access(input);
                break;
        }
    }
    return 0;
}
