#include "vmm/initramfs/init/channel.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace levitate::vmm::init {
namespace {

std::int64_t call(ChannelCall which, const HashKey& key, const void* buffer, std::size_t length,
                  std::uint64_t type) {
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(key);
    register std::uint64_t x0 asm("x0") = static_cast<std::uint64_t>(which);
    register std::uint64_t x1 asm("x1") = halves[0];
    register std::uint64_t x2 asm("x2") = halves[1];
    register const void* x3 asm("x3") = buffer;
    register std::uint64_t x4 asm("x4") = length;
    register std::uint64_t x5 asm("x5") = type;
    register std::uint64_t x8 asm("x8") = kChannelCallNumber;
    asm volatile("svc %[immediate]"
                 : "+r"(x0)
                 : [immediate] "i"(kChannelSvc), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
                 : "memory");
    return static_cast<std::int64_t>(x0);
}

constexpr std::size_t kPage = 4096;

// So that a kernel which maps pages when they are first touched has mapped them: one byte in each, and the
// last.
void touch(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kPage) {
        (void)*static_cast<const volatile std::byte*>(&bytes[at]);
    }
    if (!bytes.empty()) {
        (void)*static_cast<const volatile std::byte*>(&bytes.back());
    }
}

// The same for bytes that will be overwritten, of which a kernel may have only one page of zeros for all.
void touch_to_write(std::span<std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kPage) {
        *static_cast<volatile std::byte*>(&bytes[at]) = std::byte{0};
    }
    *static_cast<volatile std::byte*>(&bytes.back()) = std::byte{0};
}

}  // namespace

std::optional<std::size_t> send_by_call(const HashKey& key, FrameType type,
                                        std::span<const std::byte> payload) {
    touch(payload);
    const std::int64_t result =
        call(ChannelCall::Send, key, payload.data(), payload.size(), static_cast<std::uint64_t>(type));
    const bool is_stuck = result <= 0 && !payload.empty();
    return result < 0 || is_stuck ? std::nullopt : std::optional(static_cast<std::size_t>(result));
}

std::optional<ReceivedFrame> borrow_by_call(const HashKey& key) {
    static std::array<std::byte, kChannelStdinWindow> buffer{};
    touch_to_write(buffer);
    const std::int64_t result = call(ChannelCall::Receive, key, buffer.data(), buffer.size(), 0);
    if (result <= 0) {
        return std::nullopt;
    }
    const auto length = static_cast<std::size_t>(static_cast<std::uint32_t>(result));
    return ReceivedFrame{.type = static_cast<FrameType>(result >> 32),
                         .payload = std::span{buffer}.first(length)};
}

std::optional<DecodedFrame> receive_by_call(const HashKey& key) {
    const auto frame = borrow_by_call(key);
    return frame ? std::optional{DecodedFrame{.type = frame->type,
                                              .payload = {frame->payload.begin(), frame->payload.end()}}}
                 : std::nullopt;
}

std::optional<RunTicket> await_run() {
    RunTicket ticket;
    touch_to_write(std::as_writable_bytes(std::span{&ticket, 1}));
    const std::int64_t result = call(ChannelCall::AwaitRun, HashKey{}, &ticket, sizeof ticket, 0);
    return result == sizeof ticket ? std::optional{ticket} : std::nullopt;
}

}  // namespace levitate::vmm::init
