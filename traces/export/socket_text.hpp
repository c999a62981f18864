// What socket calls point to, as people read it: in strace's notation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace levitate::traces::detail {

// "{sa_family=AF_UNIX, sun_path="/tmp/a"}", "{sa_family=AF_UNIX, sun_path=@"name"}", "{sa_family=AF_UNIX}".
std::string format_socket_address(std::span<const std::byte> address);

// "[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]".
std::string format_control(std::span<const std::byte> control);

// The name of an option of level SOL_SOCKET.
std::optional<std::string> format_option_name(std::uint64_t level, std::uint64_t name);
// "[1]", "{l_onoff=1, l_linger=3}"; nothing if the bytes are all that can be said of a value.
std::optional<std::string> format_option_value(std::uint64_t level, std::uint64_t name,
                                               std::span<const std::byte> value);

}  // namespace levitate::traces::detail
