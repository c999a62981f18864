#include "net/message_stamp.hpp"

#include <asm/socket.h>
#include <linux/net_tstamp.h>

#include <array>

#include "time/clock.hpp"

namespace kernel {

namespace {

struct Stamp {
    std::int64_t seconds;
    std::int64_t fraction;
};

bool has_stamping(const SocketOptions& options, unsigned flag) {
    return (static_cast<unsigned>(options.hardware_stamps[0]) & flag) != 0;
}

void write_software_stamp(const SocketOptions& options, std::int64_t arrived, ControlWriter& control) {
    const Timespec time = Timespec::from_nanoseconds(arrived);
    Stamp shown{.seconds = time.seconds, .fraction = time.nanoseconds};
    int type = options.stamps_are_new ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMPNS_OLD;
    if (options.stamp == SocketOptions::Stamp::Microseconds) {
        shown.fraction /= 1000;
        type = options.stamps_are_new ? SO_TIMESTAMP_NEW : SO_TIMESTAMP_OLD;
    }
    control.write(SOL_SOCKET, type, &shown, sizeof(shown));
}

}  // namespace

std::int64_t arrival_stamp(const SocketOptions& options) {
    const bool is_wanted =
        options.stamp != SocketOptions::Stamp::None || has_stamping(options, SOF_TIMESTAMPING_RX_SOFTWARE);
    return is_wanted ? realtime_now() : 0;
}

void write_stamps(const SocketOptions& options, std::int64_t arrived, ControlWriter& control) {
    if (options.stamp != SocketOptions::Stamp::None) {
        write_software_stamp(options, arrived != 0 ? arrived : realtime_now(), control);
    }
    if (has_stamping(options, SOF_TIMESTAMPING_SOFTWARE) && arrived != 0) {
        // The first is the software's; the others are a network card's, and lo has none.
        std::array<Stamp, 3> stamps{};
        const Timespec time = Timespec::from_nanoseconds(arrived);
        stamps[0] = {.seconds = time.seconds, .fraction = time.nanoseconds};
        const int type = options.stamps_are_new ? SO_TIMESTAMPING_NEW : SO_TIMESTAMPING_OLD;
        control.write(SOL_SOCKET, type, stamps.data(), sizeof(stamps));
    }
}

}  // namespace kernel
