// System registers and system instructions (Arm ARM D17): which there are, who may use them, what they hold
// at the start and which bits they keep.
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/page_tables.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/regime.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

using descriptor::kPage;
using descriptor::kUser;

constexpr std::uint32_t kBrkCompleted = 0xd420'0000 | kCompleted << 5;

// op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2: bits 20 to 5 of the instruction.
constexpr std::uint32_t encoding(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}
constexpr std::uint32_t read_instruction(std::uint32_t which) {
    return 0xd520'0000 | which << 5;
}
constexpr std::uint32_t write_instruction(std::uint32_t which) {
    return 0xd500'0000 | which << 5;
}

// Where instructions are put, and executed at EL1 and at EL0.
class Bench {
  public:
    Bench() {
        tables_.map(kAtEl1, physical_, kPage | descriptor::kReadOnly | descriptor::kUxn);
        tables_.map(kAtEl0, physical_, kPage | kUser | descriptor::kReadOnly | descriptor::kPxn);
        use_upper(tables_);
    }

    const RunState& execute(std::initializer_list<std::uint32_t> instructions, Level level,
                            std::initializer_list<std::uint64_t> arguments) const {
        auto* next = reinterpret_cast<volatile std::uint32_t*>(physical_);
        for (const std::uint32_t instruction : instructions) {
            *next++ = instruction;
        }
        *next = kBrkCompleted;
        const std::uint64_t address = level == Level::El0 ? kAtEl0 : kAtEl1;
        __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ivau, %1\n\tdsb sy\n\tisb"
                         :
                         : "r"(physical_), "r"(address)
                         : "memory");
        return run_at(address, {.level = level, .sp_el1 = 0x1000}, arguments);
    }

  private:
    static constexpr std::uint64_t kAtEl1 = kUpper;
    static constexpr std::uint64_t kAtEl0 = kUpper + 0x1000;

    PageTables tables_{Granule::K4, 48};
    std::uint64_t physical_ = allocate(4096);
};

// "+" done, "u" UNDEFINED, "t" trapped, "f" another exception.
char outcome(const RunState& state) {
    constexpr std::uint64_t kUndefined = 0x00;
    constexpr std::uint64_t kTrapped = 0x18;
    const std::uint64_t exception_class = state.esr >> 26;
    return is_completed(state)             ? '+'
           : exception_class == kUndefined ? 'u'
           : exception_class == kTrapped   ? 't'
                                           : 'f';
}

struct Outcomes {
    char read_el1;
    char write_el1;
    char read_el0;
    char write_el0;

    bool is_undefined() const {
        return read_el1 == 'u' && write_el1 == 'u' && read_el0 == 'u' && write_el0 == 'u';
    }
};

// Writes what was read, so that nothing changes; zero where nothing can be read.
Outcomes try_register(const Bench& bench, std::uint32_t which) {
    Outcomes result{};
    const RunState& read = bench.execute({read_instruction(which)}, Level::El1h, {0});
    result.read_el1 = outcome(read);
    const std::uint64_t value = result.read_el1 == '+' ? read.x[0] : 0;
    result.write_el1 = outcome(bench.execute({write_instruction(which)}, Level::El1h, {value}));
    result.read_el0 = outcome(bench.execute({read_instruction(which)}, Level::El0, {0}));
    result.write_el0 = outcome(bench.execute({write_instruction(which)}, Level::El0, {value}));
    return result;
}

Outcomes try_instruction(const Bench& bench, std::uint32_t which) {
    constexpr std::uint64_t kOperand = kUserData;
    return {outcome(bench.execute({read_instruction(which)}, Level::El1h, {kOperand})),
            outcome(bench.execute({write_instruction(which)}, Level::El1h, {kOperand})),
            outcome(bench.execute({read_instruction(which)}, Level::El0, {kOperand})),
            outcome(bench.execute({write_instruction(which)}, Level::El0, {kOperand}))};
}

