// Stage 1 translation: mappings, permissions, faults and their syndromes, tags, and alignment.
#include "tests/unit/emu/page_tables.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

class Translation : public TranslationTest {};

constexpr std::uint64_t kVa = 0x0000123456789000;
constexpr std::uint64_t kUpperVa = 0xffff800012345000;
// ISS fault status codes
constexpr std::uint64_t kTranslationLevel0 = 0x04;
constexpr std::uint64_t kAccessFlagLevel3 = 0x0b;
constexpr std::uint64_t kPermissionLevel3 = 0x0f;
constexpr std::uint64_t kExternal = 0x10;
constexpr std::uint64_t kAlignment = 0x21;

TEST_F(Translation, page_is_read_and_written_through_its_mapping) {
    map(kVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase + 8, std::uint64_t{0x1122334455667788});
    load(kVa + 8);
    EXPECT_EQ(x(1), 0x1122334455667788U);
    set_x(1, 42);
    store(kVa + 16);
    EXPECT_EQ(read_u64(kDataBase + 16), 42U);
}

TEST_F(Translation, upper_half_goes_by_ttbr1) {
    map(kUpperVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase, std::uint64_t{7});
    load(kUpperVa);
    EXPECT_EQ(x(1), 7U);
}

TEST_F(Translation, missing_descriptor_faults_at_its_level) {
    for (unsigned level = 0; level <= 3; ++level) {
        const std::uint64_t address = kVa + (std::uint64_t{level} << 40);
        static_cast<void>(entry(address, level));
        load(address);
        EXPECT_TRUE(faulted());
        EXPECT_EQ(exception_class(), 0x25U);
        EXPECT_EQ(fault_status(), kTranslationLevel0 + level);
        EXPECT_FALSE(was_write());
        EXPECT_EQ(get_register(kFarEl1), address);
    }
}

TEST_F(Translation, store_fault_says_write) {
    store(kVa);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, address_between_the_halves_faults_at_level_0) {
    load(0x00f0000000000000);
    EXPECT_EQ(fault_status(), kTranslationLevel0);
}

TEST_F(Translation, fault_from_el0_is_of_the_lower_level) {
    map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUser);
    access(ldr(1, 0), kVa, kUser);
    EXPECT_EQ(exception_class(), 0x24U);
    EXPECT_EQ(pc(), kVectors + 0x400);
}

TEST_F(Translation, el0_cannot_access_a_kernel_page) {
    map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUser);
    map(kVa, kDataBase, descriptor::kPage);
    access(ldr(1, 0), kVa, kUser);
    EXPECT_EQ(fault_status(), kPermissionLevel3);
}

TEST_F(Translation, read_only_page_refuses_stores) {
    map(kVa, kDataBase, descriptor::kPage | descriptor::kReadOnly);
    load(kVa);
    EXPECT_FALSE(faulted());
    store(kVa);
    EXPECT_EQ(fault_status(), kPermissionLevel3);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, pan_refuses_el1_a_user_page_but_not_ldtr) {
    map(kVa, kDataBase, descriptor::kPage | descriptor::kUser);
    access(ldr(1, 0), kVa, kKernel);
    EXPECT_FALSE(faulted());
    access(ldr(1, 0), kVa, kKernel | spsr::kPan);
    EXPECT_EQ(fault_status(), kPermissionLevel3);
    access(ldtr(1, 0), kVa, kKernel | spsr::kPan);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, ldtr_has_the_permissions_of_el0_unless_uao_is_set) {
    map(kVa, kDataBase, descriptor::kPage);
    access(ldtr(1, 0), kVa, kKernel);
    EXPECT_EQ(fault_status(), kPermissionLevel3);
    access(ldtr(1, 0), kVa, kKernel | spsr::kUao);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, exception_sets_pan_as_span_says) {
    put(kCodeBase, {brk(0)});
    set_register(kSctlrEl1, get_register(kSctlrEl1) & ~sctlr::kSpan);
    stand_at(kCodeBase, kKernel);
    cpu.run(1);
    EXPECT_NE(cpu.registers().pstate & spsr::kPan, 0U);
}

TEST_F(Translation, clear_access_flag_faults) {
    map(kVa, kDataBase, descriptor::kPage & ~descriptor::kAccessFlag);
    load(kVa);
    EXPECT_EQ(fault_status(), kAccessFlagLevel3);
}

