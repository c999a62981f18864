// One stopped task under ptrace: its registers and memory. Precondition of every call here: the task is in a
// ptrace stop of ours. A call fails (false, nullopt, fewer bytes) if the task is not in such a stop because
// it has been killed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vmm/arch/registers.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm::native {

std::optional<GeneralRegisters> get_registers(pid_t tid);
bool set_registers(pid_t tid, const GeneralRegisters& registers);

// Writes even where the program cannot (its code): PTRACE_POKEDATA breaks private mappings. `address` and the
// size are multiples of 8.
bool poke(pid_t tid, GuestVirt address, std::span<const std::uint64_t> words);
// Replaces the instruction at a multiple of 4. Returns the one that stood there.
std::optional<std::uint32_t> replace_instruction(pid_t tid, GuestVirt address, std::uint32_t instruction);

enum class Resume { ToSyscall, Step, Listen };
// `signal` is delivered, unless it is 0.
bool resume(pid_t tid, Resume how, int signal = 0);

// The number that PTRACE_GETEVENTMSG gives for the stop.
std::uint64_t event_message(pid_t tid);

// Reads with the task's own permissions, except in the hidden range. These are pages that the tracer has
// taken away from the task, and that are read as if the task still had them.
class TraceeMemory final : public UserMemory {
  public:
    explicit TraceeMemory(pid_t tid) : tid_(tid) {}
    TraceeMemory(pid_t tid, GuestVirt hidden_begin, GuestVirt hidden_end)
        : tid_(tid), hidden_begin_(hidden_begin), hidden_end_(hidden_end) {}

    std::size_t read(GuestVirt address, std::span<std::byte> into) const override;

  private:
    std::size_t read_page_part(GuestVirt address, std::span<std::byte> into) const;
    std::size_t peek(GuestVirt address, std::span<std::byte> into) const;

    pid_t tid_;
    GuestVirt hidden_begin_{};
    GuestVirt hidden_end_{};
};

}  // namespace levitate::vmm::native
