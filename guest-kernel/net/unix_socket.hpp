// AF_UNIX sockets (man 7 unix; Linux net/unix/af_unix.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/file_owner.hpp"
#include "lib/list.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"
#include "net/socket.hpp"
#include "net/unix_message.hpp"
#include "task/credentials.hpp"

namespace kernel {

struct UnixInFlight {};

// What goes with a send: the files and credentials of its control messages.
struct UnixOutgoing {
    Vector<Ref<File>> files;
    UnixCredentials credentials;
};

// One end of a connection, or a socket for datagrams. The socket's file, its peer and the messages that it
// has sent hold it, so that its name and its end are known to them after it was closed.
class UnixSocket final : public Socket, public ListNode<>, public ListNode<UnixInFlight> {
  public:
    explicit UnixSocket(SocketType type);
    ~UnixSocket() override;

    // ESOCKTNOSUPPORT, EPROTONOSUPPORT.
    static Result<Ref<Socket>> create(unsigned type, int protocol);

    // Gives it a name: sun_path's bytes, with a leading NUL for an abstract name. EINVAL: it has one;
    // EADDRINUSE.
    Result<void> bind(const SocketAddress& address) override;
    // Takes connections. EINVAL: not bound, connected, or a datagram socket (EOPNOTSUPP).
    Result<void> listen(int backlog) override;
    Result<void> connect(const SocketAddress& address, bool nonblocking) override;
    Result<Ref<Socket>> accept(bool nonblocking) override;
    Result<void> pair_with(Socket& other) override;
    void attach_file(const File& file) override {
        inode_ = &file.inode();
        open_file_ = &file;
    }
    Result<void> watch_async(AsyncNotice& notice) override;
    Result<SocketAddress> local_name() override;
    // The same; nothing at all without a name.
    SocketAddress name_for_receiver() const;
    Result<SocketAddress> peer_name() override;
    Result<void> shutdown(int how) override;
    Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) override;
    Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(unsigned command, UserAddress argument) override;
    void describe(TextBuffer& out) override;
    bool append_unix_line(TextBuffer& out) const override;
    void close() override;

    bool is_listening() const override { return state_ == State::Listening; }
    int take_error() override;
    SocketIdentity peer_identity() const override { return peer_identity_; }
    Result<Vector<std::uint32_t>> peer_groups() const override;
    bool has_peek_offset() const override { return true; }
    void option_changed(int name) override;
    std::size_t unsent_cost() const override { return sent_cost_; }

    // A message that took this much of the send buffer is gone.
    void give_back(std::size_t cost);
    // One of this socket's references in a message begins its way, or ends it.
    void take_off(File& file);
    void touch_down();
    // Drops the messages that only sockets on their way can reach (Linux unix_gc).
    static void collect_garbage();

  private:
    enum class State : std::uint8_t { Closed, Listening, Connected };
    // Stands in the queue of a full peer, and passes the wake-up on to those who poll this socket.
    class PeerWatch final : public Waiter {
      public:
        explicit PeerWatch(UnixSocket& owner) : owner_(owner) {}
        bool wake(std::uint32_t events) override;

      private:
        UnixSocket& owner_;
    };

    // The bound socket of an address, which may be a path. ECONNREFUSED, EPROTOTYPE, EINVAL and the errors of
    // path resolution.
    Result<Ref<UnixSocket>> find(const SocketAddress& address) const;
    // EINVAL: not a name of this family.
    static Result<void> check_name(const SocketAddress& address);
    Result<Ref<UnixSocket>> find_abstract(std::string_view name) const;
    static Result<Ref<UnixSocket>> find_node(const Inode& node);
    Result<void> choose_name();
    Result<void> bind_path(std::string_view name);
    // `node` is the socket's file where the name is a path.
    Result<void> give_name(std::string_view name, Path node);
    Result<long> open_node() const;
    // Credentials make a name necessary (SO_PASSCRED).
    Result<void> name_for_credentials();

    // What FIONREAD reports.
    std::size_t available();
    bool is_connection_based() const { return type() != SocketType::Datagram; }
    bool is_writable() const;
    bool is_queue_full() const { return queue_length_ > backlog_; }
    bool may_send_to(const UnixSocket& target) const { return !target.peer_ || target.peer_.get() == this; }
    void note_peer(const UnixSocket* acceptor);
    void drop_messages();
    void drop(UnixMessage& message);
    // Calls visit(message, socket) for each socket on its way to this one, or to one that waits for accept.
    template <typename Visit>
    void visit_travellers(Visit visit);
    void give_up(List<UnixMessage>& lost);

