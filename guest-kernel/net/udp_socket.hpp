// UDP over lo (man 7 udp; Linux net/ipv4/udp.c, net/ipv6/udp.c): what one socket sends is in another's queue
// when the call returns.
#pragma once

#include "lib/list.hpp"
#include "lib/vector.hpp"
#include "net/inet_socket.hpp"

namespace kernel {

struct Datagram : ListNode<> {
    Vector<std::byte> bytes;
    Endpoint source;
    InetAddress destination;
    int hops = 0;              // IP_TTL, IPV6_HOPLIMIT
    int traffic_class = 0;     // IP_TOS, IPV6_TCLASS
    std::size_t cost = 0;      // of what SO_RCVBUF allows
    std::int64_t arrived = 0;  // see arrival_stamp
    std::uint32_t lost = 0;    // how many had been lost when it came (SO_RXQ_OVFL)
    std::uint32_t mark = 0;    // SO_MARK of its sender
    int segment = 0;           // several in one (UDP_GRO): how long each was; 0: it is one
};

// Linux linux/errqueue.h, struct sock_extended_err.
struct ExtendedError {
    std::uint32_t number = 0;
    std::uint8_t origin = 0;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint8_t pad = 0;
    std::uint32_t info = 0;
    std::uint32_t data = 0;
};

// An error that came back for a datagram, as MSG_ERRQUEUE tells it.
struct ErrorReport : ListNode<> {
    ExtendedError error;
    Endpoint target;
    Vector<std::byte> quoted;
};

struct EveryUdpSocket {};

// UDP-Lite (RFC 3828) has ports of its own, and may cover only the front of a datagram with its checksum.
enum class UdpKind { Plain, Lite };

class UdpSocket final : public InetSocket, public ListNode<EveryUdpSocket> {
  public:
    UdpSocket(InetFamily family, UdpKind kind);
    ~UdpSocket() override;

    Result<void> connect(const SocketAddress& address, bool nonblocking) override;
    Result<void> shutdown(int how) override;
    bool is_in_use() const override { return local_.port != 0; }
    Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) override;
    Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(unsigned command, UserAddress argument) override;
    void close() override;
    bool append_line(InetFamily family, unsigned number, TextBuffer& out) const override;

  protected:
    bool is_idle() const override { return !is_connected_; }
    bool has_peer() const override { return is_connected_ && remote_.port != 0; }
    Result<void> set_protocol_option(int name, UserBuffer value, int length) override;
    Result<void> get_protocol_option(int name, UserBuffer value, UserInOut<int> length) override;
    Result<void> change_membership(int level, int name, UserBuffer value, int length) override;

  private:
    // What a send's control messages ask for.
    struct Sending {
        Endpoint target;
        InetAddress source;
        int hops = 0;
        int traffic_class = 0;
        std::uint32_t mark = 0;
        std::size_t segment = 0;   // UDP_SEGMENT: how long each datagram is; 0: as long as all
        std::size_t coverage = 0;  // UDPLITE_SEND_CSCOV
    };
    // What MSG_MORE or UDP_CORK holds back: one datagram, which goes where its first piece was to go.
    struct HeldBack {
        Vector<std::byte> bytes;
        Sending sending;
        Route route;
    };
    Result<void> read_control(std::span<const std::byte> control, Sending& sending) const;
    static Result<void> read_v4_control(const ControlMessage& message, Sending& sending);
    static Result<void> read_v6_control(const ControlMessage& message, Sending& sending);
    Result<void> read_common_control(const ControlMessage& message, Sending& sending) const;
    Result<Endpoint> target_of(const SendRequest& request) const;
    Result<HeldBack> prepare(const SendRequest& request) const;
    Result<std::size_t> append(IoBuffer& buffer, HeldBack& held);
    Result<void> push();
    Result<void> check_segments(std::size_t size, std::size_t segment) const;
    Result<void> deliver(const Vector<std::byte>& bytes, const Sending& sending, const Route& route);
    // The socket that a datagram is for; null: none.
    UdpSocket* find(const Endpoint& target, const Endpoint& source);
    int score(const Endpoint& target, const Endpoint& source) const;
    bool has_joined(const InetAddress& group) const;
    // Has any socket joined the group, or does this machine always belong to it?
    static bool is_joined(const InetAddress& group);
    bool takes_multicast(const InetAddress& group, std::uint16_t port, const Endpoint& source) const;
    // Puts it into the queue, unless that is full: then it is lost, as on Linux.
    Result<void> take(std::span<const std::byte> bytes, const Sending& sending, const Endpoint& source,
                      const InetAddress& destination);
    // Errors (udp_errors.cpp).
    void port_is_unreachable(std::span<const std::byte> bytes, const Endpoint& target);
    void is_too_long(const Endpoint& target);
    void queue_error(const ExtendedError& error, const Endpoint& target, std::span<const std::byte> quoted);
    void tell_of_error();
    void forget_errors() override;
    Result<std::size_t> receive_error(IoBuffer& buffer, ReceiveRequest& request);
    void write_error(const ErrorReport& report, ControlWriter& control) const;
    Result<void> wait_for_datagram(const ReceiveRequest& request);
    void write_control(const Datagram& datagram, ControlWriter& control) const;
    void write_common_control(const Datagram& datagram, ControlWriter& control) const;
    void write_v4_control(const Datagram& datagram, ControlWriter& control) const;
    void write_v6_control(const Datagram& datagram, ControlWriter& control) const;
    void disconnect();

    // An option of UDP-Lite: how much the checksum covers.
    Result<void> set_coverage(int name, int value);
    // What the filter lets through of a datagram; less than its header: nothing.
    std::size_t filtered(std::span<const std::byte> bytes, const Sending& sending, const Endpoint& source,
                         const InetAddress& destination) const;
    Result<void> take_one(std::span<const std::byte> bytes, const Sending& sending, const Endpoint& source,
                          const InetAddress& destination);

    UdpKind kind_;
    bool checks_coverage_ = false;  // UDPLITE_RECV_CSCOV was set
    bool is_connected_ = false;
    List<Datagram> queue_;
    std::size_t queued_cost_ = 0;
    std::uint32_t lost_ = 0;
    List<ErrorReport> errors_;
    Own<HeldBack> held_;
    Vector<InetAddress> groups_;
    OptionValues values_{udp_option_rules()};
};

}  // namespace kernel
