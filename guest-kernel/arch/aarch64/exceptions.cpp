// Sorts what the CPU reports: system calls, page faults, the program's mistakes, and the kernel's own.
#include <asm/ptrace.h>
#include <linux/signal.h>

#include <cstdint>

#include "arch/aarch64/emulate.hpp"
#include "arch/aarch64/layout.h"
#include "arch/aarch64/system_registers.hpp"
#include "arch/include/interrupts.hpp"
#include "arch/include/machine.hpp"
#include "lib/faults.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"
#include "mm/user_memory.hpp"
#include "syscalls/dispatch.hpp"
#include "task/exit.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// ESR_EL1.EC (Arm ARM D17.2.37).
enum class ExceptionClass : std::uint32_t {
    Unknown = 0x00,
    WaitForInstruction = 0x01,
    FloatingPointAccess = 0x07,
    IllegalState = 0x0e,
    SystemCall = 0x15,
    SystemRegister = 0x18,
    InstructionAbortUser = 0x20,
    InstructionAbortKernel = 0x21,
    PcAlignment = 0x22,
    DataAbortUser = 0x24,
    DataAbortKernel = 0x25,
    SpAlignment = 0x26,
    FloatingPointException = 0x2c,
    BreakpointUser = 0x30,
    SoftwareStepUser = 0x32,
    WatchpointUser = 0x34,
    Breakpoint = 0x3c,
};

// ESR_EL1.ISS of aborts.
constexpr std::uint64_t kWriteNotRead = 1 << 6;
constexpr std::uint64_t kCacheMaintenance = 1 << 8;
constexpr std::uint64_t kFaultStatus = 0x3f;
constexpr std::uint64_t kAlignmentFault = 0x21;

// FSC 0b0001xx: translation; 0b0010xx: access flag; 0b0011xx: permission. These are the faults that a page
// can resolve.
bool is_page_fault(std::uint64_t syndrome) {
    const std::uint64_t kind = (syndrome & kFaultStatus) >> 2;
    return kind >= 1 && kind <= 3;
}

ExceptionClass exception_class(std::uint64_t syndrome) {
    return static_cast<ExceptionClass>(syndrome >> 26 & 0x3f);
}

Access access_of(std::uint64_t syndrome) {
    const ExceptionClass kind = exception_class(syndrome);
    if (kind == ExceptionClass::InstructionAbortUser) {
        return Access::Execute;
    }
    // Cache maintenance reports itself as a write; what it needs is a readable page.
    const bool writes = (syndrome & kWriteNotRead) != 0 && (syndrome & kCacheMaintenance) == 0;
    return writes ? Access::Write : Access::Read;
}

void send_fault(Task& task, int signal, int code, std::uint64_t address) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = code;
    info.si_addr = reinterpret_cast<void*>(address);
    force_signal(task, info);
}

// An access: the signal's frame says what and where, without the tag (Linux arch/arm64/mm/fault.c,
// do_bad_area).
void access_signal(Task& task, int signal, int code, std::uint64_t address, std::uint64_t syndrome) {
    task.fault_address = untagged(address);
    task.fault_syndrome = syndrome;
    send_fault(task, signal, code, address);
}

// Everything else: the frame has no address, and a syndrome only where the CPU has one that tells something
// (Linux arch/arm64/kernel/traps.c, arm64_notify_die).
void other_signal(Task& task, int signal, int code, std::uint64_t address, std::uint64_t syndrome) {
    task.fault_address = 0;
    task.fault_syndrome = syndrome;
    send_fault(task, signal, code, address);
}

void signal_page_fault(Task& task, FaultResult result, std::uint64_t address, std::uint64_t syndrome) {
    switch (result) {
        case FaultResult::Resolved:
            return;
        case FaultResult::NotMapped:
            return access_signal(task, SIGSEGV, SEGV_MAPERR, address, syndrome);
        case FaultResult::NotPermitted:
            return access_signal(task, SIGSEGV, SEGV_ACCERR, address, syndrome);
        case FaultResult::BeyondObject:
            return access_signal(task, SIGBUS, BUS_ADRERR, address, syndrome);
        case FaultResult::OutOfMemory:
            print("out of memory: killed ", task.id, " (", task.name(), ")\n");
            return begin_process_exit(*task.process, SIGKILL);
    }
}

// Linux hides from programs what the syndrome says about the kernel's half (arch/arm64/mm/fault.c,
// set_thread_esr).
std::uint64_t visible_syndrome(std::uint64_t address, std::uint64_t syndrome) {
    if (address < AddressSpace::kUserEnd) {
        return syndrome;
    }
    constexpr std::uint64_t kTranslationLevel0 = 0x04;
    const std::uint64_t kept =
        syndrome & (std::uint64_t{0x3f} << 26 | std::uint64_t{1} << 25 |
                    (access_of(syndrome) == Access::Execute ? 0 : kWriteNotRead | kCacheMaintenance));
    return kept | kTranslationLevel0;
}

