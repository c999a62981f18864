// What sockets of every family have in common: the operations that system calls ask for, as in Linux's
// struct proto_ops, and the options of level SOL_SOCKET (man 7 socket).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/file.hpp"
#include "lib/vector.hpp"
#include "net/control_message.hpp"
#include "net/socket_address.hpp"
#include "net/socket_constants.hpp"
#include "net/socket_options.hpp"

namespace kernel {

enum class SocketType : unsigned {
    Stream = socket_constants::kStream,
    Datagram = socket_constants::kDatagram,
    Raw = socket_constants::kRaw,
    SeqPacket = socket_constants::kSeqPacket,
};

// Who sent something, for SO_PEERCRED and SCM_CREDENTIALS (struct ucred).
struct SocketIdentity {
    int process = 0;
    std::uint32_t user = ~0U;
    std::uint32_t group = ~0U;

    static SocketIdentity of_current();
};

// One send, as its call describes it. The bytes are beside it.
struct SendRequest {
    explicit SendRequest(bool o_nonblock, unsigned message_flags = 0)
        : flags(message_flags), nonblocking(o_nonblock) {}

    unsigned flags;    // MSG_*
    bool nonblocking;  // O_NONBLOCK; with MSG_DONTWAIT see is_nonblocking
    const SocketAddress* target = nullptr;
    bool has_empty_name = false;         // sendto was given one of no bytes, which is none for most sockets
    std::span<const std::byte> control;  // control messages

    bool is_nonblocking() const { return nonblocking || (flags & socket_constants::kDontWait) != 0; }
};

// One receive, and what it brings besides the bytes.
struct ReceiveRequest {
    explicit ReceiveRequest(bool o_nonblock, unsigned message_flags = 0)
        : flags(message_flags), nonblocking(o_nonblock) {}

    unsigned flags;
    bool nonblocking;
    ControlWriter* control = nullptr;  // null: the call takes none (read, recv)

    SocketAddress sender;       // empty: the call reports no name
    unsigned result_flags = 0;  // MSG_TRUNC and others, for msg_flags

    bool is_nonblocking() const { return nonblocking || (flags & socket_constants::kDontWait) != 0; }
};

// How long a call waits: not at all (O_NONBLOCK, MSG_DONTWAIT), up to a timeout option, or without end.
class SocketPatience {
  public:
    // `timeout`: as SocketOptions has it.
    SocketPatience(bool nonblocking, std::int64_t timeout)
        : is_over_(nonblocking || timeout < 0),
          is_finite_(timeout != 0),
          deadline_(timeout == 0 ? Deadline::never() : Deadline::after(timeout)) {}

    bool is_over() const { return is_over_; }
    // EAGAIN when it is over. A signal ends a wait with a timeout for good: EINTR, whatever SA_RESTART says
    // (Linux sock_intr_errno; man 7 signal).
    template <typename Predicate>
    Result<void> wait(WaitQueue& queue, Predicate ready, Share share = Share::WithAll) const {
        if (is_over_) {
            return ready() ? Result<void>() : Result<void>(Errno(EAGAIN));
        }
        const Result<void> outcome = queue.wait(ready, deadline_, share);
        if (!outcome.is_error()) {
            return {};
        }
        if (outcome.error() == Errno(ETIMEDOUT)) {
            return Errno(EAGAIN);
        }
        return is_finite_ ? Result<void>(Errno(EINTR)) : Result<void>(outcome.error());
    }

  private:
    bool is_over_;
    bool is_finite_;
    Deadline deadline_;
};

struct EverySocket {};

class Socket : public RefCounted, public ListNode<EverySocket> {
  public:
    Socket(int family, SocketType type, int protocol);

    int family() const { return family_; }
    SocketType type() const { return type_; }
    int protocol() const { return protocol_; }

