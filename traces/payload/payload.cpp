#include "traces/payload/payload.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"

namespace levitate::traces {
namespace {

// include/uapi/linux/limits.h PATH_MAX; include/uapi/linux/binfmts.h MAX_ARG_STRLEN, 32 pages.
constexpr std::size_t kMostPathBytes = 4096;
constexpr std::size_t kMostStringBytes = std::size_t{32} * 4096;
// The limit for one call: an array of messages, each with an array of buffers, could name the same memory a
// million times.
constexpr std::size_t kMostPayloads = std::size_t{16} << 10;
// The same limit for a call that failed, whose arguments may be meaningless. A vector of the largest length
// still fits.
constexpr std::size_t kMostRefusedPayloads = 1 + 1024;
constexpr std::size_t kMostIovecs = 1024;    // UIO_MAXIOV
constexpr std::size_t kMostMessages = 1024;  // likewise for the mmsg calls
constexpr std::uint64_t kPageBytes = 4096;

constexpr std::size_t kIovecBytes = 16;
constexpr auto kParentSettid = static_cast<std::uint64_t>(abi::constant("CLONE_PARENT_SETTID"));
constexpr auto kPidfd = static_cast<std::uint64_t>(abi::constant("CLONE_PIDFD"));

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

std::vector<std::byte> read_bytes(MemoryReader& memory, std::uint64_t address, std::uint64_t length) {
    constexpr std::size_t kChunk = std::size_t{64} << 10;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, kMostPayloadBytes));
    std::vector<std::byte> bytes;
    while (bytes.size() < wanted) {
        const std::size_t old = bytes.size();
        const std::size_t step = std::min(kChunk, wanted - old);
        bytes.resize(old + step);
        const std::size_t got = std::min(step, memory.read(address + old, std::span(bytes).subspan(old)));
        bytes.resize(old + got);
        if (got < step) {
            bytes.shrink_to_fit();  // a call may claim far more memory than is there
            break;
        }
    }
    return bytes;
}

// The payloads of one call at one of its two moments.
class Collector {
  public:
    Collector(const abi::SyscallRow& row, Arguments arguments, MemoryReader& memory,
              std::vector<Payload>& payloads)
        : row_(row), arguments_(arguments), memory_(memory), payloads_(payloads) {}

    void entry() {
        direction_ = Direction::In;
        for (std::size_t i = 0; i < row_.argument_count; ++i) {
            if (arguments_[i] != 0 && reads_at_entry(row_.argument_storage[i].kind)) {
                entry_argument(i);
            }
        }
    }

    void exit(std::int64_t result) {
        direction_ = Direction::Out;
        result_ = result;
        for (std::size_t i = 0; i < row_.argument_count; ++i) {
            const abi::Argument& argument = row_.argument_storage[i];
            if (arguments_[i] != 0 && writes_at_exit(argument.kind) && is_written(argument)) {
                exit_argument(i);
            }
            if (argument.type == "clone_args") {
                exit_clone_args(i);
            }
        }
    }

  private:
    void add(std::size_t argument, PayloadElement element, std::uint64_t address, std::uint64_t length) {
        if (address == 0 || length == 0 || payloads_.size() >= kMostPayloads) {
            return;
        }
        payloads_.push_back({.argument = static_cast<unsigned>(argument),
                             .direction = direction_,
                             .element = element,
                             .address = address,
                             .bytes = read_bytes(memory_, address, std::min<std::uint64_t>(length, budget_)),
                             .length = length});
        budget_ -= payloads_.back().bytes.size();
    }

    // Adds a string without its NUL. If memory ends before the string does, its length is one byte more than
    // what was read.
    void add_string(std::size_t argument, PayloadElement element, std::uint64_t address, std::size_t limit) {
        std::vector<std::byte> bytes;
        bool ended = false;
        while (!ended && bytes.size() < limit) {
            // One reading never crosses a page, so the end of a mapping behind the NUL is not touched.
            const std::uint64_t at = address + bytes.size();
            const std::size_t step =
                std::min<std::size_t>(limit - bytes.size(), kPageBytes - at % kPageBytes);
            std::vector<std::byte> piece = read_bytes(memory_, at, step);
            const auto nul = std::ranges::find(piece, std::byte{0});
            ended = nul != piece.end();
            bytes.insert(bytes.end(), piece.begin(), nul);
            if (piece.size() < step) {
                break;
            }
        }
        const std::uint64_t length = bytes.size() + (ended ? 0 : 1);
        payloads_.push_back({.argument = static_cast<unsigned>(argument),
                             .direction = direction_,
                             .element = element,
                             .address = address,
                             .bytes = std::move(bytes),
                             .length = length});
    }