// A line for each op0, op1 and CRn, of those that are not UNDEFINED throughout: "CRm.op2" and the outcomes of
// reading and writing at EL1, and of reading and writing at EL0.
void walk(const Bench& bench, unsigned op0, Outcomes (*attempt)(const Bench&, std::uint32_t)) {
    line("-- op0 ", op0);
    for (unsigned op1 = 0; op1 < 8; ++op1) {
        for (unsigned crn = 0; crn < 16; ++crn) {
            print("S");
            print(op0);
            print("_");
            print(op1);
            print("_C");
            print(crn);
            for (unsigned crm_op2 = 0; crm_op2 < 128; ++crm_op2) {
                const Outcomes outcomes = attempt(bench, encoding(op0, op1, crn, crm_op2 >> 3, crm_op2 & 7));
                if (!outcomes.is_undefined()) {
                    const char text[] = {
                        ' ', outcomes.read_el1, outcomes.write_el1, outcomes.read_el0, outcomes.write_el0,
                        '\0'};
                    print(" ");
                    print(crm_op2 >> 3);
                    print(".");
                    print(crm_op2 & 7);
                    print(text);
                }
            }
            print("\n");
        }
    }
}

struct NamedRegister {
    const char* name;
    std::uint32_t which;
};

void values_at_reset(const Bench& bench) {
    constexpr NamedRegister kRegisters[] = {
        {"MIDR_EL1", encoding(3, 0, 0, 0, 0)},
        {"MPIDR_EL1", encoding(3, 0, 0, 0, 5)},
        {"REVIDR_EL1", encoding(3, 0, 0, 0, 6)},
        {"ID_AA64PFR0_EL1", encoding(3, 0, 0, 4, 0)},
        {"ID_AA64PFR1_EL1", encoding(3, 0, 0, 4, 1)},
        {"ID_AA64ZFR0_EL1", encoding(3, 0, 0, 4, 4)},
        {"ID_AA64DFR0_EL1", encoding(3, 0, 0, 5, 0)},
        {"ID_AA64DFR1_EL1", encoding(3, 0, 0, 5, 1)},
        {"ID_AA64AFR0_EL1", encoding(3, 0, 0, 5, 4)},
        {"ID_AA64ISAR0_EL1", encoding(3, 0, 0, 6, 0)},
        {"ID_AA64ISAR1_EL1", encoding(3, 0, 0, 6, 1)},
        {"ID_AA64ISAR2_EL1", encoding(3, 0, 0, 6, 2)},
        {"ID_AA64MMFR0_EL1", encoding(3, 0, 0, 7, 0)},
        {"ID_AA64MMFR1_EL1", encoding(3, 0, 0, 7, 1)},
        {"ID_AA64MMFR2_EL1", encoding(3, 0, 0, 7, 2)},
        {"CLIDR_EL1", encoding(3, 1, 0, 0, 1)},
        {"AIDR_EL1", encoding(3, 1, 0, 0, 7)},
        {"CTR_EL0", encoding(3, 3, 0, 0, 1)},
        {"DCZID_EL0", encoding(3, 3, 0, 0, 7)},
        {"CurrentEL", encoding(3, 0, 4, 2, 2)},
        {"ISR_EL1", encoding(3, 0, 12, 1, 0)},
        {"FPCR", encoding(3, 3, 4, 4, 0)},
        {"FPSR", encoding(3, 3, 4, 4, 1)},
        {"OSLSR_EL1", encoding(2, 0, 1, 1, 4)},
        {"DBGAUTHSTATUS_EL1", encoding(2, 0, 7, 14, 6)},
    };
    line("-- values");
    for (const NamedRegister& one : kRegisters) {
        line(one.name, " ", Hex{bench.execute({read_instruction(one.which)}, Level::El1h, {0}).x[0]});
    }
    for (unsigned level = 0; level < 4; ++level) {
        for (unsigned instruction = 0; instruction < 2; ++instruction) {
            WRITE_REGISTER(csselr_el1, std::uint64_t{level << 1 | instruction});
            if (level < 2 && (level == 0 || instruction == 0)) {
                line("CCSIDR_EL1 ", level, ".", instruction, " ", Hex{READ_REGISTER(ccsidr_el1)});
            }
        }
    }
    WRITE_REGISTER(csselr_el1, 0U);
}

