#include "vmm/tracer/visit.hpp"

#include "traces/abi/syscalls.hpp"
#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm {

Visit::Visit(const VcpuRegisters& at_vector, bool interrupt, const UserMemory& memory)
    : registers(at_vector) {
    registers.pc = at_vector.elr_el1;
    registers.pstate = at_vector.spsr_el1;
    if (interrupt) {
        cause = Cause::Interrupt;
        return;
    }
    switch (exception_class(at_vector.esr_el1)) {
        case ExceptionClass::Svc64:
            cause = Cause::Syscall;
            number = call_number(registers);
            call = task_call(number);
            break;
        case ExceptionClass::InstructionAbort:
        case ExceptionClass::DataAbort:
            cause = Cause::Abort;
            break;
        case ExceptionClass::Unknown:
        case ExceptionClass::SystemRegister:
            cause = Cause::Undefined;
            instruction = read_value<std::uint32_t>(memory, GuestVirt{registers.pc}).value_or(0);
            break;
    }
}

std::uint64_t Visit::svc() const {
    return registers.pc - kInstructionSize;
}

std::string Visit::describe() const {
    switch (cause) {
        case Cause::Syscall: {
            const traces::abi::SyscallRow* const row = traces::abi::find_syscall(number);
            return "syscall " + (row == nullptr ? std::to_string(number) : std::string(row->name));
        }
        case Cause::Interrupt:
            return "irq";
        case Cause::Abort:
            return "abort";
        case Cause::Undefined:
            return "undefined instruction";
        case Cause::Other:
            break;
    }
    return "exception";
}

}  // namespace levitate::vmm
