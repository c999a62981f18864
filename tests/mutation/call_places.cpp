// Places inside of system calls.
#include "tests/mutation/place_collector.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/payload.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

using abi::ArgumentKind;

std::size_t size_of(ArgumentKind kind) {
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
            return 4;
        default:
            return 8;
    }
}

void collect_arguments(PlaceCollector& collector, const SyscallEvent& call, const abi::SyscallRow& row) {
    for (std::size_t i = 0; i < row.argument_count; ++i) {
        const abi::Argument& argument = row.arguments()[i];
        if (argument.kind == ArgumentKind::Unused) {
            continue;
        }
        const bool flags = argument.kind == ArgumentKind::Flags || argument.kind == ArgumentKind::Flags64 ||
                           argument.kind == ArgumentKind::Mode;
        const std::size_t size = size_of(argument.kind);
        const std::uint64_t mask = size == 4 ? 0xffffffffU : ~std::uint64_t{0};
        collector.number(std::string(argument.name), size, call.arguments[i] & mask,
                         flags ? NumberKind::Flags : NumberKind::Plain,
                         [i, mask](Event& event, std::uint64_t value) {
                             auto& arguments = std::get<SyscallEvent>(event.body).arguments;
                             arguments[i] = (arguments[i] & ~mask) | (value & mask);
                         });
    }
}

// Where messages are read and written, some pieces of memory have types of their own
// (traces/abi/payload.hpp).
std::string_view type_of_message_piece(unsigned element) {
    switch (element % abi::kMessageStride) {
        case 1:
            return "sockaddr";
        case 3:
            return "iovec";
        default:
            return {};
    }
}

std::string_view type_of(const SyscallEvent& call, const abi::Argument& argument, const Payload& payload) {
    if (argument.type == "user_msghdr" || argument.type == "mmsghdr") {
        return payload.element == 0 ? argument.type : type_of_message_piece(payload.element);
    }
    if (call.number == abi::syscall_number("getdents64")) {
        return "linux_dirent64";
    }
    if (argument.name == "address" && argument.count == "addrlen") {
        return "sockaddr";
    }
    if (argument.type == "sigset_argpack" && payload.element == 1) {
        return "kernel_sigset_t";
    }
    if (payload.element != 0) {
        return {};
    }
    const bool vector = argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
    return vector ? "iovec" : argument.type;
}

void collect_payloads(PlaceCollector& collector, const SyscallEvent& call, const abi::SyscallRow& row) {
    for (std::size_t i = 0; i < call.payloads.size(); ++i) {
        const Payload& payload = call.payloads[i];
        if (payload.argument >= row.argument_count) {
            continue;
        }
        const abi::Argument& argument = row.arguments()[payload.argument];
        const std::string name =
            (payload.direction == Direction::In ? "in " : "out ") + std::string(argument.name);
        collect_objects(collector, name, type_of(call, argument, payload), payload.bytes,
                        [i](Event& event) -> std::vector<std::byte>& {
                            return std::get<SyscallEvent>(event.body).payloads[i].bytes;
                        });
    }
}

}  // namespace

void collect_call(PlaceCollector& collector, const SyscallEvent& call) {
    if (call.result) {
        collector.number(
            "result", call, [](SyscallEvent& body) -> auto& { return *body.result; }, NumberKind::Result);
    }
    if (const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments)) {
        collect_arguments(collector, call, *row);
        collect_payloads(collector, call, *row);
    }
}

}  // namespace levitate::traces::mutation
