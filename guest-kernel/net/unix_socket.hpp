// AF_UNIX sockets (man 7 unix; Linux net/unix/af_unix.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/file.hpp"
#include "lib/list.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"
#include "net/socket.hpp"

namespace kernel {

// What one send put into a queue.
struct SocketMessage : ListNode<> {
    Vector<std::byte> bytes;
    std::size_t taken = 0;  // of a stream's message: bytes that were received already
    Vector<Ref<File>> files;
    SocketIdentity sender;
    SocketAddress sender_address;

    std::size_t left() const { return bytes.size() - taken; }
};

// What a receive gets besides the bytes.
struct ReceivedAncillary {
    Vector<Ref<File>> files;
    SocketIdentity sender;
};

// One end of a connection. Both the file of the socket and its peer hold it, so the peer finds out that it
// was closed.
class UnixSocket final : public Socket, public ListNode<> {
  public:
    explicit UnixSocket(SocketType type) : Socket(socket_constants::kFamilyUnix, type, 0) {}
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
    Result<SocketAddress> local_name() override;
    Result<SocketAddress> peer_name() override;
    Result<void> shutdown(int how) override;
    Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) override;
    Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(unsigned command, UserAddress argument) override;
    void close() override;

    bool is_listening() const override { return is_listening_; }
    int take_error() override;
    SocketIdentity peer_identity() const override { return peer_identity_; }

  private:
    // The bound socket of an address, which may be a path. ECONNREFUSED, EINVAL and the errors of path
    // resolution.
    static Result<Ref<UnixSocket>> find(const SocketAddress& address);
    static Result<Ref<UnixSocket>> find_abstract(std::string_view name);
    static Result<Ref<UnixSocket>> find_node(const Inode& node);
    static void join(UnixSocket& first, UnixSocket& second);
    bool is_connection_based() const { return type() != SocketType::Datagram; }
    // What FIONREAD reports.
    std::size_t available();
    Result<void> choose_name();
    // `node` is the socket's file where the name is a path.
    Result<void> give_name(std::string_view name, RefPtr<Dentry> node);
    bool has_room() const;
    void drop_messages();
    void notify(std::uint32_t events = WaitQueue::kAnyEvent);
    void notify_of_room();
    Result<void> wait_for_data(bool nonblocking, std::int64_t timeout);
    Result<void> check_sendable(const UnixSocket* target) const;
    Result<std::size_t> receive_stream(IoBuffer& buffer, ReceiveRequest& request,
                                       ReceivedAncillary& ancillary);
    Result<std::size_t> receive_message(IoBuffer& buffer, ReceiveRequest& request,
                                        ReceivedAncillary& ancillary);
    Result<void> queue_on(UnixSocket& target, IoBuffer& buffer, std::size_t size, Vector<Ref<File>>& files);

    Ref<UnixSocket> peer_;
    List<SocketMessage> messages_;
    std::size_t queued_bytes_ = 0;
    Vector<Ref<UnixSocket>> pending_;  // connections that wait for accept
    unsigned backlog_ = 0;
    bool is_listening_ = false;
    bool was_connected_ = false;
    bool is_closed_ = false;
    bool no_more_reads_ = false;   // RCV_SHUTDOWN
    bool no_more_writes_ = false;  // SEND_SHUTDOWN
    int error_ = 0;
    String name_;
    RefPtr<Dentry> node_;
    SocketIdentity peer_identity_;
    WaitQueue changed_;
};

}  // namespace kernel
