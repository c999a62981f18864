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

// What AT_RANDOM points to.
inline std::vector<std::byte> random_bytes() {
    std::vector<std::byte> bytes(16, std::byte{0xA5});
    bytes.front() = std::byte{0x5A};
    return bytes;
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
    failed.payloads = {{.argument = 1,
                        .direction = Direction::Out,
                        .element = {.piece = Piece::Buffer, .index = 3, .message = 2},
                        .bytes = to_bytes("\x01"),
                        .length = 9}};
    const std::vector<std::byte> time(16, std::byte{7});
    SyscallEvent unknown;
    unknown.number = 999;
    unknown.result = 0x7ffff7ff0000;
    std::vector<EventBody> bodies = {
        TaskStartEvent{TaskNumber{0}, 17, 100},
        ExecEvent{.path = "/bin/hello",
                  .argv = {"/bin/hello"},
                  .envp = {"PATH=/bin"},
                  .auxv = {{6, 4096}},
                  .sp = 0x7fffffffe000,
                  .entry_pc = 0x1000,
                  .platform = "aarch64",
                  .random = random_bytes()},
        AuxvReadEvent{6, 4096, 8, 8, 0x1040},
        write,
        failed,
        unknown,
        VdsoCallEvent{"__kernel_clock_gettime",
                      {1, 0x7fffffffd000},
                      0x2000,
                      0,
                      {{.argument = 1, .direction = Direction::Out, .bytes = time, .length = 16}}},
        SignalEvent{11,
                    1,
                    std::vector<std::byte>(128),
                    0x3000,
                    0x7fffffffc000,
                    0x3100,
                    1,
                    {0x7fffffff0000, 2, 8192},
                    0x8000000000000200,
                    0xdead,
                    {{0x46508001, 528}, {0x45535201, 16}},
                    0x92000046},
        RegistersEvent{{{"x17", "0x1", "0x2"}}, "irq", 0x3200},
        TaskEndEvent{0, std::nullopt},
        OutcomeEvent{std::nullopt, 11, to_bytes("hello"), to_bytes("\x80")},
    };
    std::uint64_t order = 0;
    for (EventBody& body : bodies) {
        if (auto* const call = std::get_if<SyscallEvent>(&body)) {
            call->entry_time = 1000 * order;
            call->entry_order = order++;
        }
        trace.events.push_back(make_event(1, trace.events.size(), order, std::move(body)));
        trace.events.back().time = 1000 * order++;
    }
    return trace;
}

}  // namespace levitate::traces::test
