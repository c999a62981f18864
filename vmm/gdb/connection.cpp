#include "vmm/gdb/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace levitate::vmm::gdb {
namespace {

constexpr char kInterrupt = '\x03';
// GDB sends no packet longer than this: PacketSize in qSupported promises to take less.
constexpr std::size_t kLongestPacket = 1U << 16;

std::string system_error(std::string_view what) {
    return std::string{what} + ": " + std::generic_category().message(errno);
}

std::optional<unsigned> hex_digit(char digit) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(&digit, &digit + 1, value, 16);
    if (error != std::errc{} || end != &digit + 1) {
        return std::nullopt;
    }
    return value;
}

std::uint8_t checksum(std::string_view payload) {
    unsigned sum = 0;
    for (const char byte : payload) {
        sum += static_cast<unsigned char>(byte);
    }
    return static_cast<std::uint8_t>(sum);
}

std::string unescape(std::string_view raw) {
    std::string payload;
    payload.reserve(raw.size());
    for (std::size_t index = 0; index < raw.size(); ++index) {
        if (raw[index] == '}' && index + 1 < raw.size()) {
            ++index;
            payload.push_back(static_cast<char>(raw[index] ^ 0x20));
        } else {
            payload.push_back(raw[index]);
        }
    }
    return payload;
}

std::string escape(std::string_view payload) {
    std::string raw;
    raw.reserve(payload.size());
    for (const char byte : payload) {
        if (byte == '$' || byte == '#' || byte == '}' || byte == '*') {
            raw.push_back('}');
            raw.push_back(static_cast<char>(byte ^ 0x20));
        } else {
            raw.push_back(byte);
        }
    }
    return raw;
}

}  // namespace

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
    Endpoint endpoint;
    std::string_view port = text;
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        endpoint.address = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size()) {
        return std::unexpected("'" + std::string{text} + "' is not [ADDR:]PORT with a port from 0 to 65535");
    }
    in_addr parsed{};
    if (inet_pton(AF_INET, endpoint.address.c_str(), &parsed) != 1) {
        return std::unexpected("'" + endpoint.address + "' is not an IPv4 address");
    }
    return endpoint;
}

std::expected<Listener, std::string> Listener::open(const Endpoint& endpoint) {
    const std::string place = endpoint.address + ":" + std::to_string(endpoint.port);
    Listener listener;
    listener.socket_ = Descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!listener.socket_.is_open()) {
        return std::unexpected(system_error("cannot make a socket"));
    }
    const int on = 1;
    ::setsockopt(listener.socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.socket_.get(), generic, length) != 0 || ::listen(listener.socket_.get(), 1) != 0 ||
        ::getsockname(listener.socket_.get(), generic, &length) != 0) {
        return std::unexpected(system_error("cannot listen on " + place));
    }
    listener.port_ = ntohs(address.sin_port);
    return listener;
}

std::expected<Descriptor, std::string> Listener::accept() {
    int number = -1;
    do {
        number = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    } while (number < 0 && errno == EINTR);
    if (number < 0) {
        return std::unexpected(system_error("cannot accept a GDB connection"));
    }
    // Packets are small, and each waits for its answer, so they are sent at once.
    const int on = 1;
    ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return Descriptor{number};
}

std::optional<char> Connection::next_byte() {
    if (input_.empty()) {
        std::array<char, 4096> buffer{};
        ssize_t count = 0;
        do {
            count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        } while (count < 0 && errno == EINTR);
        if (count <= 0) {
            return std::nullopt;
        }
        input_.assign(buffer.data(), static_cast<std::size_t>(count));
    }
    const char byte = input_.front();
    input_.erase(0, 1);
    return byte;
}

std::optional<std::string> Connection::receive() {
    while (true) {
        auto byte = next_byte();
        if (!byte) {
            return std::nullopt;
        }
        if (*byte == kInterrupt) {
            return std::string{kInterrupt};
        }
        if (*byte != '$') {
            continue;  // an acknowledgment, or noise between packets
        }
        std::string raw;
        while ((byte = next_byte()) && *byte != '#' && raw.size() < kLongestPacket) {
            raw.push_back(*byte);
        }
        if (!byte || *byte != '#') {
            return std::nullopt;
        }
        const auto high = next_byte();
        const auto low = next_byte();
        if (!high || !low) {
            return std::nullopt;
        }
        const auto high_value = hex_digit(*high);
        const auto low_value = hex_digit(*low);
        const bool intact = high_value && low_value && ((*high_value << 4U) | *low_value) == checksum(raw);
        if (acknowledge_ && !write_all(intact ? "+" : "-")) {
            return std::nullopt;
        }
        if (intact) {
            return unescape(raw);
        }
    }
}

bool Connection::send(std::string_view payload) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::string raw = escape(payload);
    const std::uint8_t sum = checksum(raw);
    std::string packet = "$" + raw + "#";
    packet.push_back(kDigits[sum >> 4U]);
    packet.push_back(kDigits[sum & 0xfU]);
    // TCP delivers or fails, so nothing waits for an acknowledgment: receive() skips it when it comes.
    return write_all(packet);
}

bool Connection::interrupt_requested() {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (input_.empty() && ::poll(&entry, 1, 0) <= 0) {
        return false;
    }
    const auto byte = next_byte();
    if (!byte || *byte == kInterrupt) {
        return true;
    }
    if (*byte == '+') {
        return false;
    }
    // If a packet comes while the target runs, the target stops, and then the packet is answered.
    input_.insert(input_.begin(), *byte);
    return true;
}

bool Connection::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace levitate::vmm::gdb
