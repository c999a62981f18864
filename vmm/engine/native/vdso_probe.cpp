#include "vmm/engine/native/vdso_probe.hpp"

#include <elf.h>

#include <algorithm>

#include "vmm/arch/aarch64.hpp"
#include "vmm/engine/native/injection.hpp"
#include "vmm/tracer/vdso.hpp"

namespace levitate::vmm::native {
namespace {

constexpr std::uint32_t kBrkInstruction = 0xd4200000;  // BRK #0
constexpr std::uint32_t kNop = 0xd503201f;

// B to an address at most 128 MiB away (Arm ARM C6.2.26).
constexpr std::uint32_t branch(std::uint64_t from, std::uint64_t to) {
    constexpr std::uint32_t kOffsetMask = (1U << 26) - 1;
    const std::uint64_t words = (to - from) / kInstructionSize;
    return 0x14000000U | (static_cast<std::uint32_t>(words) & kOffsetMask);
}

// Whether what the instruction does depends on where it stands: branches, ADR and ADRP, literal loads.
constexpr bool depends_on_pc(std::uint32_t instruction) {
    const bool is_branch_or_system = (instruction & 0x1c000000) == 0x14000000;
    const bool is_hint = (instruction & 0xfffff01f) == kNop;  // BTI and PACIASP among them
    const bool is_address = (instruction & 0x1f000000) == 0x10000000;
    const bool is_literal_load = (instruction & 0x3b000000) == 0x18000000;
    return (is_branch_or_system && !is_hint) || is_address || is_literal_load;
}

constexpr bool is_branch(std::uint32_t instruction) {
    return depends_on_pc(instruction) && (instruction & 0x1c000000) == 0x14000000;
}

// The first instruction of a function that can be moved, after at most a few that cannot and do not branch.
std::optional<GuestVirt> find_movable(const UserMemory& memory, GuestVirt function) {
    constexpr std::uint64_t kMostSkipped = 4;
    for (std::uint64_t index = 0; index < kMostSkipped; ++index) {
        const GuestVirt at = function + index * kInstructionSize;
        const auto instruction = read_value<std::uint32_t>(memory, at);
        if (!instruction || is_branch(*instruction)) {
            return std::nullopt;
        }
        if (!depends_on_pc(*instruction)) {
            return at;
        }
    }
    return std::nullopt;
}

// The bytes between the end of the ELF file and the end of its last page, which Linux leaves zero.
struct Slack {
    std::uint64_t next = 0;
    std::uint64_t end = 0;

    std::optional<GuestVirt> take(std::uint64_t instructions) {
        const std::uint64_t bytes = instructions * kInstructionSize;
        if (end - next < bytes) {
            return std::nullopt;
        }
        const GuestVirt taken{next};
        next += bytes;
        return taken;
    }
};

Slack find_slack(const UserMemory& memory, GuestVirt base) {
    const auto header = read_value<Elf64_Ehdr>(memory, base);
    if (!header) {
        return {};
    }
    const std::uint64_t file_size = header->e_shoff + std::uint64_t{header->e_shnum} * header->e_shentsize;
    const std::uint64_t file_end = value(base) + file_size;
    const std::uint64_t begin = (file_end + kInstructionSize - 1) & ~(kInstructionSize - 1);
    return {.next = begin, .end = (file_end + kPageSize - 1) & ~(kPageSize - 1)};
}

}  // namespace

VdsoProbes VdsoProbes::install(pid_t tid, GuestVirt base) {
    const TraceeMemory memory(tid);
    VdsoProbes result;
    Slack slack = find_slack(memory, base);
    if (const auto svc = slack.take(1); svc && replace_instruction(tid, *svc, kSvcInstruction)) {
        result.svc_ = svc;
    }
    if (const auto trap = slack.take(1); trap && replace_instruction(tid, *trap, kBrkInstruction)) {
        result.return_trap_ = trap;
    }
    for (VdsoFunction& function : vdso_functions(memory, base)) {
        const auto at = find_movable(memory, function.address);
        const auto moved = at && !result.probes_.contains(*at) ? slack.take(2) : std::nullopt;
        const auto instruction = moved ? read_value<std::uint32_t>(memory, *at) : std::nullopt;
        if (!instruction) {
            continue;
        }
        const GuestVirt back = *moved + kInstructionSize;
        if (replace_instruction(tid, *moved, *instruction) &&
            replace_instruction(tid, back, branch(value(back), value(*at) + kInstructionSize)) &&
            replace_instruction(tid, *at, kBrkInstruction)) {
            result.probes_.emplace(*at, Probe{.function = std::move(function.name), .resume_at = *moved});
        }
    }
    return result;
}

std::optional<VdsoProbes::Hit> VdsoProbes::find(GuestVirt pc) const {
    const auto found = probes_.find(pc);
    if (found == probes_.end()) {
        return std::nullopt;
    }
    return Hit{.function = found->second.function, .resume_at = found->second.resume_at};
}

}  // namespace levitate::vmm::native
