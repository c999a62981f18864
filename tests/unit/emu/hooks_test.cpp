// What a debugger and a tracer ask of the CPU, and code that changes.
#include "tests/unit/emu/page_tables.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

class Hooks : public CpuTest {};
class Watching : public TranslationTest {
  protected:
    static constexpr std::uint64_t kVa = 0x500000;

    Watching() {
        map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUser);
        map(kVa, kDataBase, descriptor::kPage | descriptor::kUser);
        flush();
    }

    void watch(std::uint64_t begin, std::uint64_t end, std::uint64_t table = kLowerTable) {
        const std::array ranges{WatchedRange{.table = table, .begin = begin, .end = end}};
        cpu.set_watched_ranges(ranges);
    }
};

TEST_F(Hooks, breakpoint_halts_before_its_instruction_and_is_stepped_over) {
    put(kCodeBase, {movz(0, 1), movz(0, 2), branch(-2)});
    const std::array breakpoints{kCodeBase + 4};
    cpu.set_breakpoints(breakpoints);
    stand_at(kCodeBase);
    Halt halt = cpu.run(100);
    EXPECT_EQ(halt.reason, HaltReason::Breakpoint);
    EXPECT_EQ(halt.pc, kCodeBase + 4);
    EXPECT_EQ(x(0), 1U);
    halt = cpu.run(100);
    EXPECT_EQ(halt.reason, HaltReason::Breakpoint);
    EXPECT_EQ(x(0), 1U);
    cpu.set_breakpoints({});
    EXPECT_EQ(cpu.run(100).reason, HaltReason::Budget);
}

TEST_F(Hooks, breakpoint_on_another_page_is_reached_by_a_branch) {
    const std::uint64_t far = kCodeBase + 0x3000;
    put(kCodeBase, {br(0)});
    put(far, {kNop, kNop});
    const std::array breakpoints{far};
    stand_at(kCodeBase);
    set_x(0, far);
    cpu.run(2);
    cpu.set_breakpoints(breakpoints);
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(100).reason, HaltReason::Breakpoint);
    EXPECT_EQ(pc(), far);
}

TEST_F(Watching, load_in_the_range_halts_after_it_retires) {
    put_bytes(kDataBase + 0x100, std::uint64_t{77});
    put(kCodeBase, {kNop, ldr(1, 0), kNop});
    watch(kVa + 0x100, kVa + 0x108);
    set_x(0, kVa + 0x100);
    stand_at(kCodeBase, kUser);
    const Halt halt = cpu.run(3);
    EXPECT_EQ(halt.reason, HaltReason::WatchedLoad);
    EXPECT_EQ(halt.pc, kCodeBase + 4);
    EXPECT_EQ(halt.address, kVa + 0x100);
    EXPECT_EQ(halt.size, 8U);
    EXPECT_EQ(x(1), 77U);
    EXPECT_EQ(pc(), kCodeBase + 8);
}

TEST_F(Watching, other_loads_of_the_page_do_not_halt) {
    put(kCodeBase, {ldr(1, 0)});
    watch(kVa + 0x100, kVa + 0x108);
    set_x(0, kVa + 0x108);
    stand_at(kCodeBase, kUser);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
    set_x(0, kVa + 0xf9);  // its last byte touches the range
    stand_at(kCodeBase, kUser);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::WatchedLoad);
}

TEST_F(Watching, stores_and_loads_at_el1_do_not_halt) {
    watch(kVa, kVa + 0x1000);
    set_x(0, kVa);
    put(kCodeBase, {str(1, 0)});
    stand_at(kCodeBase, kUser);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
    map(kCodeBase, kCodeBase, descriptor::kPage);
    flush();
    put(kCodeBase, {ldr(1, 0)});
    stand_at(kCodeBase, kKernel);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
}

TEST_F(Watching, another_address_space_does_not_halt) {
    put(kCodeBase, {ldr(1, 0)});
    watch(kVa, kVa + 0x1000, kLowerTable + 0x5000);
    set_x(0, kVa);
    stand_at(kCodeBase, kUser);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
}

// A load of more than one register, or of one over the end of a page, with X1 as its base.
struct WideLoad {
    const char* name;
    std::uint32_t instruction;
    unsigned size;
    std::uint64_t offset = 0x100;  // of the base in the page
};

class WatchingWide : public Watching, public testing::WithParamInterface<WideLoad> {
  protected:
    WatchingWide() { set_register(kCpacrEl1, std::uint64_t{3} << 20); }
};

