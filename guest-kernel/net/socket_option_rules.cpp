#include "net/socket_option_rules.hpp"

#include <asm/socket.h>
#include <linux/capability.h>
#include <linux/socket.h>

#include <array>
#include <cstdint>

#include "mm/page.hpp"
#include "net/socket.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

bool may(int capability) {
    return Task::current().credentials.has(capability);
}

Result<int> bound_index(Socket& socket, int value) {
    if (value < 0) {
        return Errno(EINVAL);
    }
    if (socket.options.is_set(SO_BINDTOIFINDEX) && !may(CAP_NET_RAW)) {
        return Errno(EPERM);
    }
    return value;
}
namespace {

Result<int> flag(Socket&, int value) {
    return value != 0 ? 1 : 0;
}
Result<int> number(Socket&, int value) {
    return value;
}
Result<int> debug(Socket&, int value) {
    return value != 0 && !may(CAP_NET_ADMIN) ? Result<int>(Errno(EACCES)) : Result<int>(value != 0 ? 1 : 0);
}
Result<int> reuse_port(Socket& socket, int value) {
    const bool is_internet = socket.family() == kFamilyInet || socket.family() == kFamilyInet6;
    return value != 0 && !is_internet ? Result<int>(Errno(EOPNOTSUPP)) : Result<int>(value != 0 ? 1 : 0);
}
Result<int> priority(Socket&, int value) {
    constexpr int kHighest = 6;
    const bool is_free = value >= 0 && value <= kHighest;
    return is_free || may(CAP_NET_RAW) || may(CAP_NET_ADMIN) ? Result<int>(value) : Result<int>(Errno(EPERM));
}
Result<int> mark(Socket&, int value) {
    return may(CAP_NET_RAW) || may(CAP_NET_ADMIN) ? Result<int>(value) : Result<int>(Errno(EPERM));
}
// Linux net/ipv4/tcp.c, tcp_set_rcvlowat: so much must fit into half the receive buffer, which grows if the
// program has not set its size.
Result<int> low_water(Socket& socket, int value) {
    // net.ipv4.tcp_rmem (tcp_init): 32 bytes a page, and at most 6 MiB.
    constexpr std::uint64_t kMost = std::uint64_t{6} << 20;
    const int largest = static_cast<int>(std::min(memory_counts().total_pages * 32, kMost));
    const int wanted = value < 0 ? INT32_MAX : std::max(value, 1);
    const bool is_internet = socket.family() == kFamilyInet || socket.family() == kFamilyInet6;
    if (!is_internet || socket.type() != SocketType::Stream) {
        return wanted;
    }
    SocketOptions& options = socket.options;
    if ((options.value(SO_BUF_LOCK) & SOCK_RCVBUF_LOCK) != 0) {
        return std::min(wanted, options.receive_buffer / 2);
    }
    const int mark = std::min(wanted, largest / 2);
    options.receive_buffer = std::max(options.receive_buffer, 2 * mark);
    return mark;
}
Result<int> lock_filter(Socket& socket, int value) {
    if (value == 0 && socket.options.is_set(SO_LOCK_FILTER)) {
        return Errno(EPERM);
    }
    return value != 0 ? 1 : 0;
}
Result<int> busy_poll(Socket& socket, int value) {
    if (value > socket.options.value(SO_BUSY_POLL) && !may(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    return value < 0 ? Result<int>(Errno(EINVAL)) : Result<int>(value);
}
Result<int> prefer_busy_poll(Socket&, int value) {
    return value != 0 && !may(CAP_NET_ADMIN) ? Result<int>(Errno(EPERM)) : Result<int>(value != 0 ? 1 : 0);
}
Result<int> buffer_lock(Socket&, int value) {
    constexpr int kBits = SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK;
    return (value & ~kBits) != 0 ? Result<int>(Errno(EINVAL)) : Result<int>(value);
}
Result<int> rehash(Socket&, int value) {
    if (value < -1 || value > 1) {
        return Errno(EINVAL);
    }
    return value == -1 ? 1 : value;  // -1: as net.core.txrehash says
}
// Options that need something that no socket here has.
Result<int> zero_copy(Socket&, int) {
    return Errno(EOPNOTSUPP);
}
Result<int> reserve(Socket&, int value) {
    return Errno(value < 0 ? EINVAL : EOPNOTSUPP);
}

constexpr std::array<CommonOptionRule, kKeptOptions> kKept = {{
    {SO_DEBUG, 0, debug},
    {SO_REUSEADDR, 0, flag},
    {SO_DONTROUTE, 0, flag},
    {SO_BROADCAST, 0, flag},
    {SO_KEEPALIVE, 0, flag},
    {SO_OOBINLINE, 0, flag},
    {SO_NO_CHECK, 0, flag},
    {SO_PRIORITY, 0, priority},
    {SO_REUSEPORT, 0, reuse_port},
    {SO_RCVLOWAT, 1, low_water},
    {SO_SNDLOWAT, 1, nullptr},
    {SO_PASSSEC, 0, flag},
    {SO_MARK, 0, mark},
    {SO_RXQ_OVFL, 0, flag},
    {SO_WIFI_STATUS, 0, flag},
    {SO_NOFCS, 0, flag},
    {SO_LOCK_FILTER, 0, lock_filter},
    {SO_SELECT_ERR_QUEUE, 0, flag},
    {SO_BUSY_POLL, 0, busy_poll},
    {SO_BPF_EXTENSIONS, 64, nullptr},  // SKF_AD_MAX
    {SO_INCOMING_CPU, -1, number},
    {SO_BINDTOIFINDEX, 0, bound_index},
    {SO_PREFER_BUSY_POLL, 0, prefer_busy_poll},
    {SO_BUF_LOCK, 0, buffer_lock},
    {SO_TXREHASH, 0, rehash},
    {SO_RCVMARK, 0, flag},
    {SO_INCOMING_NAPI_ID, 0, nullptr},
}};

// Without a value that is kept: they read as 0.
constexpr CommonOptionRule kOthers[] = {
    {SO_ZEROCOPY, 0, zero_copy},
    {SO_RESERVE_MEM, 0, reserve},
    {SO_BSDCOMPAT, 0, number},
};

}  // namespace

std::span<const CommonOptionRule, kKeptOptions> kept_option_rules() {
    return kKept;
}

std::span<const CommonOptionRule> other_option_rules() {
    return kOthers;
}

const CommonOptionRule* find_rule(std::span<const CommonOptionRule> rules, int name) {
    for (const CommonOptionRule& rule : rules) {
        if (rule.name == name) {
            return &rule;
        }
    }
    return nullptr;
}

}  // namespace kernel
