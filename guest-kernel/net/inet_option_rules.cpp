#include "net/inet_option_rules.hpp"

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

namespace kernel {

namespace {

using enum OptionRule::Kind;

constexpr int kByte = 255;
constexpr int kInt = INT32_MAX;

// What is not in linux/in6.h, because glibc defines it.
constexpr std::array kIp{
    OptionRule{IP_TOS, Range, 0, INT32_MIN, kInt},
    OptionRule{IP_TTL, Unset, 64, 1, kByte},
    OptionRule{IP_RECVOPTS, Flag, 0},
    OptionRule{IP_RETOPTS, Flag, 0},
    OptionRule{IP_PKTINFO, Flag, 0},
    OptionRule{IP_MTU_DISCOVER, Range, IP_PMTUDISC_WANT, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT},
    OptionRule{IP_RECVERR, Flag, 0},
    OptionRule{IP_RECVTTL, Flag, 0},
    OptionRule{IP_RECVTOS, Flag, 0},
    OptionRule{IP_FREEBIND, Flag, 0},
    OptionRule{IP_PASSSEC, Flag, 0},
    OptionRule{IP_TRANSPARENT, Flag, 0},
    OptionRule{IP_ORIGDSTADDR, Flag, 0},
    OptionRule{IP_MINTTL, Range, 0, 0, kByte},
    OptionRule{IP_CHECKSUM, Flag, 0},
    OptionRule{IP_BIND_ADDRESS_NO_PORT, Flag, 0},
    OptionRule{IP_RECVFRAGSIZE, DatagramFlag, 0},
    OptionRule{IP_RECVERR_RFC4884, Range, 0, 0, 1},
    OptionRule{IP_MULTICAST_TTL, DatagramUnset, 1, 0, kByte},
    OptionRule{IP_MULTICAST_LOOP, Flag, 1},
    OptionRule{IP_MULTICAST_ALL, Range, 1, 0, 1},
};

constexpr std::array kIpv6{
    OptionRule{IPV6_UNICAST_HOPS, Unset, 64, 0, kByte},
    OptionRule{IPV6_MULTICAST_HOPS, DatagramUnset, 1, 0, kByte},
    OptionRule{IPV6_MULTICAST_LOOP, Range, 1, 0, 1},
    OptionRule{IPV6_MTU_DISCOVER, Range, IPV6_PMTUDISC_WANT, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT},
    OptionRule{IPV6_RECVERR, Flag, 0},
    OptionRule{IPV6_V6ONLY, Flag, 0},
    OptionRule{IPV6_MULTICAST_ALL, Flag, 1},
    OptionRule{IPV6_RECVERR_RFC4884, Range, 0, 0, 1},
    OptionRule{IPV6_FLOWINFO_SEND, Flag, 0},
    OptionRule{IPV6_FLOWINFO, Flag, 0},
    OptionRule{IPV6_2292PKTINFO, Flag, 0},
    OptionRule{IPV6_2292HOPOPTS, Flag, 0},
    OptionRule{IPV6_2292DSTOPTS, Flag, 0},
    OptionRule{IPV6_2292RTHDR, Flag, 0},
    OptionRule{IPV6_2292HOPLIMIT, Flag, 0},
    OptionRule{IPV6_RECVPKTINFO, Flag, 0},
    OptionRule{IPV6_RECVHOPLIMIT, Flag, 0},
    OptionRule{IPV6_RECVHOPOPTS, Flag, 0},
    OptionRule{IPV6_RECVRTHDR, Flag, 0},
    OptionRule{IPV6_RECVDSTOPTS, Flag, 0},
    OptionRule{IPV6_RECVPATHMTU, Flag, 0},
    OptionRule{IPV6_DONTFRAG, Flag, 0},
    OptionRule{IPV6_RECVTCLASS, Flag, 0},
    OptionRule{IPV6_TCLASS, Unset, 0, 0, kByte},
    OptionRule{IPV6_AUTOFLOWLABEL, Flag, 1},
    OptionRule{IPV6_MINHOPCOUNT, Range, 0, 0, kByte},
    OptionRule{IPV6_ORIGDSTADDR, Flag, 0},
    OptionRule{IPV6_TRANSPARENT, Flag, 0},
    OptionRule{IPV6_FREEBIND, Flag, 0},
    OptionRule{IPV6_RECVFRAGSIZE, Flag, 0},
};

constexpr int kLongestKeepAlive = 32767;  // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL
constexpr int kMostProbes = 127;          // MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT

constexpr std::array kTcp{
    OptionRule{TCP_NODELAY, Flag, 0},
    OptionRule{TCP_CORK, Flag, 0},
    OptionRule{TCP_KEEPIDLE, Range, 7200, 1, kLongestKeepAlive},
    OptionRule{TCP_KEEPINTVL, Range, 75, 1, kLongestKeepAlive},
    OptionRule{TCP_KEEPCNT, Range, 9, 1, kMostProbes},
    OptionRule{TCP_SYNCNT, Range, 6, 1, kMostProbes},
    OptionRule{TCP_QUICKACK, Flag, 1},
    OptionRule{TCP_THIN_LINEAR_TIMEOUTS, Range, 0, 0, 1},
    OptionRule{TCP_THIN_DUPACK, Range, 0, 0, 1},
    OptionRule{TCP_USER_TIMEOUT, Range, 0, 0, kInt},
    OptionRule{TCP_NOTSENT_LOWAT, Range, 0, INT32_MIN, kInt},
    OptionRule{TCP_SAVE_SYN, Range, 0, 0, 2},
    OptionRule{TCP_FASTOPEN_CONNECT, Range, 0, 0, 1},
    OptionRule{TCP_FASTOPEN_NO_COOKIE, Range, 0, 0, 1},
    OptionRule{TCP_INQ, Range, 0, 0, 1},
    OptionRule{TCP_TX_DELAY, Range, 0, INT32_MIN, kInt},
};

constexpr std::array kUdp{
    OptionRule{UDP_CORK, Flag, 0},
    OptionRule{UDP_ENCAP, ReadOnly, 0},
    OptionRule{UDP_NO_CHECK6_TX, Flag, 0},
    OptionRule{UDP_NO_CHECK6_RX, Flag, 0},
    OptionRule{UDP_SEGMENT, Range, 0, 0, UINT16_MAX},
    OptionRule{UDP_GRO, Flag, 0},
    OptionRule{UDPLITE_SEND_CSCOV, ReadOnly, 0},
    OptionRule{UDPLITE_RECV_CSCOV, ReadOnly, 0},
};

}  // namespace

std::span<const OptionRule> ip_option_rules() {
    return kIp;
}

std::span<const OptionRule> ipv6_option_rules() {
    return kIpv6;
}

std::span<const OptionRule> tcp_option_rules() {
    return kTcp;
}

std::span<const OptionRule> udp_option_rules() {
    return kUdp;
}

OptionValues::OptionValues(std::span<const OptionRule> rules) : rules_(rules) {
    for (std::size_t i = 0; i < rules.size(); i++) {
        values_[i] = rules[i].initial;
    }
}

std::size_t OptionValues::find(int name) const {
    std::size_t i = 0;
    while (i < rules_.size() && rules_[i].name != name) {
        i++;
    }
    return i;
}

Result<void> OptionValues::set(int name, int value, bool is_stream) {
    const std::size_t index = find(name);
    if (index == rules_.size() || rules_[index].kind == ReadOnly) {
        return Errno(ENOPROTOOPT);
    }
    const OptionRule& rule = rules_[index];
    if (is_stream && (rule.kind == DatagramFlag || rule.kind == DatagramUnset)) {
        return Errno(EINVAL);
    }
    if (rule.kind == Flag || rule.kind == DatagramFlag) {
        values_[index] = value != 0 ? 1 : 0;
        return {};
    }
    if (value == -1 && rule.kind != Range) {
        value = rule.initial;
    }
    if (value < rule.minimum || value > rule.maximum) {
        return Errno(EINVAL);
    }
    values_[index] = value;
    return {};
}

Result<int> read_option(UserBuffer value, int length) {
    if (length < static_cast<int>(sizeof(int))) {
        return Errno(EINVAL);
    }
    return UserIn<int>(value.address()).read();
}

// Linux ip_setsockopt: a byte is enough, and nothing at all is 0.
Result<int> read_short_option(UserBuffer value, int length) {
    if (length >= static_cast<int>(sizeof(int))) {
        return UserIn<int>(value.address()).read();
    }
    if (length > 0) {
        return TRY(UserIn<unsigned char>(value.address()).read());
    }
    return 0;
}

}  // namespace kernel