TEST_P(WatchingWide, all_that_it_reads_is_said) {
    const WideLoad& load = GetParam();
    map(kVa + 0x1000, kDataBase + 0x1000, descriptor::kPage | descriptor::kUser);
    flush();
    put(kCodeBase, {load.instruction, kNop});
    watch(kVa, kVa + 0x2000);
    set_x(1, kVa + load.offset);
    stand_at(kCodeBase, kUser);
    const Halt halt = cpu.run(2);
    ASSERT_EQ(halt.reason, HaltReason::WatchedLoad);
    EXPECT_EQ(halt.pc, kCodeBase);
    EXPECT_EQ(pc(), kCodeBase + 4);
    EXPECT_EQ(halt.address, kVa + load.offset);
    EXPECT_EQ(halt.size, load.size);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, WatchingWide,
    testing::Values(
        WideLoad{"ldp_x", 0xa9400c22, 16}, WideLoad{"ldp_w", 0x29400c22, 8},
        WideLoad{"ldp_x_post", 0xa8c10c22, 16}, WideLoad{"ldpsw", 0x69400c22, 8},
        WideLoad{"ldnp_x", 0xa8400c22, 16}, WideLoad{"ldp_s", 0x2d400420, 8},
        WideLoad{"ldp_d", 0x6d400420, 16}, WideLoad{"ldp_q", 0xad400420, 32},
        WideLoad{"ldp_q_post", 0xacc10420, 32}, WideLoad{"ldp_q_over_the_end", 0xad400420, 32, 0xff0},
        WideLoad{"ldr_q", 0x3dc00020, 16}, WideLoad{"ldr_d", 0xfd400020, 8},
        WideLoad{"ldr_x_over_the_end", 0xf9400022, 8, 0xffc},
        WideLoad{"ldur_x_unaligned", 0xf8400022, 8, 0x105}, WideLoad{"ld1_one", 0x4c407020, 16},
        WideLoad{"ld1_two", 0x4c40a020, 32}, WideLoad{"ld1_three", 0x4c406020, 48},
        WideLoad{"ld1_four", 0x4c402020, 64}, WideLoad{"ld1_four_unaligned", 0x4c402020, 64, 0x103},
        WideLoad{"ld1_four_halves", 0x0c402020, 32}, WideLoad{"ld1_four_post", 0x4cdf2020, 64},
        WideLoad{"ld2", 0x4c408020, 32}, WideLoad{"ld3", 0x4c404020, 48}, WideLoad{"ld4", 0x4c400020, 64},
        WideLoad{"ld4_over_the_end", 0x4c400020, 64, 0xfd0}, WideLoad{"ld1_lane_d", 0x4d408420, 8},
        WideLoad{"ld2_lane_s", 0x4d608020, 8}, WideLoad{"ld4_lane_d", 0x4d60a420, 32},
        WideLoad{"ld1r_b", 0x4d40c020, 1}, WideLoad{"ld4r_d", 0x4d60ec20, 32},
        WideLoad{"ldxp", 0xc87f0c22, 16}, WideLoad{"ldaxp_w", 0x887f8c22, 8}, WideLoad{"ldar", 0xc8dffc22, 8},
        WideLoad{"ldapr", 0xf8bfc022, 8}, WideLoad{"ldadd", 0xf8200022, 8}, WideLoad{"swp_w", 0xb8208022, 4},
        WideLoad{"cas", 0xc8a07c22, 8}, WideLoad{"casp", 0x48207c22, 16}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Watching, literal_load_halts) {
    put(kCodeBase, {0x58000802});  // LDR X2, kCodeBase + 0x100
    watch(kCodeBase + 0x100, kCodeBase + 0x104);
    stand_at(kCodeBase, kUser);
    const Halt halt = cpu.run(1);
    EXPECT_EQ(halt.reason, HaltReason::WatchedLoad);
    EXPECT_EQ(halt.address, kCodeBase + 0x100);
    EXPECT_EQ(halt.size, 8U);
}

TEST_F(Watching, only_what_touches_the_range_is_said) {
    put(kCodeBase, {0xa9400c22});  // LDP X2, X3, [X1]
    watch(kVa + 0x108, kVa + 0x200);
    set_x(1, kVa + 0x100);
    stand_at(kCodeBase, kUser);
    const Halt halt = cpu.run(1);
    EXPECT_EQ(halt.reason, HaltReason::WatchedLoad);
    EXPECT_EQ(halt.address, kVa + 0x108);
    EXPECT_EQ(halt.size, 8U);
}

TEST_F(Watching, a_load_that_faults_in_its_second_page_does_not_halt) {
    put(kCodeBase, {0xa9400c22});  // LDP X2, X3, [X1]
    watch(kVa, kVa + 0x2000);
    set_x(1, kVa + 0xff8);
    stand_at(kCodeBase, kUser);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
}

TEST_F(Watching, each_of_several_ranges_halts) {
    put(kCodeBase, {ldr(1, 0)});
    const std::array ranges{WatchedRange{.table = kLowerTable, .begin = kVa, .end = kVa + 8},
                            WatchedRange{.table = kLowerTable + 0x5000, .begin = kVa + 8, .end = kVa + 16},
                            WatchedRange{.table = kLowerTable, .begin = kVa + 16, .end = kVa + 24}};
    cpu.set_watched_ranges(ranges);
    const auto reason_at = [&](std::uint64_t address) {
        set_x(0, address);
        stand_at(kCodeBase, kUser);
        return cpu.run(1).reason;
    };
    EXPECT_EQ(reason_at(kVa), HaltReason::WatchedLoad);
    EXPECT_EQ(reason_at(kVa + 8), HaltReason::Budget);
    EXPECT_EQ(reason_at(kVa + 16), HaltReason::WatchedLoad);
}

TEST_F(Hooks, code_that_the_guest_changes_runs_changed) {
    // Runs, stores another instruction over one that has run, and runs it again.
    put(kCodeBase, {movz(2, 1), str_w(1, 0), branch(-2)});
    set_x(0, kCodeBase);
    set_x(1, movz(2, 9));
    stand_at(kCodeBase);
    cpu.run(3);
    EXPECT_EQ(x(2), 1U);
    cpu.run(1);
    EXPECT_EQ(x(2), 9U);
}

TEST_F(Hooks, page_that_is_written_often_still_runs_changed_code) {
    put(kCodeBase, {add(2, 2, 1), str_w(1, 0), add(1, 1, 1U << 10 >> 10), branch(-3)});
    set_x(0, kCodeBase + 0x800);
    stand_at(kCodeBase);
    cpu.run(4000);
    EXPECT_EQ(x(2), 1000U);
    set_x(0, kCodeBase);
    set_x(1, movz(2, 5));
    stand_at(kCodeBase + 4);
    cpu.run(4);
    EXPECT_EQ(x(2), 5U);
}

TEST_F(Hooks, registers_round_trip) {
    Registers registers = cpu.registers();
    for (unsigned i = 0; i < registers.x.size(); ++i) {
        registers.x[i] = 1000 + i;
    }
    registers.sp_el0 = 1;
    registers.sp_el1 = 2;
    registers.pc = kCodeBase;
    registers.pstate = spsr::kModeEl0t | spsr::kN | spsr::kV;
    registers.v[31].d = {3, 4};
    registers.fpcr = 1U << 24;
    registers.fpsr = 16;
    registers.tpidr_el0 = 5;
    registers.tpidrro_el0 = 6;
    cpu.set_registers(registers);
    const Registers read = cpu.registers();
    EXPECT_EQ(read.x, registers.x);
    EXPECT_EQ(read.sp_el0, 1U);
    EXPECT_EQ(read.sp_el1, 2U);
    EXPECT_EQ(read.pc, registers.pc);
    EXPECT_EQ(read.pstate, registers.pstate);
    EXPECT_EQ(read.v[31].d, registers.v[31].d);
    EXPECT_EQ(read.fpcr, registers.fpcr);
    EXPECT_EQ(read.fpsr, registers.fpsr);
    EXPECT_EQ(read.tpidr_el0, 5U);
    EXPECT_EQ(read.tpidrro_el0, 6U);
}

TEST_F(Watching, translate_answers_for_each_level) {
    map(0x600000, kDataBase + 0x1000, descriptor::kPage);
    EXPECT_EQ(cpu.translate(kVa + 5, 0), kDataBase + 5);
    EXPECT_EQ(cpu.translate(0x600000, 1), kDataBase + 0x1000);
    EXPECT_EQ(cpu.translate(0x600000, 0), std::nullopt);
    EXPECT_EQ(cpu.translate(0x700000, 1), std::nullopt);
}

TEST_F(Hooks, reading_a_register_from_outside_acknowledges_nothing) {
    controller.pending = {33, 0xa0};
    EXPECT_EQ(cpu.system_register(kIccIar1El1), std::nullopt);
    EXPECT_TRUE(controller.acknowledged.empty());
    EXPECT_EQ(cpu.system_register(register_encoding(3, 7, 15, 15, 7)), std::nullopt);
}

}  // namespace
}  // namespace levitate::emu::test
