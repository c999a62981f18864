#include "task/register_sets.hpp"

#include <asm/ptrace.h>
#include <linux/elf.h>
#include <linux/prctl.h>

#include <array>

#include "arch/include/machine.hpp"
#include "lib/memory.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

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

// No breakpoint is ever set: how many there are, and for which architecture of debugging (Linux
// hw_break_get, compat of user_hwdebug_state).
template <unsigned (*count)()>
void get_debug_registers(const Task&, std::byte* bytes) {
    user_hwdebug_state out{};
    out.dbg_info = count() | arch::debug_architecture() << 8;
    copy_bytes(bytes, &out, sizeof(out));
}

void get_tag_control(const Task& task, std::byte* bytes) {
    const std::uint64_t control = task.takes_tagged_addresses ? PR_TAGGED_ADDR_ENABLE : 0;
    copy_bytes(bytes, &control, sizeof(control));
}

bool set_tag_control(Task& task, const std::byte* bytes) {
    std::uint64_t control = 0;
    copy_bytes(&control, bytes, sizeof(control));
    task.takes_tagged_addresses = (control & PR_TAGGED_ADDR_ENABLE) != 0;
    return (control & ~std::uint64_t{PR_TAGGED_ADDR_ENABLE}) == 0;
}

constexpr std::array kRegisterSets{
    RegisterSet{NT_PRSTATUS, sizeof(std::uint64_t), sizeof(user_pt_regs), get_general, set_general},
    RegisterSet{NT_PRFPREG, sizeof(std::uint32_t), sizeof(user_fpsimd_state), get_vectors, set_vectors},
    RegisterSet{NT_ARM_TLS, sizeof(std::uint64_t), sizeof(ThreadPointers), get_thread_pointer,
                set_thread_pointer},
    RegisterSet{NT_ARM_HW_BREAK, sizeof(std::uint32_t), sizeof(user_hwdebug_state),
                get_debug_registers<arch::breakpoint_count>, nullptr},
    RegisterSet{NT_ARM_HW_WATCH, sizeof(std::uint32_t), sizeof(user_hwdebug_state),
                get_debug_registers<arch::watchpoint_count>, nullptr},
    RegisterSet{NT_ARM_SYSTEM_CALL, sizeof(std::int32_t), sizeof(std::int32_t), get_call_number,
                set_call_number},
    RegisterSet{NT_ARM_TAGGED_ADDR_CTRL, sizeof(std::int64_t), sizeof(std::int64_t), get_tag_control,
                set_tag_control},
};
static_assert(sizeof(user_fpsimd_state) == kLargestRegisterSet);

}  // namespace

std::span<const RegisterSet> register_sets() {
    return kRegisterSets;
}

void save_running_state(Task& task) {
    arch::save_floating_point(&task.context.floating_point);
    task.context.tls = arch::thread_pointer();
}

}  // namespace kernel
