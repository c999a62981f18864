// When received messages came: SO_TIMESTAMP, SO_TIMESTAMPNS and SO_TIMESTAMPING (man 7 socket; Linux
// net/socket.c,
// __sock_recv_timestamp).
#pragma once

#include <cstdint>

#include "net/control_message.hpp"
#include "net/socket_options.hpp"

namespace kernel {

// What is to be noted of a message that arrives now, in ns of CLOCK_REALTIME; 0: nothing.
std::int64_t arrival_stamp(const SocketOptions& options);
// Tells what was noted; a stamp that is asked for only now is of now.
void write_stamps(const SocketOptions& options, std::int64_t arrived, ControlWriter& control);

}  // namespace kernel
