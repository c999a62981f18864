// The table of system calls (syscalls.inc, commands.inc) as host code sees it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace levitate::traces::abi {

// What a call is to a comparison of two recordings; syscalls.inc says what each means.
enum class CallKind {
    Exact,
    Wait,
    Wake,
    Stream,
    Poll,
    Birth,
    Exec,
    Exit,
    ExitGroup,
    Reap,
    SignalReturn,
    Raise,
    Unmask,
    Map,
    Unmap,
    Remap,
    Protect,
    Break,
    Advise,
    Query,
    Open,
    OpenAnonymous,
    OpenSignals,
    OpenPair,
    Duplicate,
    Close,
};

// What a successful result is. Zero: nothing but 0. UpTo: 0 to the sum of the arguments that
// SyscallRow::bounds names.
enum class ResultKind { Int, Fd, Address, Size, Pid, Time, None, Zero, UpTo };

// Which part of Rust's std needs a call above all; syscalls.inc says what each means.
enum class Area { Alloc, Env, Fs, Io, Net, Process, Signal, Sync, System, Thread, Time };

// What the bytes of an argument are that differ from run to run; syscalls.inc says what each means.
enum class Variation { None, ClockReading, Remaining, Random, MaybePid };

// What an argument says of the time at which the call gives up; syscalls.inc says what each means.
enum class Timeout { None, Duration, Until };

// One enumerator an argument macro of syscalls.inc.
enum class ArgumentKind {
    Fd,
    Int,
    Uint,
    Long,
    Size,
    Offset,
    Mode,
    Pid,
    Signal,
    Clock,
    Flags,
    Flags64,
    Enum,
    Address,
    Opaque,
    Path,
    Strings,
    In,
    Out,
    Inout,
    InBytes,
    OutBytes,
    InArray,
    OutArray,
    InoutArray,
    InIovec,
    OutIovec,
    Futex,
    Unused,  // an argument for which a command has no use
};

// When a call writes through a pointer argument.
enum class Writes {
    OnSuccess,
    OnErrorToo,     // also where it fails with Argument::error
    OnErrorOnly,    // only where it fails with Argument::error, not where it succeeds
    IfPositive,     // where the result is greater than 0
    IfToldOfChild,  // as CLONE_PARENT_SETTID and CLONE_PIDFD of the first argument say
};

// How much of an array of elements or bytes the call writes.
enum class Extent {
    ByResult,  // as much as the result says, where it is a size or a number of elements
    Whole,
    PerPage,  // a byte for each page of the length
};

// The bits of a register that the kernel looks at if it holds an argument of this kind: the lower 32, or all.
constexpr std::uint64_t significant_bits(ArgumentKind kind) {
    switch (kind) {
        case ArgumentKind::Fd:
        case ArgumentKind::Int:
        case ArgumentKind::Uint:
        case ArgumentKind::Mode:
        case ArgumentKind::Pid:
        case ArgumentKind::Signal:
        case ArgumentKind::Clock:
        case ArgumentKind::Flags:
        case ArgumentKind::Enum:
            return 0xffffffffU;
        default:
            return ~std::uint64_t{0};
    }
}

struct Argument {
    ArgumentKind kind = ArgumentKind::Int;
    std::string_view name;
    std::string_view type;   // of the pointee, or the set of a Flags or Enum argument; else empty
    std::string_view count;  // the argument (or number) that says how many bytes or elements; else empty
    Variation variation = Variation::None;
    Timeout timeout = Timeout::None;
    Writes writes = Writes::OnSuccess;
    int error = 0;
    Extent extent = Extent::ByResult;
    bool sends = false;  // the argument is messages whose buffers the call reads
};

constexpr std::size_t kMostArguments = 6;

struct SyscallRow {
    std::uint64_t number = 0;
    std::string_view name;
    CallKind kind = CallKind::Exact;
    ResultKind result = ResultKind::Int;
    Area area = Area::System;
    std::array<std::string_view, 3> bounds{};  // for ResultKind::UpTo: names of arguments, the rest empty
    std::array<Argument, kMostArguments> argument_storage{};
    std::size_t argument_count = 0;

    constexpr std::span<const Argument> arguments() const {
        return std::span(argument_storage).first(argument_count);
    }
};

// Every row, in the order of the numbers.
std::span<const SyscallRow> all_syscalls();

// nullptr where AArch64 Linux 6.1 has no such call.
const SyscallRow* find_syscall(std::uint64_t number);
const SyscallRow* find_syscall(std::string_view name);

// The row of a call with these arguments: that of its command (commands.inc: ioctl, fcntl, prctl, futex,
// getsockopt) where there is one, else the call's own. nullptr where the number is unknown.
const SyscallRow* find_syscall(std::uint64_t number,
                               std::span<const std::uint64_t, kMostArguments> arguments);

// The call that a function of the vDSO ("__kernel_clock_gettime") does without the kernel, with the same
// arguments. nullptr: no such function is known.
const SyscallRow* find_vdso_function(std::string_view symbol);

// "alloc", "fs", ...
std::string_view to_string(Area area);

// Index of the argument with this name, or argument_count if there is none.
std::size_t argument_index(const SyscallRow& row, std::string_view name);

// Whether a result reports an error, as Linux does with -4095 to -1.
constexpr bool is_error(std::int64_t result) {
    return result < 0 && result >= -4095;
}

}  // namespace levitate::traces::abi
