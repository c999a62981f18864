// What /proc/net/snmp counts (RFC 1213). Nothing is counted in packets: there are none.
#pragma once

#include <cstdint>

namespace kernel {

struct NetworkCounts {
    struct Tcp {
        std::uint64_t active_opens = 0;
        std::uint64_t passive_opens = 0;
        std::uint64_t failed_attempts = 0;
        std::uint64_t reset_connections = 0;  // EstabResets
        std::uint64_t resets_sent = 0;
    } tcp;
    // Of sockets of AF_INET.
    struct Udp {
        std::uint64_t received = 0;
        std::uint64_t without_port = 0;
        std::uint64_t sent = 0;
        std::uint64_t lost = 0;  // for want of room in a receive buffer
    } udp;
};

NetworkCounts& network_counts();

}  // namespace kernel
