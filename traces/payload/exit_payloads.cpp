// What the kernel has written, and what could not be read before.
#include <algorithm>
#include <utility>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/payload/call_memory.hpp"
#include "traces/payload/short_payload.hpp"

namespace levitate::traces {
namespace {

// How many payloads a call that failed may have, since its arguments may be meaningless. A vector of the
// largest length still fits.
constexpr std::size_t kMostRefusedPayloads = 1 + 1024;
constexpr auto kParentSettid = static_cast<std::uint64_t>(abi::constant("CLONE_PARENT_SETTID"));
constexpr auto kPidfd = static_cast<std::uint64_t>(abi::constant("CLONE_PIDFD"));

bool writes_at_exit(abi::ArgumentKind kind) {
    switch (kind) {
        case abi::ArgumentKind::Out:
        case abi::ArgumentKind::Inout:
        case abi::ArgumentKind::OutBytes:
        case abi::ArgumentKind::OutArray:
        case abi::ArgumentKind::InoutArray:
        case abi::ArgumentKind::OutIovec:
            return true;
        default:
            return false;
    }
}

class ExitReader {
  public:
    ExitReader(CallMemory memory, std::int64_t result) : memory_(memory), result_(result) {}

    void read() {
        const abi::SyscallRow& row = memory_.row();
        for (std::size_t i = 0; i < row.argument_count; ++i) {
            const abi::Argument& argument = row.argument_storage[i];
            if (memory_.argument(i) != 0 && writes_at_exit(argument.kind) && is_written(argument)) {
                read_argument(i);
            }
            if (argument.type == "clone_args") {
                read_clone_args(i);
            }
        }
    }

  private:
    bool is_written(const abi::Argument& argument) const;
    std::uint64_t written_bytes(const abi::Argument& argument) const;
    std::uint64_t written_elements(const abi::Argument& argument) const;
    PayloadElement told_element(const abi::Argument& argument) const;
    void read_clone_args(std::size_t argument);
    void read_argument(std::size_t index);
    void read_message(std::size_t argument, std::uint64_t address, unsigned number,
                      std::span<const std::byte> before, std::uint64_t received);
    void read_messages(std::size_t argument, std::uint64_t address, std::uint64_t count);