    // The defaults refuse with EOPNOTSUPP, as Linux's sock_no_* functions.
    virtual Result<void> bind(const SocketAddress& address) = 0;
    virtual Result<void> connect(const SocketAddress& address, bool nonblocking) = 0;
    virtual Result<void> listen(int backlog);
    virtual Result<Ref<Socket>> accept(bool nonblocking);
    // Makes two new sockets each the other's peer (socketpair).
    virtual Result<void> pair_with(Socket& other);
    virtual Result<SocketAddress> local_name() = 0;
    // ENOTCONN.
    virtual Result<SocketAddress> peer_name() = 0;
    // The same, for accept.
    virtual Result<SocketAddress> accepted_name() { return peer_name(); }
    virtual Result<void> shutdown(int how) = 0;
    virtual Result<std::size_t> send(IoBuffer& buffer, const SendRequest& request) = 0;
    virtual Result<std::size_t> receive(IoBuffer& buffer, ReceiveRequest& request) = 0;
    virtual std::uint32_t poll(PollRegistrar* registrar) = 0;
    // ENOTTY (which Linux's socket families say by ENOIOCTLCMD).
    virtual Result<long> ioctl(unsigned command, UserAddress argument);
    // The file is gone.
    virtual void close() = 0;

    // Options of the family's own levels. ENOPROTOOPT: an option that is not there; EOPNOTSUPP: a family
    // without any. A get writes value and length itself (give_option).
    virtual Result<void> set_option(int level, int name, UserBuffer value, int length);
    virtual Result<void> get_option(int level, int name, UserBuffer value, UserInOut<int> length);
    virtual bool is_listening() const { return false; }
    // Does /proc/net/sockstat count it as in use? (Linux sock_prot_inuse_add)
    virtual bool is_in_use() const { return false; }
    // Reads and clears the pending error (SO_ERROR), positive.
    virtual int take_error() { return 0; }
    // The next call gets this error.
    virtual void keep_error(int) {}
    // SO_PEERCRED; families without it answer as nobody.
    virtual SocketIdentity peer_identity() const { return {}; }
    // SO_PEERGROUPS. ENODATA: there is no peer whose credentials are known.
    virtual Result<Vector<std::uint32_t>> peer_groups() const { return Errno(ENODATA); }
    // Does it know SO_PEEK_OFF?
    virtual bool has_peek_offset() const { return false; }
    // What it has sent takes this much of its send buffer (SO_MEMINFO).
    virtual std::size_t unsent_cost() const { return 0; }
    // An option of level SOL_SOCKET has a new value.
    virtual void option_changed(int) {}
    // Its file exists now.
    virtual void attach_file(const File&) {}
    // Its file has O_ASYNC now: the notice is to be told of what happens. Here by what pollers are told.
    // ENOMEM.
    virtual Result<void> watch_async(AsyncNotice& notice);
    // Additional lines of /proc/<pid>/fdinfo.
    virtual void describe(TextBuffer&) {}
    // Appends its line of /proc/net/unix. False: it is of another family.
    virtual bool append_unix_line(TextBuffer&) const { return false; }

    SocketOptions options;
    std::uint64_t inode_number = 0;  // of its file; 0: it has none

  private:
    int family_;
    SocketType type_;
    int protocol_;
};

// The open file of a socket.
class SocketFile final : public File {
  public:
    SocketFile(Path path, unsigned flags, Ref<Socket> socket)
        : File(std::move(path), O_RDWR | flags), socket_(std::move(socket)) {}
    ~SocketFile() override { socket_->close(); }

    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    // Linux unix_stream_splice_read looks at the flag, tcp_splice_read does not.
    bool heeds_splice_nonblock() const override {
        return socket_->family() == socket_constants::kFamilyUnix && socket_->type() == SocketType::Stream;
    }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    std::uint32_t poll(PollRegistrar* registrar) override { return socket_->poll(registrar); }
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe_name(TextBuffer& out) const override;
    void describe(TextBuffer& out) override { socket_->describe(out); }
    Socket* as_socket() override { return socket_.get(); }
    bool watch_async(AsyncNotice& notice) override;

  private:
    Ref<Socket> socket_;
};

// All that there are, oldest first.
List<Socket, EverySocket>& all_sockets();

// A new socket of a family. EINVAL, EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM.
Result<Ref<Socket>> create_socket(int family, unsigned type, int protocol);
// The open file of a socket. `flags`: O_NONBLOCK or nothing.
Result<Ref<File>> make_socket_file(Ref<Socket> socket, unsigned flags);

// Writes an option's value: as many bytes of it as the program has room for, and their number.
Result<void> give_option_bytes(const void* value, std::size_t size, UserBuffer optval, UserInOut<int> optlen);
template <typename T>
Result<void> give_option(const T& value, UserBuffer optval, UserInOut<int> optlen) {
    return give_option_bytes(&value, sizeof(value), optval, optlen);
}

}  // namespace kernel