    Result<void> connect_stream(const SocketAddress& address, bool nonblocking);
    Result<void> connect_datagram(const SocketAddress& address);
    void lose_peer(UnixSocket& old_peer);
    // Watches for room in the queue of a full peer. False: there is room now.
    bool watch_for_room(UnixSocket& target);

    // Waits until the send buffer takes another message. EPIPE, EAGAIN and the pending error.
    Result<void> wait_for_buffer(const SocketPatience& patience);
    // Makes a message of the next `size` bytes, `paged` of them in pages. EFAULT, ENOMEM.
    Result<Own<UnixMessage>> make_message(IoBuffer& buffer, std::size_t size, std::size_t paged);
    // Puts it into the target's queue, with credentials if one of the two wants them.
    void deliver(Own<UnixMessage> message, UnixSocket& target);

    Result<std::size_t> send_stream(IoBuffer& buffer, const SendRequest& request);
    void tell_of_urgent();
    Result<void> send_piece(IoBuffer& buffer, std::size_t size, bool is_urgent,
                            const SocketPatience& patience, UnixOutgoing& outgoing);
    Result<std::size_t> receive_stream(IoBuffer& buffer, ReceiveRequest& request, UnixAncillary& ancillary);
    struct StreamRead;
    struct Step {
        bool goes_on;
        UnixMessage* next;  // null although it goes on: the next has to be waited for
    };
    Result<UnixMessage*> await_stream(StreamRead& read, UnixMessage* message);
    Result<void> wait_for_stream(const SocketPatience& patience);
    std::size_t peek_start(bool peeks) const;
    bool note_sender(const UnixMessage& message, StreamRead& read) const;
    Result<Step> take_from(UnixMessage& message, StreamRead& read);
    Result<std::size_t> receive_urgent(IoBuffer& buffer, ReceiveRequest& request);
    UnixMessage* next_in_stream(UnixMessage* message, bool peeks, std::size_t copied);

    Result<std::size_t> send_datagram(IoBuffer& buffer, const SendRequest& request);
    // Waits for room in the target's queue if need be. EAGAIN, EPERM, EPIPE, ECONNREFUSED; nothing is said of
    // a target that is gone and was not this one's peer, so that the name is looked up again.
    enum class Ready { Yes, Again };
    Result<Ready> prepare_target(const Ref<UnixSocket>& target, const SocketPatience& patience);
    Result<Ready> leave_dead(const Ref<UnixSocket>& target);
    Result<std::size_t> receive_datagram(IoBuffer& buffer, ReceiveRequest& request, UnixAncillary& ancillary);
    // Finds the message to receive. None: the end, since nothing more will be received.
    Result<void> wait_for_datagram(const ReceiveRequest& request, UnixMessage*& found, std::size_t& skip);
    UnixMessage* find_datagram(bool peeks, std::size_t& skip);
    // Moves SO_PEEK_OFF's place, if it is used.
    void move_peek_offset(std::int64_t change);

    State state_ = State::Closed;
    Ref<UnixSocket> peer_;
    PeerWatch peer_watch_;
    List<UnixMessage> messages_;
    std::size_t queue_length_ = 0;     // messages, or connections that wait
    std::uint64_t arrivals_ = 0;       // messages that ever came
    UnixMessage* urgent_ = nullptr;    // the last byte that came out of band, in messages_
    std::size_t sent_cost_ = 0;        // what this socket's messages take in others' queues
    Vector<Ref<UnixSocket>> pending_;  // connections that wait for accept
    std::size_t backlog_;
    bool is_dead_ = false;         // its file is gone
    bool is_embryo_ = false;       // waits for accept
    bool no_more_reads_ = false;   // RCV_SHUTDOWN
    bool no_more_writes_ = false;  // SEND_SHUTDOWN
    int error_ = 0;
    String name_;
    Path node_;                        // empty: the name is not a path
    const File* open_file_ = nullptr;  // until it is closed
    AsyncNotices async_;               // who is told of urgent bytes; of others with what pollers are told
    Inode* inode_ = nullptr;           // of the socket's file; its mode becomes that of a bound path
    SocketIdentity peer_identity_;
    RefPtr<Groups> peer_groups_;
    bool has_peer_identity_ = false;
    std::size_t in_flight_ = 0;  // references in messages
    File* file_ = nullptr;       // while in_flight_ > 0
    // Of the search for garbage: may it be some, and how many references are not from such sockets?
    bool may_be_garbage_ = false;
    std::size_t outside_references_ = 0;
    WaitQueue changed_;
    WaitQueue room_;  // who waits for room in this socket's queue (Linux's peer_wait)
};

// The AF_UNIX socket that a file is; null: none.
UnixSocket* unix_socket_of(File& file);

}  // namespace kernel
