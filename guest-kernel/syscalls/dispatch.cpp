#include "syscalls/dispatch.hpp"

#include <asm/unistd.h>

#include <array>
#include <utility>

#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

using Handler = Result<long> (*)(Task& task, const Registers& registers);

// One register as a handler's parameter. Integers narrower than a register lose their upper bits, as in
// Linux's wrappers.
template <typename T>
T argument(std::uint64_t value) {
    if constexpr (std::is_integral_v<T>) {
        return static_cast<T>(value);
    } else if constexpr (std::is_same_v<T, Fd>) {
        return Fd{static_cast<int>(value)};
    } else if constexpr (std::is_same_v<T, UserAddress>) {
        return UserAddress(value);
    } else {
        return T(UserAddress(value));
    }
}

template <auto Function>
struct Unpack;

template <typename... Arguments, Result<long> (*Function)(Task&, Arguments...)>
struct Unpack<Function> {
    static Result<long> call(Task& task, const Registers& registers) {
        return call_with(task, registers, std::index_sequence_for<Arguments...>());
    }

  private:
    template <std::size_t... Index>
    static Result<long> call_with(Task& task, const Registers& registers, std::index_sequence<Index...>) {
        static_cast<void>(registers);
        return Function(task, argument<Arguments>(registers.x[Index])...);
    }
};

constexpr std::array<Handler, __NR_syscalls> make_table() {
    std::array<Handler, __NR_syscalls> table{};
#define SUPPORTED(name, note) table[__NR_##name] = &Unpack<sys_##name>::call;
#define PARTIAL(name, missing) SUPPORTED(name, missing)
#include "syscalls/support.inc"
#undef SUPPORTED
#undef PARTIAL
    return table;
}

constexpr std::array<Handler, __NR_syscalls> kHandlers = make_table();

void call_handler(Task& task, Registers& registers) {
    const auto number = static_cast<std::uint64_t>(registers.system_call);
    const Handler handler = number < kHandlers.size() ? kHandlers[number] : nullptr;
    if (handler == nullptr) {
        registers.x[0] = static_cast<std::uint64_t>(-std::int64_t{ENOSYS});
        return;
    }
    if (registers.x[2] > 1 && ((FAULT(short_write) && number == __NR_write) ||
                               (FAULT(short_vector) && (number == __NR_readv || number == __NR_writev)))) {
        --registers.x[2];
    }
    const Result<long> result = handler(task, registers);
    registers.x[0] =
        static_cast<std::uint64_t>(result.is_error() ? -std::int64_t{result.error().value} : result.value());
}

}  // namespace

void handle_system_call(Task& task, Registers& registers) {
    registers.original_x0 = registers.x[0];
    registers.system_call = static_cast<std::int64_t>(registers.x[8] & 0xffff'ffff);
    // A tracer may change the number and the arguments; -1: no call (Linux arch/arm64/kernel/syscall.c).
    if (stop_at_call_entry(task, registers)) {
        if (registers.system_call != -1) {
            call_handler(task, registers);
        }
        stop_at_call_exit(task, registers);
    }
}

}  // namespace kernel
