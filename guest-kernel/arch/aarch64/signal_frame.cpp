// Linux's rt_sigframe (arch/arm64/kernel/signal.c; layout in <asm/sigcontext.h>).
#include "arch/include/signal_frame.hpp"

#include <asm/ptrace.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#include "arch/include/machine.hpp"
#include "lib/faults.hpp"
#include "lib/memory.hpp"
#include "mm/address_space.hpp"
#include "mm/user_memory.hpp"
#include "signal/alternate_stack.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel::arch {

namespace {

struct SignalFrame {
    siginfo_t info;
    ucontext context;
};

struct FrameRecord {
    std::uint64_t fp;
    std::uint64_t lr;
};

constexpr std::size_t kRecords = offsetof(SignalFrame, context.uc_mcontext.__reserved);
static_assert(sizeof(fpsimd_context) + sizeof(esr_context) + sizeof(_aarch64_ctx) <=
              sizeof(sigcontext::__reserved));
static_assert(sizeof(fpsimd_context::vregs) == sizeof(FloatingPointState::v));

// The part of the frame that is written: what stands in __reserved behind the last record is left as it is.
struct FrameImage {
    SignalFrame frame{};
    std::size_t used = kRecords;

    template <typename T>
    void append(const T& record) {
        copy_bytes(reinterpret_cast<std::byte*>(&frame) + used, &record, sizeof(record));
        used += sizeof(record);
    }
};

void append_floating_point(FrameImage& image) {
    FloatingPointState state;
    save_floating_point(&state);
    fpsimd_context record{};
    record.head = {.magic = FPSIMD_MAGIC, .size = sizeof(record)};
    record.fpsr = state.fpsr;
    record.fpcr = state.fpcr;
    copy_bytes(&record.vregs, &state.v, sizeof(record.vregs));
    if (FAULT(frame_loses_v8)) {
        record.vregs[8] = 0;
    }
    image.append(record);
}

void append_records(FrameImage& image, const Task& task) {
    if (!FAULT(frame_without_fpsimd) || task.process.get() == &init_process()) {
        append_floating_point(image);
    }
    if (task.fault_syndrome != 0 && !FAULT(frame_without_esr)) {
        image.append(esr_context{.head = {.magic = ESR_MAGIC, .size = sizeof(esr_context)},
                                 .esr = task.fault_syndrome});
    }
    image.append(_aarch64_ctx{.magic = 0, .size = 0});
}

void fill_registers(sigcontext& context, const Registers& registers, const Task& task) {
    for (std::size_t i = 0; i < registers.x.size(); ++i) {
        context.regs[i] = registers.x[i];
    }
    context.sp = registers.sp;
    context.pc = registers.pc;
    context.pstate = registers.pstate;
    context.fault_address = FAULT(frame_fault_address_wrong) ? task.fault_address + 8 : task.fault_address;
}

constexpr std::uint64_t round_down(std::uint64_t value) {
    return value & ~std::uint64_t{15};
}

}  // namespace

Result<void> push_signal_frame(Task& task, Registers& registers, const siginfo_t& info,
                               const SignalAction& action, SignalSet old_mask) {
    const std::uint64_t top = signal_stack_top(task, registers.sp, action.flags);
    const std::uint64_t record_address = round_down(top - sizeof(FrameRecord));
    const std::uint64_t frame_size = (sizeof(SignalFrame) + 15) / 16 * 16;
    const std::uint64_t frame_address = record_address - frame_size - (FAULT(frame_misplaced) ? 16 : 0);
    if (frame_address >= AddressSpace::kUserEnd || top > AddressSpace::kUserEnd) {
        return Errno(EFAULT);
    }
    static constinit FrameImage
        image;  // too large for the kernel stack; used up before anything else can run
    image.frame = SignalFrame{};
    image.used = kRecords;
    const bool wants_info = (action.flags & SA_SIGINFO) != 0;
    if (wants_info) {
        image.frame.info = info;
    }
    fill_registers(image.frame.context.uc_mcontext, registers, task);
    image.frame.context.uc_sigmask.sig[0] = FAULT(frame_mask_empty) ? 0 : old_mask.bits();
    image.frame.context.uc_stack = saved_alternate_stack(task);
    append_records(image, task);

    const std::size_t skipped = wants_info ? 0 : offsetof(SignalFrame, context);
    TRY(copy_to_user(UserAddress(frame_address + skipped),
                     reinterpret_cast<std::byte*>(&image.frame) + skipped, image.used - skipped));
    const FrameRecord record{.fp = registers.x[29], .lr = registers.x[30]};
    TRY(copy_to_user(UserAddress(record_address), &record, sizeof(record)));

    registers.x[0] = static_cast<std::uint64_t>(info.si_signo);
    if (wants_info) {
        registers.x[1] = frame_address + offsetof(SignalFrame, info);
        registers.x[2] = frame_address + offsetof(SignalFrame, context);
    }
    registers.x[29] = record_address;
    registers.x[30] = (action.flags & SA_RESTORER) != 0 ? action.restorer : signal_trampoline(task);
    registers.sp = frame_address;
    registers.pc = action.handler;
    if ((task.alternate_stack.flags & SS_AUTODISARM) != 0 && (action.flags & SA_ONSTACK) != 0) {
        task.alternate_stack = AlternateStack{};
    }
    return {};
}

