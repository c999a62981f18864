// A small trace that has every kind of event once, for tests to write, cut and change.
#pragma once

#include <string>

#include "traces/abi/constants.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::test {

inline Header sample_header() {
    Header header;
    header.program = {"/bin/hello", std::string(64, 'a'), "0123"};
    header.libraries = {{"/lib/ld-linux-aarch64.so.1", std::string(64, 'b'), ""}};
    header.argv = {"/bin/hello", "\xff\xfe"};
    header.envp = {"PATH=/bin"};
    header.cwd = "/";
    header.stdin_bytes = to_bytes("line\n");
    header.seed = 0xfedcba9876543210;
    header.engine = "emu";
    header.kernel = "Linux 6.1.0";
    header.cpu = "Neoverse N1";
    header.auxv = {{16, 0x119fff}, {6, 4096}};
    return header;
}

inline Event make_event(std::uint32_t task, std::uint64_t index, std::uint64_t order, EventBody body) {
    return {.task = static_cast<TaskNumber>(task), .index = index, .order = order, .body = std::move(body)};
}

inline Trace sample_trace() {
    Trace trace{.header = sample_header(), .events = {}, .incomplete = {}};
    SyscallEvent write;
    write.number = abi::syscall_number("write");
    write.arguments = {1, 0x555500001000, 5, 0, 0, 0};
    write.result = 5;
    write.payloads = {{.argument = 1, .address = 0x555500001000, .bytes = to_bytes("hello"), .length = 5}};
    write.pc = 0x555500000120;
    write.sp = 0x7ffffffff000;
    SyscallEvent failed;
    failed.number = abi::syscall_number("read");
    failed.arguments = {0, 0xdead, 1U << 20U, 0, 0, 0};
    failed.result = -abi::error_number("EFAULT");
    failed.restarted = true;
    failed.payloads = {
        {.argument = 1, .direction = Direction::Out, .element = 3, .bytes = to_bytes("\x01"), .length = 9}};
    SyscallEvent unknown;
    unknown.number = 999;
    unknown.result = 0x7ffff7ff0000;
    std::vector<EventBody> bodies = {
        TaskStartEvent{TaskNumber{0}, 17, 100},
        ExecEvent{"/bin/hello", {"/bin/hello"}, {"PATH=/bin"}, {{6, 4096}}, 0x7fffffffe000, 0x1000},
        AuxvReadEvent{6, 4096, 8, 8, 0x1040},
        write,
        failed,
        unknown,
        VdsoCallEvent{"__kernel_clock_gettime", {1, 0x7fffffffd000}, 0x2000},
        SignalEvent{11, 1, std::vector<std::byte>(128), 0x3000, 0x7fffffffc000, 0x3100},
        RegistersEvent{{{"x17", "0x1", "0x2"}}, "irq", 0x3200},
        MemoryWriteEvent{"clear_child_tid", 0x4000, std::vector<std::byte>(4)},
        RegisterReadEvent{"cntvct_el0", 12345, 0x3300},
        MappedFileEvent{0x5000, 4096, 0, {"/lib/libc.so.6", std::string(64, 'c'), "99"}},
        TaskEndEvent{0, std::nullopt},
        OutcomeEvent{std::nullopt, 11, to_bytes("hello"), to_bytes("\x80")},
    };
    for (EventBody& body : bodies) {
        const std::uint64_t at = trace.events.size();
        trace.events.push_back(make_event(1, at, at, std::move(body)));
    }
    trace.events.back().instructions = 77;
    return trace;
}

}  // namespace levitate::traces::test
