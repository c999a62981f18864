// The one network interface, lo, and the routes over it (Linux drivers/net/loopback.c,
// net/ipv4/fib_frontend.c).
#pragma once

#include <cstdint>

#include "net/inet_address.hpp"

namespace kernel {

class LoopbackInterface {
  public:
    static constexpr std::uint32_t kIndex = 1;
    static constexpr std::uint32_t kMtu = 65536;
    static constexpr std::uint32_t kIpv4Mtu = 65535;       // no packet of IPv4 is longer (IP_MAX_MTU)
    static constexpr std::uint32_t kTransmitQueue = 1000;  // DEFAULT_TX_QUEUE_LEN
    static constexpr std::uint16_t kHardwareType = 772;    // ARPHRD_LOOPBACK
    static constexpr std::string_view kName = "lo";

    // IFF_*, as SIOCGIFFLAGS shows them.
    unsigned flags() const;
    bool is_up() const { return is_up_; }
    // What SIOCSIFFLAGS may change (Linux net/core/dev.c, __dev_change_flags). Coming up gives it 127.0.0.1/8
    // and ::1/128.
    void change_flags(unsigned flags);
    bool has_v4_address() const { return has_v4_address_; }
    bool has_v6_address() const { return is_up_; }

    // When it came up last, on CLOCK_MONOTONIC.
    std::int64_t came_up_at() const { return came_up_at_; }

  private:
    std::int64_t came_up_at_ = 0;
    bool is_up_ = false;
    bool has_v4_address_ = false;
    unsigned other_flags_ = 0;
};

LoopbackInterface& loopback_interface();

// What an address is to this machine.
enum class AddressKind { Local, Broadcast, Multicast, Any, Elsewhere };
AddressKind kind_of(const InetAddress& address);
// May a socket be bound to it?
bool is_bindable(const InetAddress& address);

struct Route {
    InetAddress source;
    InetAddress destination;  // where it leads: 0.0.0.0 and :: mean this machine
    AddressKind kind = AddressKind::Local;
};
// Over which address something goes to `destination`. `source`: the address that the socket is bound to, or
// any; `interface`: the interface that the socket insists on, or 0. ENETUNREACH: there is no way; EINVAL: a
// source that is not this machine's; ENODEV.
Result<Route> find_route(const InetAddress& source, const InetAddress& destination, std::uint32_t interface);

}  // namespace kernel
