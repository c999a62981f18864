// Translation tables for the tests: 4 KiB granule, 48-bit addresses, TTBR0_EL1 for the lower half and
// TTBR1_EL1 for the upper (Arm ARM D8.3).
#pragma once

#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {

namespace descriptor {
inline constexpr std::uint64_t valid = 1;
inline constexpr std::uint64_t table_or_page = 2;
inline constexpr std::uint64_t device = 1 << 2;  // MAIR_EL1's attribute 1
inline constexpr std::uint64_t user = 1 << 6;
inline constexpr std::uint64_t read_only = 1 << 7;
inline constexpr std::uint64_t access_flag = 1 << 10;
inline constexpr std::uint64_t dirty_modifier = std::uint64_t{1} << 51;
inline constexpr std::uint64_t pxn = std::uint64_t{1} << 53;
inline constexpr std::uint64_t uxn = std::uint64_t{1} << 54;
inline constexpr std::uint64_t page = valid | table_or_page | access_flag;
inline constexpr std::uint64_t block = valid | access_flag;
}  // namespace descriptor

namespace tcr {
inline constexpr std::uint64_t both_48_bits = 16 | 16 << 16 | std::uint64_t{2} << 30 | std::uint64_t{5} << 32;
inline constexpr std::uint64_t tbi0 = std::uint64_t{1} << 37;
inline constexpr std::uint64_t hardware_access_flag = std::uint64_t{1} << 39;
inline constexpr std::uint64_t hardware_dirty = std::uint64_t{1} << 40;
}  // namespace tcr

namespace sctlr {
inline constexpr std::uint64_t mmu = 1;
inline constexpr std::uint64_t alignment = 2;
inline constexpr std::uint64_t wxn = 1 << 19;
inline constexpr std::uint64_t span = 1 << 23;
}  // namespace sctlr

class TranslationTest : public CpuTest {
  protected:
    TranslationTest() {
        map(code_base, code_base, descriptor::page | descriptor::uxn);
        map(vectors, vectors, descriptor::page | descriptor::uxn);
        map(ram_base + 0x1000, ram_base + 0x1000, descriptor::page | descriptor::uxn);  // of set_register()
        set_register(assembly::mair_el1, 0x00ff);
        set_register(assembly::tcr_el1, tcr::both_48_bits);
        set_register(assembly::ttbr0_el1, lower_table);
        set_register(assembly::ttbr1_el1, upper_table);
        set_register(assembly::sctlr_el1, get_register(assembly::sctlr_el1) | sctlr::mmu);
    }

    // The level's descriptor for `address`, with the tables above it made as needed.
    std::uint64_t entry(std::uint64_t address, unsigned level) {
        std::uint64_t table = (address >> 63) != 0 ? upper_table : lower_table;
        for (unsigned at = 0;; ++at) {
            const std::uint64_t index = (address >> (39 - 9 * at)) & 0x1ff;
            const std::uint64_t place = table + 8 * index;
            if (at == level) {
                return place;
            }
            if ((read_u64(place) & descriptor::valid) == 0) {
                put_bytes(place, next_table | descriptor::valid | descriptor::table_or_page);
                next_table += 0x1000;
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
    void flush() { execute_privileged(assembly::tlbi_all); }

    // One load or store of x1 at `address`, at EL1 or EL0.
    void access(std::uint32_t word, std::uint64_t address, std::uint64_t pstate) {
        put(code_base, {word});
        set_x(0, address);
        stand_at(code_base, pstate);
        cpu.run(1);
    }
    void load(std::uint64_t address) { access(assembly::ldr(1, 0), address, kernel); }
    void store(std::uint64_t address) { access(assembly::str(1, 0), address, kernel); }
    bool faulted() const { return pc() != code_base + 4; }
    std::uint64_t fault_status() const { return syndrome() & 0x3f; }
    bool was_write() const { return (syndrome() & 0x40) != 0; }

    static constexpr std::uint64_t lower_table = tables;
    static constexpr std::uint64_t upper_table = tables + 0x1000;
    static constexpr std::uint64_t kernel = spsr::mode_el1h | spsr::daif;
    static constexpr std::uint64_t user = spsr::mode_el0t | spsr::daif;

  private:
    std::uint64_t next_table = tables + 0x2000;
};

}  // namespace levitate::emu::test
