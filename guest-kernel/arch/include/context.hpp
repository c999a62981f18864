// What an architecture keeps of a task, and how it goes from one to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/result.hpp"

namespace kernel {

class Task;

// The program's registers as an exception saved them, at the top of the task's kernel stack.
// arch/aarch64/entry.S relies on the layout.
struct Registers {
    std::array<std::uint64_t, 31> x;
    std::uint64_t sp;
    std::uint64_t pc;
    std::uint64_t pstate;
    std::uint64_t original_x0;  // a system call's first argument, which the result overwrites
    std::int64_t system_call;   // its number; -1: no system call, or one that must not be restarted
};
static_assert(sizeof(Registers) % 16 == 0, "the stack pointer stays aligned");

// V0 to V31, FPSR and FPCR.
struct alignas(16) FloatingPointState {
    std::array<std::array<std::uint64_t, 2>, 32> v{};
    std::uint32_t fpsr = 0;
    std::uint32_t fpcr = 0;
};

// Everything of a task that is not in Registers: kept in the CPU while it runs, here while it does not.
struct Context {
    std::array<std::uint64_t, 12> callee_saved{};  // x19 … x30
    std::uint64_t sp = 0;
    std::uint64_t tls = 0;  // TPIDR_EL0
    FloatingPointState floating_point;
};

// A stack with an unmapped page below it.
class KernelStack {
  public:
    static constexpr std::size_t kSize = std::size_t{16} * 1024;

    KernelStack() = default;
    KernelStack(const KernelStack&) = delete;
    KernelStack& operator=(const KernelStack&) = delete;
    ~KernelStack();
    Result<void> allocate();
    // Gives it back before the task's end as an object. Precondition: nothing runs on it.
    void release();
    std::uint64_t top() const { return top_; }
    // Where every exception from the program saves its registers: the same address for all of the task's
    // life.
    Registers& registers() const;

  private:
    std::uint64_t top_ = 0;
};

}  // namespace kernel
