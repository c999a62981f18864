// The options of level SOL_SOCKET, which every family has (man 7 socket; Linux net/core/sock.c, sk_setsockopt
// and sk_getsockopt).
#pragma once

#include <asm/socket.h>
#include <linux/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/settings.hpp"
#include "mm/user_memory.hpp"
#include "net/socket_filter.hpp"
#include "net/socket_option_rules.hpp"
#include "time/timespec.hpp"

namespace kernel {

class Socket;

class SocketOptions {
  public:
    static constexpr std::int64_t kLongestLinger = 1'000'000'000;  // s

    SocketOptions();

    std::int64_t receive_timeout = 0;  // SO_RCVTIMEO in ns; 0: none, less: a call that would wait fails
    std::int64_t send_timeout = 0;     // SO_SNDTIMEO
    int receive_buffer = static_cast<int>(settings().default_receive_buffer);  // SO_RCVBUF
    int send_buffer = static_cast<int>(settings().default_send_buffer);        // SO_SNDBUF
    bool passes_credentials = false;                                           // SO_PASSCRED
    bool lingers = false;                                                      // SO_LINGER
    std::int64_t linger_seconds = 0;
    int peek_offset = -1;                           // SO_PEEK_OFF
    std::uint64_t pacing_rate = ~std::uint64_t{0};  // SO_MAX_PACING_RATE
    std::uint64_t cookie = 0;                       // SO_COOKIE; 0: not asked for yet

    // When received messages are stamped (SO_TIMESTAMP and its kin).
    enum class Stamp : std::uint8_t { None, Microseconds, Nanoseconds };
    Stamp stamp = Stamp::None;
    bool stamps_are_new = false;           // SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW
    std::array<int, 2> hardware_stamps{};  // SO_TIMESTAMPING: flags, clock
    int busy_budget = 0;                   // SO_BUSY_POLL_BUDGET
    std::array<int, 2> transmit_time{};    // SO_TXTIME: clock, flags
    RefPtr<SocketFilter> filter;           // SO_ATTACH_FILTER

    // One of the other options, whose value is one number; 0 where there is no such option.
    int value(int name) const;
    bool is_set(int name) const { return value(name) != 0; }
    bool reuses_address() const { return is_set(SO_REUSEADDR); }
    bool reuses_port() const { return is_set(SO_REUSEPORT); }
    bool broadcasts() const { return is_set(SO_BROADCAST); }
    bool out_of_band_inline() const { return is_set(SO_OOBINLINE); }
    int receive_low_mark() const { return value(SO_RCVLOWAT); }
    // A program has set SO_SNDBUF.
    bool send_buffer_is_fixed() const { return (value(SO_BUF_LOCK) & SOCK_SNDBUF_LOCK) != 0; }
    // SO_LINGER's in ns, cut where it would go beyond what a clock can say.
    std::int64_t linger_time() const {
        return (linger_seconds < kLongestLinger ? linger_seconds : kLongestLinger) * kNanosecondsPerSecond;
    }
    void put(int name, int value);

  private:
    std::array<int, kKeptOptions> values_{};
};

// EINVAL, EFAULT, ENOPROTOOPT and what an option says of a value: EPERM, EACCES, ENODEV, EDOM, EOPNOTSUPP.
Result<void> get_common_option(Socket& socket, int name, UserBuffer value, UserInOut<int> length);
Result<void> set_common_option(Socket& socket, int name, UserBuffer value, int length);

}  // namespace kernel
