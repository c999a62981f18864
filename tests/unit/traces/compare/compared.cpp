#include "tests/unit/traces/compare/compared.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces::test {

Trace simple_program(std::int64_t pid, std::uint64_t inode) {
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), pid);
    b.add(1, ExecEvent{"/bin/case",
                       {"case", "one"},
                       {"A=b"},
                       {{6, 4096}, {25, 0x7fffffffe800}},
                       0x7fffffffe000,
                       0x1000});
    b.add(1, AuxvReadEvent{6, 4096, 8, 8, 0x1040});
    b.add(1, AuxvReadEvent{25, 0x7fffffffe800, 8, 8, 0x1044});
    b.call(1, "set_tid_address", {0x4000}, pid);
    b.call(1, "mmap", {0, 8192, 3, 0x22, value(-1), 0}, 0x7ffff7f00000);
    auto& random = b.call(1, "getrandom", {0x4100, 8, 1}, 8);
    TraceBuilder::payload(random, 0, Direction::Out,
                          to_bytes("\x01\x02\x03\x04\x05\x06\x07" + std::to_string(pid % 10)));
    b.open(1, "/etc/passwd", 3);
    auto& stat = b.call(1, "fstat", {3, 0x4200}, 0);
    std::vector<std::byte> buffer(128);
    buffer[8] = static_cast<std::byte>(inode);
    buffer[16] = std::byte{0xa4};
    buffer[17] = std::byte{0x81};
    buffer[48] = std::byte{42};
    buffer[88] = static_cast<std::byte>(inode);  // st_mtime
    TraceBuilder::payload(stat, 1, Direction::Out, buffer);
    b.read(1, 3, "root:x:0:0\n");
    b.read(1, 3, "");
    b.call(1, "close", {3}, 0);
    b.call(1, "getpid", {}, pid);
    b.add(1, VdsoCallEvent{"__kernel_clock_gettime", {1, 0x7fffffffd000}, 0x2000, 0, {}});
    b.call(1, "tgkill", {value(pid), value(pid), 10}, 0);
    std::vector<std::byte> siginfo(128);
    siginfo[0] = std::byte{10};
    siginfo[8] = std::byte{0xfa};
    siginfo[9] = siginfo[10] = siginfo[11] = std::byte{0xff};
    siginfo[16] = static_cast<std::byte>(pid);
    b.add(1, SignalEvent{.signal = 10,
                         .code = -6,
                         .siginfo = siginfo,
                         .handler = 0x3000,
                         .frame = 0x7fffffffc000,
                         .interrupted_pc = 0x3100,
                         .records = {}});
    b.call(1, "rt_sigreturn", {}, std::nullopt);
    b.write(1, 1, "hello\n");
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "hello\n");
    return b.trace();
}

std::size_t index_of(const Trace& trace, std::string_view name, std::size_t nth) {
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        const auto* call = std::get_if<SyscallEvent>(&trace.events[i].body);
        if (call != nullptr && abi::find_syscall(call->number)->name == name && nth-- == 0) {
            return i;
        }
    }
    ADD_FAILURE() << "no " << name;
    return 0;
}

Trace threaded_program(const ThreadedOptions& options) {
    TraceBuilder b;
    const auto wait = value(abi::constant("FUTEX_WAIT_BITSET") | abi::constant("FUTEX_CLOCK_REALTIME"));
    const auto wake = value(abi::constant("FUTEX_WAKE_PRIVATE"));
    b.start(1, 0, 17, 100);
    b.call(1, "mmap", {0, 0x200000, 3, 0x22, value(-1), 0}, 0x7ffff7c00000);
    b.call(1, "clone", {kThreadFlags, 0x7ffff7dff000, 0x7ffff7dff100, 0x7ffff7dff200, 0x7ffff7dff100},
           options.tid);
    const auto child = [&] {
        b.call(2, "mmap", {0, 0x200000, 3, 0x22, value(-1), 0}, static_cast<std::int64_t>(options.stack));
        b.call(2, "mprotect", {options.stack + 0x1000, 0x1000, 3}, 0);
        b.call(2, "gettid", {}, options.tid);
        b.call(2, "futex", {0x4000, wake, 1}, options.wake_count);
    };
    b.start(2, 1, kThreadFlags, options.tid);
    if (options.child_first) {
        child();
    }
    if (options.main_waits) {
        b.call(1, "futex", {0x7ffff7dff100, wait, value(options.tid), 0, 0, 0xffffffff}, options.wait_result);
    }
    b.call(1, "sched_getaffinity", {0, 128, 0}, 8);
    if (!options.child_first) {
        child();
    }
    b.call(2, "exit", {0}, std::nullopt);
    b.end(2, 0);
    b.call(1, "munmap", {0x7ffff7c00000, 0x200000}, 0);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

}  // namespace levitate::traces::test
