// Builds traces call by call.
#pragma once

#include <map>
#include <string_view>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::test {

inline std::uint64_t value(std::int64_t number) {
    return static_cast<std::uint64_t>(number);
}

class TraceBuilder {
  public:
    TraceBuilder() {
        trace_.header.program = {"/bin/case", "aa", ""};
        trace_.header.engine = "emu";
    }

    Event& add(std::uint32_t task, EventBody body) {
        Event event;
        event.task = static_cast<TaskNumber>(task);
        event.index = next_index_[task]++;
        if (auto* const call = std::get_if<SyscallEvent>(&body)) {
            call->entry_order = next_order_++;
        }
        event.order = next_order_++;
        event.body = std::move(body);
        trace_.events.push_back(std::move(event));
        return trace_.events.back();
    }

    SyscallEvent& call(std::uint32_t task, std::string_view name,
                       std::initializer_list<std::uint64_t> arguments, std::optional<std::int64_t> result) {
        SyscallEvent call;
        call.number = abi::find_syscall(name)->number;
        std::copy(arguments.begin(), arguments.end(), call.arguments.begin());
        call.result = result;
        return std::get<SyscallEvent>(add(task, std::move(call)).body);
    }

    static void payload(SyscallEvent& call, unsigned argument, Direction direction,
                        std::vector<std::byte> bytes, const PayloadElement& element = {}) {
        const std::uint64_t length = bytes.size();
        call.payloads.push_back({.argument = argument,
                                 .direction = direction,
                                 .element = element,
                                 .address = call.arguments[argument],
                                 .bytes = std::move(bytes),
                                 .length = length});
    }

    SyscallEvent& read(std::uint32_t task, std::uint64_t fd, std::string_view text) {
        SyscallEvent& event = call(task, "read", {fd, 0x5000, 4096}, static_cast<std::int64_t>(text.size()));
        if (!text.empty()) {
            payload(event, 1, Direction::Out, to_bytes(text));
        }
        return event;
    }

    SyscallEvent& write(std::uint32_t task, std::uint64_t fd, std::string_view text) {
        SyscallEvent& event =
            call(task, "write", {fd, 0x6000, text.size()}, static_cast<std::int64_t>(text.size()));
        payload(event, 1, Direction::In, to_bytes(text));
        return event;
    }

    SyscallEvent& open(std::uint32_t task, std::string_view path, std::int64_t fd) {
        SyscallEvent& event = call(task, "openat", {value(abi::constant("AT_FDCWD")), 0x7000, 0}, fd);
        payload(event, 1, Direction::In, to_bytes(path));
        return event;
    }

    void start(std::uint32_t task, std::uint32_t parent, std::uint64_t clone_flags, std::int64_t tid) {
        add(task, TaskStartEvent{static_cast<TaskNumber>(parent), clone_flags, tid});
    }

    void end(std::uint32_t task, int exit_code) { add(task, TaskEndEvent{exit_code, std::nullopt}); }

    void outcome(int exit_code, std::string_view text) {
        add(1, OutcomeEvent{exit_code, std::nullopt, to_bytes(text), {}});
    }

    Trace& trace() { return trace_; }

  private:
    Trace trace_;
    std::map<std::uint32_t, std::uint64_t> next_index_;
    std::uint64_t next_order_ = 0;
};

constexpr std::uint64_t kThreadFlags = static_cast<std::uint64_t>(
    abi::constant("CLONE_VM") | abi::constant("CLONE_FS") | abi::constant("CLONE_FILES") |
    abi::constant("CLONE_SIGHAND") | abi::constant("CLONE_THREAD"));

}  // namespace levitate::traces::test
