// The texts of /proc about the machine and the kernel.
#include <asm/hwcap.h>

#include <array>

#include "arch/include/machine.hpp"
#include "lib/command_line.hpp"
#include "lib/system_name.hpp"
#include "mm/page.hpp"
#include "task/proc_text.hpp"
#include "task/table.hpp"
#include "time/clock.hpp"
#include "time/ticks.hpp"

namespace kernel {

namespace {

struct FeatureName {
    std::uint64_t bit;
    std::string_view name;
};

// Linux arch/arm64/kernel/cpuinfo.c, hwcap_str: in the order of the bits.
constexpr std::array kFeatureNames = {
    FeatureName{HWCAP_FP, "fp"},
    FeatureName{HWCAP_ASIMD, "asimd"},
    FeatureName{HWCAP_EVTSTRM, "evtstrm"},
    FeatureName{HWCAP_AES, "aes"},
    FeatureName{HWCAP_PMULL, "pmull"},
    FeatureName{HWCAP_SHA1, "sha1"},
    FeatureName{HWCAP_SHA2, "sha2"},
    FeatureName{HWCAP_CRC32, "crc32"},
    FeatureName{HWCAP_ATOMICS, "atomics"},
    FeatureName{HWCAP_FPHP, "fphp"},
    FeatureName{HWCAP_ASIMDHP, "asimdhp"},
    FeatureName{HWCAP_CPUID, "cpuid"},
    FeatureName{HWCAP_ASIMDRDM, "asimdrdm"},
    FeatureName{HWCAP_JSCVT, "jscvt"},
    FeatureName{HWCAP_FCMA, "fcma"},
    FeatureName{HWCAP_LRCPC, "lrcpc"},
    FeatureName{HWCAP_DCPOP, "dcpop"},
    FeatureName{HWCAP_SHA3, "sha3"},
    FeatureName{HWCAP_SM3, "sm3"},
    FeatureName{HWCAP_SM4, "sm4"},
    FeatureName{HWCAP_ASIMDDP, "asimddp"},
    FeatureName{HWCAP_SHA512, "sha512"},
    FeatureName{HWCAP_ASIMDFHM, "asimdfhm"},
    FeatureName{HWCAP_DIT, "dit"},
    FeatureName{HWCAP_USCAT, "uscat"},
    FeatureName{HWCAP_ILRCPC, "ilrcpc"},
    FeatureName{HWCAP_FLAGM, "flagm"},
    FeatureName{HWCAP_SB, "sb"},
};

// "12.34": seconds and hundredths.
Result<void> append_seconds(String& out, std::int64_t nanoseconds) {
    const auto hundredths = static_cast<std::uint64_t>(nanoseconds / (kNanosecondsPerSecond / 100));
    TRY(out.append_decimal(hundredths / 100));
    TRY(out.append("."));
    return out.append_decimal(hundredths % 100, 2, '0');
}

struct CpuUse {
    std::int64_t user = 0;
    std::int64_t system = 0;
    std::int64_t idle() const {
        const std::int64_t rest = monotonic_now() - user - system;
        return rest > 0 ? rest : 0;
    }
};

CpuUse cpu_use() {
    CpuUse use;
    for (Process& process : all_processes()) {
        const CpuTimes own = process.usage().times;
        use.user += own.user + process.reaped_children.times.user;
        use.system += own.system + process.reaped_children.times.system;
    }
    return use;
}

}  // namespace

Result<void> append_kernel_command_line(String& out) {
    TRY(out.append(command_line()));
    return out.append("\n");
}

Result<void> append_cpuinfo(String& out) {
    constexpr std::uint64_t kTicksPerBogoMips = 500'000;  // Linux: loops_per_jiffy from the timer's rate
    const std::uint64_t frequency = arch::counter_frequency();
    TRY(out.append("processor\t: 0\nBogoMIPS\t: "));
    TRY(out.append_decimal(frequency / kTicksPerBogoMips));
    TRY(out.append("."));
    TRY(out.append_decimal(frequency / (kTicksPerBogoMips / 100) % 100, 2, '0'));
    TRY(out.append("\nFeatures\t:"));
    for (const FeatureName& feature : kFeatureNames) {
        if ((arch::hardware_capabilities() & feature.bit) != 0) {
            TRY(out.append(" "));
            TRY(out.append(feature.name));
        }
    }
    // MIDR_EL1: implementer, variant, architecture, part, revision.
    const std::uint64_t id = arch::main_id();
    TRY(out.append("\nCPU implementer\t: 0x"));
    TRY(out.append_hex(id >> 24 & 0xff, 2));
    TRY(out.append("\nCPU architecture: 8\nCPU variant\t: 0x"));
    TRY(out.append_hex(id >> 20 & 0xf));
    TRY(out.append("\nCPU part\t: 0x"));
    TRY(out.append_hex(id >> 4 & 0xfff, 3));
    TRY(out.append("\nCPU revision\t: "));
    TRY(out.append_decimal(id & 0xf));
    return out.append("\n\n");
}

Result<void> append_loadavg(String& out) {
    // No averages are kept: they show a machine that has just started.
    TRY(out.append("0.00 0.00 0.00 1/"));
    TRY(out.append_decimal(task_count()));
    TRY(out.append(" "));
    TRY(out.append_decimal(static_cast<std::uint64_t>(last_task_number())));
    return out.append("\n");
}

Result<void> append_proc_stat(String& out) {
    const CpuUse use = cpu_use();
    for (const std::string_view name : {"cpu ", "cpu0"}) {
        TRY(out.append(name));
        for (const std::int64_t time : {use.user, std::int64_t{0}, use.system, use.idle()}) {
            TRY(out.append(" "));
            TRY(out.append_decimal(static_cast<std::uint64_t>(to_clock_ticks(time))));
        }
        TRY(out.append(" 0 0 0 0 0 0\n"));
    }
    TRY(append_event_counts(out));
    TRY(out.append("btime "));
    TRY(out.append_decimal(
        static_cast<std::uint64_t>((realtime_now() - monotonic_now()) / kNanosecondsPerSecond)));
    TRY(out.append("\nprocesses "));
    TRY(out.append_decimal(static_cast<std::uint64_t>(last_task_number())));
    return out.append("\nprocs_running 1\nprocs_blocked 0\n");
}

Result<void> append_uptime(String& out) {
    TRY(append_seconds(out, monotonic_now()));
    TRY(out.append(" "));
    TRY(append_seconds(out, cpu_use().idle()));
    return out.append("\n");
}

Result<void> append_version(String& out) {
    const new_utsname& name = system_name();
    for (const std::string_view part : {name.sysname, " version ", name.release, " ", name.version, "\n"}) {
        TRY(out.append(part));
    }
    return {};
}

Result<void> append_hostname(String& out) {
    TRY(out.append(system_name().nodename));
    return out.append("\n");
}

Result<void> append_osrelease(String& out) {
    TRY(out.append(system_name().release));
    return out.append("\n");
}

Result<void> append_ostype(String& out) {
    TRY(out.append(system_name().sysname));
    return out.append("\n");
}

}  // namespace kernel