    void add_strings(std::size_t argument) {
        std::size_t total = 0;
        for (std::size_t i = 0; payloads_.size() < kMostPayloads && total < kMostPayloadBytes; ++i) {
            const auto pointer =
                number_at(arguments_[argument] + i * sizeof(std::uint64_t), sizeof(std::uint64_t));
            if (!pointer || *pointer == 0) {
                break;
            }
            add_string(argument, {.piece = Piece::String, .index = static_cast<unsigned>(i)}, *pointer,
                       kMostStringBytes);
            total += payloads_.back().bytes.size() + 1;
        }
    }

    std::optional<std::uint64_t> number_at(std::uint64_t address, std::size_t size) {
        return abi::read_number(read_bytes(memory_, address, size), 0, size);
    }

    const Payload* find(std::size_t argument, Direction direction) const {
        const auto found = std::ranges::find_if(payloads_, [&](const Payload& payload) {
            return payload.argument == argument && payload.direction == direction &&
                   payload.element.piece == Piece::Object;
        });
        return found != payloads_.end() ? &*found : nullptr;
    }

    bool counts_through_pointer(const abi::Argument& argument) const {
        const std::size_t index = abi::argument_index(row_, argument.count);
        return index < row_.argument_count && row_.argument_storage[index].kind == abi::ArgumentKind::Inout;
    }

    // What the argument's count says: a number, another argument, or the int that this one points to.
    std::uint64_t count_of(const abi::Argument& argument) {
        std::uint64_t number = 0;
        const char* const begin = argument.count.data();
        const char* const end = begin + argument.count.size();
        if (std::from_chars(begin, end, number).ptr == end) {
            return number;
        }
        const std::size_t index = abi::argument_index(row_, argument.count);
        if (index >= row_.argument_count) {
            return 0;
        }
        if (counts_through_pointer(argument)) {
            return pointed_count(index);
        }
        switch (row_.argument_storage[index].kind) {
            case abi::ArgumentKind::Int: {
                const auto value = static_cast<std::int32_t>(arguments_[index]);
                return value < 0 ? 0 : static_cast<std::uint64_t>(value);
            }
            case abi::ArgumentKind::Uint:
                return arguments_[index] & 0xffffffffU;
            default:
                return arguments_[index];
        }
    }

    // At the exit the kernel has stored the full length there; only as much is written as there was room for.
    std::uint64_t pointed_count(std::size_t index) {
        std::uint64_t count = number_at(arguments_[index], sizeof(std::uint32_t)).value_or(0);
        if (direction_ == Direction::Out) {
            const Payload* before = find(index, Direction::In);
            const auto room =
                before != nullptr ? abi::read_number(before->bytes, 0, sizeof(std::uint32_t)) : std::nullopt;
            count = std::min(count, room.value_or(count));
        }
        return count;
    }

    std::uint64_t object_bytes(const abi::Argument& argument) {
        const std::uint64_t whole = abi::type_size(argument.type);
        // Extensible structs come with the size that the caller knows (man 2 clone3, openat2).
        if (argument.type == "clone_args" || argument.type == "open_how") {
            return std::min(whole, arguments_[abi::argument_index(row_, "size")]);
        }
        if (argument.type == "__kernel_fd_set") {
            constexpr std::uint64_t kBitsPerWord = 64;
            const auto highest = static_cast<std::int32_t>(arguments_[0]);
            const std::uint64_t bits = highest < 0 ? 0 : static_cast<std::uint64_t>(highest);
            return std::min(whole, (bits + kBitsPerWord - 1) / kBitsPerWord * sizeof(std::uint64_t));
        }
        return whole;
    }

    static std::uint64_t saturating_product(std::uint64_t count, std::uint64_t size) {
        return size != 0 && count > UINT64_MAX / size ? UINT64_MAX : count * size;
    }

