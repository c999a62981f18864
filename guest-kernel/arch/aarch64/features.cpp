#include "arch/aarch64/features.hpp"

#include <asm/hwcap.h>

#include <array>

#include "arch/aarch64/system_registers.hpp"
#include "arch/include/machine.hpp"

namespace kernel::arch {

namespace {

// A register that programs may read: which bits they see of it, and what stands for those they do not (Linux
// arch/arm64/kernel/cpufeature.c: the fields marked FTR_VISIBLE, and the safe values of the others).
struct VisibleRegister {
    std::uint32_t crm;
    std::uint32_t op2;
    std::uint64_t visible;
    std::uint64_t fixed;
    std::uint64_t (*read)();
    bool only_with_aarch32;
};

constexpr std::array<VisibleRegister, 9> kVisibleRegisters = {{
    // AArch32 features, of a CPU whose EL0 can be AArch32.
    {2, 5, 0x0000'0000'000f'fff0, 0, [] { return READ_SYSTEM_REGISTER(id_isar5_el1); }, true},
    {3, 0, 0x0000'0000'0000'0f00, 0, [] { return READ_SYSTEM_REGISTER(mvfr0_el1); }, true},
    {3, 1, 0x0000'0000'f00f'ff00, 0, [] { return READ_SYSTEM_REGISTER(mvfr1_el1); }, true},
    // ID_AA64PFR0: DIT, AdvSIMD, FP. This kernel does not support SVE. EL1 and EL0 are AArch64.
    {4, 0, 0x000f'0000'00ff'0000, 0x11, [] { return READ_SYSTEM_REGISTER(id_aa64pfr0_el1); }, false},
    // ID_AA64DFR0: the debug architecture's version.
    {5, 0, 0, 0x6, [] { return std::uint64_t{0}; }, false},
    // ID_AA64ISAR0: all but TLB.
    {6, 0, 0xf0ff'ffff'f0ff'fff0, 0, [] { return READ_SYSTEM_REGISTER(id_aa64isar0_el1); }, false},
    // ID_AA64ISAR1: without pointer authentication, which we do not turn on, and SPECRES.
    {6, 1, 0x00ff'f0ff'00ff'f00f, 0, [] { return READ_SYSTEM_REGISTER(id_aa64isar1_el1); }, false},
    // ID_AA64MMFR0: safe values only.
    {7, 0, 0, 0x111'ff00'0000, [] { return std::uint64_t{0}; }, false},
    // ID_AA64MMFR2: AT, unaligned single-copy atomicity.
    {7, 2, 0x0000'000f'0000'0000, 0, [] { return READ_SYSTEM_REGISTER(id_aa64mmfr2_el1); }, false},
}};

bool has_aarch32_programs() {
    return (READ_SYSTEM_REGISTER(id_aa64pfr0_el1) & 0xf) == 2;
}

// A hardware capability and the field of an ID register that it stands for.
struct Capability {
    std::uint64_t bit;
    std::uint64_t (*read)();
    unsigned shift;
    unsigned minimum;
    bool is_signed = false;  // 0xf means "not there"
};

std::uint64_t isar0() {
    return READ_SYSTEM_REGISTER(id_aa64isar0_el1);
}
std::uint64_t isar1() {
    return READ_SYSTEM_REGISTER(id_aa64isar1_el1);
}
std::uint64_t pfr0() {
    return READ_SYSTEM_REGISTER(id_aa64pfr0_el1);
}
std::uint64_t mmfr2() {
    return READ_SYSTEM_REGISTER(id_aa64mmfr2_el1);
}

// Linux Documentation/arm64/elf_hwcaps.rst.
constexpr std::array kCapabilities = {
    Capability{HWCAP_FP, pfr0, 16, 0, true},   Capability{HWCAP_ASIMD, pfr0, 20, 0, true},
    Capability{HWCAP_FPHP, pfr0, 16, 1, true}, Capability{HWCAP_ASIMDHP, pfr0, 20, 1, true},
    Capability{HWCAP_DIT, pfr0, 48, 1},        Capability{HWCAP_AES, isar0, 4, 1},
    Capability{HWCAP_PMULL, isar0, 4, 2},      Capability{HWCAP_SHA1, isar0, 8, 1},
    Capability{HWCAP_SHA2, isar0, 12, 1},      Capability{HWCAP_SHA512, isar0, 12, 2},
    Capability{HWCAP_CRC32, isar0, 16, 1},     Capability{HWCAP_ATOMICS, isar0, 20, 2},
    Capability{HWCAP_ASIMDRDM, isar0, 28, 1},  Capability{HWCAP_SHA3, isar0, 32, 1},
    Capability{HWCAP_SM3, isar0, 36, 1},       Capability{HWCAP_SM4, isar0, 40, 1},
    Capability{HWCAP_ASIMDDP, isar0, 44, 1},   Capability{HWCAP_ASIMDFHM, isar0, 48, 1},
    Capability{HWCAP_FLAGM, isar0, 52, 1},     Capability{HWCAP_DCPOP, isar1, 0, 1},
    Capability{HWCAP_JSCVT, isar1, 12, 1},     Capability{HWCAP_FCMA, isar1, 16, 1},
    Capability{HWCAP_LRCPC, isar1, 20, 1},     Capability{HWCAP_ILRCPC, isar1, 20, 2},
    Capability{HWCAP_SB, isar1, 36, 1},        Capability{HWCAP_USCAT, mmfr2, 32, 1},
};

constexpr std::array kCapabilities2 = {
    Capability{HWCAP2_DCPODP, isar1, 0, 2}, Capability{HWCAP2_FRINT, isar1, 32, 1},
    Capability{HWCAP2_BF16, isar1, 44, 1},  Capability{HWCAP2_DGH, isar1, 48, 1},
    Capability{HWCAP2_I8MM, isar1, 52, 1},  Capability{HWCAP2_FLAGM2, isar0, 52, 2},
    Capability{HWCAP2_RNG, isar0, 60, 1},
};

template <std::size_t Count>
std::uint64_t collect(const std::array<Capability, Count>& capabilities) {
    std::uint64_t bits = 0;
    for (const Capability& capability : capabilities) {
        const std::uint64_t field = capability.read() >> capability.shift & 0xf;
        if (field >= capability.minimum && !(capability.is_signed && field == 0xf)) {
            bits |= capability.bit;
        }
    }
    return bits;
}

}  // namespace

// Linux arch/arm64/include/asm/cache.h, read_cpuid_effective_cachetype.
std::uint64_t effective_cache_type() {
    constexpr std::uint64_t kNoCleaning = std::uint64_t{1} << 28;  // IDC
    const std::uint64_t type = READ_SYSTEM_REGISTER(ctr_el0);
    const std::uint64_t levels = READ_SYSTEM_REGISTER(clidr_el1);
    const std::uint64_t inner_shareable = levels >> 21 & 7;  // LoUIS
    const std::uint64_t coherence = levels >> 24 & 7;        // LoC
    const std::uint64_t uniprocessor = levels >> 27 & 7;     // LoUU
    return inner_shareable == 0 || (coherence == 0 && uniprocessor == 0) ? type | kNoCleaning : type;
}

std::optional<std::uint64_t> visible_id_register(const SystemRegisterNumber& number) {
    if (number.op0 == 3 && number.op1 == 3 && number.crn == 0 && number.crm == 0 && number.op2 == 1) {
        return effective_cache_type();
    }
    if (number.op0 != 3 || number.op1 != 0 || number.crn != 0 ||
        (number.crm != 0 && (number.crm < 2 || number.crm > 7))) {
        return std::nullopt;
    }
    if (number.crm == 0) {
        switch (number.op2) {
            case 0:
                return READ_SYSTEM_REGISTER(midr_el1);
            case 5:
                return std::uint64_t{1} << 31;  // MPIDR_EL1: its RES1 bit only
            case 6:
                return std::uint64_t{0};  // REVIDR_EL1
            default:
                return std::nullopt;
        }
    }
    for (const VisibleRegister& reg : kVisibleRegisters) {
        if (reg.crm == number.crm && reg.op2 == number.op2) {
            if (reg.only_with_aarch32 && !has_aarch32_programs()) {
                return std::uint64_t{0};
            }
            return (reg.visible == 0 ? 0 : reg.read() & reg.visible) | reg.fixed;
        }
    }
    return std::uint64_t{0};
}

// CPUID: we emulate reads of the ID registers. EVTSTRM: set_up_timer() turns the event stream on.
std::uint64_t hardware_capabilities() {
    return collect(kCapabilities) | HWCAP_CPUID | HWCAP_EVTSTRM;
}

std::uint64_t hardware_capabilities2() {
    return collect(kCapabilities2);
}

unsigned debug_architecture() {
    return READ_SYSTEM_REGISTER(id_aa64dfr0_el1) & 0xf;
}

unsigned breakpoint_count() {
    return (READ_SYSTEM_REGISTER(id_aa64dfr0_el1) >> 12 & 0xf) + 1;
}

unsigned watchpoint_count() {
    return (READ_SYSTEM_REGISTER(id_aa64dfr0_el1) >> 20 & 0xf) + 1;
}

std::uint64_t main_id() {
    return READ_SYSTEM_REGISTER(midr_el1);
}

}  // namespace kernel::arch