void handle_user_abort(Task& task, std::uint64_t syndrome) {
    const std::uint64_t far = READ_SYSTEM_REGISTER(far_el1);
    const std::uint64_t address = untagged(far);
    if ((syndrome & kFaultStatus) == kAlignmentFault) {
        return access_signal(task, SIGBUS, BUS_ADRALN, far, syndrome);
    }
    if (!is_page_fault(syndrome)) {
        return other_signal(task, SIGBUS, BUS_OBJERR, address, syndrome);
    }
    ++task.minor_faults;
    const FaultResult result = task.address_space->resolve_fault(address, access_of(syndrome));
    signal_page_fault(task, result, far, visible_syndrome(address, syndrome));
}

// What a program's instruction did, other than a system call or an abort.
void handle_user_instruction(Task& task, Registers& registers, std::uint64_t syndrome) {
    switch (exception_class(syndrome)) {
        case ExceptionClass::WaitForInstruction:
            registers.pc += 4;  // a program's WFI does nothing (Linux arch/arm64/kernel/traps.c, wfi_handler)
            return;
        case ExceptionClass::Unknown:
        case ExceptionClass::SystemRegister:
            if (!arch::emulate_instruction(registers)) {
                other_signal(task, SIGILL, ILL_ILLOPC, registers.pc, 0);
            }
            return;
        case ExceptionClass::PcAlignment:
            return other_signal(task, SIGBUS, BUS_ADRALN, READ_SYSTEM_REGISTER(far_el1), syndrome);
        case ExceptionClass::SpAlignment:
            return other_signal(task, SIGBUS, BUS_ADRALN, registers.sp, syndrome);
        case ExceptionClass::Breakpoint:
            return send_fault(task, SIGTRAP, TRAP_BRKPT, registers.pc);  // the frame keeps the last fault
        case ExceptionClass::FloatingPointException:
            return send_fault(task, SIGFPE, FPE_FLTUNK, registers.pc);
        default:
            return other_signal(task, SIGILL, ILL_ILLOPC, registers.pc, syndrome);
    }
}

[[noreturn]] void die(const Registers& registers, const char* what) {
    print("\nkernel exception: ", what, "\n  pc ", hex(registers.pc), " lr ", hex(registers.x[30]), " sp ",
          hex(registers.sp), "\n  syndrome ", hex(READ_SYSTEM_REGISTER(esr_el1)), " address ",
          hex(READ_SYSTEM_REGISTER(far_el1)), "\n");
    panic(what);
}

struct ExceptionTableEntry {
    std::uint64_t instruction;
    std::uint64_t fixup;
};
extern "C" const ExceptionTableEntry exception_table_start[];
extern "C" const ExceptionTableEntry exception_table_end[];

const ExceptionTableEntry* find_fixup(std::uint64_t pc) {
    for (const ExceptionTableEntry* entry = exception_table_start; entry != exception_table_end; ++entry) {
        if (entry->instruction == pc) {
            return entry;
        }
    }
    return nullptr;
}

}  // namespace

extern "C" void handle_user_synchronous(Registers& registers) {
    Task& task = Task::current();
    scheduler::enter_kernel(task);
    const std::uint64_t syndrome = READ_SYSTEM_REGISTER(esr_el1);
    registers.system_call = -1;
    switch (exception_class(syndrome)) {
        case ExceptionClass::SystemCall:
            handle_system_call(task, registers);
            break;
        case ExceptionClass::InstructionAbortUser:
        case ExceptionClass::DataAbortUser:
            handle_user_abort(task, syndrome);
            break;
        default:
            handle_user_instruction(task, registers, syndrome);
            break;
    }
    scheduler::leave_kernel(task, registers);
}

extern "C" void handle_user_interrupt(Registers& registers) {
    Task& task = Task::current();
    scheduler::enter_kernel(task);
    registers.system_call = -1;
    arch::handle_pending_interrupts();
    if (FAULT(interrupt_loses_x17)) {
        registers.x[17] = 0;
    }
    scheduler::leave_kernel(task, registers);
}

extern "C" void handle_user_unexpected(Registers& registers) {
    die(registers, "an exception that is not offered");
}

// Only the copies of user_copy.S may fault, on a program's address.
extern "C" void handle_kernel_synchronous(Registers& registers) {
    const std::uint64_t syndrome = READ_SYSTEM_REGISTER(esr_el1);
    const std::uint64_t address = untagged(READ_SYSTEM_REGISTER(far_el1));
    const ExceptionTableEntry* entry = find_fixup(registers.pc);
    if (exception_class(syndrome) != ExceptionClass::DataAbortKernel || entry == nullptr) {
        die(registers, "the kernel faulted");
    }
    Task& task = Task::current();
    if (address < AddressSpace::kUserEnd && is_page_fault(syndrome) && task.address_space) {
        ++task.minor_faults;
        if (task.address_space->resolve_fault(address, access_of(syndrome)) == FaultResult::Resolved) {
            return;
        }
    }
    registers.pc = entry->fixup;
}

extern "C" void handle_kernel_unexpected(Registers& registers) {
    die(registers, "an unexpected kernel exception");
}

extern "C" void handle_stack_overflow() {
    panic("a kernel stack overflowed");
}

}  // namespace kernel
