#include "vmm/machine/semihosting.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace levitate::vmm {
namespace {

// Operation numbers (section 5).
enum Operation : std::uint32_t {
    kOpen = 0x01,
    kClose = 0x02,
    kWriteCharacter = 0x03,
    kWriteString = 0x04,
    kWrite = 0x05,
    kIsTerminal = 0x09,
    kErrorNumber = 0x13,
    kExit = 0x18,
    kExitExtended = 0x20,
};

// SYS_OPEN of ":tt": the mode says which of the three streams (section 5.11, as extended by
// SH_EXT_STDOUT_STDERR).
constexpr std::string_view kConsole = ":tt";
constexpr std::uint64_t kFirstWriteMode = 4;
constexpr std::uint64_t kFirstAppendMode = 8;
constexpr std::uint64_t kModes = 12;
// Handles are not zero.
constexpr std::uint64_t kInput = 1;
constexpr std::uint64_t kOutput = 2;
constexpr std::uint64_t kErrors = 3;

constexpr std::uint64_t kApplicationExit = 0x2'0026;  // ADP_Stopped_ApplicationExit

// A call writes no more: the guest is told how much that was, and calls again.
constexpr std::uint64_t kMostWritten = std::uint64_t{1} << 20U;

// The words of a parameter block. nullopt: it cannot be read.
template <std::size_t N>
std::optional<std::array<std::uint64_t, N>> read_block(GuestVirt block, const Semihosting::ReadMemory& read) {
    std::array<std::uint64_t, N> words{};
    const auto bytes = std::as_writable_bytes(std::span{words});
    return read(block, bytes) == bytes.size() ? std::optional{words} : std::nullopt;
}

bool is_open(std::uint64_t handle) {
    return handle >= kInput && handle <= kErrors;
}

}  // namespace

SemihostingReply Semihosting::fail(int error) {
    error_ = error;
    return {.result = ~std::uint64_t{0}, .exit_status = {}};
}

SemihostingReply Semihosting::call(std::uint32_t operation, std::uint64_t parameter, const ReadMemory& read) {
    const GuestVirt block{parameter};
    switch (operation) {
        case kOpen:
            return open(block, read);
        case kClose:
        case kIsTerminal: {
            const auto words = read_block<1>(block, read);
            if (!words || !is_open(words->front())) {
                return fail(EBADF);
            }
            return {.result = operation == kIsTerminal ? 1U : 0U, .exit_status = {}};
        }
        case kWriteCharacter:
            write_bytes(block, 1, read);
            return {};
        case kWriteString:
            write_string(block, read);
            return {};
        case kWrite:
            return write(block, read);
        case kErrorNumber:
            return {.result = static_cast<std::uint64_t>(error_), .exit_status = {}};
        case kExit:
        case kExitExtended:
            return exit(block, read);
        default:
            return fail(ENOSYS);
    }
}

SemihostingReply Semihosting::open(GuestVirt block, const ReadMemory& read) {
    const auto words = read_block<3>(block, read);
    if (!words) {
        return fail(EFAULT);
    }
    const auto [name, mode, length] = *words;
    std::array<char, kConsole.size()> text{};
    if (length != text.size() || mode >= kModes ||
        read(GuestVirt{name}, std::as_writable_bytes(std::span{text})) != text.size() ||
        std::string_view{text.data(), text.size()} != kConsole) {
        return fail(ENOENT);
    }
    return {.result = mode < kFirstWriteMode    ? kInput
                      : mode < kFirstAppendMode ? kOutput
                                                : kErrors,
            .exit_status = {}};
}

// The result is how many bytes have not been written.
SemihostingReply Semihosting::write(GuestVirt block, const ReadMemory& read) {
    const auto words = read_block<3>(block, read);
    if (!words) {
        return fail(EFAULT);
    }
    const auto [handle, from, length] = *words;
    if (handle != kOutput && handle != kErrors) {
        error_ = EBADF;
        return {.result = length, .exit_status = {}};
    }
    const std::uint64_t written = write_bytes(GuestVirt{from}, std::min(length, kMostWritten), read);
    return {.result = length - written, .exit_status = {}};
}

SemihostingReply Semihosting::exit(GuestVirt block, const ReadMemory& read) {
    const auto words = read_block<2>(block, read);
    if (!words) {
        return fail(EFAULT);
    }
    const auto [reason, status] = *words;
    // As QEMU has it: an end for another reason is a failure.
    constexpr int kFailure = 1;
    return {.result = 0,
            .exit_status = reason == kApplicationExit ? static_cast<int>(status & 0xFFU) : kFailure};
}

void Semihosting::write_string(GuestVirt text, const ReadMemory& read) {
    for (std::uint64_t length = 0; length < kMostWritten; ++length) {
        std::byte byte{};
        if (read(text + length, std::span{&byte, 1}) == 0 || byte == std::byte{0}) {
            return;
        }
        output_(byte);
    }
}

std::uint64_t Semihosting::write_bytes(GuestVirt from, std::uint64_t length, const ReadMemory& read) {
    std::array<std::byte, 4096> buffer{};
    std::uint64_t done = 0;
    while (done < length) {
        const auto part = std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), length - done));
        const std::size_t count = read(from + done, part);
        std::ranges::for_each(part.first(count), output_);
        done += count;
        if (count < part.size()) {
            break;
        }
    }
    return done;
}

}  // namespace levitate::vmm
