// A machine without a CPU that is saved and resumed: RAM and devices are as they were.
#include "vmm/machine/snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMemory = 64U << 20U;
constexpr std::uint64_t kFlashBlock = kFlashRegion.base + 0x40000;
constexpr std::uint64_t kSlot = kVirtioRegion.base + (kVirtioSlots - 1) * kVirtioRegion.size;

class SnapshotTest : public testing::TestWithParam<GicVersion> {
  protected:
    SnapshotTest() {
        request.memory_bytes = kMemory;
        request.kernel = files.write("Image", make_image({}, {0x1400'0000}));
        request.hardware.gic = GetParam();
        request.hardware.disks = {files.write("disk", std::string(8192, 'd'))};
        request.hardware.virtio_entropy = true;
        request.board.console = [this](std::byte byte) { console.push_back(byte); };
        machine = Machine::create(request).value();
    }

    static std::uint64_t read(Machine& machine, std::uint64_t address, unsigned size = 4) {
        return machine.board().bus().read(address, size).value_or(~std::uint64_t{0});
    }
    void write(std::uint64_t address, std::uint64_t value, unsigned size = 4) {
        EXPECT_TRUE(machine->board().bus().write(address, size, value)) << std::hex << address;
    }
    std::uint64_t distributor() const {
        return GetParam() == GicVersion::V3 ? kDistributorRegion.base : kGicV2DistributorRegion.base;
    }
    // Leaves something in each device.
    void use_devices() {
        write(distributor(), 2);
        write(distributor() + 0x104, 0x00ff'00ff);  // enables interrupts
        write(distributor() + 0x420, 0x40302010);   // their priorities
        write(kUartRegion.base + 0x38, 0x10);       // its interrupts
        const std::string typed = "typed, and more than the FIFO of sixteen bytes takes";
        machine->board().uart().send(std::as_bytes(std::span{typed}));
        read(*machine, kUartRegion.base);
        write(kRtcRegion.base + 0x08, 12345);
        write(kGpioRegion.base + 0x400, 0x0f);                                         // directions
        write(kFwCfgRegion.base + 8, 0, 2);                                            // the signature
        read(*machine, kFwCfgRegion.base, 1);                                          // its first letter
        for (const std::uint32_t word : {0x0010'0010U, 0xcafe'f00dU, 0x00ff'00ffU}) {  // programs a word
            write(kFlashBlock, word);
        }
        write(kPciConfigurationRegion.base + 0x0c, 0x20, 1);
        write(kSlot + 0x70, 3);     // the disk's driver is there
        write(kSlot + 0x28, 4096);  // legacy: the size of its pages
    }
    // All that can be read without changing what others read; and what is read by taking it.
    std::vector<std::uint64_t> look(Machine& at) {
        std::vector<std::uint64_t> seen;
        for (std::uint64_t offset = 0; offset < 0x1000; offset += 4) {
            seen.push_back(read(at, distributor() + offset));
            seen.push_back(read(at, kGpioRegion.base + offset));
            seen.push_back(read(at, kFlashBlock + offset));
            seen.push_back(read(at, kPciConfigurationRegion.base + offset));
        }
        for (std::uint64_t offset = 4; offset < 0x1000; offset += 4) {
            seen.push_back(read(at, kUartRegion.base + offset));
        }
        for (std::uint64_t offset = 0; offset < 0x100; offset += 4) {
            seen.push_back(read(at, kSlot + offset));
            seen.push_back(read(at, kRtcRegion.base + offset));
        }
        for (unsigned index = 0; index < 3; ++index) {
            seen.push_back(read(at, kFwCfgRegion.base, 1));
        }
        while (at.board().uart().unread() != 0) {
            seen.push_back(read(at, kUartRegion.base));
        }
        return seen;
    }
    void save() {
        SavedMachine saved = machine->save();
        saved.cpu = {std::byte{1}, std::byte{2}};
        saved.console = {std::byte{'c'}};
        fs::create_directories(folder);
        const auto written = write_snapshot(folder, saved, machine->ram());
        ASSERT_TRUE(written) << written.error().message;
    }

    // Throws where there is none, which fails the test.
    Snapshot opened() const {
        auto snapshot = Snapshot::open(folder);
        if (!snapshot) {
            throw std::logic_error("no snapshot");
        }
        return std::move(*snapshot);
    }

    TestFiles files;
    fs::path folder = files.directory() / "snapshot";
    std::vector<std::byte> console;
    MachineRequest request;
    std::unique_ptr<Machine> machine;
};

TEST_P(SnapshotTest, devices_are_as_they_were) {
    use_devices();
    save();
    const Snapshot snapshot = opened();
    const auto resumed = Machine::resume(snapshot, request);
    ASSERT_TRUE(resumed) << resumed.error().message;
    const std::unique_ptr<Machine> fresh = Machine::create(request).value();
    const std::vector<std::uint64_t> expected = look(*machine);
    EXPECT_EQ(look(**resumed), expected);
    EXPECT_NE(look(*fresh), expected);
    EXPECT_EQ((*resumed)->entry().pc, machine->entry().pc);
    EXPECT_EQ(snapshot.saved().cpu.size(), 2U);
    EXPECT_EQ(snapshot.saved().console.size(), 1U);
}

TEST_P(SnapshotTest, ram_is_as_it_was_each_time) {
    const std::span<std::byte> ram = machine->ram();
    for (const std::uint64_t at : {std::uint64_t{0}, kMemory / 2 + 5000, kMemory - 1}) {
        ram[at] = std::byte{0x5a};
    }
    save();
    const Snapshot snapshot = opened();
    for (unsigned time = 0; time < 2; ++time) {
        const auto resumed = Machine::resume(snapshot, request);
        ASSERT_TRUE(resumed);
        ASSERT_TRUE(std::ranges::equal((*resumed)->ram(), ram)) << time;
        std::ranges::fill((*resumed)->ram(), std::byte{0xff});
    }
    EXPECT_LT(fs::file_size(folder / "ram"), kMemory / 4);
}

TEST_P(SnapshotTest, damaged_ones_are_none) {
    save();
    const fs::path state = folder / Snapshot::kStateName;
    std::ifstream file{state, std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{file}, {}};
    for (const std::size_t at : {std::size_t{0}, std::size_t{63}, std::size_t{70}, whole.size() - 1}) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        files.write("snapshot/state", changed);
        EXPECT_FALSE(Snapshot::open(folder)) << at;
    }
    files.write("snapshot/state", whole.substr(0, whole.size() / 2));
    EXPECT_FALSE(Snapshot::open(folder));
    files.write("snapshot/state", whole);
    ASSERT_TRUE(Snapshot::open(folder));
    fs::resize_file(folder / "ram", fs::file_size(folder / "ram") - 4096);
    EXPECT_FALSE(Snapshot::open(folder));
    fs::remove_all(folder);
    EXPECT_FALSE(Snapshot::open(folder));
}

TEST_P(SnapshotTest, is_not_of_a_machine_with_other_devices) {
    save();
    request.hardware.disks.clear();
    request.hardware.gic = GetParam() == GicVersion::V3 ? GicVersion::V2 : GicVersion::V3;
    const auto resumed = Machine::resume(opened(), request);
    ASSERT_FALSE(resumed);
    EXPECT_NE(resumed.error().message.find("other devices"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Gics, SnapshotTest, testing::Values(GicVersion::V2, GicVersion::V3),
                         [](const auto& gic) { return gic.param == GicVersion::V2 ? "V2" : "V3"; });

}  // namespace
}  // namespace levitate::vmm
