// Tasks, and what comes from EL0. The kernel is never interrupted. A call that waits leaves its task's
// registers in their frame, and another task goes on.
#include <asm/signal.h>
#include <linux/mman.h>

#include "tests/kernels/example/kernel.hpp"

extern "C" {
struct Resume {  // entry.S
    Frame* frame;
    char* stack;
};
Resume handle_exception(uint64_t vector, Frame* frame);
[[noreturn]] void resume_frame(Frame* frame, char* stack);
}

static constexpr int kTasks = 32;
static Task tasks[kTasks];
static Task stack_for_all;
static int living;

static volatile uint32_t& gic(uint64_t offset) {  // GICv2: Arm IHI 0048
    return *direct<volatile uint32_t>(0x0800'0000 + offset);
}

// The next task that can go on, in turn. The virtual timer ends its turn if there are others.
static Resume resume() {
    Task* next = nullptr;
    uint64_t others = 0;
    for (int i = 1; i <= kTasks; ++i) {
        Task& task = tasks[(current - tasks + i) % kTasks];
        if (task.state == State::Runnable) {
            others = next != nullptr ? 1 : 0;
            next = next != nullptr ? next : &task;
        }
    }
    __asm__ volatile("msr cntv_tval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" : : "r"(1ul << 18), "r"(others));
    while (next == nullptr) {
        __asm__ volatile("wfi");  // every task waits for another, and nothing is armed
    }
    current = next;
    return {&next->frame(), has_one_stack ? stack_for_all.stack_top() : next->stack_top()};
}

static void handle_program(Frame& frame, uint64_t syndrome, uint64_t address) {
    constexpr uint64_t kCall = 0x15, kInstructionAbort = 0x20, kDataAbort = 0x24, kBreakpoint = 0x3c;
    const uint64_t kind = syndrome >> 26;
    if (kind == kCall) {
        // No call may destroy these. A handler that is written in haste does.
        frame.x[17] = frame.pc;
        frame.v[0] = frame.v[1] = 0;
        const long result = call(frame.x[8], frame.x);
        if (current->state == State::Runnable) {
            frame.x[0] = static_cast<uint64_t>(result);
        }
    } else if (kind == kInstructionAbort || kind == kDataAbort) {
        const uint64_t data_access = (syndrome & 1 << 6) != 0 ? PROT_WRITE : PROT_READ;
        const uint64_t access = kind == kDataAbort ? data_access : PROT_EXEC;
        const bool is_translation = (syndrome & 0x3c) == 4;
        if (!is_translation || !change(Pages::Reach, address, 1, access)) {
            end_init(SIGSEGV);
        }
    } else {
        end_init(kind == kBreakpoint ? SIGTRAP : SIGILL);
    }
}

Resume handle_exception(uint64_t vector, Frame* frame) {
    constexpr uint64_t kProgram = 8, kInterrupt = 9;  // slots of the vector table
    uint64_t syndrome = 0;
    uint64_t address = 0;
    __asm__ volatile("mrs %0, esr_el1\n\tmrs %1, far_el1" : "=r"(syndrome), "=r"(address));
    if (vector != kProgram && vector != kInterrupt) {
        panic("exception in the kernel, ESR_EL1 0x", syndrome);
    }
    if (frame != &current->frame()) {
        current->frame() = *frame;
    }
    if (vector == kProgram) {
        handle_program(current->frame(), syndrome, address);
    } else {
        __asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb");
        gic(0x1'0010) = gic(0x1'000c);  // GICC_EOIR, GICC_IAR
    }
    return resume();
}

Task* new_task(const Frame& frame) {
    static uint64_t last_number = 0;
    for (Task& task : tasks) {
        if (task.state == State::Free) {
            task.state = State::Runnable;
            task.number = ++last_number;
            task.frame() = frame;
            ++living;
            return &task;
        }
    }
    return nullptr;
}

long wake(uint64_t futex, uint64_t count) {
    uint64_t woken = 0;
    for (Task& task : tasks) {
        if (task.state == State::Waiting && task.futex == futex && woken < count) {
            task.state = State::Runnable;
            task.frame().x[0] = 0;
            ++woken;
        }
    }
    return static_cast<long>(woken);
}

void end_task(uint64_t status) {
    if (current->clear_tid != 0 && change(Pages::Reach, current->clear_tid, sizeof(uint32_t), PROT_WRITE)) {
        *reinterpret_cast<uint32_t*>(current->clear_tid) = 0;
        wake(current->clear_tid, 1);
    }
    current->state = State::Free;
    if (--living == 0) {
        end_init((status & 255) << 8);
    }
}

void end_init(uint64_t wait_status) {
    panic("Attempted to kill init! exitcode=0x", wait_status);
}

void run_init() {
    for (const char* at = command_line; *at != '\0'; ++at) {
        has_one_stack = has_one_stack || starts_with(at, "one-stack");
        is_misaligned = is_misaligned || starts_with(at, "misaligned-frame");
    }
    gic(0) = 1;                                                    // GICD_CTLR
    gic(0x100) = 1 << 27;                                          // GICD_ISENABLER0: the virtual timer
    gic(0x1'0004) = 0xff;                                          // GICC_PMR
    gic(0x1'0000) = 1;                                             // GICC_CTLR
    __asm__ volatile("msr cntkctl_el1, %0" : : "r"(uint64_t{2}));  // EL0 may read the counter
    static Frame frame;
    load_init(frame);
    current = new_task(frame);
    const Resume first = resume();
    resume_frame(first.frame, first.stack);
}
