// Stage 1 translation: mappings, permissions, faults and their syndromes, tags, and alignment.
#include "tests/unit/emu/page_tables.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

class Translation : public TranslationTest {};

constexpr std::uint64_t va = 0x0000123456789000;
constexpr std::uint64_t upper_va = 0xffff800012345000;
// ISS fault status codes
constexpr std::uint64_t translation_level_0 = 0x04;
constexpr std::uint64_t access_flag_level_3 = 0x0b;
constexpr std::uint64_t permission_level_3 = 0x0f;
constexpr std::uint64_t external = 0x10;
constexpr std::uint64_t alignment = 0x21;

TEST_F(Translation, page_is_read_and_written_through_its_mapping) {
    map(va, data_base, descriptor::page);
    put_bytes(data_base + 8, std::uint64_t{0x1122334455667788});
    load(va + 8);
    EXPECT_EQ(x(1), 0x1122334455667788U);
    set_x(1, 42);
    store(va + 16);
    EXPECT_EQ(read_u64(data_base + 16), 42U);
}

TEST_F(Translation, upper_half_goes_by_ttbr1) {
    map(upper_va, data_base, descriptor::page);
    put_bytes(data_base, std::uint64_t{7});
    load(upper_va);
    EXPECT_EQ(x(1), 7U);
}

TEST_F(Translation, missing_descriptor_faults_at_its_level) {
    for (unsigned level = 0; level <= 3; ++level) {
        const std::uint64_t address = va + (std::uint64_t{level} << 40);
        static_cast<void>(entry(address, level));
        load(address);
        EXPECT_TRUE(faulted());
        EXPECT_EQ(exception_class(), 0x25U);
        EXPECT_EQ(fault_status(), translation_level_0 + level);
        EXPECT_FALSE(was_write());
        EXPECT_EQ(get_register(far_el1), address);
    }
}

TEST_F(Translation, store_fault_says_write) {
    store(va);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, address_between_the_halves_faults_at_level_0) {
    load(0x00f0000000000000);
    EXPECT_EQ(fault_status(), translation_level_0);
}

TEST_F(Translation, fault_from_el0_is_of_the_lower_level) {
    map(code_base, code_base, descriptor::page | descriptor::user);
    access(ldr(1, 0), va, user);
    EXPECT_EQ(exception_class(), 0x24U);
    EXPECT_EQ(pc(), vectors + 0x400);
}

TEST_F(Translation, el0_cannot_access_a_kernel_page) {
    map(code_base, code_base, descriptor::page | descriptor::user);
    map(va, data_base, descriptor::page);
    access(ldr(1, 0), va, user);
    EXPECT_EQ(fault_status(), permission_level_3);
}

TEST_F(Translation, read_only_page_refuses_stores) {
    map(va, data_base, descriptor::page | descriptor::read_only);
    load(va);
    EXPECT_FALSE(faulted());
    store(va);
    EXPECT_EQ(fault_status(), permission_level_3);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, pan_refuses_el1_a_user_page_but_not_ldtr) {
    map(va, data_base, descriptor::page | descriptor::user);
    access(ldr(1, 0), va, kernel);
    EXPECT_FALSE(faulted());
    access(ldr(1, 0), va, kernel | spsr::pan);
    EXPECT_EQ(fault_status(), permission_level_3);
    access(ldtr(1, 0), va, kernel | spsr::pan);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, ldtr_has_the_permissions_of_el0_unless_uao_is_set) {
    map(va, data_base, descriptor::page);
    access(ldtr(1, 0), va, kernel);
    EXPECT_EQ(fault_status(), permission_level_3);
    access(ldtr(1, 0), va, kernel | spsr::uao);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, exception_sets_pan_as_span_says) {
    put(code_base, {brk(0)});
    set_register(sctlr_el1, get_register(sctlr_el1) & ~sctlr::span);
    stand_at(code_base, kernel);
    cpu.run(1);
    EXPECT_NE(cpu.registers().pstate & spsr::pan, 0U);
}

TEST_F(Translation, clear_access_flag_faults) {
    map(va, data_base, descriptor::page & ~descriptor::access_flag);
    load(va);
    EXPECT_EQ(fault_status(), access_flag_level_3);
}

