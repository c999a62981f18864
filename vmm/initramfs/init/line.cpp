#include "vmm/initramfs/init/line.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace levitate::vmm::init {

void Line::send(FrameType type, std::span<const std::byte> payload) {
    if (way_ == Way::Unknown) {
        way_ = send_by_calls(type, payload) ? Way::Calls : Way::Console;
        if (way_ == Way::Calls) {
            return;
        }
    }
    if (way_ == Way::Console) {
        send_by_console(type, payload);
    } else if (!send_by_calls(type, payload)) {
        std::exit(EXIT_FAILURE);
    }
}

bool Line::send_by_calls(FrameType type, std::span<const std::byte> payload) {
    do {
        const auto taken = send_by_call(key_, type, payload);
        if (!taken) {
            return false;
        }
        payload = payload.subspan(*taken);
    } while (!payload.empty());
    return true;
}

void Line::send_by_console(FrameType type, std::span<const std::byte> payload) {
    std::vector<std::byte> encoded;
    encoder_.append(type, payload, encoded);
    std::span<const std::byte> rest = encoded;
    while (!rest.empty()) {
        const ssize_t written = ::write(console_, rest.data(), rest.size());
        if (written > 0) {
            rest = rest.subspan(static_cast<std::size_t>(written));
        } else if (errno != EINTR && errno != EAGAIN) {
            std::exit(EXIT_FAILURE);
        }
    }
}

void Line::send_number(FrameType type, std::uint32_t number) {
    std::vector<std::byte> payload;
    append_number(payload, number);
    send(type, payload);
}

void Line::send_text(FrameType type, std::string_view text) {
    send(type, std::as_bytes(std::span{text}));
}

std::vector<DecodedFrame> Line::receive() {
    std::array<std::byte, 4096> buffer;
    const ssize_t count = ::read(console_, buffer.data(), buffer.size());
    if (way_ == Way::Calls) {
        // What was to be read there only says that there is something.
        while (auto frame = receive_by_call(key_)) {
            received_.push_back(std::move(*frame));
        }
    } else if (count > 0) {
        decoder_.feed(std::span{buffer}.first(static_cast<std::size_t>(count)));
    }
    return std::exchange(received_, {});
}

}  // namespace levitate::vmm::init