    void entry_argument(std::size_t index) {
        const abi::Argument& argument = row_.argument_storage[index];
        const std::uint64_t address = arguments_[index];
        switch (argument.kind) {
            case abi::ArgumentKind::Path:
                add_string(index, {}, address, kMostPathBytes);
                break;
            case abi::ArgumentKind::Strings:
                add_strings(index);
                break;
            case abi::ArgumentKind::In:
            case abi::ArgumentKind::Inout:
                add(index, {}, address, object_bytes(argument));
                if (argument.type == "user_msghdr") {
                    entry_message(index, address, 0, argument.kind == abi::ArgumentKind::In);
                } else if (argument.type == "sigset_argpack") {
                    entry_signal_set(index, address);
                }
                break;
            case abi::ArgumentKind::InBytes:
                add(index, {}, address, count_of(argument));
                break;
            case abi::ArgumentKind::InArray:
            case abi::ArgumentKind::InoutArray:
                add(index, {}, address,
                    saturating_product(count_of(argument), abi::type_size(argument.type)));
                if (argument.type == "mmsghdr") {
                    entry_messages(index, address, count_of(argument), argument.sends);
                }
                break;
            default:  // the two kinds of iovec
                add(index, {}, address, saturating_product(count_of(argument), kIovecBytes));
                if (argument.kind == abi::ArgumentKind::InIovec) {
                    add_buffers(index, 0, address, count_of(argument), UINT64_MAX);
                }
                break;
        }
    }

    void add_buffers(std::size_t argument, unsigned message, std::uint64_t iovecs, std::uint64_t count,
                     std::uint64_t most) {
        const std::uint64_t array_bytes = std::min<std::uint64_t>(count, kMostIovecs) * kIovecBytes;
        const std::vector<std::byte> array = read_bytes(memory_, iovecs, array_bytes);
        for (std::size_t i = 0; (i + 1) * kIovecBytes <= array.size() && most != 0; ++i) {
            const std::uint64_t base = abi::read_number(array, i * kIovecBytes, 8).value_or(0);
            const std::uint64_t length = abi::read_number(array, i * kIovecBytes + 8, 8).value_or(0);
            const std::uint64_t taken = std::min(length, most);
            add(argument, {.piece = Piece::Buffer, .index = static_cast<unsigned>(i), .message = message},
                base, taken);
            most -= taken;
        }
    }

    std::uint64_t message_field(std::span<const std::byte> message, std::string_view name) const {
        const abi::Field* field = abi::find_struct("user_msghdr")->field(name);
        return abi::read_field(message, *field).value_or(0);
    }

    void entry_message(std::size_t argument, std::uint64_t address, unsigned number, bool sending) {
        const auto message = read_bytes(memory_, address, abi::type_size("user_msghdr"));
        const std::uint64_t iovecs = message_field(message, "msg_iov");
        const std::uint64_t count = message_field(message, "msg_iovlen");
        if (sending) {
            add(argument, {.piece = Piece::Name, .message = number}, message_field(message, "msg_name"),
                message_field(message, "msg_namelen"));
            add(argument, {.piece = Piece::Control, .message = number}, message_field(message, "msg_control"),
                message_field(message, "msg_controllen"));
        }
        add(argument, {.piece = Piece::Vector, .message = number}, iovecs,
            std::min<std::uint64_t>(count, kMostIovecs) * kIovecBytes);
        if (sending) {
            add_buffers(argument, number, iovecs, count, UINT64_MAX);
        }
    }

    void entry_messages(std::size_t argument, std::uint64_t address, std::uint64_t count, bool sending) {
        for (std::size_t i = 0; i < std::min<std::uint64_t>(count, kMostMessages); ++i) {
            entry_message(argument, address + i * abi::type_size("mmsghdr"), static_cast<unsigned>(i),
                          sending);
        }
    }

    void entry_signal_set(std::size_t argument, std::uint64_t address) {
        const auto pack = read_bytes(memory_, address, abi::type_size("sigset_argpack"));
        add(argument, {.piece = Piece::SignalSet}, abi::read_number(pack, 0, 8).value_or(0),
            std::min<std::uint64_t>(abi::read_number(pack, 8, 8).value_or(0),
                                    abi::type_size("kernel_sigset_t")));
    }

