#include "task/rseq.hpp"

#include <linux/rseq.h>

#include "mm/address_space.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kOriginalSize = 32;  // the area's size and alignment in Linux up to 6.2
constexpr std::uint32_t kCpu = 0;            // the only one
constexpr std::uint32_t kNoRestartFlags = RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT |
                                          RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL |
                                          RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE;

UserAddress field(const Task& task, std::size_t offset) {
    return UserAddress(task.rseq_address) + offset;
}

Result<void> write_cpu(const Task& task, std::uint32_t start, std::uint32_t cpu) {
    TRY(UserOut<std::uint32_t>(field(task, offsetof(rseq, cpu_id_start))).write(start));
    return UserOut<std::uint32_t>(field(task, offsetof(rseq, cpu_id))).write(cpu);
}

// Out of the critical section, if the program is in one.
Result<void> abort_section(const Task& task, Registers& registers) {
    const UserInOut<std::uint64_t> pointer(field(task, offsetof(rseq, rseq_cs)));
    const std::uint64_t descriptor = TRY(pointer.read());
    if (descriptor == 0) {
        return {};
    }
    constexpr std::uint64_t kEnd = AddressSpace::kUserEnd;
    if (descriptor >= kEnd) {
        return Errno(EINVAL);
    }
    const rseq_cs section = TRY(UserIn<rseq_cs>(UserAddress(descriptor)).read());
    std::uint64_t end = 0;
    if (section.version > 0 || __builtin_add_overflow(section.start_ip, section.post_commit_offset, &end) ||
        section.start_ip >= kEnd || end >= kEnd || section.abort_ip >= kEnd ||
        section.abort_ip - section.start_ip < section.post_commit_offset) {
        return Errno(EINVAL);
    }
    const std::uint32_t signature =
        TRY(UserIn<std::uint32_t>(UserAddress(section.abort_ip - sizeof(signature))).read());
    if (signature != task.rseq_signature) {
        return Errno(EINVAL);
    }
    if (registers.pc - section.start_ip >= section.post_commit_offset) {
        return pointer.write(0);  // outside: the descriptor is out of date
    }
    const std::uint32_t flags = TRY(UserIn<std::uint32_t>(field(task, offsetof(rseq, flags))).read());
    if (((flags | section.flags) & kNoRestartFlags) != 0) {
        return Errno(EINVAL);  // removed from Linux in 6.1
    }
    TRY(pointer.write(0));
    registers.pc = section.abort_ip;
    return {};
}

}  // namespace

void update_rseq(Task& task, Registers& registers) {
    task.rseq_needs_update = false;
    if (task.rseq_address == 0) {
        return;
    }
    const Result<void> result = abort_section(task, registers);
    if (result.is_error() || write_cpu(task, kCpu, kCpu).is_error()) {
        force_signal(task, kernel_siginfo(SIGSEGV));
    }
}

Result<void> register_rseq(Task& task, UserAddress area, std::uint32_t length, std::uint32_t signature) {
    const std::uint64_t address = area.value();
    if (task.rseq_address != 0) {
        if (task.rseq_address != address || task.rseq_size != length) {
            return Errno(EINVAL);
        }
        return Errno(task.rseq_signature != signature ? EPERM : EBUSY);
    }
    if (address % kOriginalSize != 0 || length != kOriginalSize) {
        return Errno(EINVAL);
    }
    if (address > AddressSpace::kUserEnd - length) {
        return Errno(EFAULT);
    }
    task.rseq_address = address;
    task.rseq_size = length;
    task.rseq_signature = signature;
    task.rseq_needs_update = true;
    return {};
}

Result<void> unregister_rseq(Task& task, UserAddress area, std::uint32_t length, std::uint32_t signature) {
    if (task.rseq_address != area.value() || task.rseq_address == 0 || length != task.rseq_size) {
        return Errno(EINVAL);
    }
    if (task.rseq_signature != signature) {
        return Errno(EPERM);
    }
    TRY(write_cpu(task, 0, static_cast<std::uint32_t>(RSEQ_CPU_ID_UNINITIALIZED)));
    task.rseq_address = 0;
    task.rseq_size = 0;
    return {};
}

}  // namespace kernel
