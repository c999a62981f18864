// Translation tables for the tests: 4 KiB granule, 48-bit addresses, TTBR0_EL1 for the lower half and
// TTBR1_EL1 for the upper (Arm ARM D8.3).
#pragma once

#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {

namespace descriptor {
inline constexpr std::uint64_t kValid = 1;
inline constexpr std::uint64_t kTableOrPage = 2;
inline constexpr std::uint64_t kDevice = 1 << 2;  // MAIR_EL1's attribute 1
inline constexpr std::uint64_t kUser = 1 << 6;
inline constexpr std::uint64_t kReadOnly = 1 << 7;
inline constexpr std::uint64_t kAccessFlag = 1 << 10;
inline constexpr std::uint64_t kDirtyModifier = std::uint64_t{1} << 51;
inline constexpr std::uint64_t kPxn = std::uint64_t{1} << 53;
inline constexpr std::uint64_t kUxn = std::uint64_t{1} << 54;
inline constexpr std::uint64_t kPage = kValid | kTableOrPage | kAccessFlag;
inline constexpr std::uint64_t kBlock = kValid | kAccessFlag;
}  // namespace descriptor

namespace tcr {
inline constexpr std::uint64_t kBoth48Bits = 16 | 16 << 16 | std::uint64_t{2} << 30 | std::uint64_t{5} << 32;
inline constexpr std::uint64_t kTbi0 = std::uint64_t{1} << 37;
inline constexpr std::uint64_t kHardwareAccessFlag = std::uint64_t{1} << 39;
inline constexpr std::uint64_t kHardwareDirty = std::uint64_t{1} << 40;
}  // namespace tcr

namespace sctlr {
inline constexpr std::uint64_t kMmu = 1;
inline constexpr std::uint64_t kAlignment = 2;
inline constexpr std::uint64_t kWxn = 1 << 19;
inline constexpr std::uint64_t kSpan = 1 << 23;
}  // namespace sctlr

class TranslationTest : public CpuTest {
  protected:
    TranslationTest() {
        map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUxn);
        map(kVectors, kVectors, descriptor::kPage | descriptor::kUxn);
        map(kRamBase + 0x1000, kRamBase + 0x1000, descriptor::kPage | descriptor::kUxn);  // of set_register()
        set_register(assembly::kMairEl1, 0x00ff);
        set_register(assembly::kTcrEl1, tcr::kBoth48Bits);
        set_register(assembly::kTtbr0El1, kLowerTable);
        set_register(assembly::kTtbr1El1, kUpperTable);
        set_register(assembly::kSctlrEl1, get_register(assembly::kSctlrEl1) | sctlr::kMmu);
    }

    // The level's descriptor for `address`, with the tables above it made as needed.
    std::uint64_t entry(std::uint64_t address, unsigned level) {
        std::uint64_t table = (address >> 63) != 0 ? kUpperTable : kLowerTable;
        for (unsigned at = 0;; ++at) {
            const std::uint64_t index = (address >> (39 - 9 * at)) & 0x1ff;
            const std::uint64_t place = table + 8 * index;
            if (at == level) {
                return place;
            }
            if ((read_u64(place) & descriptor::kValid) == 0) {
                put_bytes(place, next_table_ | descriptor::kValid | descriptor::kTableOrPage);
                next_table_ += 0x1000;
            }
            table = read_u64(place) & 0xfffffffff000;
        }
    }
    void map(std::uint64_t address, std::uint64_t physical, std::uint64_t attributes) {
        put_bytes(entry(address, 3), physical | attributes);
    }
    void map_block(std::uint64_t address, std::uint64_t physical, std::uint64_t attributes) {
        put_bytes(entry(address, 2), physical | attributes);
    }
    void flush() { execute_privileged(assembly::kTlbiAll); }

    // One load or store of x1 at `address`, at EL1 or EL0.
    void access(std::uint32_t word, std::uint64_t address, std::uint64_t pstate) {
        put(kCodeBase, {word});
        set_x(0, address);
        stand_at(kCodeBase, pstate);
        cpu.run(1);
    }
    void load(std::uint64_t address) { access(assembly::ldr(1, 0), address, kKernel); }
    void store(std::uint64_t address) { access(assembly::str(1, 0), address, kKernel); }
    bool faulted() const { return pc() != kCodeBase + 4; }
    std::uint64_t fault_status() const { return syndrome() & 0x3f; }
    bool was_write() const { return (syndrome() & 0x40) != 0; }

    static constexpr std::uint64_t kLowerTable = kTables;
    static constexpr std::uint64_t kUpperTable = kTables + 0x1000;
    static constexpr std::uint64_t kKernel = spsr::kModeEl1h | spsr::kDaif;
    static constexpr std::uint64_t kUser = spsr::kModeEl0t | spsr::kDaif;

  private:
    std::uint64_t next_table_ = kTables + 0x2000;
};

}  // namespace levitate::emu::test
