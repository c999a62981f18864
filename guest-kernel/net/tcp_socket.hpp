// TCP over lo (man 7 tcp; Linux net/ipv4/tcp.c, tcp_input.c). There are no packets: an end of a connection
// knows the other, and what would be a segment is a call. Linux's loopback is as synchronous: a segment has
// been answered when the call that sent it returns.
#pragma once

#include "lib/vector.hpp"
#include "net/inet_socket.hpp"
#include "net/tcp_queue.hpp"
#include "time/timer.hpp"

namespace kernel {

// As in struct tcp_info (Linux include/net/tcp_states.h).
enum class TcpState : std::uint8_t {
    Established = 1,
    SynSent = 2,
    FinWait1 = 4,
    FinWait2 = 5,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
};

class TcpSocket final : public InetSocket {
  public:
    explicit TcpSocket(InetFamily family);
    ~TcpSocket() override;

    Result<void> connect(const SocketAddress& address, bool nonblocking) override;
    Result<void> listen(int backlog) override;
    Result<Ref<Socket>> accept(bool nonblocking) override;
    Result<void> shutdown(int how) override;
    Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) override;
    Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(unsigned command, UserAddress argument) override;
    void close() override;
    void attach_file(const File& file) override { file_ = &file; }

    bool is_listening() const override { return state_ == TcpState::Listen; }
    bool is_in_use() const override { return state_ != TcpState::Close; }
    bool is_listener() const override { return is_listening(); }
    bool is_established() const override {
        return state_ == TcpState::Established || state_ == TcpState::CloseWait;
    }
    bool append_line(InetFamily family, unsigned number, TextBuffer& out) const override;

  protected:
    bool is_idle() const override { return state_ == TcpState::Close; }
    bool has_peer() const override {
        return remote_.port != 0 && state_ != TcpState::Close && state_ != TcpState::SynSent;
    }
    Result<void> set_protocol_option(int name, UserBuffer value, int length) override;
    Result<void> get_protocol_option(int name, UserBuffer value, UserInOut<int> length) override;
    Result<void> change_membership(int level, int name, UserBuffer value, int length) override;

  private:
    // What the last call of connect has come to (Linux enum socket_state).
    enum class Progress { Unconnected, Connecting, Connected };

    // Takes a step of the socket's when it expires.
    class StepTimer final : public Timer {
      public:
        using Step = void (TcpSocket::*)();
        StepTimer(TcpSocket& socket, Step step) : socket_(socket), step_(step) {}

      protected:
        void expire() override { (socket_.*step_)(); }

      private:
        TcpSocket& socket_;
        Step step_;
    };

    // Connecting (tcp_connect.cpp).
    Result<void> start_connecting(const SocketAddress& address);
    // `at_timeout`: the error when SO_SNDTIMEO ends the wait.
    Result<void> finish_connecting(bool nonblocking, Errno at_timeout);
    void send_syn();
    void retry_connecting();
    void connection_failed(int error);
    static TcpSocket* find_listener(const Endpoint& target);
    int listener_score(const Endpoint& target) const;
    Result<Ref<TcpSocket>> make_connection(const TcpSocket& client);
    void become_connected(TcpSocket& peer);
    void tell_of_connection();
    void negotiate_segment(TcpSocket& peer);
    static int to_seconds(int retransmissions);
    void defer(TcpSocket& listener);
    void stop_deferring();
    void disconnect();
    void drop_pending();

    // The course of a connection (tcp_state.cpp). `take_` is what the other end sends.
    enum class Push { WholeSegments, All };
    void push(Push how);
    void push_all() { push(Push::All); }
    bool take_bytes(TcpQueue& bytes, std::size_t size);
    void tell_of_data();
    void take_urgent(std::uint64_t sequence);
    void take_fin();
    void count_reset() const;
    void take_reset();
    void send_fin();
    void send_reset();
    void fin_was_taken();
    void become_closed();
    void leave_time_wait_behind();
    void unlink_peer();
    bool has_sent_all() const { return sending_.is_empty() && !fin_is_due_; }
    bool is_corked() const;

    // Transfers (tcp_transfer.cpp).
    Result<void> wait_until_connected(bool nonblocking);
    Result<void> wait_for_room(bool nonblocking);
    Errno send_error(const SendRequest& request, Errno error);
    Result<std::size_t> receive_urgent(IoBuffer& buffer, ReceiveRequest& request);
    std::size_t copy_available(IoBuffer& buffer, unsigned flags, std::uint64_t& position);
    std::size_t readable_bytes() const;
    bool is_at_mark() const {
        return urgent_ != Urgent::None && urgent_sequence_ == received_.begin_sequence();
    }
    bool has_send_room() const;
    bool is_writable() const;
    std::size_t receive_room() const;
    Result<void> wait_for_data(const ReceiveRequest& request);
    bool has_ended() const;
    void take_out(std::uint64_t position);

    Result<void> give_info(UserBuffer value, UserInOut<int> length) const;
    int segment_size() const;
    bool has_unread_fin() const { return fin_was_seen_ && !fin_was_read_; }

    TcpState state_ = TcpState::Close;
    Progress progress_ = Progress::Unconnected;
    Ref<TcpSocket> peer_;
    TcpQueue received_;  // what has not been read
    TcpQueue sending_;   // what the other end has no room for, or a cork holds back
    std::uint64_t sent_bytes_ = 0;
    bool is_orphan_ = false;           // its file is closed
    bool fin_is_due_ = false;          // a FIN follows what is in sending_
    bool fin_was_seen_ = false;        // SOCK_DONE
    bool fin_was_read_ = false;        // it counts as a byte until a read has come to it
    bool holds_back_ = false;          // the last send had MSG_MORE
    mutable bool needs_room_ = false;  // SOCK_NOSPACE: tell when there is room again
    enum class Urgent { None, Awaited, Valid, Read };
    Urgent urgent_ = Urgent::None;
    std::byte urgent_byte_{};
    std::uint64_t urgent_sequence_ = 0;
    std::uint64_t urgent_to_send_ = 0;  // the sequence after the last urgent byte; 0: none
    Vector<Ref<TcpSocket>> pending_;    // connections that wait for accept
    int backlog_ = 0;
    int attempts_ = 0;
    StepTimer retry_{*this, &TcpSocket::retry_connecting};  // to reach a listener without room
    StepTimer cork_{*this, &TcpSocket::push_all};           // what TCP_CORK holds back goes after a while
    StepTimer defer_{*this, &TcpSocket::stop_deferring};
    Ref<TcpSocket> deferring_;  // the listener that shows this connection only with data (TCP_DEFER_ACCEPT)
    const File* file_ = nullptr;
    int maximum_segment_ = 0;     // TCP_MAXSEG
    int negotiated_segment_ = 0;  // what both ends' have made of it; 0: neither has set it
    int fin_wait_ = 60;           // TCP_LINGER2, in seconds
    int defer_accept_ = 0;
    int window_clamp_ = 0;
    std::uint32_t congestion_ = 0;
    OptionValues values_{tcp_option_rules()};
};

}  // namespace kernel
