#include "vmm/run/console_writes.hpp"

#include <algorithm>
#include <string_view>
#include <variant>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::vmm {
namespace {

using traces::abi::constant;
using traces::abi::syscall_number;

bool has_flag(std::uint64_t flags, std::int64_t flag) {
    return (flags & static_cast<std::uint64_t>(flag)) != 0;
}

// Descriptors are ints; what stands in the upper half of the register does not count.
std::int64_t descriptor(std::uint64_t argument) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(argument));
}

std::string_view text_of(const traces::Payload& payload) {
    return {reinterpret_cast<const char*>(payload.bytes.data()), payload.bytes.size()};
}

// The first `count` of the bytes that the call was given to write, in their order.
std::vector<std::byte> written_bytes(const traces::SyscallEvent& call, std::size_t count) {
    std::vector<std::byte> bytes;
    for (const traces::Payload& payload : call.payloads) {
        const bool is_data =
            payload.direction == traces::Direction::In &&
            (payload.element.piece == traces::Piece::Buffer ||
             (payload.element.piece == traces::Piece::Object && call.number == syscall_number("write")));
        if (is_data) {
            bytes.insert(bytes.end(), payload.bytes.begin(), payload.bytes.end());
        }
    }
    bytes.resize(std::min(bytes.size(), count));
    return bytes;
}

}  // namespace

void ConsoleWrites::event(const traces::Event& event) {
    if (const auto* const start = std::get_if<traces::TaskStartEvent>(&event.body)) {
        start_task(event.task, *start);
        return;
    }
    const auto table = tables_.find(event.task);
    if (table == tables_.end()) {
        return;
    }
    if (const auto* const call = std::get_if<traces::SyscallEvent>(&event.body)) {
        syscall(*table->second, *call);
    } else if (std::holds_alternative<traces::ExecEvent>(event.body)) {
        exec(event.task);
    } else if (std::holds_alternative<traces::TaskEndEvent>(event.body)) {
        tables_.erase(table);
    }
}

void ConsoleWrites::start_task(traces::TaskNumber number, const traces::TaskStartEvent& start) {
    const auto parent = tables_.find(start.parent);
    if (parent == tables_.end()) {
        const Descriptor out{};
        tables_[number] = std::make_shared<Table>(
            Table{{0, out}, {1, out}, {2, {.stream = OutputStream::Stderr, .close_on_exec = false}}});
        receiver_.on_start();
    } else {
        tables_[number] = has_flag(start.clone_flags, constant("CLONE_FILES"))
                              ? parent->second
                              : std::make_shared<Table>(*parent->second);
    }
}

// A table that others share is copied first (fs/exec.c, begin_new_exec).
void ConsoleWrites::exec(traces::TaskNumber number) {
    auto own = std::make_shared<Table>(*tables_[number]);
    std::erase_if(*own, [](const auto& entry) { return entry.second.close_on_exec; });
    tables_[number] = std::move(own);
}

void ConsoleWrites::duplicate(Table& table, std::int64_t from, std::int64_t to, bool close_on_exec) {
    const auto source = table.find(from);
    if (source == table.end()) {
        table.erase(to);
    } else if (from != to) {
        table[to] = {.stream = source->second.stream, .close_on_exec = close_on_exec};
    }
}

void ConsoleWrites::syscall(Table& table, const traces::SyscallEvent& call) {
    if (!call.result || *call.result < 0) {
        return;
    }
    const std::int64_t result = *call.result;
    const std::int64_t first = descriptor(call.arguments[0]);
    if (call.number == syscall_number("write") || call.number == syscall_number("writev")) {
        write(table, call);
    } else if (call.number == syscall_number("sendfile") || call.number == syscall_number("splice")) {
        const std::size_t target = call.number == syscall_number("splice") ? 2 : 0;
        if (table.contains(descriptor(call.arguments[target])) && result > 0) {
            receiver_.on_unseen_output(call.number == syscall_number("splice") ? "splice" : "sendfile");
        }
    } else if (call.number == syscall_number("dup")) {
        duplicate(table, first, result, false);
    } else if (call.number == syscall_number("dup3")) {
        duplicate(table, first, result, has_flag(call.arguments[2], constant("O_CLOEXEC")));
    } else if (call.number == syscall_number("close")) {
        table.erase(first);
    } else if (call.number == syscall_number("close_range")) {
        std::erase_if(table, [&](const auto& entry) {
            const auto number = static_cast<std::uint64_t>(entry.first);
            return number >= call.arguments[0] && number <= call.arguments[1];
        });
    } else if (call.number == syscall_number("fcntl")) {
        const auto command = static_cast<std::int64_t>(call.arguments[1]);
        if (command == constant("F_DUPFD") || command == constant("F_DUPFD_CLOEXEC")) {
            duplicate(table, first, result, command == constant("F_DUPFD_CLOEXEC"));
        } else if (const auto entry = table.find(first);
                   command == constant("F_SETFD") && entry != table.end()) {
            entry->second.close_on_exec = has_flag(call.arguments[2], constant("FD_CLOEXEC"));
        }
    } else if (call.number == syscall_number("openat")) {
        const bool is_console = std::ranges::any_of(
            call.payloads, [](const traces::Payload& payload) { return text_of(payload) == "/dev/console"; });
        if (is_console) {
            table[result] = {.stream = OutputStream::Stdout,
                             .close_on_exec = has_flag(call.arguments[2], constant("O_CLOEXEC"))};
        }
    }
}

void ConsoleWrites::write(const Table& table, const traces::SyscallEvent& call) {
    const auto target = table.find(descriptor(call.arguments[0]));
    if (target != table.end()) {
        receiver_.on_output(target->second.stream,
                            written_bytes(call, static_cast<std::size_t>(*call.result)));
    }
}

}  // namespace levitate::vmm
