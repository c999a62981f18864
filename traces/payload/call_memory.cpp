#include "traces/payload/call_memory.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "traces/abi/layouts.hpp"

namespace levitate::traces {
namespace {

// include/uapi/linux/limits.h PATH_MAX; include/uapi/linux/binfmts.h MAX_ARG_STRLEN, 32 pages.
constexpr std::size_t kMostPathBytes = 4096;
constexpr std::size_t kMostStringBytes = std::size_t{32} * 4096;
// The limit for one call: an array of messages, each with an array of buffers, could name the same memory a
// million times.
constexpr std::size_t kMostPayloads = std::size_t{16} << 10;

}  // namespace

std::vector<std::byte> CallMemory::read(std::uint64_t address, std::uint64_t length) const {
    constexpr std::size_t kChunk = std::size_t{64} << 10;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, kMostPayloadBytes));
    std::vector<std::byte> bytes;
    while (bytes.size() < wanted) {
        const std::size_t old = bytes.size();
        const std::size_t step = std::min(kChunk, wanted - old);
        bytes.resize(old + step);
        const std::size_t got = std::min(step, memory_.read(address + old, std::span(bytes).subspan(old)));
        bytes.resize(old + got);
        if (got < step) {
            bytes.shrink_to_fit();  // a call may claim far more memory than is there
            break;
        }
    }
    return bytes;
}

void CallMemory::add(std::size_t argument, PayloadElement element, std::uint64_t address,
                     std::uint64_t length) {
    if (address == 0 || length == 0 || payloads_.size() >= kMostPayloads) {
        return;
    }
    payloads_.push_back({.argument = static_cast<unsigned>(argument),
                         .direction = direction_,
                         .element = element,
                         .address = address,
                         .bytes = read(address, std::min<std::uint64_t>(length, budget_)),
                         .length = length});
    budget_ -= payloads_.back().bytes.size();
}

// Adds a string without its NUL. If memory ends before the string does, its length is one byte more than
// what was read.
void CallMemory::add_string(std::size_t argument, PayloadElement element, std::uint64_t address,
                            std::size_t limit) {
    std::vector<std::byte> bytes;
    bool ended = false;
    while (!ended && bytes.size() < limit) {
        // One reading never crosses a page, so the end of a mapping behind the NUL is not touched.
        const std::uint64_t at = address + bytes.size();
        const std::size_t step = std::min<std::size_t>(limit - bytes.size(), kPageBytes - at % kPageBytes);
        std::vector<std::byte> piece = read(at, step);
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

void CallMemory::add_path(std::size_t argument) {
    add_string(argument, {}, arguments_[argument], kMostPathBytes);
}

void CallMemory::add_strings(std::size_t argument) {
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

void CallMemory::add_buffers(std::size_t argument, unsigned message, std::uint64_t iovecs,
                             std::uint64_t count, std::uint64_t most) {
    const std::uint64_t array_bytes = std::min<std::uint64_t>(count, kMostIovecs) * kIovecBytes;
    const std::vector<std::byte> array = read(iovecs, array_bytes);
    for (std::size_t i = 0; (i + 1) * kIovecBytes <= array.size() && most != 0; ++i) {
        const std::uint64_t base = abi::read_number(array, i * kIovecBytes, 8).value_or(0);
        const std::uint64_t length = abi::read_number(array, i * kIovecBytes + 8, 8).value_or(0);
        const std::uint64_t taken = std::min(length, most);
        add(argument, {.piece = Piece::Buffer, .index = static_cast<unsigned>(i), .message = message}, base,
            taken);
        most -= taken;
    }
}

std::optional<std::uint64_t> CallMemory::number_at(std::uint64_t address, std::size_t size) const {
    return abi::read_number(read(address, size), 0, size);
}

const Payload* CallMemory::find(std::size_t argument, Direction direction) const {
    const auto found = std::ranges::find_if(payloads_, [&](const Payload& payload) {
        return payload.argument == argument && payload.direction == direction &&
               payload.element.piece == Piece::Object;
    });
    return found != payloads_.end() ? &*found : nullptr;
}

bool CallMemory::counts_through_pointer(const abi::Argument& argument) const {
    const std::size_t index = abi::argument_index(row_, argument.count);
    return index < row_.argument_count && row_.argument_storage[index].kind == abi::ArgumentKind::Inout;
}

std::uint64_t CallMemory::count_of(const abi::Argument& argument) const {
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
std::uint64_t CallMemory::pointed_count(std::size_t index) const {
    std::uint64_t count = number_at(arguments_[index], sizeof(std::uint32_t)).value_or(0);
    if (direction_ == Direction::Out) {
        const Payload* before = find(index, Direction::In);
        const auto room =
            before != nullptr ? abi::read_number(before->bytes, 0, sizeof(std::uint32_t)) : std::nullopt;
        count = std::min(count, room.value_or(count));
    }
    return count;
}

std::uint64_t CallMemory::object_bytes(const abi::Argument& argument) const {
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

std::uint64_t saturating_product(std::uint64_t count, std::uint64_t size) {
    return size != 0 && count > UINT64_MAX / size ? UINT64_MAX : count * size;
}

std::uint64_t message_field(std::span<const std::byte> message, std::string_view name) {
    const abi::Field* field = abi::find_struct("user_msghdr")->field(name);
    return abi::read_field(message, *field).value_or(0);
}

}  // namespace levitate::traces
