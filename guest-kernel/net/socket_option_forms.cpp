#include "net/socket_option_forms.hpp"

#include <asm/socket.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/socket.h>

#include <array>

#include "fs/file_table.hpp"
#include "net/socket.hpp"
#include "net/socket_option_rules.hpp"
#include "task/task.hpp"
#include "time/timespec.hpp"

namespace kernel {

namespace {

constexpr int kMinimumSendBuffer = 4608;     // SOCK_MIN_SNDBUF on arm64
constexpr int kMinimumReceiveBuffer = 2304;  // SOCK_MIN_RCVBUF
constexpr int kLoopbackIndex = 1;            // the only network device, "lo"

struct Linger {
    int is_on;
    int seconds;
};

// Timeouts are kept in ticks of the scheduler's clock, of which Debian's kernel has 250 a second.
constexpr std::int64_t kTicksPerSecond = 250;
constexpr std::int64_t kMicrosecondsPerTick = 1'000'000 / kTicksPerSecond;
constexpr std::int64_t kNanosecondsPerTick = 1'000'000'000 / kTicksPerSecond;
constexpr std::int64_t kLongestSeconds = INT64_MAX / kNanosecondsPerSecond - 1;

// Linux sets twice what is asked for, to have room for its own structures.
int doubled(int asked, int minimum) {
    return std::max(std::min(asked, INT32_MAX / 2) * 2, minimum);
}

int limited(int asked, std::int64_t largest) {
    return static_cast<int>(std::min(static_cast<unsigned>(asked), static_cast<unsigned>(largest)));
}

}  // namespace

// Linux sock_set_timeout.
Result<std::int64_t> read_socket_timeout(UserBuffer optval, int optlen) {
    if (optlen < static_cast<int>(sizeof(SocketTimeValue))) {
        return Errno(EINVAL);
    }
    const SocketTimeValue value = TRY(UserIn<SocketTimeValue>(optval.address()).read());
    if (value.microseconds < 0 || value.microseconds >= 1'000'000) {
        return Errno(EDOM);
    }
    if (value.seconds < 0) {
        return std::int64_t{-1};
    }
    if (value.seconds > kLongestSeconds) {
        return std::int64_t{0};
    }
    const std::int64_t ticks = (value.microseconds + kMicrosecondsPerTick - 1) / kMicrosecondsPerTick;
    return value.seconds * kNanosecondsPerSecond + ticks * kNanosecondsPerTick;
}

SocketTimeValue to_time_value(std::int64_t nanoseconds) {
    if (nanoseconds < 0) {
        return {};
    }
    return {.seconds = nanoseconds / kNanosecondsPerSecond,
            .microseconds = nanoseconds % kNanosecondsPerSecond / 1000};
}

Result<void> set_socket_buffer(Socket& socket, int name, int value) {
    const bool is_forced = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
    if (is_forced && !may(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    SocketOptions& options = socket.options;
    const bool sends = name == SO_SNDBUF || name == SO_SNDBUFFORCE;
    const std::int64_t largest = sends ? settings().largest_send_buffer : settings().largest_receive_buffer;
    const int asked = is_forced ? std::max(value, 0) : limited(value, largest);
    if (sends) {
        options.send_buffer = doubled(asked, kMinimumSendBuffer);
    } else {
        options.receive_buffer = doubled(asked, kMinimumReceiveBuffer);
    }
    options.put(SO_BUF_LOCK, options.value(SO_BUF_LOCK) | (sends ? SOCK_SNDBUF_LOCK : SOCK_RCVBUF_LOCK));
    socket.option_changed(sends ? SO_SNDBUF : SO_RCVBUF);
    return {};
}

Result<void> set_linger(SocketOptions& options, UserBuffer optval, int optlen) {
    if (optlen < static_cast<int>(sizeof(Linger))) {
        return Errno(EINVAL);
    }
    const Linger linger = TRY(UserIn<Linger>(optval.address()).read());
    options.lingers = linger.is_on != 0;
    if (options.lingers) {
        constexpr std::int64_t kLongest = INT64_MAX / kTicksPerSecond;
        options.linger_seconds = linger.seconds < 0 ? kLongest : linger.seconds;
    }
    return {};
}

Result<void> get_linger(const SocketOptions& options, UserBuffer optval, UserInOut<int> optlen) {
    const Linger shown{.is_on = options.lingers ? 1 : 0, .seconds = static_cast<int>(options.linger_seconds)};
    return give_option(shown, optval, optlen);
}

Result<void> set_device(Socket& socket, UserBuffer optval, int optlen) {
    std::array<char, 16> name{};  // IFNAMSIZ
    const std::size_t size = std::min(static_cast<std::size_t>(optlen), name.size() - 1);
    TRY(copy_from_user(name.data(), optval.address(), size));
    const std::string_view device(name.data());
    if (!device.empty() && device != "lo") {
        return Errno(ENODEV);
    }
    const int index = TRY(bound_index(socket, device.empty() ? 0 : kLoopbackIndex));
    socket.options.put(SO_BINDTOIFINDEX, index);
    return {};
}

Result<void> get_device(const Socket& socket, UserBuffer optval, UserInOut<int> optlen) {
    constexpr std::array<char, 3> kName = {'l', 'o', '\0'};
    constexpr int kSize = 16;  // IFNAMSIZ
    if (socket.options.value(SO_BINDTOIFINDEX) != kLoopbackIndex) {
        return optlen.write(0);
    }
    if (TRY(optlen.read()) < kSize) {
        return Errno(EINVAL);
    }
    return give_option(kName, optval, optlen);
}

void set_stamp(SocketOptions& options, int name, int value) {
    const bool is_in_nanoseconds = name == SO_TIMESTAMPNS_OLD || name == SO_TIMESTAMPNS_NEW;
    if (value == 0) {
        options.stamp = SocketOptions::Stamp::None;
        return;
    }
    options.stamp =
        is_in_nanoseconds ? SocketOptions::Stamp::Nanoseconds : SocketOptions::Stamp::Microseconds;
    options.stamps_are_new = name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_NEW;
}

int stamp_of(const SocketOptions& options, int name) {
    const bool is_in_nanoseconds = name == SO_TIMESTAMPNS_OLD || name == SO_TIMESTAMPNS_NEW;
    const bool is_new = name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_NEW;
    const SocketOptions::Stamp wanted =
        is_in_nanoseconds ? SocketOptions::Stamp::Nanoseconds : SocketOptions::Stamp::Microseconds;
    return options.stamp == wanted && options.stamps_are_new == is_new ? 1 : 0;
}

Result<void> set_hardware_stamps(SocketOptions& options, bool is_new, UserBuffer optval, int optlen) {
    using Pair = std::array<int, 2>;
    Pair wanted{};
    if (optlen == static_cast<int>(sizeof(Pair))) {
        wanted = TRY(UserIn<Pair>(optval.address()).read());
    } else {
        wanted[0] = TRY(UserIn<int>(optval.address()).read());
    }
    if ((static_cast<unsigned>(wanted[0]) & ~static_cast<unsigned>(SOF_TIMESTAMPING_MASK)) != 0) {
        return Errno(EINVAL);
    }
    options.hardware_stamps = wanted;
    options.stamps_are_new = is_new;
    return {};
}

Result<void> set_transmit_time(SocketOptions& options, UserBuffer optval, int optlen) {
    using Pair = std::array<int, 2>;
    if (optlen != static_cast<int>(sizeof(Pair))) {
        return Errno(EINVAL);
    }
    const auto wanted = TRY(UserIn<Pair>(optval.address()).read());
    if ((static_cast<unsigned>(wanted[1]) & ~static_cast<unsigned>(SOF_TXTIME_FLAGS_MASK)) != 0) {
        return Errno(EINVAL);
    }
    if (wanted[0] != CLOCK_MONOTONIC && !may(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    options.transmit_time = wanted;
    return {};
}

Result<void> set_pacing(SocketOptions& options, int value, UserBuffer optval, int optlen) {
    options.pacing_rate = value == -1 ? ~std::uint64_t{0} : static_cast<unsigned>(value);
    if (optlen >= static_cast<int>(sizeof(std::uint64_t))) {
        options.pacing_rate = TRY(UserIn<std::uint64_t>(optval.address()).read());
    }
    return {};
}

Result<void> get_pacing(const SocketOptions& options, UserBuffer optval, UserInOut<int> optlen) {
    if (TRY(optlen.read()) >= static_cast<int>(sizeof(options.pacing_rate))) {
        return give_option(options.pacing_rate, optval, optlen);
    }
    constexpr std::uint64_t kMost = UINT32_MAX;
    return give_option(static_cast<unsigned>(std::min(options.pacing_rate, kMost)), optval, optlen);
}

Result<void> get_cookie(SocketOptions& options, UserBuffer optval, UserInOut<int> optlen) {
    static std::uint64_t last = 0;
    if (TRY(optlen.read()) < static_cast<int>(sizeof(options.cookie))) {
        return Errno(EINVAL);
    }
    if (options.cookie == 0) {
        options.cookie = ++last;
    }
    return give_option(options.cookie, optval, optlen);
}

Result<void> get_name_space_cookie(UserBuffer optval, UserInOut<int> optlen) {
    constexpr std::uint64_t kTheOne = 1;
    if (TRY(optlen.read()) != static_cast<int>(sizeof(kTheOne))) {
        return Errno(EINVAL);
    }
    return give_option(kTheOne, optval, optlen);
}

Result<void> get_peer_name(Socket& socket, UserBuffer optval, UserInOut<int> optlen) {
    const Result<SocketAddress> name = socket.peer_name();
    if (name.is_error()) {
        return Errno(ENOTCONN);
    }
    const auto room = static_cast<std::size_t>(TRY(optlen.read()));
    if (name.value().size() < room) {
        return Errno(EINVAL);
    }
    return give_option_bytes(name.value().bytes().data(), room, optval, optlen);
}

Result<void> get_peer_groups(const Socket& socket, UserBuffer optval, UserInOut<int> optlen) {
    const Vector<std::uint32_t> groups = TRY(socket.peer_groups());
    const std::size_t size = groups.size() * sizeof(std::uint32_t);
    if (static_cast<std::size_t>(TRY(optlen.read())) < size) {
        TRY(optlen.write(static_cast<int>(size)));
        return Errno(ERANGE);
    }
    return give_option_bytes(groups.data(), size, optval, optlen);
}

// Linux sk_get_meminfo.
Result<void> get_memory(const Socket& socket, UserBuffer optval, UserInOut<int> optlen) {
    enum { Receive, ReceiveBuffer, Send, SendBuffer, Kinds = 9 };
    std::array<std::uint32_t, Kinds> memory{};
    memory[ReceiveBuffer] = static_cast<std::uint32_t>(socket.options.receive_buffer);
    memory[Send] = static_cast<std::uint32_t>(socket.unsent_cost());
    memory[SendBuffer] = static_cast<std::uint32_t>(socket.options.send_buffer);
    return give_option(memory, optval, optlen);
}

Result<void> set_busy_budget(SocketOptions& options, int number) {
    if (number > options.busy_budget && !may(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    if (number < 0 || number > UINT16_MAX) {
        return Errno(EINVAL);
    }
    options.busy_budget = number;
    return {};
}

Result<void> attach_filter(SocketOptions& options, UserBuffer optval, int optlen) {
    if (optlen != static_cast<int>(sizeof(sock_fprog))) {
        return Errno(EINVAL);
    }
    TRY(UserIn<sock_fprog>(optval.address()).read());
    if (options.is_set(SO_LOCK_FILTER)) {
        return Errno(EPERM);
    }
    options.filter = TRY(SocketFilter::read(optval.address()));
    return {};
}

Result<void> detach_filter(SocketOptions& options) {
    if (options.is_set(SO_LOCK_FILTER)) {
        return Errno(EPERM);
    }
    if (!options.filter) {
        return Errno(ENOENT);
    }
    options.filter = nullptr;
    return {};
}

// Linux sk_get_filter.
Result<void> get_filter(const SocketOptions& options, UserBuffer optval, UserInOut<int> optlen) {
    if (!options.filter) {
        return optlen.write(0);
    }
    const std::span<const sock_filter> program = options.filter->program();
    const int count = static_cast<int>(program.size());
    const int room = TRY(optlen.read());
    if (room != 0 && room < count) {
        return Errno(EINVAL);
    }
    if (room != 0) {
        TRY(copy_to_user(optval.address(), program.data(), program.size_bytes()));
    }
    return optlen.write(count);
}

Result<void> refuse_filter(const SocketOptions& options, int name, UserBuffer optval, int optlen) {
    const bool is_descriptor = name == SO_ATTACH_BPF || name == SO_ATTACH_REUSEPORT_EBPF;
    const std::size_t size = is_descriptor ? sizeof(int) : sizeof(sock_fprog);
    if (optlen != static_cast<int>(size)) {
        return Errno(EINVAL);
    }
    if (options.is_set(SO_LOCK_FILTER)) {
        return Errno(EPERM);
    }
    if (is_descriptor) {
        // No descriptor is one of bpf(2).
        TRY(Task::current().files->get_for_io(Fd{TRY(UserIn<int>(optval.address()).read())}));
        return Errno(EINVAL);
    }
    TRY(SocketFilter::read(optval.address()));
    return Errno(ENOPROTOOPT);
}

}  // namespace kernel
