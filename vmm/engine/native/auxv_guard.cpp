#include "vmm/engine/native/auxv_guard.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "vmm/arch/aarch64.hpp"
#include "vmm/engine/native/load_instruction.hpp"

namespace levitate::vmm::native {
namespace {

constexpr std::uint64_t kWordSize = sizeof(std::uint64_t);
constexpr std::uint64_t kStackAlignment = 16;

}  // namespace

std::optional<AuxvGuard> AuxvGuard::install(pid_t tid, const InitialStack& stack, GuestVirt svc,
                                            std::optional<Interrupted>& interrupted) {
    auto registers = get_registers(tid);
    if (!registers) {
        return std::nullopt;
    }
    const std::uint64_t size = value(stack.auxv_range.end) - registers->sp;
    const std::uint64_t before_auxv = value(stack.auxv_range.begin) - registers->sp;
    std::vector<std::uint64_t> words(size / kWordSize);
    if (TraceeMemory(tid).read(GuestVirt{registers->sp}, std::as_writable_bytes(std::span(words))) != size) {
        return std::nullopt;
    }
    // The page lies below all of the original, so that no part of that is on it.
    const std::uint64_t page = (registers->sp & ~(kPageSize - 1)) - kPageSize;
    const std::uint64_t misaligned = (page - before_auxv) % kStackAlignment;
    const std::uint64_t moved_sp = page - before_auxv + misaligned;
    if (!poke(tid, GuestVirt{moved_sp}, words)) {
        return std::nullopt;
    }
    AuxvGuard guard;
    guard.begin_ = GuestVirt{page};
    guard.end_ = GuestVirt{page + kPageSize};
    guard.auxv_ = {.begin = GuestVirt{moved_sp + before_auxv}, .end = GuestVirt{moved_sp + size}};
    guard.moved_sp_ = GuestVirt{moved_sp};
    guard.original_sp_ = GuestVirt{registers->sp};
    guard.svc_ = svc;
    registers->sp = moved_sp;
    const bool done = set_registers(tid, *registers) && guard.protect(tid, PROT_NONE, interrupted);
    return done ? std::optional(guard) : std::nullopt;
}

GuestVirt AuxvGuard::readable(GuestVirt pointer) const {
    const bool is_moved = pointer >= moved_sp_ && pointer < auxv_.end;
    return is_moved ? original_sp_ + (value(pointer) - value(moved_sp_)) : pointer;
}

bool AuxvGuard::protect(pid_t tid, int protection, std::optional<Interrupted>& interrupted) const {
    const auto result = inject_syscall(tid, svc_,
                                       {.number = SYS_mprotect,
                                        .arguments = {value(begin_), value(end_) - value(begin_),
                                                      static_cast<std::uint64_t>(protection), 0, 0, 0}},
                                       interrupted);
    return result == 0;
}

void AuxvGuard::mirror(pid_t tid) const {
    std::vector<std::uint64_t> words((value(auxv_.end) - value(moved_sp_)) / kWordSize);
    const auto bytes = std::as_writable_bytes(std::span(words));
    if (memory_of(tid).read(moved_sp_, bytes) == bytes.size()) {
        poke(tid, original_sp_, words);
    }
}

bool AuxvGuard::step_on_original(pid_t tid, GeneralRegisters registers, unsigned base, std::uint32_t load,
                                 std::optional<Interrupted>& interrupted) const {
    const std::uint64_t distance = value(original_sp_) - value(moved_sp_);
    const auto move_base = [&](std::uint64_t by) {
        (base < registers.x.size() ? registers.x[base] : registers.sp) += by;
        return set_registers(tid, registers);
    };
    if (!move_base(distance) || !step_instruction(tid, interrupted)) {
        return false;
    }
    const auto after = get_registers(tid);
    if (!after) {
        return false;
    }
    registers = *after;
    return loads_its_base(load) || move_base(-distance);
}

bool AuxvGuard::step_unprotected(pid_t tid, std::optional<Interrupted>& interrupted) const {
    const bool stepped = protect(tid, PROT_READ | PROT_WRITE, interrupted) &&
                         step_instruction(tid, interrupted) && protect(tid, PROT_NONE, interrupted);
    if (stepped) {
        mirror(tid);
    }
    return stepped;
}

std::optional<AuxvLoad> AuxvGuard::step_over(pid_t tid, GuestVirt address,
                                             std::optional<Interrupted>& interrupted) const {
    const auto registers = get_registers(tid);
    const auto instruction =
        registers ? read_value<std::uint32_t>(TraceeMemory(tid), GuestVirt{registers->pc}) : std::nullopt;
    if (!instruction) {
        return std::nullopt;
    }
    const auto bytes = loaded_bytes(*instruction);
    std::array<std::uint64_t, 32> bases{};
    std::ranges::copy(registers->x, bases.begin());
    bases.back() = registers->sp;
    // The address that faulted is that of the first byte on the guarded page.
    address = GuestVirt{load_address(*instruction, registers->pc, bases).value_or(value(address))};
    const bool is_mirrored = bytes && address >= moved_sp_ && address + *bytes <= auxv_.end;
    const auto base = base_register(*instruction);
    const bool stepped = is_mirrored && base
                             ? step_on_original(tid, *registers, *base, *instruction, interrupted)
                             : step_unprotected(tid, interrupted);
    if (!stepped || !bytes) {
        return std::nullopt;
    }
    return AuxvLoad{.range = auxv_, .address = address, .size = *bytes, .pc = registers->pc};
}

}  // namespace levitate::vmm::native
