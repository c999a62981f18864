// Places inside of system calls.
#include <algorithm>

#include "tests/mutation/place_collector.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/pieces.hpp"

namespace levitate::traces::mutation {
namespace {

using abi::ArgumentKind;

template <typename Call>
void collect_arguments(PlaceCollector& collector, const Call& call, const abi::SyscallRow& row) {
    const std::size_t count = std::min(row.argument_count, call.arguments.size());
    for (std::size_t i = 0; i < count; ++i) {
        const abi::Argument& argument = row.arguments()[i];
        if (argument.kind == ArgumentKind::Unused) {
            continue;
        }
        const bool flags = argument.kind == ArgumentKind::Flags || argument.kind == ArgumentKind::Flags64 ||
                           argument.kind == ArgumentKind::Mode;
        const std::uint64_t mask = abi::significant_bits(argument.kind);
        const std::size_t size = mask == 0xffffffffU ? 4 : 8;
        collector.number(std::string(argument.name), size, call.arguments[i] & mask,
                         flags ? NumberKind::Flags : NumberKind::Plain,
                         [i, mask](Event& event, std::uint64_t value) {
                             auto& arguments = std::get<Call>(event.body).arguments;
                             arguments[i] = (arguments[i] & ~mask) | (value & mask);
                         });
    }
}

std::string_view type_of(const abi::Argument& argument, Piece piece) {
    switch (piece) {
        case Piece::Object: {
            const bool vector =
                argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
            return vector ? "iovec" : argument.type;
        }
        case Piece::Name:
            return "sockaddr";
        case Piece::Vector:
            return "iovec";
        case Piece::SignalSet:
            return "kernel_sigset_t";
        case Piece::Pidfd:
        case Piece::ParentTid:
            return "int";
        default:
            return {};
    }
}

template <typename Call>
void collect_payloads(PlaceCollector& collector, const Call& call, const abi::SyscallRow& row) {
    for (std::size_t i = 0; i < call.payloads.size(); ++i) {
        const Payload& payload = call.payloads[i];
        if (payload.argument < row.argument_count) {
            const abi::Argument& argument = row.arguments()[payload.argument];
            collect_objects(collector, name_of(row, payload), type_of(argument, payload.element.piece),
                            payload.bytes, [i](Event& event) -> std::vector<std::byte>& {
                                return std::get<Call>(event.body).payloads[i].bytes;
                            });
        }
    }
}

template <typename Call>
void collect(PlaceCollector& collector, const Call& call, const abi::SyscallRow* row) {
    if (call.result) {
        collector.number(
            "result", call, [](Call& body) -> auto& { return *body.result; }, NumberKind::Result);
    }
    if (row != nullptr) {
        collect_arguments(collector, call, *row);
        collect_payloads(collector, call, *row);
    }
}

}  // namespace

std::string name_of(const abi::SyscallRow& row, const Payload& payload) {
    const bool named = payload.argument < row.argument_count;
    std::string name = payload.direction == Direction::In ? "in " : "out ";
    name += named ? std::string(row.arguments()[payload.argument].name) : std::to_string(payload.argument);
    if (payload.element.piece != Piece::Object) {
        name += " " + std::string(piece_name(payload.element.piece));
    }
    return name;
}

void collect_call(PlaceCollector& collector, const SyscallEvent& call) {
    collect(collector, call, abi::find_syscall(call.number, call.arguments));
}

void collect_vdso_call(PlaceCollector& collector, const VdsoCallEvent& call) {
    collector.string<VdsoCallEvent>("symbol", call.symbol,
                                    [](VdsoCallEvent& body) -> auto& { return body.symbol; });
    collect(collector, call, abi::find_vdso_function(call.symbol));
}

}  // namespace levitate::traces::mutation