    bool is_written(const abi::Argument& argument) const {
        const bool failed = abi::is_error(result_);
        switch (argument.writes) {
            case abi::Writes::OnErrorToo:
                return !failed || result_ == -argument.error;
            case abi::Writes::OnErrorOnly:
                return result_ == -argument.error;
            case abi::Writes::IfPositive:
                return result_ > 0;
            case abi::Writes::IfToldOfChild:
                return !failed && (arguments_[0] & (kParentSettid | kPidfd)) != 0;
            case abi::Writes::OnSuccess:
                break;
        }
        return !failed;
    }

    std::uint64_t written_bytes(const abi::Argument& argument) {
        const std::uint64_t room = count_of(argument);
        if (argument.extent == abi::Extent::PerPage) {
            return room / kPageBytes + (room % kPageBytes != 0 ? 1 : 0);
        }
        return row_.result == abi::ResultKind::Size && !counts_through_pointer(argument)
                   ? std::min(room, static_cast<std::uint64_t>(result_))
                   : room;
    }

    std::uint64_t written_elements(const abi::Argument& argument) {
        const std::uint64_t room = count_of(argument);
        if (argument.type == "__user_cap_data_struct") {
            // The first version of the struct has one element, the others have two (man 2 capget).
            const auto version = number_at(arguments_[0], sizeof(std::uint32_t));
            return version == static_cast<std::uint64_t>(abi::constant("_LINUX_CAPABILITY_VERSION_1")) ? 1
                                                                                                       : room;
        }
        const bool fixed = abi::argument_index(row_, argument.count) == row_.argument_count;
        const bool whole = fixed || argument.extent == abi::Extent::Whole;
        return whole ? room : std::min(room, static_cast<std::uint64_t>(result_));
    }

    // What the kernel tells the parent of a child by way of a clone_args (man 2 clone3). The place of the
    // child's own tid is not read: it is written when the child first runs, which may be before or after
    // this.
    void exit_clone_args(std::size_t argument) {
        const Payload* before = find(argument, Direction::In);
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
        add(argument, {.piece = Piece::Pidfd}, pidfd, sizeof(std::int32_t));
        add(argument, {.piece = Piece::ParentTid}, parent_tid, sizeof(std::int32_t));
    }

    void exit_argument(std::size_t index) {
        const abi::Argument& argument = row_.argument_storage[index];
        const std::uint64_t address = arguments_[index];
        switch (argument.kind) {
            case abi::ArgumentKind::OutBytes:
                add(index, {}, address, written_bytes(argument));
                break;
            case abi::ArgumentKind::OutArray:
            case abi::ArgumentKind::InoutArray:
                add(index, {}, address,
                    saturating_product(written_elements(argument), abi::type_size(argument.type)));
                if (argument.type == "mmsghdr" && !argument.sends) {
                    exit_messages(index, address, written_elements(argument));
                }
                break;
            case abi::ArgumentKind::OutIovec:
                add_buffers(index, 0, address, count_of(argument), static_cast<std::uint64_t>(result_));
                break;
            default:
                add(index, told_element(argument), address, object_bytes(argument));
                if (argument.type == "user_msghdr") {
                    const Payload* before = find(index, Direction::In);
                    exit_message(index, address, 0,
                                 before != nullptr ? before->bytes : std::vector<std::byte>{},
                                 static_cast<std::uint64_t>(result_));
                }
                break;
        }
    }

    PayloadElement told_element(const abi::Argument& argument) const {
        const bool is_pidfd = argument.writes == abi::Writes::IfToldOfChild && (arguments_[0] & kPidfd) != 0;
        return {.piece = is_pidfd ? Piece::Pidfd : Piece::Object};
    }

    void exit_message(std::size_t argument, std::uint64_t address, unsigned number,
                      std::span<const std::byte> before, std::uint64_t received) {
        const auto message = read_bytes(memory_, address, abi::type_size("user_msghdr"));
        add(argument, {.piece = Piece::Name, .message = number}, message_field(message, "msg_name"),
            std::min(message_field(message, "msg_namelen"), message_field(before, "msg_namelen")));
        add(argument, {.piece = Piece::Control, .message = number}, message_field(message, "msg_control"),
            std::min(message_field(message, "msg_controllen"), message_field(before, "msg_controllen")));
        add_buffers(argument, number, message_field(message, "msg_iov"), message_field(message, "msg_iovlen"),
                    received);
    }