TEST_F(Translation, hardware_sets_the_access_flag_when_asked) {
    set_register(tcr_el1, tcr::both_48_bits | tcr::hardware_access_flag);
    map(va, data_base, descriptor::page & ~descriptor::access_flag);
    EXPECT_TRUE(cpu.translate(va, 1).has_value());
    EXPECT_EQ(read_u64(entry(va, 3)) & descriptor::access_flag, 0U);  // looking changes nothing
    load(va);
    EXPECT_FALSE(faulted());
    EXPECT_NE(read_u64(entry(va, 3)) & descriptor::access_flag, 0U);
}

TEST_F(Translation, hardware_makes_a_clean_page_dirty_on_the_first_store) {
    set_register(tcr_el1, tcr::both_48_bits | tcr::hardware_access_flag | tcr::hardware_dirty);
    map(va, data_base, descriptor::page | descriptor::read_only | descriptor::dirty_modifier);
    load(va);
    EXPECT_NE(read_u64(entry(va, 3)) & descriptor::read_only, 0U);
    store(va);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(read_u64(entry(va, 3)) & descriptor::read_only, 0U);
}

TEST_F(Translation, execute_never_is_by_level) {
    put_bytes(data_base, nop);
    map(va, data_base, descriptor::page | descriptor::pxn | descriptor::user | descriptor::read_only);
    stand_at(va, kernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
    EXPECT_EQ(fault_status(), permission_level_3);
    EXPECT_EQ(get_register(far_el1), va);
    stand_at(va, user);
    cpu.run(1);
    EXPECT_EQ(pc(), va + 4);
    map(va, data_base, descriptor::page | descriptor::uxn | descriptor::user | descriptor::read_only);
    flush();
    stand_at(va, user);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x20U);
}

