#include "syscalls/ptrace_registers.hpp"

#include <asm/ptrace.h>
#include <linux/elf.h>

#include <array>

#include "arch/include/machine.hpp"
#include "lib/memory.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// A set of registers as bytes (Linux arch/arm64/kernel/ptrace.c, aarch64_regsets).
struct RegisterSet {
    unsigned type;
    std::size_t register_size;
    std::size_t size;
    void (*get)(const Task& task, std::byte* bytes);
    bool (*set)(Task& task, const std::byte* bytes);  // false: the CPU cannot be in such a state
};

void get_general(const Task& task, std::byte* bytes) {
    const Registers& registers = task.kernel_stack.registers();
    user_pt_regs out{.regs = {}, .sp = registers.sp, .pc = registers.pc, .pstate = registers.pstate};
    copy_bytes(out.regs, registers.x.data(), sizeof(out.regs));
    copy_bytes(bytes, &out, sizeof(out));
}

bool set_general(Task& task, const std::byte* bytes) {
    user_pt_regs in{};
    copy_bytes(&in, bytes, sizeof(in));
    if (!arch::is_valid_user_pstate(in.pstate)) {
        return false;
    }
    Registers& registers = task.kernel_stack.registers();
    copy_bytes(registers.x.data(), in.regs, sizeof(in.regs));
    registers.sp = in.sp;
    registers.pc = in.pc;
    registers.pstate = in.pstate;
    return true;
}

void get_vectors(const Task& task, std::byte* bytes) {
    const FloatingPointState& state = task.context.floating_point;
    user_fpsimd_state out{};
    copy_bytes(out.vregs, state.v.data(), sizeof(out.vregs));
    out.fpsr = state.fpsr;
    out.fpcr = state.fpcr;
    copy_bytes(bytes, &out, sizeof(out));
}

bool set_vectors(Task& task, const std::byte* bytes) {
    FloatingPointState& state = task.context.floating_point;
    user_fpsimd_state in{};
    copy_bytes(&in, bytes, sizeof(in));
    copy_bytes(state.v.data(), in.vregs, sizeof(in.vregs));
    state.fpsr = in.fpsr;
    state.fpcr = in.fpcr;
    return true;
}

// The second thread pointer is of SME, which this CPU lacks.
using ThreadPointers = std::array<std::uint64_t, 2>;

void get_thread_pointer(const Task& task, std::byte* bytes) {
    const ThreadPointers out{task.context.tls, 0};
    copy_bytes(bytes, out.data(), sizeof(out));
}

bool set_thread_pointer(Task& task, const std::byte* bytes) {
    copy_bytes(&task.context.tls, bytes, sizeof(task.context.tls));
    return true;
}

void get_call_number(const Task& task, std::byte* bytes) {
    const auto number = static_cast<std::int32_t>(task.kernel_stack.registers().system_call);
    copy_bytes(bytes, &number, sizeof(number));
}

bool set_call_number(Task& task, const std::byte* bytes) {
    std::int32_t number = 0;
    copy_bytes(&number, bytes, sizeof(number));
    task.kernel_stack.registers().system_call = number;
    return true;
}

constexpr std::array kRegisterSets{
    RegisterSet{NT_PRSTATUS, sizeof(std::uint64_t), sizeof(user_pt_regs), get_general, set_general},
    RegisterSet{NT_PRFPREG, sizeof(std::uint32_t), sizeof(user_fpsimd_state), get_vectors, set_vectors},
    RegisterSet{NT_ARM_TLS, sizeof(std::uint64_t), sizeof(ThreadPointers), get_thread_pointer,
                set_thread_pointer},
    RegisterSet{NT_ARM_SYSTEM_CALL, sizeof(std::int32_t), sizeof(std::int32_t), get_call_number,
                set_call_number},
};
constexpr std::size_t kLargestSet = sizeof(user_fpsimd_state);

Result<const RegisterSet*> find_set(unsigned type, std::size_t length) {
    for (const RegisterSet& candidate : kRegisterSets) {
        if (candidate.type == type && length % candidate.register_size == 0) {
            return &candidate;
        }
    }
    return Errno(EINVAL);
}

UserAddress start_of(const iovec& vector) {
    return UserAddress(reinterpret_cast<std::uint64_t>(vector.iov_base));
}

}  // namespace

Result<void> get_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector) {
    iovec room = TRY(vector.read());
    const RegisterSet* found = TRY(find_set(type, room.iov_len));
    std::array<std::byte, kLargestSet> bytes{};
    found->get(tracee, bytes.data());
    room.iov_len = room.iov_len < found->size ? room.iov_len : found->size;
    TRY(copy_to_user(start_of(room), bytes.data(), room.iov_len));
    return vector.write(room);
}

Result<void> set_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector) {
    iovec given = TRY(vector.read());
    const RegisterSet* found = TRY(find_set(type, given.iov_len));
    // What is not given stays.
    std::array<std::byte, kLargestSet> bytes{};
    found->get(tracee, bytes.data());
    given.iov_len = given.iov_len < found->size ? given.iov_len : found->size;
    TRY(copy_from_user(bytes.data(), start_of(given), given.iov_len));
    if (!found->set(tracee, bytes.data())) {
        return Errno(EINVAL);
    }
    return vector.write(given);
}

}  // namespace kernel
