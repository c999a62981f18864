#include "traces/export/socket_text.hpp"

#include <gtest/gtest.h>

#include "traces/abi/constants.hpp"
#include "traces/abi/control.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces {
namespace {

using namespace std::string_literals;

std::uint64_t number(std::int64_t constant) {
    return static_cast<std::uint64_t>(constant);
}

TEST(SocketText, addresses_of_unix_sockets) {
    EXPECT_EQ(detail::format_socket_address(to_bytes("\1\0"s)), "{sa_family=AF_UNIX}");
    EXPECT_EQ(detail::format_socket_address(to_bytes("\1\0/tmp/a\0"s)),
              R"({sun_family=AF_UNIX, sun_path="/tmp/a"})");
    EXPECT_EQ(detail::format_socket_address(to_bytes("\1\0\0name\0x"s)),
              R"({sa_family=AF_UNIX, sun_path=@"name\0x"})");
}

TEST(SocketText, addresses_of_netlink) {
    EXPECT_EQ(detail::format_socket_address(to_bytes("\x10\0\0\0\7\0\0\0\1\0\0\0"s)),
              "{nl_family=AF_NETLINK, nl_pid=7, nl_groups=0x1}");
}

TEST(SocketText, addresses_of_inet) {
    EXPECT_EQ(detail::format_socket_address(to_bytes("\2\0\0\x35\x7f\0\0\1\0\0\0\0\0\0\0\0"s)),
              R"({sin_family=AF_INET, sin_port=htons(53), sin_addr.s_addr=inet_addr("127.0.0.1")})");
    EXPECT_EQ(detail::format_socket_address(
                  to_bytes("\x0a\0\x1f\x90\0\0\0\0\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\0\0\0"s)),
              R"({sin6_family=AF_INET6, sin6_port=htons(8080), sin6_flowinfo=0, )"
              R"(sin6_addr=inet_pton(AF_INET6, "fe80::1"), sin6_scope_id=2})");
    EXPECT_EQ(
        detail::format_socket_address(to_bytes("\x0a\0\x1f\x90\0\0\0\0\xfe\x80"s)),
        "{sin6_family=AF_INET6, sin6_port=htons(8080), sin6_flowinfo=0, sin6_addr=..., sin6_scope_id=...}");
}

TEST(SocketText, memberships) {
    EXPECT_EQ(
        detail::format_option_value(0, 35, to_bytes("\xe0\0\0\1\x7f\0\0\1"s)),
        R"({imr_multiaddr.s_addr=inet_addr("224.0.0.1"), imr_interface.s_addr=inet_addr("127.0.0.1")})");
    EXPECT_EQ(detail::format_option_value(0, 36, to_bytes("\xe0\0\0\1\0\0\0\0\1\0\0\0"s)),
              R"({imr_multiaddr.s_addr=inet_addr("224.0.0.1"), imr_address.s_addr=inet_addr("0.0.0.0"), )"
              R"(imr_ifindex=1})");
    EXPECT_EQ(detail::format_option_value(41, 20, to_bytes("\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0"s)),
              R"({ipv6mr_multiaddr=inet_pton(AF_INET6, "ff02::1"), ipv6mr_ifindex=1})");
    EXPECT_EQ(detail::format_option_value(0, 35, to_bytes("\xe0\0\0\1\0\0"s)), std::nullopt);
}

TEST(SocketText, control_messages) {
    const std::string files = "\x18\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\3\0\0\0\4\0\0\0"s;
    const std::string sender = "\x1c\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\7\0\0\0\5\0\0\0\6\0\0\0"s;
    EXPECT_EQ(detail::format_control(to_bytes(files + sender)),
              "[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3, 4]}, {cmsg_len=28, "
              "cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=7, uid=5, gid=6}}]");
    EXPECT_EQ(detail::format_control(to_bytes("\x11\0\0\0\0\0\0\0\x29\0\0\0\2\0\0\0z"s)),
              R"([{cmsg_len=17, cmsg_level=SOL_IPV6, cmsg_type=2, cmsg_data="z"}])");
}

TEST(SocketText, control_messages_end_where_a_length_is_wrong) {
    EXPECT_TRUE(abi::control_messages(to_bytes("\x18\0\0\0\0\0\0\0\1\0\0\0\1\0\0"s)).empty());
    EXPECT_TRUE(abi::control_messages(to_bytes("\xf\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"s)).empty());
    EXPECT_TRUE(abi::control_messages(to_bytes("\x20\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"s)).empty());
}

TEST(SocketText, options) {
    const std::uint64_t level = number(abi::constant("SOL_SOCKET"));
    EXPECT_EQ(detail::format_option_name(level, number(abi::constant("SO_PASSCRED"))), "SO_PASSCRED");
    EXPECT_EQ(detail::format_option_name(level, 200), "200");
    EXPECT_EQ(detail::format_option_name(6, 1), "TCP_NODELAY");
    EXPECT_EQ(detail::format_option_name(0, 2), "IP_TTL");
    EXPECT_EQ(detail::format_option_name(41, 26), "IPV6_V6ONLY");
    EXPECT_EQ(detail::format_option_name(17, 1), "UDP_CORK");
    EXPECT_EQ(detail::format_option_name(270, 1), std::nullopt);
    EXPECT_EQ(detail::format_option_value(level, 2, to_bytes("\xff\xff\xff\xff"s)), "[-1]");
    EXPECT_EQ(
        detail::format_option_value(level, number(abi::constant("SO_LINGER")), to_bytes("\1\0\0\0\3\0\0\0"s)),
        "{l_onoff=1, l_linger=3}");
    EXPECT_EQ(detail::format_option_value(level, number(abi::constant("SO_RCVTIMEO_OLD")),
                                          to_bytes("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"s)),
              "{tv_sec=1, tv_usec=2}");
    EXPECT_EQ(detail::format_option_value(level, 200, to_bytes("abc"s)), std::nullopt);
}

}  // namespace
}  // namespace levitate::traces
