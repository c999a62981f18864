#include "net/socket_options.hpp"

#include <asm/socket.h>

#include "net/socket.hpp"
#include "net/socket_option_forms.hpp"

namespace kernel {

namespace {

Result<void> set_unusual(Socket& socket, int name, int value, UserBuffer optval, int optlen) {
    SocketOptions& options = socket.options;
    switch (name) {
        case SO_PASSCRED:
            options.passes_credentials = value != 0;
            return {};
        case SO_SNDBUF:
        case SO_RCVBUF:
        case SO_SNDBUFFORCE:
        case SO_RCVBUFFORCE:
            return set_socket_buffer(socket, name, value);
        case SO_LINGER:
            return set_linger(options, optval, optlen);
        case SO_RCVTIMEO_OLD:
        case SO_RCVTIMEO_NEW:
            options.receive_timeout = TRY(read_socket_timeout(optval, optlen));
            return {};
        case SO_SNDTIMEO_OLD:
        case SO_SNDTIMEO_NEW:
            options.send_timeout = TRY(read_socket_timeout(optval, optlen));
            return {};
        case SO_TIMESTAMP_OLD:
        case SO_TIMESTAMP_NEW:
        case SO_TIMESTAMPNS_OLD:
        case SO_TIMESTAMPNS_NEW:
            set_stamp(options, name, value);
            return {};
        case SO_TIMESTAMPING_OLD:
        case SO_TIMESTAMPING_NEW:
            return set_hardware_stamps(options, name == SO_TIMESTAMPING_NEW, optval, optlen);
        case SO_TXTIME:
            return set_transmit_time(options, optval, optlen);
        case SO_MAX_PACING_RATE:
            return set_pacing(options, value, optval, optlen);
        case SO_PEEK_OFF:
            if (!socket.has_peek_offset()) {
                return Errno(EOPNOTSUPP);
            }
            options.peek_offset = value;
            return {};
        case SO_BUSY_POLL_BUDGET:
            return set_busy_budget(options, value);
        case SO_CNX_ADVICE:
            return {};
        case SO_ATTACH_FILTER:
            return attach_filter(options, optval, optlen);
        case SO_ATTACH_BPF:
        case SO_ATTACH_REUSEPORT_CBPF:
        case SO_ATTACH_REUSEPORT_EBPF:
            return refuse_filter(options, name, optval, optlen);
        case SO_DETACH_FILTER:
            return detach_filter(options);
        default:
            return Errno(ENOPROTOOPT);
    }
}

Result<void> get_unusual(Socket& socket, int name, UserBuffer optval, UserInOut<int> optlen) {
    SocketOptions& options = socket.options;
    switch (name) {
        case SO_TYPE:
            return give_option(static_cast<int>(socket.type()), optval, optlen);
        case SO_DOMAIN:
            return give_option(socket.family(), optval, optlen);
        case SO_PROTOCOL:
            return give_option(socket.protocol(), optval, optlen);
        case SO_ERROR:
            return give_option(socket.take_error(), optval, optlen);
        case SO_ACCEPTCONN:
            return give_option(socket.is_listening() ? 1 : 0, optval, optlen);
        case SO_SNDBUF:
            return give_option(options.send_buffer, optval, optlen);
        case SO_RCVBUF:
            return give_option(options.receive_buffer, optval, optlen);
        case SO_PASSCRED:
            return give_option(options.passes_credentials ? 1 : 0, optval, optlen);
        case SO_PEERCRED:
            return give_option(socket.peer_identity(), optval, optlen);
        case SO_PEERGROUPS:
            return get_peer_groups(socket, optval, optlen);
        case SO_PEERNAME:
            return get_peer_name(socket, optval, optlen);
        case SO_LINGER:
            return get_linger(options, optval, optlen);
        case SO_RCVTIMEO_OLD:
        case SO_RCVTIMEO_NEW:
            return give_option(to_time_value(options.receive_timeout), optval, optlen);
        case SO_SNDTIMEO_OLD:
        case SO_SNDTIMEO_NEW:
            return give_option(to_time_value(options.send_timeout), optval, optlen);
        case SO_TIMESTAMP_OLD:
        case SO_TIMESTAMP_NEW:
        case SO_TIMESTAMPNS_OLD:
        case SO_TIMESTAMPNS_NEW:
            return give_option(stamp_of(options, name), optval, optlen);
        case SO_TIMESTAMPING_OLD:
        case SO_TIMESTAMPING_NEW:
            return give_option(options.hardware_stamps, optval, optlen);
        case SO_TXTIME:
            return give_option(options.transmit_time, optval, optlen);
        case SO_MAX_PACING_RATE:
            return get_pacing(options, optval, optlen);
        case SO_PEEK_OFF:
            return socket.has_peek_offset() ? give_option(options.peek_offset, optval, optlen)
                                            : Result<void>(Errno(EOPNOTSUPP));
        case SO_MEMINFO:
            return get_memory(socket, optval, optlen);
        case SO_COOKIE:
            return get_cookie(options, optval, optlen);
        case SO_NETNS_COOKIE:
            return get_name_space_cookie(optval, optlen);
        case SO_BINDTODEVICE:
            return get_device(socket, optval, optlen);
        case SO_GET_FILTER:
            return get_filter(options, optval, optlen);
        default:
            return Errno(ENOPROTOOPT);
    }
}

}  // namespace

SocketOptions::SocketOptions() {
    for (std::size_t i = 0; i < values_.size(); i++) {
        values_[i] = kept_option_rules()[i].initial;
    }
}

int SocketOptions::value(int name) const {
    const CommonOptionRule* rule = find_rule(kept_option_rules(), name);
    return rule == nullptr ? 0 : values_[static_cast<std::size_t>(rule - kept_option_rules().data())];
}

void SocketOptions::put(int name, int value) {
    if (const CommonOptionRule* rule = find_rule(kept_option_rules(), name)) {
        values_[static_cast<std::size_t>(rule - kept_option_rules().data())] = value;
    }
}

Result<void> get_common_option(Socket& socket, int name, UserBuffer optval, UserInOut<int> optlen) {
    if (TRY(optlen.read()) < 0) {
        return Errno(EINVAL);
    }
    if (find_rule(kept_option_rules(), name) != nullptr || find_rule(other_option_rules(), name) != nullptr) {
        return give_option(socket.options.value(name), optval, optlen);
    }
    return get_unusual(socket, name, optval, optlen);
}

Result<void> set_common_option(Socket& socket, int name, UserBuffer optval, int optlen) {
    if (name == SO_BINDTODEVICE) {
        return set_device(socket, optval, optlen);
    }
    if (optlen < static_cast<int>(sizeof(int))) {
        return Errno(EINVAL);
    }
    const int value = TRY(UserIn<int>(optval.address()).read());
    const CommonOptionRule* rule = find_rule(kept_option_rules(), name);
    rule = rule == nullptr ? find_rule(other_option_rules(), name) : rule;
    if (rule == nullptr) {
        return set_unusual(socket, name, value, optval, optlen);
    }
    if (rule->accept == nullptr) {
        return Errno(ENOPROTOOPT);
    }
    const int kept = TRY(rule->accept(socket, value));
    socket.options.put(name, kept);
    socket.option_changed(name);
    return {};
}

}  // namespace kernel