TEST_F(Translation, el1_cannot_execute_what_el0_can_write) {
    put_bytes(data_base, nop);
    map(va, data_base, descriptor::page | descriptor::user);
    stand_at(va, kernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
}

TEST_F(Translation, wxn_makes_writable_pages_not_executable) {
    map(code_base, code_base, descriptor::page | descriptor::uxn | descriptor::read_only);
    map(ram_base + 0x1000, ram_base + 0x1000, descriptor::page | descriptor::read_only);
    map(va, data_base, descriptor::page);
    put_bytes(data_base, nop);
    flush();
    stand_at(va, kernel);
    cpu.run(1);
    EXPECT_EQ(pc(), va + 4);
    set_register(sctlr_el1, get_register(sctlr_el1) | sctlr::wxn);
    stand_at(va, kernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
}

TEST_F(Translation, top_byte_is_ignored_only_when_asked) {
    map(va, data_base, descriptor::page);
    put_bytes(data_base, std::uint64_t{9});
    const std::uint64_t tagged = va | std::uint64_t{0x5a} << 56;
    load(tagged);
    EXPECT_EQ(fault_status(), translation_level_0);
    set_register(tcr_el1, tcr::both_48_bits | tcr::tbi0);
    load(tagged);
    EXPECT_EQ(x(1), 9U);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, branch_to_a_tagged_address_drops_the_tag) {
    set_register(tcr_el1, tcr::both_48_bits | tcr::tbi0);
    map(va, data_base, descriptor::page);
    put_bytes(data_base, nop);
    put(code_base, {br(0)});
    set_x(0, va | std::uint64_t{0x5a} << 56);
    stand_at(code_base, kernel);
    cpu.run(2);
    EXPECT_EQ(pc(), va + 4);
}

TEST_F(Translation, block_is_mapped_whole) {
    map_block(0x80000000, ram_base, descriptor::block);
    put_bytes(data_base + 24, std::uint64_t{3});
    load(0x80000000 + (data_base - ram_base) + 24);
    EXPECT_EQ(x(1), 3U);
}

TEST_F(Translation, changed_mapping_shows_after_invalidation) {
    map(va, data_base, descriptor::page);
    load(va);
    map(va, data_base + 0x1000, descriptor::page);
    put_bytes(data_base + 0x1000, std::uint64_t{5});
    flush();
    load(va);
    EXPECT_EQ(x(1), 5U);
}

TEST_F(Translation, changed_ttbr0_changes_the_lower_half) {
    map(va, data_base, descriptor::page);
    load(va);
    EXPECT_FALSE(faulted());
    put_bytes(upper_table + 8 * ((code_base >> 39) & 0x1ff), read_u64(lower_table + 8 * (code_base >> 39)));
    set_register(ttbr0_el1, upper_table);
    load(va);
    EXPECT_TRUE(faulted());
}

TEST_F(Translation, access_over_two_pages_reads_both) {
    map(va, data_base, descriptor::page);
    map(va + 0x1000, data_base + 0x3000, descriptor::page);
    put_bytes(data_base + 0xffc, std::uint32_t{0x11111111});
    put_bytes(data_base + 0x3000, std::uint32_t{0x22222222});
    load(va + 0xffc);
    EXPECT_EQ(x(1), 0x2222222211111111U);
}

TEST_F(Translation, store_whose_second_page_faults_writes_nothing) {
    map(va, data_base, descriptor::page);
    put_bytes(data_base + 0xffc, std::uint32_t{0x33333333});
    store(va + 0xffc);
    EXPECT_TRUE(faulted());
    EXPECT_EQ(get_register(far_el1), va + 0x1000);
    EXPECT_EQ(read_u64(data_base + 0xff8) >> 32, 0x33333333U);
}

TEST_F(Translation, device_memory_demands_alignment) {
    map(va, device_base, descriptor::page | descriptor::device);
    bus.registers[device_base + 8] = 0x1234;
    access(ldr_w(1, 0), va + 8, kernel);
    EXPECT_EQ(x(1), 0x1234U);
    access(ldr_w(1, 0), va + 6, kernel);
    EXPECT_EQ(fault_status(), alignment);
    access(str_w(1, 0), va + 6, kernel);
    EXPECT_EQ(fault_status(), alignment);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, normal_memory_demands_alignment_only_by_sctlr_a) {
    map(va, data_base, descriptor::page);
    load(va + 1);
    EXPECT_FALSE(faulted());
    set_register(sctlr_el1, get_register(sctlr_el1) | sctlr::alignment);
    load(va + 1);
    EXPECT_EQ(fault_status(), alignment);
}

TEST_F(Translation, unanswered_bus_access_is_an_external_abort) {
    map(va, 0x0a000000, descriptor::page | descriptor::device);
    load(va);
    EXPECT_EQ(fault_status(), external);
    store(va);
    EXPECT_EQ(fault_status(), external);
}

TEST_F(Translation, unaligned_exclusive_faults) {
    map(va, data_base, descriptor::page);
    access(ldxr(1, 0), va + 4, kernel);
    EXPECT_EQ(fault_status(), alignment);
}

TEST_F(Translation, at_reports_the_translation_in_par) {
    constexpr std::uint32_t at_s1e1r_x0 = 0xd5087800;
    map(va, data_base, descriptor::page);
    execute_privileged(at_s1e1r_x0, va + 0x123);
    EXPECT_EQ(get_register(par_el1), std::uint64_t{0xff} << 56 | data_base | 1U << 11);
    execute_privileged(at_s1e1r_x0, va + 0x1000);
    EXPECT_EQ(get_register(par_el1) & 0x7f, 7U << 1 | 1U);
}

TEST_F(Translation, dc_zva_zeroes_its_block) {
    constexpr std::uint32_t dc_zva_x0 = 0xd50b7420;
    map(va, data_base, descriptor::page);
    for (std::uint64_t offset = 0; offset < 192; offset += 8) {
        put_bytes(data_base + offset, ~std::uint64_t{0});
    }
    access(dc_zva_x0, va + 100, kernel);
    for (std::uint64_t offset = 0; offset < 192; offset += 8) {
        EXPECT_EQ(read_u64(data_base + offset), offset >= 64 && offset < 128 ? 0 : ~std::uint64_t{0});
    }
}

}  // namespace
}  // namespace levitate::emu::test
