// What the kernel is about to read.
#include <algorithm>

#include "traces/abi/layouts.hpp"
#include "traces/payload/call_memory.hpp"

namespace levitate::traces {
namespace {

bool reads_at_entry(abi::ArgumentKind kind) {
    switch (kind) {
        case abi::ArgumentKind::Path:
        case abi::ArgumentKind::Strings:
        case abi::ArgumentKind::In:
        case abi::ArgumentKind::Inout:
        case abi::ArgumentKind::InBytes:
        case abi::ArgumentKind::InArray:
        case abi::ArgumentKind::InoutArray:
        case abi::ArgumentKind::InIovec:
        case abi::ArgumentKind::OutIovec:
            return true;
        default:
            return false;
    }
}

class EntryReader {
  public:
    explicit EntryReader(CallMemory memory) : memory_(memory) {}

    void read() {
        const abi::SyscallRow& row = memory_.row();
        for (std::size_t i = 0; i < row.argument_count; ++i) {
            if (memory_.argument(i) != 0 && reads_at_entry(row.argument_storage[i].kind)) {
                read_argument(i);
            }
        }
    }

  private:
    void read_argument(std::size_t index);
    void read_message(std::size_t argument, std::uint64_t address, unsigned number, bool sending);
    void read_messages(std::size_t argument, std::uint64_t address, std::uint64_t count, bool sending);
    void read_signal_set(std::size_t argument, std::uint64_t address);

    CallMemory memory_;
};

void EntryReader::read_argument(std::size_t index) {
    const abi::Argument& argument = memory_.row().argument_storage[index];
    const std::uint64_t address = memory_.argument(index);
    switch (argument.kind) {
        case abi::ArgumentKind::Path:
            memory_.add_path(index);
            break;
        case abi::ArgumentKind::Strings:
            memory_.add_strings(index);
            break;
        case abi::ArgumentKind::In:
        case abi::ArgumentKind::Inout:
            memory_.add(index, {}, address, memory_.object_bytes(argument));
            if (argument.type == "user_msghdr") {
                read_message(index, address, 0, argument.kind == abi::ArgumentKind::In);
            } else if (argument.type == "sigset_argpack") {
                read_signal_set(index, address);
            }
            break;
        case abi::ArgumentKind::InBytes:
            memory_.add(index, {}, address, memory_.count_of(argument));
            break;
        case abi::ArgumentKind::InArray:
        case abi::ArgumentKind::InoutArray:
            memory_.add(index, {}, address,
                        saturating_product(memory_.count_of(argument), abi::type_size(argument.type)));
            if (argument.type == "mmsghdr") {
                read_messages(index, address, memory_.count_of(argument), argument.sends);
            }
            break;
        default:  // the two kinds of iovec
            memory_.add(index, {}, address, saturating_product(memory_.count_of(argument), kIovecBytes));
            if (argument.kind == abi::ArgumentKind::InIovec) {
                memory_.add_buffers(index, 0, address, memory_.count_of(argument), UINT64_MAX);
            }
            break;
    }
}

void EntryReader::read_message(std::size_t argument, std::uint64_t address, unsigned number, bool sending) {
    const auto message = memory_.read(address, abi::type_size("user_msghdr"));
    const std::uint64_t iovecs = message_field(message, "msg_iov");
    const std::uint64_t count = message_field(message, "msg_iovlen");
    if (sending) {
        memory_.add(argument, {.piece = Piece::Name, .message = number}, message_field(message, "msg_name"),
                    message_field(message, "msg_namelen"));
        memory_.add(argument, {.piece = Piece::Control, .message = number},
                    message_field(message, "msg_control"), message_field(message, "msg_controllen"));
    }
    memory_.add(argument, {.piece = Piece::Vector, .message = number}, iovecs,
                std::min<std::uint64_t>(count, kMostIovecs) * kIovecBytes);
    if (sending) {
        memory_.add_buffers(argument, number, iovecs, count, UINT64_MAX);
    }
}

void EntryReader::read_messages(std::size_t argument, std::uint64_t address, std::uint64_t count,
                                bool sending) {
    for (std::size_t i = 0; i < std::min<std::uint64_t>(count, kMostMessages); ++i) {
        read_message(argument, address + i * abi::type_size("mmsghdr"), static_cast<unsigned>(i), sending);
    }
}

void EntryReader::read_signal_set(std::size_t argument, std::uint64_t address) {
    const auto pack = memory_.read(address, abi::type_size("sigset_argpack"));
    memory_.add(
        argument, {.piece = Piece::SignalSet}, abi::read_number(pack, 0, 8).value_or(0),
        std::min<std::uint64_t>(abi::read_number(pack, 8, 8).value_or(0), abi::type_size("kernel_sigset_t")));
}

}  // namespace

std::vector<Payload> read_payloads_at_entry(std::uint64_t number, Arguments arguments, MemoryReader& memory) {
    std::vector<Payload> payloads;
    if (const abi::SyscallRow* row = abi::find_syscall(number, arguments)) {
        EntryReader{CallMemory{*row, arguments, Direction::In, memory, payloads}}.read();
    }
    return payloads;
}

}  // namespace levitate::traces
