// A guest whose tasks cross the boundary as a test says, traced by a BoundaryTracer.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/vmm/engine/fake_engine.hpp"
#include "traces/abi/constants.hpp"
#include "traces/format/event.hpp"
#include "traces/format/sinks.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm::test {

// EL0's side of one task, with its kernel stack and address space.
struct GuestTask {
    VcpuRegisters registers;  // pc is EL0's
};

inline constexpr std::uint64_t kProgramPath = 0x1000;
inline constexpr std::uint64_t kEntryPc = 0x400000;
inline constexpr std::uint64_t kInitialSp = 0x7fff0000;
inline constexpr std::uint64_t kInitStack = 0xffff000000010000;
inline constexpr std::uint64_t kProgramStack = 0xffff000000020000;
inline constexpr std::uint64_t kThreadStack = 0xffff000000030000;
inline constexpr std::uint64_t kInitSpace = 0x41000000;
inline constexpr std::uint64_t kProgramSpace = 0x42000000;
inline constexpr std::uint64_t kChildSpace = 0x43000000;
inline constexpr std::uint64_t kAsid = std::uint64_t{5} << 48;
inline constexpr std::uint64_t kSvc = 0x15;

class Guest {
  public:
    explicit Guest(const std::string& program = "/bin/program")
        : Guest(ProgramStart{.by = ProgramStart::By::Exec, .path = program}) {}
    explicit Guest(const ProgramStart& start) : tracer(engine, {}, start, sink) {
        engine.put_string(kProgramPath, "/bin/program");
        put_initial_stack(kInitialSp);
    }

    // argc 1, one environment string, AT_PAGESZ and AT_ENTRY.
    void put_initial_stack(std::uint64_t sp) {
        constexpr std::uint64_t kStrings = 0x7fffff00;
        engine.put_string(kStrings, "program");
        engine.put_string(kStrings + 0x10, "A=B");
        engine.put_words(sp, {1, kStrings, 0, kStrings + 0x10, 0, 6, 4096, 9, kEntryPc, 0, 0});
    }
    static constexpr std::uint64_t auxv_at(std::uint64_t sp) { return sp + 5 * sizeof(std::uint64_t); }

    void exception(const GuestTask& task, std::uint64_t exception_class, bool irq = false) {
        engine.state = task.registers;
        engine.state.elr_el1 = task.registers.pc;
        engine.state.spsr_el1 = task.registers.pstate;
        engine.state.esr_el1 = exception_class << 26;
        engine.state.pc = 0xffff000000001400;
        tracer.handle({.reason = ExitReason::ExceptionFromEl0, .irq = irq, .registers = engine.state});
    }

    // The SVC stands at task.registers.pc; afterwards pc is behind it, as ELR_EL1 is.
    void call(GuestTask& task, std::uint64_t number, const std::vector<std::uint64_t>& arguments = {}) {
        std::copy(arguments.begin(), arguments.end(), task.registers.x.begin());
        task.registers.x[8] = number;
        task.registers.pc += 4;
        exception(task, kSvc);
    }

    void resume(const GuestTask& task) {
        engine.state = task.registers;
        tracer.handle({.reason = ExitReason::ReturnToEl0, .registers = engine.state});
    }

    void return_from_call(GuestTask& task, std::int64_t result) {
        task.registers.x[0] = static_cast<std::uint64_t>(result);
        resume(task);
    }

    // init's child has executed the program and stands at its first instruction.
    GuestTask start_program() {
        GuestTask task;
        task.registers.sp_el1 = kProgramStack;
        task.registers.ttbr0_el1 = kInitSpace | kAsid;
        task.registers.pc = 0x10000;
        task.registers.sp = 0x20000;
        call(task, traces::abi::syscall_number("execve"), {kProgramPath, 0, 0});
        return enter_image(kProgramStack, kProgramSpace);
    }

    GuestTask enter_image(std::uint64_t stack, std::uint64_t space) {
        GuestTask task;
        task.registers.sp_el1 = stack;
        task.registers.ttbr0_el1 = space | kAsid;
        task.registers.pc = kEntryPc;
        task.registers.sp = kInitialSp;
        resume(task);
        for (unsigned index = 0; index < task.registers.x.size(); ++index) {
            task.registers.x[index] = 0x1000 + index;
        }
        return task;
    }

    // A frame for `signal` below the stack pointer of `task`, which goes to a handler at `handler` that asked
    // for the siginfo. Returns the task as it enters the handler.
    GuestTask deliver(const GuestTask& task, unsigned signal, std::uint64_t handler,
                      std::uint64_t interrupted_pc) {
        constexpr std::uint64_t kFrameSize = 0x1270;
        const std::uint64_t frame = (task.registers.sp - kFrameSize) & ~std::uint64_t{15};
        std::vector<std::uint64_t> words(kFrameSize / sizeof(std::uint64_t));
        words[0] = signal;
        const std::size_t first = (kSignalFrameMachineContext + 8) / sizeof(std::uint64_t);
        std::copy(task.registers.x.begin(), task.registers.x.end(), words.begin() + static_cast<long>(first));
        words[first + 31] = task.registers.sp;
        words[first + 32] = interrupted_pc;
        words[first + 33] = task.registers.pstate;
        engine.put_words(frame, words);
        GuestTask inside = task;
        inside.registers.x[0] = signal;
        inside.registers.x[1] = frame;
        inside.registers.x[2] = frame + kSignalFrameContext;
        inside.registers.sp = frame;
        inside.registers.pc = handler;
        return inside;
    }

    template <typename T>
    std::vector<T> all() const {
        return sink.all<T>();
    }

    std::vector<std::uint64_t> watched_tables() const {
        std::vector<std::uint64_t> tables;
        for (const WatchedLoads& one : tracer.stops().loads) {
            tables.push_back(one.table);
        }
        return tables;
    }

    FakeEngine engine;
    traces::TraceCollector sink;
    BoundaryTracer tracer;
};

}  // namespace levitate::vmm::test
