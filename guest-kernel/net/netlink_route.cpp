// What netlink says of lo (Linux net/core/rtnetlink.c, rtnl_fill_ifinfo; net/ipv4/devinet.c,
// inet_fill_ifaddr; net/ipv6/addrconf.c, inet6_fill_ifaddr).
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>

#include "net/interface_request.hpp"
#include "net/loopback.hpp"
#include "net/netlink_message.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kForever = ~0U;              // INFINITY_LIFE_TIME
constexpr std::uint32_t kSegments = 65535;           // GSO_MAX_SEGS
constexpr std::uint32_t kSegmentedSize = 65536;      // GSO_LEGACY_MAX_SIZE
constexpr std::uint32_t kLargestSegmented = 524280;  // TSO_MAX_SIZE of lo: GSO_MAX_SIZE
constexpr std::array<std::uint8_t, 6> kNoHardwareAddress{};

struct CacheInfo {
    std::uint32_t preferred;
    std::uint32_t valid;
    std::uint32_t created;  // in hundredths of a second since the start
    std::uint32_t updated;
};

CacheInfo cache_info() {
    const auto hundredths = static_cast<std::uint32_t>(loopback_interface().came_up_at() / 10'000'000);
    return {.preferred = kForever, .valid = kForever, .created = hundredths, .updated = hundredths};
}

void put_sizes(NetlinkMessage& message) {
    message.attribute(IFLA_MTU, LoopbackInterface::kMtu);
    message.attribute(IFLA_MIN_MTU, std::uint32_t{0});
    message.attribute(IFLA_MAX_MTU, std::uint32_t{0});
    message.attribute(IFLA_GROUP, std::uint32_t{0});
    message.attribute(IFLA_PROMISCUITY, std::uint32_t{0});
    message.attribute(61, std::uint32_t{0});  // IFLA_ALLMULTI
    message.attribute(IFLA_NUM_TX_QUEUES, std::uint32_t{1});
    message.attribute(IFLA_GSO_MAX_SEGS, kSegments);
    message.attribute(IFLA_GSO_MAX_SIZE, kSegmentedSize);
    message.attribute(58, kSegmentedSize);     // IFLA_GRO_MAX_SIZE
    message.attribute(59, kLargestSegmented);  // IFLA_TSO_MAX_SIZE
    message.attribute(60, kSegments);          // IFLA_TSO_MAX_SEGS
    message.attribute(IFLA_NUM_RX_QUEUES, std::uint32_t{1});
}

}  // namespace

Result<Vector<std::byte>> link_message(unsigned flags, std::uint32_t sequence, std::uint32_t port) {
    const LoopbackInterface& interface = loopback_interface();
    const unsigned shown = interface.flags() | (interface.is_up() ? interface_flags::kLowerUp : 0);
    NetlinkMessage message(RTM_NEWLINK, flags, sequence, port);
    message.put(ifinfomsg{.ifi_family = 0,
                          .__ifi_pad = 0,
                          .ifi_type = LoopbackInterface::kHardwareType,
                          .ifi_index = LoopbackInterface::kIndex,
                          .ifi_flags = shown,
                          .ifi_change = 0});
    message.text_attribute(IFLA_IFNAME, LoopbackInterface::kName);
    message.attribute(IFLA_TXQLEN, LoopbackInterface::kTransmitQueue);
    constexpr std::uint8_t kDown = 2;  // IF_OPER_DOWN; up, lo's state is unknown
    message.attribute(IFLA_OPERSTATE, interface.is_up() ? std::uint8_t{0} : kDown);
    message.attribute(IFLA_LINKMODE, std::uint8_t{0});
    put_sizes(message);
    message.attribute(IFLA_CARRIER, std::uint8_t{1});
    message.text_attribute(IFLA_QDISC, interface.is_up() ? "noqueue" : "noop");
    message.attribute(IFLA_CARRIER_CHANGES, std::uint32_t{0});
    message.attribute(IFLA_CARRIER_UP_COUNT, std::uint32_t{0});
    message.attribute(IFLA_CARRIER_DOWN_COUNT, std::uint32_t{0});
    message.attribute(IFLA_PROTO_DOWN, std::uint8_t{0});
    message.attribute(IFLA_MAP, rtnl_link_ifmap{});
    message.attribute(IFLA_ADDRESS, kNoHardwareAddress);
    message.attribute(IFLA_BROADCAST, kNoHardwareAddress);
    return message.finish();
}

