// The transport of GDB's remote serial protocol: one TCP client and its packets.
// Source: the GDB manual, appendix "GDB Remote Serial Protocol", sections Overview and Packet Acknowledgment.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::gdb {

// Where to listen: "PORT" or "ADDR:PORT". The address defaults to 127.0.0.1; port 0 lets the system choose.
struct Endpoint {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
};

// The error says what is wrong with `text`.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);

class Listener {
  public:
    // Binds and listens at once, so that a client may connect before accept() is called.
    static std::expected<Listener, std::string> open(const Endpoint& endpoint);

    // The port that is listened on, even if port 0 was asked for.
    std::uint16_t port() const { return port_; }
    // Blocks until a client connects.
    std::expected<Descriptor, std::string> accept();

  private:
    Descriptor socket_;
    std::uint16_t port_ = 0;
};

class Connection {
  public:
    explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

    // The next packet's payload, unescaped; "\x03" for an interrupt request. nullopt: the client has gone.
    // Packets with a wrong checksum are refused and asked for again.
    std::optional<std::string> receive();
    // False: the client has gone.
    bool send(std::string_view payload);

    // Whether the client has asked for an interrupt (or has gone) since the last packet. Does not block.
    bool interrupt_requested();
    // After QStartNoAckMode neither side acknowledges packets.
    void stop_acknowledging() { acknowledge_ = false; }

  private:
    std::optional<char> next_byte();
    bool write_all(std::string_view bytes);

    Descriptor socket_;
    std::string input_;  // received and not yet consumed
    bool acknowledge_ = true;
};

}  // namespace levitate::vmm::gdb