TEST_F(Translation, hardware_sets_the_access_flag_when_asked) {
    set_register(kTcrEl1, tcr::kBoth48Bits | tcr::kHardwareAccessFlag);
    map(kVa, kDataBase, descriptor::kPage & ~descriptor::kAccessFlag);
    EXPECT_TRUE(cpu.translate(kVa, 1).has_value());
    EXPECT_EQ(read_u64(entry(kVa, 3)) & descriptor::kAccessFlag, 0U);  // looking changes nothing
    load(kVa);
    EXPECT_FALSE(faulted());
    EXPECT_NE(read_u64(entry(kVa, 3)) & descriptor::kAccessFlag, 0U);
}

TEST_F(Translation, hardware_makes_a_clean_page_dirty_on_the_first_store) {
    set_register(kTcrEl1, tcr::kBoth48Bits | tcr::kHardwareAccessFlag | tcr::kHardwareDirty);
    map(kVa, kDataBase, descriptor::kPage | descriptor::kReadOnly | descriptor::kDirtyModifier);
    load(kVa);
    EXPECT_NE(read_u64(entry(kVa, 3)) & descriptor::kReadOnly, 0U);
    store(kVa);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(read_u64(entry(kVa, 3)) & descriptor::kReadOnly, 0U);
}

TEST_F(Translation, execute_never_is_by_level) {
    put_bytes(kDataBase, kNop);
    map(kVa, kDataBase, descriptor::kPage | descriptor::kPxn | descriptor::kUser | descriptor::kReadOnly);
    stand_at(kVa, kKernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
    EXPECT_EQ(fault_status(), kPermissionLevel3);
    EXPECT_EQ(get_register(kFarEl1), kVa);
    stand_at(kVa, kUser);
    cpu.run(1);
    EXPECT_EQ(pc(), kVa + 4);
    map(kVa, kDataBase, descriptor::kPage | descriptor::kUxn | descriptor::kUser | descriptor::kReadOnly);
    flush();
    stand_at(kVa, kUser);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x20U);
}

TEST_F(Translation, el1_cannot_execute_what_el0_can_write) {
    put_bytes(kDataBase, kNop);
    map(kVa, kDataBase, descriptor::kPage | descriptor::kUser);
    stand_at(kVa, kKernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
}

TEST_F(Translation, wxn_makes_writable_pages_not_executable) {
    map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUxn | descriptor::kReadOnly);
    map(kRamBase + 0x1000, kRamBase + 0x1000, descriptor::kPage | descriptor::kReadOnly);
    map(kVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase, kNop);
    flush();
    stand_at(kVa, kKernel);
    cpu.run(1);
    EXPECT_EQ(pc(), kVa + 4);
    set_register(kSctlrEl1, get_register(kSctlrEl1) | sctlr::kWxn);
    stand_at(kVa, kKernel);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x21U);
}

TEST_F(Translation, top_byte_is_ignored_only_when_asked) {
    map(kVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase, std::uint64_t{9});
    const std::uint64_t tagged = kVa | std::uint64_t{0x5a} << 56;
    load(tagged);
    EXPECT_EQ(fault_status(), kTranslationLevel0);
    set_register(kTcrEl1, tcr::kBoth48Bits | tcr::kTbi0);
    load(tagged);
    EXPECT_EQ(x(1), 9U);
    EXPECT_FALSE(faulted());
}

TEST_F(Translation, branch_to_a_tagged_address_drops_the_tag) {
    set_register(kTcrEl1, tcr::kBoth48Bits | tcr::kTbi0);
    map(kVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase, kNop);
    put(kCodeBase, {br(0)});
    set_x(0, kVa | std::uint64_t{0x5a} << 56);
    stand_at(kCodeBase, kKernel);
    cpu.run(2);
    EXPECT_EQ(pc(), kVa + 4);
}

TEST_F(Translation, block_is_mapped_whole) {
    map_block(0x80000000, kRamBase, descriptor::kBlock);
    put_bytes(kDataBase + 24, std::uint64_t{3});
    load(0x80000000 + (kDataBase - kRamBase) + 24);
    EXPECT_EQ(x(1), 3U);
}

TEST_F(Translation, changed_mapping_shows_after_invalidation) {
    map(kVa, kDataBase, descriptor::kPage);
    load(kVa);
    map(kVa, kDataBase + 0x1000, descriptor::kPage);
    put_bytes(kDataBase + 0x1000, std::uint64_t{5});
    flush();
    load(kVa);
    EXPECT_EQ(x(1), 5U);
}

