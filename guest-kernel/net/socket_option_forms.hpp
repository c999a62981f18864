// The options of level SOL_SOCKET that are more than one number, or do more than keep it.
#pragma once

#include <cstdint>

#include "mm/user_memory.hpp"

namespace kernel {

class Socket;
class SocketOptions;

struct SocketTimeValue {
    std::int64_t seconds;
    std::int64_t microseconds;
};

// SO_RCVTIMEO and SO_SNDTIMEO as SocketOptions keeps them. EINVAL, EDOM, EFAULT.
Result<std::int64_t> read_socket_timeout(UserBuffer value, int length);
SocketTimeValue to_time_value(std::int64_t nanoseconds);

// SO_SNDBUF, SO_RCVBUF and their FORCE forms. EPERM.
Result<void> set_socket_buffer(Socket& socket, int name, int value);
// SO_LINGER.
Result<void> set_linger(SocketOptions& options, UserBuffer value, int length);
Result<void> get_linger(const SocketOptions& options, UserBuffer value, UserInOut<int> length);
// SO_BINDTODEVICE. ENODEV, EPERM.
Result<void> set_device(Socket& socket, UserBuffer value, int length);
Result<void> get_device(const Socket& socket, UserBuffer value, UserInOut<int> length);
// SO_TIMESTAMP, SO_TIMESTAMPNS and their NEW forms; SO_TIMESTAMPING; SO_TXTIME.
void set_stamp(SocketOptions& options, int name, int value);
int stamp_of(const SocketOptions& options, int name);
Result<void> set_hardware_stamps(SocketOptions& options, bool is_new, UserBuffer value, int length);
Result<void> set_transmit_time(SocketOptions& options, UserBuffer value, int length);
// SO_MAX_PACING_RATE, of 4 or 8 bytes.
Result<void> set_pacing(SocketOptions& options, int number, UserBuffer value, int length);
Result<void> get_pacing(const SocketOptions& options, UserBuffer value, UserInOut<int> length);
// SO_BUSY_POLL_BUDGET. EPERM, EINVAL.
Result<void> set_busy_budget(SocketOptions& options, int number);
// SO_COOKIE, SO_NETNS_COOKIE.
Result<void> get_cookie(SocketOptions& options, UserBuffer value, UserInOut<int> length);
Result<void> get_name_space_cookie(UserBuffer value, UserInOut<int> length);
// SO_PEERNAME, SO_PEERGROUPS. ENOTCONN, ENODATA, EINVAL, ERANGE.
Result<void> get_peer_name(Socket& socket, UserBuffer value, UserInOut<int> length);
Result<void> get_peer_groups(const Socket& socket, UserBuffer value, UserInOut<int> length);
// SO_MEMINFO.
Result<void> get_memory(const Socket& socket, UserBuffer value, UserInOut<int> length);
// SO_ATTACH_FILTER, SO_DETACH_FILTER. EPERM: SO_LOCK_FILTER is set; EINVAL, EFAULT; ENOENT: there is none.
Result<void> attach_filter(SocketOptions& options, UserBuffer value, int length);
Result<void> detach_filter(SocketOptions& options);
// SO_GET_FILTER, whose lengths are numbers of instructions.
Result<void> get_filter(const SocketOptions& options, UserBuffer value, UserInOut<int> length);
// The kinds of filters that are not there; what is none of their kind is told first.
Result<void> refuse_filter(const SocketOptions& options, int name, UserBuffer value, int length);

}  // namespace kernel