void bits_kept(const Bench& bench) {
    constexpr NamedRegister kRegisters[] = {
        {"CPACR_EL1", encoding(3, 0, 1, 0, 2)},
        {"SPSR_EL1", encoding(3, 0, 4, 0, 0)},
        {"ELR_EL1", encoding(3, 0, 4, 0, 1)},
        {"SP_EL0", encoding(3, 0, 4, 1, 0)},
        {"AFSR0_EL1", encoding(3, 0, 5, 1, 0)},
        {"AFSR1_EL1", encoding(3, 0, 5, 1, 1)},
        {"ESR_EL1", encoding(3, 0, 5, 2, 0)},
        {"FAR_EL1", encoding(3, 0, 6, 0, 0)},
        {"AMAIR_EL1", encoding(3, 0, 10, 3, 0)},
        {"VBAR_EL1", encoding(3, 0, 12, 0, 0)},
        {"CONTEXTIDR_EL1", encoding(3, 0, 13, 0, 1)},
        {"TPIDR_EL1", encoding(3, 0, 13, 0, 4)},
        {"TPIDR_EL0", encoding(3, 3, 13, 0, 2)},
        {"TPIDRRO_EL0", encoding(3, 3, 13, 0, 3)},
        {"CNTKCTL_EL1", encoding(3, 0, 14, 1, 0)},
        {"CSSELR_EL1", encoding(3, 2, 0, 0, 0)},
        {"NZCV", encoding(3, 3, 4, 2, 0)},
        {"FPCR", encoding(3, 3, 4, 4, 0)},
        {"FPSR", encoding(3, 3, 4, 4, 1)},
        {"DAIF", encoding(3, 3, 4, 2, 1)},
        {"PAN", encoding(3, 0, 4, 2, 3)},
        {"UAO", encoding(3, 0, 4, 2, 4)},
        {"SSBS", encoding(3, 3, 4, 2, 6)},
        {"CNTV_CTL_EL0", encoding(3, 3, 14, 3, 1)},
        {"CNTP_CVAL_EL0", encoding(3, 3, 14, 2, 2)},
        {"MDSCR_EL1", encoding(2, 0, 0, 2, 2)},
        {"DBGBVR0_EL1", encoding(2, 0, 0, 0, 4)},
        {"DBGBCR0_EL1", encoding(2, 0, 0, 0, 5)},
        {"DBGWVR0_EL1", encoding(2, 0, 0, 0, 6)},
        {"DBGWCR0_EL1", encoding(2, 0, 0, 0, 7)},
    };
    line("-- bits that are kept");
    for (const NamedRegister& one : kRegisters) {
        // This is one run, because taking an exception changes some of the registers and needs others.
        const std::uint64_t before = bench.execute({read_instruction(one.which)}, Level::El1h, {}).x[0];
        const auto read_back = [&](std::uint64_t value) {
            const std::uint32_t write = write_instruction(one.which);
            return bench
                .execute({write, read_instruction(one.which) | 1, write | 2}, Level::El1h, {value, 0, before})
                .x[1];
        };
        line(one.name, " ", Hex{read_back(0)}, " ", Hex{read_back(~std::uint64_t{0})});
    }
}

}  // namespace

void guest_main() {
    const Bench bench;
    values_at_reset(bench);
    bits_kept(bench);
    walk(bench, 2, try_register);
    walk(bench, 3, try_register);
    walk(bench, 1, try_instruction);
    line("end");
}

}  // namespace guest