    void exit_messages(std::size_t argument, std::uint64_t address, std::uint64_t count) {
        const std::size_t stride = abi::type_size("mmsghdr");
        const Payload* all_before = find(argument, Direction::In);
        const std::vector<std::byte> before =
            all_before != nullptr ? all_before->bytes : std::vector<std::byte>{};
        for (std::size_t i = 0; i < std::min<std::uint64_t>(count, kMostMessages); ++i) {
            const std::uint64_t at = address + i * stride;
            const auto received = number_at(at + abi::find_struct("mmsghdr")->field("msg_len")->offset, 4);
            const auto offset = std::min(i * stride, before.size());
            exit_message(argument, at, static_cast<unsigned>(i), std::span(before).subspan(offset),
                         received.value_or(0));
        }
    }

    const abi::SyscallRow& row_;
    Arguments arguments_;
    MemoryReader& memory_;
    std::vector<Payload>& payloads_;
    Direction direction_ = Direction::In;
    std::int64_t result_ = 0;
    std::size_t budget_ = kMostPayloadBytes;  // how many bytes may still be read
};

bool is_short(const Payload& payload) {
    return payload.direction == Direction::In &&
           payload.bytes.size() < std::min<std::uint64_t>(payload.length, kMostPayloadBytes);
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

void set_string(const std::string& text, Payload& payload) {
    const auto bytes = std::as_bytes(std::span(text));
    payload.bytes.assign(bytes.begin(), bytes.end());
    payload.length = payload.bytes.size();
}

// If a path is relative to a descriptor, Linux makes another path of it (fs/exec.c, alloc_bprm).
void complete_path(std::size_t argument, const std::string& path, std::vector<Payload>& payloads) {
    if (path.starts_with("/dev/fd/")) {
        return;
    }
    for (Payload& payload : payloads) {
        if (payload.argument == argument && is_short(payload)) {
            set_string(path, payload);
        }
    }
}

// `given` is what the program was given. For a script, Linux puts the interpreter and its argument in front
// and replaces the first string by the script's path (man 2 execve), so the program is given more strings
// than the call named.
void complete_strings(std::size_t argument, std::uint64_t address, std::span<const std::string> given,
                      std::vector<Payload>& payloads) {
    std::vector<Payload*> named;
    for (Payload& payload : payloads) {
        if (payload.argument == argument) {
            named.push_back(&payload);
        }
    }
    if (named.empty() && address != 0) {
        for (std::size_t i = 0; i < given.size(); ++i) {
            payloads.push_back({.argument = static_cast<unsigned>(argument),
                                .element = {.piece = Piece::String, .index = static_cast<unsigned>(i)},
                                .bytes = {}});
            set_string(given[i], payloads.back());
        }
        return;
    }
    const std::size_t more = given.size() - std::min(given.size(), named.size());
    for (std::size_t i = more == 0 ? 0 : 1; i < named.size() && i + more < given.size(); ++i) {
        if (is_short(*named[i])) {
            set_string(given[i + more], *named[i]);
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

std::vector<Payload> read_payloads_at_entry(std::uint64_t number, Arguments arguments, MemoryReader& memory) {
    std::vector<Payload> payloads;
    if (const abi::SyscallRow* row = abi::find_syscall(number, arguments)) {
        Collector(*row, arguments, memory, payloads).entry();
    }
    return payloads;
}

void complete_exec_payloads(std::uint64_t number, Arguments arguments, const std::string& path,
                            std::span<const std::string> argv, std::span<const std::string> envp,
                            std::vector<Payload>& payloads) {
    const abi::SyscallRow* row = abi::find_syscall(number, arguments);
    if (row == nullptr) {
        return;
    }
    bool is_argv = true;
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const abi::ArgumentKind kind = row->argument_storage[i].kind;
        if (kind == abi::ArgumentKind::Path) {
            complete_path(i, path, payloads);
        } else if (kind == abi::ArgumentKind::Strings) {
            complete_strings(i, arguments[i], is_argv ? argv : envp, payloads);
            is_argv = false;
        }
    }
}

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
        Collector(*row, arguments, memory, payloads).exit(*result);
    }
}

}  // namespace levitate::traces