TEST_F(Translation, changed_ttbr0_changes_the_lower_half) {
    map(kVa, kDataBase, descriptor::kPage);
    load(kVa);
    EXPECT_FALSE(faulted());
    put_bytes(kUpperTable + 8 * ((kCodeBase >> 39) & 0x1ff), read_u64(kLowerTable + 8 * (kCodeBase >> 39)));
    set_register(kTtbr0El1, kUpperTable);
    load(kVa);
    EXPECT_TRUE(faulted());
}

TEST_F(Translation, access_over_two_pages_reads_both) {
    map(kVa, kDataBase, descriptor::kPage);
    map(kVa + 0x1000, kDataBase + 0x3000, descriptor::kPage);
    put_bytes(kDataBase + 0xffc, std::uint32_t{0x11111111});
    put_bytes(kDataBase + 0x3000, std::uint32_t{0x22222222});
    load(kVa + 0xffc);
    EXPECT_EQ(x(1), 0x2222222211111111U);
}

TEST_F(Translation, store_whose_second_page_faults_writes_nothing) {
    map(kVa, kDataBase, descriptor::kPage);
    put_bytes(kDataBase + 0xffc, std::uint32_t{0x33333333});
    store(kVa + 0xffc);
    EXPECT_TRUE(faulted());
    EXPECT_EQ(get_register(kFarEl1), kVa + 0x1000);
    EXPECT_EQ(read_u64(kDataBase + 0xff8) >> 32, 0x33333333U);
}

TEST_F(Translation, device_memory_demands_alignment) {
    map(kVa, kDeviceBase, descriptor::kPage | descriptor::kDevice);
    bus.registers[kDeviceBase + 8] = 0x1234;
    access(ldr_w(1, 0), kVa + 8, kKernel);
    EXPECT_EQ(x(1), 0x1234U);
    access(ldr_w(1, 0), kVa + 6, kKernel);
    EXPECT_EQ(fault_status(), kAlignment);
    access(str_w(1, 0), kVa + 6, kKernel);
    EXPECT_EQ(fault_status(), kAlignment);
    EXPECT_TRUE(was_write());
}

TEST_F(Translation, normal_memory_demands_alignment_only_by_sctlr_a) {
    map(kVa, kDataBase, descriptor::kPage);
    load(kVa + 1);
    EXPECT_FALSE(faulted());
    set_register(kSctlrEl1, get_register(kSctlrEl1) | sctlr::kAlignment);
    load(kVa + 1);
    EXPECT_EQ(fault_status(), kAlignment);
}

TEST_F(Translation, unanswered_bus_access_is_an_external_abort) {
    map(kVa, 0x0a000000, descriptor::kPage | descriptor::kDevice);
    load(kVa);
    EXPECT_EQ(fault_status(), kExternal);
    store(kVa);
    EXPECT_EQ(fault_status(), kExternal);
}

TEST_F(Translation, unaligned_exclusive_faults) {
    map(kVa, kDataBase, descriptor::kPage);
    access(ldxr(1, 0), kVa + 4, kKernel);
    EXPECT_EQ(fault_status(), kAlignment);
}

TEST_F(Translation, at_reports_the_translation_in_par) {
    constexpr std::uint32_t kAtS1e1rX0 = 0xd5087800;
    map(kVa, kDataBase, descriptor::kPage);
    execute_privileged(kAtS1e1rX0, kVa + 0x123);
    EXPECT_EQ(get_register(kParEl1), std::uint64_t{0xff} << 56 | kDataBase | 1U << 11);
    execute_privileged(kAtS1e1rX0, kVa + 0x1000);
    EXPECT_EQ(get_register(kParEl1) & 0x7f, 7U << 1 | 1U);
}

TEST_F(Translation, dc_zva_zeroes_its_block) {
    constexpr std::uint32_t kDcZvaX0 = 0xd50b7420;
    map(kVa, kDataBase, descriptor::kPage);
    for (std::uint64_t offset = 0; offset < 192; offset += 8) {
        put_bytes(kDataBase + offset, ~std::uint64_t{0});
    }
    access(kDcZvaX0, kVa + 100, kKernel);
    for (std::uint64_t offset = 0; offset < 192; offset += 8) {
        EXPECT_EQ(read_u64(kDataBase + offset), offset >= 64 && offset < 128 ? 0 : ~std::uint64_t{0});
    }
}

}  // namespace
}  // namespace levitate::emu::test
