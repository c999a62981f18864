// What netlink says of the routes over lo (Linux net/ipv4/fib_semantics.c, fib_dump_info; net/ipv6/route.c,
// rt6_fill_node).
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "net/loopback.hpp"
#include "net/netlink_message.hpp"

namespace kernel {

namespace {

NetlinkMessage route_message(InetFamily family, std::uint8_t prefix, std::uint8_t scope, std::uint8_t type,
                             const NetlinkReply& to) {
    NetlinkMessage message(RTM_NEWROUTE, NLM_F_MULTI, to.sequence, to.port);
    message.put(rtmsg{.rtm_family = static_cast<std::uint8_t>(family),
                      .rtm_dst_len = prefix,
                      .rtm_src_len = 0,
                      .rtm_tos = 0,
                      .rtm_table = RT_TABLE_LOCAL,
                      .rtm_protocol = RTPROT_KERNEL,
                      .rtm_scope = scope,
                      .rtm_type = type,
                      .rtm_flags = 0});
    message.attribute(RTA_TABLE, std::uint32_t{RT_TABLE_LOCAL});
    return message;
}

Result<Vector<std::byte>> v4_route(std::uint32_t target, std::uint8_t prefix, std::uint8_t scope,
                                   std::uint8_t type, const NetlinkReply& to) {
    NetlinkMessage message = route_message(InetFamily::V4, prefix, scope, type, to);
    message.attribute(RTA_DST, InetAddress::v4(target).to_in_addr());
    message.attribute(RTA_PREFSRC, InetAddress::loopback(InetFamily::V4).to_in_addr());
    message.attribute(RTA_OIF, LoopbackInterface::kIndex);
    return message.finish();
}

Result<Vector<std::byte>> v6_route(const NetlinkReply& to) {
    constexpr std::uint8_t kWholeAddress = 128;
    NetlinkMessage message = route_message(InetFamily::V6, kWholeAddress, RT_SCOPE_UNIVERSE, RTN_LOCAL, to);
    message.attribute(RTA_DST, InetAddress::loopback(InetFamily::V6).to_in6_addr());
    message.attribute(RTA_PRIORITY, std::uint32_t{0});
    message.attribute(RTA_OIF, LoopbackInterface::kIndex);
    message.attribute(RTA_CACHEINFO, rta_cacheinfo{});
    message.attribute(RTA_PREF, std::uint8_t{0});  // ICMPV6_ROUTER_PREF_MEDIUM
    return message.finish();
}

Result<void> append(Vector<std::byte>& all, const Vector<std::byte>& one) {
    const std::size_t before = all.size();
    TRY(all.resize(before + one.size()));
    __builtin_memcpy(all.data() + before, one.data(), one.size());
    return {};
}

// The routes of a family come together (netlink_dump fills one buffer).
Result<Vector<std::byte>> v4_routes(const NetlinkReply& to) {
    constexpr std::uint32_t kNet = 0x7f000000;
    constexpr std::uint32_t kBroadcast = 0x7fffffff;
    constexpr std::uint8_t kNetPrefix = 8;
    constexpr std::uint8_t kHostPrefix = 32;
    Vector<std::byte> all = TRY(v4_route(kNet, kNetPrefix, RT_SCOPE_HOST, RTN_LOCAL, to));
    TRY(append(all, TRY(v4_route(INADDR_LOOPBACK, kHostPrefix, RT_SCOPE_HOST, RTN_LOCAL, to))));
    TRY(append(all, TRY(v4_route(kBroadcast, kHostPrefix, RT_SCOPE_LINK, RTN_BROADCAST, to))));
    return all;
}

}  // namespace

Result<Vector<Vector<std::byte>>> route_messages(int family, const NetlinkReply& to) {
    Vector<Vector<std::byte>> messages;
    if (family != static_cast<int>(InetFamily::V6) && loopback_interface().has_v4_address()) {
        TRY(messages.push_back(TRY(v4_routes(to))));
    }
    if (family != static_cast<int>(InetFamily::V4) && loopback_interface().has_v6_address()) {
        TRY(messages.push_back(TRY(v6_route(to))));
    }
    return messages;
}

}  // namespace kernel
