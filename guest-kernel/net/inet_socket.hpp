// What TCP and UDP sockets have in common (Linux net/ipv4/af_inet.c, net/ipv6/af_inet6.c).
#pragma once

#include "fs/file_owner.hpp"
#include "net/inet_option_rules.hpp"
#include "net/inet_ports.hpp"
#include "net/loopback.hpp"
#include "net/socket.hpp"

namespace kernel {

class InetSocket : public Socket, public PortHolder {
  public:
    // ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM, EACCES.
    static Result<Ref<Socket>> create(InetFamily family, unsigned type, int protocol);

    Result<void> bind(const SocketAddress& address) override;
    Result<SocketAddress> local_name() override;
    Result<SocketAddress> peer_name() override;
    Result<SocketAddress> accepted_name() override;
    Result<long> ioctl(unsigned command, UserAddress argument) override;
    Result<void> set_option(int level, int name, UserBuffer value, int length) override;
    Result<void> get_option(int level, int name, UserBuffer value, UserInOut<int> length) override;
    int take_error() override { return std::exchange(error_, 0); }
    void keep_error(int error) override { error_ = error; }

    Result<void> watch_async(AsyncNotice& notice) override {
        async_.add(notice);
        return {};
    }

    bool reuses_address() const override { return options.reuses_address(); }
    bool reuses_port() const override { return options.reuses_port(); }
    bool is_v6_only() const override { return inet_family_ == InetFamily::V6 && v6_.get(kV6Only) != 0; }
    bool is_bound_by_program() const override { return has_bound_port_; }
    std::uint32_t owner() const override { return owner_; }

  protected:
    InetSocket(InetFamily family, SocketType type, int protocol, PortTable& ports);
    ~InetSocket() override;

    // Is it closed, in the sense of TCP_CLOSE: neither connected, connecting nor listening?
    virtual bool is_idle() const = 0;
    virtual bool has_peer() const = 0;
    // Takes a port of its own choice if there is none yet. EAGAIN.
    Result<void> bind_automatically();
    // After a connection is gone: what bind did not set is free again.
    void forget_connection();
    // The name of whom to talk to. EINVAL, EAFNOSUPPORT, ENETUNREACH.
    Result<Endpoint> read_target(const SocketAddress& address, bool takes_unspecified) const;
    // The route to a target, from where the socket is bound.
    Result<Route> route_to(const Endpoint& target) const;
    bool shut_down_reading() const { return (shutdown_ & kReadingShut) != 0; }
    bool shut_down_writing() const { return (shutdown_ & kWritingShut) != 0; }

    // The options of level IPPROTO_TCP or IPPROTO_UDP. ENOPROTOOPT.
    virtual Result<void> set_protocol_option(int name, UserBuffer value, int length) = 0;
    virtual Result<void> get_protocol_option(int name, UserBuffer value, UserInOut<int> length) = 0;
    // IP_RECVERR is off now: what it has queued is gone.
    virtual void forget_errors() {}
    // IP_ADD_MEMBERSHIP and its like. ENOPROTOOPT for other names.
    virtual Result<void> change_membership(int level, int name, UserBuffer value, int length) = 0;

    static constexpr unsigned kReadingShut = 1;  // RCV_SHUTDOWN
    static constexpr unsigned kWritingShut = 2;  // SEND_SHUTDOWN
    static constexpr unsigned kBothShut = 3;
    static constexpr int kV6Only = 26;  // IPV6_V6ONLY

    InetFamily inet_family_;
    PortTable& ports_;
    unsigned shutdown_ = 0;
    int error_ = 0;
    bool has_bound_address_ = false;  // SOCK_BINDADDR_LOCK
    bool has_bound_port_ = false;     // SOCK_BINDPORT_LOCK
    std::uint32_t owner_ = 0;
    std::uint32_t multicast_interface_ = 0;
    InetAddress multicast_source_;
    OptionValues ip_{ip_option_rules()};
    OptionValues v6_{ipv6_option_rules()};
    WaitQueue changed_;
    AsyncNotices async_;  // O_ASYNC

  private:
    bool is_own_level(int level) const;
    Result<void> check_bindable(const Endpoint& wanted) const;
    Result<Endpoint> read_name(const SocketAddress& address) const;
    Result<void> set_ip_option(int name, UserBuffer value, int length);
    Result<void> set_v6_option(int name, UserBuffer value, int length);
    Result<void> get_ip_option(int name, UserBuffer value, UserInOut<int> length);
    Result<void> get_v6_option(int name, UserBuffer value, UserInOut<int> length);
    Result<void> set_multicast_interface(UserBuffer value, int length);
};

// SIOCGIFCONF and the other questions about interfaces that a socket of any family answers (man 7 netdevice).
// ENOIOCTLCMD is ENOTTY here.
Result<long> interface_ioctl(unsigned command, UserAddress argument);

}  // namespace kernel
