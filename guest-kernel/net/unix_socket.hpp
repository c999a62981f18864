// AF_UNIX sockets (man 7 unix; Linux net/unix/af_unix.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/anonymous.hpp"
#include "fs/file.hpp"
#include "lib/list.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"
#include "net/socket_constants.hpp"

namespace kernel {

enum class SocketType : unsigned {
    Stream = socket_constants::kStream,
    Datagram = socket_constants::kDatagram,
    SeqPacket = socket_constants::kSeqPacket,
};

// Who sent something, for SO_PEERCRED and SCM_CREDENTIALS.
struct SocketIdentity {
    int process = 0;
    std::uint32_t user = ~0U;
    std::uint32_t group = ~0U;

    static SocketIdentity of_current();
};

// What one send put into a queue.
struct SocketMessage : ListNode<> {
    Vector<std::byte> bytes;
    std::size_t taken = 0;  // of a stream's message: bytes that were received already
    Vector<Ref<File>> files;
    SocketIdentity sender;
    String sender_address;

    std::size_t left() const { return bytes.size() - taken; }
};

// What a receive wants and gets besides the bytes.
struct ReceiveDetails {
    Vector<Ref<File>> files;
    SocketIdentity sender;
    String sender_address;
    bool was_truncated = false;
    std::size_t message_size = 0;  // of a datagram, all of it
};

// One end of a connection. Both the file of the socket and its peer hold it, so the peer finds out that it
// was closed.
class UnixSocket final : public RefCounted, public ListNode<> {
  public:
    explicit UnixSocket(SocketType type) : type_(type) {}
    ~UnixSocket() override;

    // Makes each the other's peer.
    static void pair(UnixSocket& first, UnixSocket& second);

    // Gives it a name: sun_path's bytes, with a leading NUL for an abstract name. EINVAL: it has one;
    // EADDRINUSE. `node` is the socket's file where the name is a path.
    Result<void> bind(std::string_view address, RefPtr<Dentry> node);
    // Takes connections. EINVAL: not bound, connected, or a datagram socket (EOPNOTSUPP).
    Result<void> listen(unsigned backlog);
    Result<void> connect(UnixSocket& target, bool nonblocking);
    Result<Ref<UnixSocket>> accept(bool nonblocking);
    Result<void> shutdown(int how);
    // The file is gone.
    void close();

    // Sends the buffer's bytes, with `files`, to the peer or (datagrams) to `target`.
    Result<std::size_t> send(IoBuffer& buffer, Vector<Ref<File>> files, UnixSocket* target, unsigned flags,
                             bool nonblocking);
    Result<std::size_t> receive(IoBuffer& buffer, unsigned flags, bool nonblocking, ReceiveDetails& details);
    std::uint32_t poll(PollRegistrar* registrar);
    // What FIONREAD reports.
    std::size_t available();

    SocketType type() const { return type_; }
    bool is_listening() const { return is_listening_; }
    UnixSocket* peer() const { return peer_.get(); }
    std::string_view address() const { return address_.view(); }
    const SocketIdentity& peer_identity() const { return peer_identity_; }
    // Reads and clears the pending error (SO_ERROR).
    int take_error();

    bool passes_credentials = false;   // SO_PASSCRED
    std::int64_t receive_timeout = 0;  // ns, 0: none (SO_RCVTIMEO)
    std::int64_t send_timeout = 0;

    // The bound socket of an address, or of a node. ECONNREFUSED.
    static Result<Ref<UnixSocket>> find(std::string_view abstract_name);
    static Result<Ref<UnixSocket>> find(const Inode& node);

  private:
    bool is_connection_based() const { return type_ != SocketType::Datagram; }
    bool has_room() const;
    void drop_messages();
    void notify(std::uint32_t events = WaitQueue::kAnyEvent);
    void notify_of_room();
    Result<void> wait_for_data(bool nonblocking, std::int64_t timeout);
    Result<void> check_sendable(const UnixSocket* target) const;
    Result<std::size_t> receive_stream(IoBuffer& buffer, unsigned flags, bool nonblocking,
                                       ReceiveDetails& details);
    Result<std::size_t> receive_message(IoBuffer& buffer, unsigned flags, bool nonblocking,
                                        ReceiveDetails& details);
    Result<void> queue_on(UnixSocket& target, IoBuffer& buffer, std::size_t size, Vector<Ref<File>>& files);

    SocketType type_;
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
    String address_;
    RefPtr<Dentry> node_;
    SocketIdentity peer_identity_;
    WaitQueue changed_;
};

class UnixSocketFile final : public File {
  public:
    UnixSocketFile(Path path, unsigned flags, Ref<UnixSocket> socket)
        : File(std::move(path), O_RDWR | flags), socket_(std::move(socket)) {}
    ~UnixSocketFile() override { socket_->close(); }

    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    std::uint32_t poll(PollRegistrar* registrar) override { return socket_->poll(registrar); }
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe_name(TextBuffer& out) const override;
    UnixSocket* as_socket() override { return socket_.get(); }

  private:
    Ref<UnixSocket> socket_;
};

// When a wait with a timeout option ends (0: never), and its result for the call: EAGAIN at the timeout (man
// 7 socket).
Deadline socket_deadline(std::int64_t timeout);
Result<void> socket_wait(Result<void> outcome);

// The open file of a socket. `flags`: O_NONBLOCK or nothing.
Result<Ref<File>> make_socket_file(Ref<UnixSocket> socket, unsigned flags);

}  // namespace kernel
