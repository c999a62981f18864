// What the ioctls of network interfaces take (man 7 netdevice). Linux's <linux/if.h> has it, but includes the
// C library's <sys/socket.h>.
#pragma once

#include <linux/in.h>

#include <array>
#include <cstdint>

namespace kernel {

namespace interface_flags {
inline constexpr unsigned kUp = 0x1;           // IFF_UP
inline constexpr unsigned kDebug = 0x4;        // IFF_DEBUG
inline constexpr unsigned kLoopback = 0x8;     // IFF_LOOPBACK
inline constexpr unsigned kNoTrailers = 0x20;  // IFF_NOTRAILERS
inline constexpr unsigned kRunning = 0x40;     // IFF_RUNNING
inline constexpr unsigned kNoArp = 0x80;       // IFF_NOARP
inline constexpr unsigned kPromiscuous = 0x100;
inline constexpr unsigned kAllMulticast = 0x200;
inline constexpr unsigned kMulticast = 0x1000;
inline constexpr unsigned kPortSelect = 0x2000;
inline constexpr unsigned kAutoMedia = 0x4000;
inline constexpr unsigned kDynamic = 0x8000;
inline constexpr unsigned kLowerUp = 0x10000;  // IFF_LOWER_UP: only netlink shows it
}  // namespace interface_flags

// struct ifreq.
struct InterfaceRequest {
    std::array<char, 16> name;
    union {
        sockaddr_in address;
        short flags;
        int number;  // index, metric, MTU, queue length
        std::array<std::uint8_t, 24> bytes;
    };
};

// struct ifconf.
struct InterfaceList {
    int length;
    std::uint64_t requests;
};

}  // namespace kernel