    CallMemory memory_;
    std::int64_t result_;
};

bool ExitReader::is_written(const abi::Argument& argument) const {
    const bool failed = abi::is_error(result_);
    switch (argument.writes) {
        case abi::Writes::OnErrorToo:
            return !failed || result_ == -argument.error;
        case abi::Writes::OnErrorOnly:
            return result_ == -argument.error;
        case abi::Writes::IfPositive:
            return result_ > 0;
        case abi::Writes::IfToldOfChild:
            return !failed && (memory_.argument(0) & (kParentSettid | kPidfd)) != 0;
        case abi::Writes::OnSuccess:
            break;
    }
    return !failed;
}

std::uint64_t ExitReader::written_bytes(const abi::Argument& argument) const {
    const std::uint64_t room = memory_.count_of(argument);
    if (argument.extent == abi::Extent::PerPage) {
        return room / kPageBytes + (room % kPageBytes != 0 ? 1 : 0);
    }
    return memory_.row().result == abi::ResultKind::Size && !memory_.counts_through_pointer(argument)
               ? std::min(room, static_cast<std::uint64_t>(result_))
               : room;
}

std::uint64_t ExitReader::written_elements(const abi::Argument& argument) const {
    const std::uint64_t room = memory_.count_of(argument);
    if (argument.type == "__user_cap_data_struct") {
        // The first version of the struct has one element, the others have two (man 2 capget).
        const auto version = memory_.number_at(memory_.argument(0), sizeof(std::uint32_t));
        return version == static_cast<std::uint64_t>(abi::constant("_LINUX_CAPABILITY_VERSION_1")) ? 1 : room;
    }
    const bool fixed = abi::argument_index(memory_.row(), argument.count) == memory_.row().argument_count;
    const bool whole = fixed || argument.extent == abi::Extent::Whole;
    return whole ? room : std::min(room, static_cast<std::uint64_t>(result_));
}

// What the kernel tells the parent of a child by way of a clone_args (man 2 clone3). The place of the
// child's own tid is not read: it is written when the child first runs, which may be before or after
// this.
void ExitReader::read_clone_args(std::size_t argument) {
    const Payload* before = memory_.find(argument, Direction::In);
    if (before == nullptr || abi::is_error(result_)) {
        return;
    }
    const abi::Struct& layout = *abi::find_struct("clone_args");
    const auto field = [&](std::string_view name) {
        return abi::read_field(before->bytes, *layout.field(name)).value_or(0);
    };
    const std::uint64_t flags = field("flags");
    const std::uint64_t pidfd = (flags & kPidfd) != 0 ? field("pidfd") : 0;
    const std::uint64_t parent_tid = (flags & kParentSettid) != 0 ? field("parent_tid") : 0;
    memory_.add(argument, {.piece = Piece::Pidfd}, pidfd, sizeof(std::int32_t));
    memory_.add(argument, {.piece = Piece::ParentTid}, parent_tid, sizeof(std::int32_t));
}

void ExitReader::read_argument(std::size_t index) {
    const abi::Argument& argument = memory_.row().argument_storage[index];
    const std::uint64_t address = memory_.argument(index);
    switch (argument.kind) {
        case abi::ArgumentKind::OutBytes:
            memory_.add(index, {}, address, written_bytes(argument));
            break;
        case abi::ArgumentKind::OutArray:
        case abi::ArgumentKind::InoutArray:
            memory_.add(index, {}, address,
                        saturating_product(written_elements(argument), abi::type_size(argument.type)));
            if (argument.type == "mmsghdr" && !argument.sends) {
                read_messages(index, address, written_elements(argument));
            }
            break;
        case abi::ArgumentKind::OutIovec:
            memory_.add_buffers(index, 0, address, memory_.count_of(argument),
                                static_cast<std::uint64_t>(result_));
            break;
        default:
            memory_.add(index, told_element(argument), address, memory_.object_bytes(argument));
            if (argument.type == "user_msghdr") {
                const Payload* before = memory_.find(index, Direction::In);
                read_message(index, address, 0, before != nullptr ? before->bytes : std::vector<std::byte>{},
                             static_cast<std::uint64_t>(result_));
            }
            break;
    }
}

PayloadElement ExitReader::told_element(const abi::Argument& argument) const {
    const bool is_pidfd =
        argument.writes == abi::Writes::IfToldOfChild && (memory_.argument(0) & kPidfd) != 0;
    return {.piece = is_pidfd ? Piece::Pidfd : Piece::Object};
}

void ExitReader::read_message(std::size_t argument, std::uint64_t address, unsigned number,
                              std::span<const std::byte> before, std::uint64_t received) {
    const auto message = memory_.read(address, abi::type_size("user_msghdr"));
    memory_.add(argument, {.piece = Piece::Name, .message = number}, message_field(message, "msg_name"),
                std::min(message_field(message, "msg_namelen"), message_field(before, "msg_namelen")));
    memory_.add(argument, {.piece = Piece::Control, .message = number}, message_field(message, "msg_control"),
                std::min(message_field(message, "msg_controllen"), message_field(before, "msg_controllen")));
    memory_.add_buffers(argument, number, message_field(message, "msg_iov"),
                        message_field(message, "msg_iovlen"), received);
}

void ExitReader::read_messages(std::size_t argument, std::uint64_t address, std::uint64_t count) {
    const std::size_t stride = abi::type_size("mmsghdr");
    const Payload* all_before = memory_.find(argument, Direction::In);
    const std::vector<std::byte> before =
        all_before != nullptr ? all_before->bytes : std::vector<std::byte>{};
    for (std::size_t i = 0; i < std::min<std::uint64_t>(count, kMostMessages); ++i) {
        const std::uint64_t at = address + i * stride;
        const auto received =
            memory_.number_at(at + abi::find_struct("mmsghdr")->field("msg_len")->offset, 4);
        const auto offset = std::min(i * stride, before.size());
        read_message(argument, at, static_cast<unsigned>(i), std::span(before).subspan(offset),
                     received.value_or(0));
    }
}

// Takes from a second reading what the first could not get (an empty string's end, for example), except
// through arguments that the kernel has written in between.
void complete(const abi::SyscallRow& row, std::vector<Payload> fresh, std::vector<Payload>& payloads) {
    for (Payload& again : fresh) {
        const abi::ArgumentKind kind = row.argument_storage[again.argument].kind;
        if (kind == abi::ArgumentKind::Inout || kind == abi::ArgumentKind::InoutArray) {
            continue;
        }
        const auto old = std::ranges::find_if(payloads, [&](const Payload& payload) {
            return payload.direction == Direction::In && payload.argument == again.argument &&
                   payload.element == again.element;
        });
        if (old == payloads.end()) {
            payloads.push_back(std::move(again));
        } else if (is_short(*old) && (again.bytes.size() > old->bytes.size() || !is_short(again))) {
            *old = std::move(again);
        }
    }
}

// Cuts what a failed call was given to at most kMostRefusedBytes in kMostRefusedPayloads pieces.
void cut_refused(std::vector<Payload>& payloads) {
    if (payloads.size() > kMostRefusedPayloads) {
        payloads.resize(kMostRefusedPayloads);
    }
    std::size_t room = kMostRefusedBytes;
    for (Payload& payload : payloads) {
        if (payload.bytes.size() > room) {
            payload.bytes.resize(room);
            payload.bytes.shrink_to_fit();
        }
        room -= payload.bytes.size();
    }
}

}  // namespace

void read_payloads_at_exit(std::uint64_t number, Arguments arguments, std::optional<std::int64_t> result,
                           MemoryReader& memory, std::vector<Payload>& payloads) {
    const abi::SyscallRow* row = abi::find_syscall(number, arguments);
    if (row == nullptr) {
        return;
    }
    if (std::ranges::any_of(payloads, is_short)) {
        complete(*row, read_payloads_at_entry(number, arguments, memory), payloads);
    }
    if (result && abi::is_error(*result)) {
        cut_refused(payloads);
    }
    if (result) {
        ExitReader{CallMemory{*row, arguments, Direction::Out, memory, payloads}, *result}.read();
    }
}

}  // namespace levitate::traces
