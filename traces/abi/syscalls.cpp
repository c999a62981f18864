#include "traces/abi/syscalls.hpp"

#include <algorithm>
#include <initializer_list>

#include "traces/abi/constants.hpp"

namespace levitate::traces::abi {
namespace {

constexpr Argument with_variation(Argument argument, Variation variation) {
    argument.variation = variation;
    return argument;
}

constexpr Argument with_timeout(Argument argument, Timeout timeout) {
    argument.timeout = timeout;
    return argument;
}

constexpr Argument with_type(Argument argument, std::string_view type) {
    argument.type = type;
    return argument;
}

// The result column of a row.
struct Result {
    ResultKind kind = ResultKind::Int;
    std::array<std::string_view, 3> bounds{};
};
constexpr Result Int{ResultKind::Int};
constexpr Result Fd{ResultKind::Fd};
constexpr Result Address{ResultKind::Address};
constexpr Result Size{ResultKind::Size};
constexpr Result Pid{ResultKind::Pid};
constexpr Result Time{ResultKind::Time};
constexpr Result None{ResultKind::None};
constexpr Result Zero{ResultKind::Zero};

// "val, val2": the names of the arguments whose sum the result is at most.
constexpr Result up_to(std::string_view names) {
    Result result{ResultKind::UpTo};
    for (std::size_t i = 0; i < result.bounds.size() && !names.empty(); ++i) {
        const std::size_t comma = names.find(',');
        result.bounds[i] = names.substr(0, comma);
        names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 2);
    }
    return result;
}
#define UP_TO(...) up_to(#__VA_ARGS__)

constexpr SyscallRow make_row(std::uint64_t number, std::string_view name, CallKind kind,
                              const Result& result, Area area, std::initializer_list<Argument> arguments) {
    SyscallRow row{.number = number,
                   .name = name,
                   .kind = kind,
                   .result = result.kind,
                   .area = area,
                   .bounds = result.bounds};
    for (const Argument& argument : arguments) {
        row.argument_storage[row.argument_count++] = argument;
    }
    return row;
}

constexpr Argument written(Writes writes, Argument argument) {
    argument.writes = writes;
    return argument;
}

constexpr Argument written_on(int error, Argument argument) {
    argument.error = error;
    return written(Writes::OnErrorToo, argument);
}

constexpr Argument only_on(int error, Argument argument) {
    argument.error = error;
    return written(Writes::OnErrorOnly, argument);
}

constexpr Argument sized(Extent extent, Argument argument) {
    argument.extent = extent;
    return argument;
}

constexpr Argument sending(Argument argument) {
    argument.sends = true;
    return argument;
}

#include "traces/abi/argument_macros.inc"

#define SYSCALL(name, kind, result, area, ...) \
    make_row(syscall_number(#name), #name, CallKind::kind, result, Area::area, {__VA_ARGS__}),
constexpr SyscallRow kRows[] = {
#include "traces/abi/syscalls.inc"
};

// A command is of the area of its call.
constexpr Area area_of(std::uint64_t number) {
    return std::ranges::find(kRows, number, &SyscallRow::number)->area;
}

struct CommandRow {
    std::uint64_t command = 0;
    SyscallRow row;
};

#define COMMAND(name, command, kind, result, ...)                                                   \
    {static_cast<std::uint64_t>(constant(#command)),                                                \
     make_row(syscall_number(#name), #name, CallKind::kind, result, area_of(syscall_number(#name)), \
              {__VA_ARGS__})},
constexpr CommandRow kCommands[] = {
#include "traces/abi/commands.inc"
};
#undef COMMAND
#include "traces/abi/undefine_macros.inc"

static_assert(std::ranges::is_sorted(kRows, {}, &SyscallRow::number));
static_assert(std::size(kRows) == std::size(kSyscallNumbers), "every number of the headers has a row");

constexpr std::uint64_t kFutexCommandMask =
    ~static_cast<std::uint64_t>(constant("FUTEX_WAIT_PRIVATE") | constant("FUTEX_CLOCK_REALTIME")) &
    0xffffffffU;

// The command among the arguments of a call that has_commands: 32 bits, as their kernel prototypes have it.
std::uint64_t command_of(const SyscallRow& row, std::span<const std::uint64_t, kMostArguments> arguments) {
    if (row.number == syscall_number("futex")) {
        return arguments[1] & kFutexCommandMask;
    }
    if (row.number == syscall_number("getsockopt")) {
        const bool of_sockets =
            (arguments[1] & 0xffffffffU) == static_cast<std::uint64_t>(constant("SOL_SOCKET"));
        return of_sockets ? arguments[2] & 0xffffffffU : UINT64_MAX;
    }
    const std::size_t index = row.number == syscall_number("prctl") ? 0 : 1;
    return arguments[index] & 0xffffffffU;
}

bool has_commands(std::uint64_t number) {
    return number == syscall_number("futex") || number == syscall_number("fcntl") ||
           number == syscall_number("ioctl") || number == syscall_number("prctl") ||
           number == syscall_number("getsockopt");
}

}  // namespace

std::span<const SyscallRow> all_syscalls() {
    return kRows;
}

const SyscallRow* find_syscall(std::uint64_t number) {
    const auto* found = std::ranges::lower_bound(kRows, number, {}, &SyscallRow::number);
    return found != std::end(kRows) && found->number == number ? found : nullptr;
}

const SyscallRow* find_syscall(std::string_view name) {
    const auto* found = std::ranges::find(kRows, name, &SyscallRow::name);
    return found != std::end(kRows) ? found : nullptr;
}

const SyscallRow* find_syscall(std::uint64_t number,
                               std::span<const std::uint64_t, kMostArguments> arguments) {
    const SyscallRow* row = find_syscall(number);
    if (row == nullptr || !has_commands(number)) {
        return row;
    }
    const std::uint64_t command = command_of(*row, arguments);
    const auto* found = std::ranges::find_if(kCommands, [&](const CommandRow& candidate) {
        return candidate.row.number == number && (candidate.command & 0xffffffffU) == command;
    });
    return found != std::end(kCommands) ? &found->row : row;
}

const SyscallRow* find_vdso_function(std::string_view symbol) {
    constexpr std::string_view kPrefix = "__kernel_";
    return symbol.starts_with(kPrefix) ? find_syscall(symbol.substr(kPrefix.size())) : nullptr;
}

std::string_view to_string(Area area) {
    switch (area) {
        case Area::Alloc:
            return "alloc";
        case Area::Env:
            return "env";
        case Area::Fs:
            return "fs";
        case Area::Io:
            return "io";
        case Area::Net:
            return "net";
        case Area::Process:
            return "process";
        case Area::Signal:
            return "signal";
        case Area::Sync:
            return "sync";
        case Area::System:
            return "system";
        case Area::Thread:
            return "thread";
        case Area::Time:
            return "time";
    }
    return "";
}

std::size_t argument_index(const SyscallRow& row, std::string_view name) {
    const auto arguments = row.arguments();
    return static_cast<std::size_t>(std::ranges::find(arguments, name, &Argument::name) - arguments.begin());
}

}  // namespace levitate::traces::abi