Result<Vector<std::byte>> v4_address_message(std::uint32_t sequence, std::uint32_t port) {
    const in_addr address = InetAddress::loopback(InetFamily::V4).to_in_addr();
    NetlinkMessage message(RTM_NEWADDR, NLM_F_MULTI, sequence, port);
    message.put(ifaddrmsg{.ifa_family = static_cast<std::uint8_t>(InetFamily::V4),
                          .ifa_prefixlen = 8,
                          .ifa_flags = IFA_F_PERMANENT,
                          .ifa_scope = RT_SCOPE_HOST,
                          .ifa_index = LoopbackInterface::kIndex});
    message.attribute(IFA_ADDRESS, address);
    message.attribute(IFA_LOCAL, address);
    message.text_attribute(IFA_LABEL, LoopbackInterface::kName);
    message.attribute(IFA_FLAGS, std::uint32_t{IFA_F_PERMANENT});
    message.attribute(IFA_CACHEINFO, cache_info());
    return message.finish();
}

Result<Vector<std::byte>> v6_address_message(std::uint32_t sequence, std::uint32_t port) {
    constexpr std::uint8_t kWholeAddress = 128;
    constexpr unsigned kProtocol = 11;           // IFA_PROTO
    constexpr std::uint8_t kKernelLoopback = 1;  // IFAPROT_KERNEL_LO
    NetlinkMessage message(RTM_NEWADDR, NLM_F_MULTI, sequence, port);
    message.put(ifaddrmsg{.ifa_family = static_cast<std::uint8_t>(InetFamily::V6),
                          .ifa_prefixlen = kWholeAddress,
                          .ifa_flags = IFA_F_PERMANENT,
                          .ifa_scope = RT_SCOPE_HOST,
                          .ifa_index = LoopbackInterface::kIndex});
    message.attribute(IFA_ADDRESS, InetAddress::loopback(InetFamily::V6).to_in6_addr());
    message.attribute(IFA_CACHEINFO, cache_info());
    message.attribute(IFA_FLAGS, std::uint32_t{IFA_F_PERMANENT});
    message.attribute(kProtocol, kKernelLoopback);
    return message.finish();
}

void NetlinkMessage::put_bytes(const void* value, std::size_t size) {
    const std::size_t at = body_.size();
    if (body_.resize(at + size).is_error()) {
        failed_ = true;
        return;
    }
    __builtin_memcpy(body_.data() + at, value, size);
}

void NetlinkMessage::pad() {
    const std::array<std::byte, NLMSG_ALIGNTO> zeros{};
    put_bytes(zeros.data(), NLMSG_ALIGN(body_.size()) - body_.size());
}

void NetlinkMessage::attribute_bytes(unsigned type, const void* value, std::size_t size) {
    put(rtattr{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + size),
               .rta_type = static_cast<std::uint16_t>(type)});
    put_bytes(value, size);
    pad();
}

void NetlinkMessage::text_attribute(unsigned type, std::string_view text) {
    put(rtattr{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + text.size() + 1),
               .rta_type = static_cast<std::uint16_t>(type)});
    put_bytes(text.data(), text.size());
    put('\0');
    pad();
}

Result<Vector<std::byte>> NetlinkMessage::finish() {
    const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + body_.size()),
                          .nlmsg_type = static_cast<std::uint16_t>(type_),
                          .nlmsg_flags = static_cast<std::uint16_t>(flags_),
                          .nlmsg_seq = sequence_,
                          .nlmsg_pid = port_};
    Vector<std::byte> message;
    TRY(message.resize(sizeof(header) + body_.size()));
    __builtin_memcpy(message.data(), &header, sizeof(header));
    if (!body_.is_empty()) {
        __builtin_memcpy(message.data() + sizeof(header), body_.data(), body_.size());
    }
    return failed_ ? Result<Vector<std::byte>>(Errno(ENOMEM)) : Result<Vector<std::byte>>(std::move(message));
}

}  // namespace kernel
