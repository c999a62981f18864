// Netlink messages in the making: a header, a fixed part, attributes (man 3 netlink, man 3 rtnetlink).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/vector.hpp"

namespace kernel {

class NetlinkMessage {
  public:
    // `port` and `sequence`: of the request that it answers.
    NetlinkMessage(unsigned type, unsigned flags, std::uint32_t sequence, std::uint32_t port)
        : type_(type), flags_(flags), sequence_(sequence), port_(port) {}

    template <typename T>
    void put(const T& value) {
        put_bytes(&value, sizeof(value));
    }
    template <typename T>
    void attribute(unsigned type, const T& value) {
        attribute_bytes(type, &value, sizeof(value));
    }
    void text_attribute(unsigned type, std::string_view text);
    void attribute_bytes(unsigned type, const void* value, std::size_t size);
    void put_bytes(const void* value, std::size_t size);
    // The whole message. ENOMEM.
    Result<Vector<std::byte>> finish();

  private:
    void pad();

    unsigned type_;
    unsigned flags_;
    std::uint32_t sequence_;
    std::uint32_t port_;
    Vector<std::byte> body_;
    bool failed_ = false;
};

// The link message and the address messages of lo, as a dump or one by itself has them (`flags`: NLM_F_MULTI
// or nothing).
Result<Vector<std::byte>> link_message(unsigned flags, std::uint32_t sequence, std::uint32_t port);
Result<Vector<std::byte>> v4_address_message(std::uint32_t sequence, std::uint32_t port);
Result<Vector<std::byte>> v6_address_message(std::uint32_t sequence, std::uint32_t port);

// Whom an answer is for, and to what.
struct NetlinkReply {
    std::uint32_t sequence;
    std::uint32_t port;
};
// The routes over lo, of one family or of both (0): for each family what is to be received at once.
Result<Vector<Vector<std::byte>>> route_messages(int family, const NetlinkReply& to);

}  // namespace kernel