namespace {

// Finds the floating-point record in a frame's __reserved area and loads it.
Result<void> restore_floating_point(const UserAddress records) {
    std::size_t offset = 0;
    bool found = false;
    while (offset + sizeof(_aarch64_ctx) <= sizeof(sigcontext::__reserved)) {
        const _aarch64_ctx head = TRY(UserIn<_aarch64_ctx>(records + offset).read());
        if (head.magic == 0) {
            return head.size == 0 && found ? Result<void>() : Result<void>(Errno(EINVAL));
        }
        if (head.size < sizeof(head) || head.size % 16 != 0 ||
            head.size > sizeof(sigcontext::__reserved) - offset) {
            return Errno(EINVAL);
        }
        if (head.magic == FPSIMD_MAGIC) {
            if (found || head.size != sizeof(fpsimd_context)) {
                return Errno(EINVAL);
            }
            const fpsimd_context record = TRY(UserIn<fpsimd_context>(records + offset).read());
            FloatingPointState state;
            state.fpsr = record.fpsr;
            state.fpcr = FAULT(sigreturn_keeps_fpcr) ? 0 : record.fpcr;
            copy_bytes(&state.v, &record.vregs, sizeof(state.v));
            load_floating_point(&state);
            found = true;
        } else if (head.magic != ESR_MAGIC) {
            return Errno(EINVAL);
        }
        offset += head.size;
    }
    return Errno(EINVAL);
}

}  // namespace

Result<void> pop_signal_frame(Task& task, Registers& registers) {
    const std::uint64_t frame_address = registers.sp;
    if (frame_address % 16 != 0 || frame_address > AddressSpace::kUserEnd - sizeof(SignalFrame)) {
        return Errno(EFAULT);
    }
    const UserAddress context_address(frame_address + offsetof(SignalFrame, context));
    const UserAddress machine_address = context_address + offsetof(ucontext, uc_mcontext);
    // The general part only: the records behind it are read one by one.
    struct MachineContext {
        std::uint64_t fault_address;
        std::uint64_t regs[31];
        std::uint64_t sp;
        std::uint64_t pc;
        std::uint64_t pstate;
    };
    // As on Linux (arch/arm64/kernel/signal.c, restore_sigframe) what can be read is taken over even if the
    // frame turns out to be none, and what cannot be read is 0.
    const Result<MachineContext> read = UserIn<MachineContext>(machine_address).read();
    const MachineContext saved = read.is_error() ? MachineContext{} : read.value();
    const auto mask = UserIn<std::uint64_t>(context_address + offsetof(ucontext, uc_sigmask)).read();
    if (!mask.is_error()) {
        task.blocked = SignalSet(mask.value()) & ~kUnblockable;
    }
    for (std::size_t i = 0; i < registers.x.size(); ++i) {
        registers.x[i] = saved.regs[i];
    }
    constexpr std::uint64_t kFlags = PSR_N_BIT | PSR_Z_BIT | PSR_C_BIT | PSR_V_BIT;
    const bool is_valid = is_valid_user_pstate(saved.pstate);
    registers.sp = saved.sp;
    registers.pc = saved.pc;
    registers.pstate = is_valid ? saved.pstate : saved.pstate & kFlags;
    registers.system_call = -1;
    if (read.is_error() || mask.is_error() || !is_valid) {
        return Errno(EFAULT);
    }
    TRY(restore_floating_point(machine_address + offsetof(sigcontext, __reserved)));
    const auto stack = TRY(UserIn<stack_t>(context_address + offsetof(ucontext, uc_stack)).read());
    restore_alternate_stack(task, stack, registers.sp);
    return {};
}

}  // namespace kernel::arch
