#include "net/unix_socket.hpp"

#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/sockios.h>
#include <linux/un.h>

#include "fs/file_table.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"
#include "lib/settings.hpp"
#include "net/unix_rights.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

using namespace socket_constants;

constexpr std::size_t kDatagramQueue = 10;  // net.unix.max_dgram_qlen
constexpr std::uint32_t kRoomEvents = kPollWritable | POLLWRBAND;

}  // namespace

UnixSocket* unix_socket_of(File& file) {
    Socket* socket = file.as_socket();
    return socket != nullptr && socket->family() == kFamilyUnix ? static_cast<UnixSocket*>(socket) : nullptr;
}

UnixSocket::UnixSocket(SocketType type)
    : Socket(kFamilyUnix, type, 0), peer_watch_(*this), backlog_(kDatagramQueue) {}

UnixSocket::~UnixSocket() {
    drop_messages();
}

Result<Ref<Socket>> UnixSocket::create(unsigned type, int protocol) {
    if (protocol != 0 && protocol != kFamilyUnix) {
        return Errno(EPROTONOSUPPORT);
    }
    switch (type) {
        case kStream:
            return TRY(make_ref<UnixSocket>(SocketType::Stream));
        case kDatagram:
        case kRaw:  // is taken for a datagram socket (Linux unix_create)
            return TRY(make_ref<UnixSocket>(SocketType::Datagram));
        case kSeqPacket:
            return TRY(make_ref<UnixSocket>(SocketType::SeqPacket));
        default:
            return Errno(ESOCKTNOSUPPORT);
    }
}

void UnixSocket::drop(UnixMessage& message) {
    urgent_ = urgent_ == &message ? nullptr : urgent_;
    queue_length_--;
    List<UnixMessage>::remove(message);
    delete &message;
}

void UnixSocket::drop_messages() {
    while (UnixMessage* message = messages_.first()) {
        drop(*message);
    }
}

// Linux unix_writable: with less than a quarter of the buffer in use.
bool UnixSocket::is_writable() const {
    constexpr std::size_t kParts = 4;
    constexpr std::size_t kBase = 1;  // sk_wmem_alloc begins as 1
    return state_ != State::Listening &&
           (sent_cost_ + kBase) * kParts <= static_cast<std::size_t>(options.send_buffer);
}

// Linux unix_write_space.
void UnixSocket::give_back(std::size_t cost) {
    sent_cost_ -= cost;
    if (is_writable()) {
        changed_.wake(kRoomEvents);
    }
}

void UnixSocket::option_changed(int name) {
    if (name == SO_SNDBUF && is_writable()) {
        changed_.wake(kRoomEvents);
    }
}

void UnixSocket::note_peer(const UnixSocket* acceptor) {
    has_peer_identity_ = true;
    peer_identity_ = acceptor != nullptr ? acceptor->peer_identity_ : SocketIdentity::of_current();
    peer_groups_ = acceptor != nullptr ? acceptor->peer_groups_ : Task::current().credentials.supplementary;
}

Result<Vector<std::uint32_t>> UnixSocket::peer_groups() const {
    if (!has_peer_identity_) {
        return Errno(ENODATA);
    }
    Vector<std::uint32_t> groups;
    if (peer_groups_) {
        for (const std::uint32_t group : peer_groups_->ids) {
            TRY(groups.push_back(group));
        }
    }
    return groups;
}

Result<void> UnixSocket::pair_with(Socket& other) {
    auto& second = static_cast<UnixSocket&>(other);
    peer_ = Ref<UnixSocket>(&second);
    second.peer_ = Ref<UnixSocket>(this);
    note_peer(nullptr);
    second.note_peer(nullptr);
    state_ = second.state_ = State::Connected;
    return {};
}

Result<void> UnixSocket::listen(int backlog) {
    if (!is_connection_based()) {
        return Errno(EOPNOTSUPP);
    }
    if (name_.is_empty() || state_ == State::Connected) {
        return Errno(EINVAL);
    }
    const std::size_t wanted =
        std::min(static_cast<unsigned>(backlog), static_cast<unsigned>(settings().longest_backlog));
    if (wanted > backlog_) {
        room_.wake_all();
    }
    backlog_ = wanted;
    state_ = State::Listening;
    note_peer(nullptr);
    return {};
}

Result<void> UnixSocket::connect(const SocketAddress& address, bool nonblocking) {
    return is_connection_based() ? connect_stream(address, nonblocking) : connect_datagram(address);
}

// Linux unix_stream_connect, in the order of its checks.
Result<void> UnixSocket::connect_stream(const SocketAddress& address, bool nonblocking) {
    const SocketPatience patience(nonblocking, options.send_timeout);
    TRY(check_name(address));
    TRY(name_for_credentials());
    Ref<UnixSocket> target;
    for (;;) {
        target = TRY(find(address));
        if (target->state_ != State::Listening || target->no_more_reads_) {
            return Errno(ECONNREFUSED);
        }
        if (!target->is_queue_full()) {
            break;
        }
        TRY(patience.wait(
            target->room_,
            [&] { return target->is_dead_ || target->no_more_reads_ || !target->is_queue_full(); },
            Share::OneByOne));
    }
    if (state_ != State::Closed) {
        return Errno(state_ == State::Connected ? EISCONN : EINVAL);
    }
    const Ref<UnixSocket> server = TRY(make_ref<UnixSocket>(type()));
    server->name_ = TRY(String::copy_of(target->name_.view()));
    TRY(target->pending_.push_back(server));
    target->queue_length_++;
    server->peer_ = Ref<UnixSocket>(this);
    server->state_ = State::Connected;
    server->note_peer(nullptr);
    server->is_embryo_ = true;
    note_peer(target.get());
    peer_ = server;
    state_ = State::Connected;
    target->changed_.wake(kPollReadable | POLLPRI | POLLRDBAND);
    return {};
}

Result<Ref<Socket>> UnixSocket::accept(bool nonblocking) {
    if (!is_connection_based()) {
        return Errno(EOPNOTSUPP);
    }
    if (state_ != State::Listening) {
        return Errno(EINVAL);
    }
    if (pending_.is_empty()) {
        const SocketPatience patience(nonblocking, options.receive_timeout);
        TRY(patience.wait(
            changed_, [this] { return !pending_.is_empty() || no_more_reads_; }, Share::OneByOne));
        if (pending_.is_empty()) {
            return Errno(nonblocking ? EAGAIN
                                     : EINVAL);  // shut down: who does not wait does not look for that
        }
    }
    Ref<UnixSocket> connection = pending_.front();
    pending_.erase(0);
    queue_length_--;
    room_.wake();
    connection->is_embryo_ = false;
    connection->options.passes_credentials = options.passes_credentials;
    return Ref<Socket>(std::move(connection));
}

Result<void> UnixSocket::shutdown(int how) {
    if (how < kShutRead || how > kShutBoth) {
        return Errno(EINVAL);
    }
    const bool reads = how != kShutWrite;
    const bool writes = how != kShutRead;
    no_more_reads_ = no_more_reads_ || reads;
    no_more_writes_ = no_more_writes_ || writes;
    changed_.wake_all();
    if (peer_ && is_connection_based()) {
        peer_->no_more_writes_ = peer_->no_more_writes_ || reads;
        peer_->no_more_reads_ = peer_->no_more_reads_ || writes;
        peer_->changed_.wake_all();
    }
    return {};
}

// Linux unix_release_sock. The peer keeps this as its peer, with its name.
void UnixSocket::close() {
    ListNode<>::unlink();
    open_file_ = nullptr;
    const bool was_listening = state_ == State::Listening;
    state_ = State::Closed;
    is_dead_ = true;
    no_more_reads_ = no_more_writes_ = true;
    peer_watch_.unlink();
    room_.wake_all();
    if (const Ref<UnixSocket> peer = std::exchange(peer_, nullptr); peer && is_connection_based()) {
        peer->no_more_reads_ = peer->no_more_writes_ = true;
        if (!messages_.is_empty() || is_embryo_) {
            peer->error_ = ECONNRESET;  // what was sent here was never read
        }
        peer->changed_.wake_all();
    }
    if (was_listening) {
        for (Ref<UnixSocket>& connection : pending_) {
            connection->close();
        }
        pending_.clear();
    }
    drop_messages();
    node_ = Path();
    inode_ = nullptr;
    collect_garbage();
}

int UnixSocket::take_error() {
    return std::exchange(error_, 0);
}

Result<std::size_t> UnixSocket::send(IoBuffer& buffer, const SendRequest& request) {
    return type() == SocketType::Stream ? send_stream(buffer, request) : send_datagram(buffer, request);
}

Result<std::size_t> UnixSocket::receive(IoBuffer& buffer, ReceiveRequest& request) {
    const bool is_stream = type() == SocketType::Stream;
    UnixAncillary ancillary;
    if (is_stream) {
        // The end of a stream is nobody's, and so process 0's and root's (unix_stream_read_generic).
        ancillary.credentials.identity = {.process = 0, .user = 0, .group = 0};
    }
    const std::size_t size = TRY(is_stream ? receive_stream(buffer, request, ancillary)
                                           : receive_datagram(buffer, request, ancillary));
    const bool is_urgent = is_stream && (request.flags & kOutOfBand) != 0;
    if (request.control != nullptr && !is_urgent) {
        if (options.passes_credentials) {
            const SocketIdentity& sender = ancillary.credentials.identity;
            request.control->write(SOL_SOCKET, kCredentials, &sender, sizeof(sender));
        }
        give_rights(ancillary.files, request.flags, *request.control);
    }
    return size;
}

// Linux unix_inq_len: everything of a connection, the first message of a datagram socket.
std::size_t UnixSocket::available() {
    std::size_t total = 0;
    for (UnixMessage& message : messages_) {
        total += message.left();
        if (!is_connection_based()) {
            break;
        }
    }
    return total;
}

Result<long> UnixSocket::ioctl(unsigned command, UserAddress argument) {
    int answer = 0;
    switch (command) {
        case FIONREAD:
            if (state_ == State::Listening) {
                return Errno(EINVAL);
            }
            answer = static_cast<int>(available());
            break;
        case TIOCOUTQ:
            answer = static_cast<int>(sent_cost_);
            break;
        case SIOCATMARK:
            if (type() != SocketType::Stream) {
                return Errno(EOPNOTSUPP);
            }
            answer = urgent_ != nullptr && messages_.first() == urgent_ ? 1 : 0;
            break;
        case SIOCUNIXFILE:
            return open_node();
        default:
            return Errno(ENOTTY);
    }
    TRY(UserOut<int>(argument).write(answer));
    return 0;
}

// The socket's file in the file system, for who may administer the net (Linux unix_open_file).
Result<long> UnixSocket::open_node() const {
    Task& task = Task::current();
    if (!task.credentials.has(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    if (node_.is_empty()) {
        return Errno(ENOENT);
    }
    return static_cast<long>(TRY(task.files->install(TRY(open_inode(node_, O_PATH)), CloseOnExec::Yes)));
}

void UnixSocket::describe(TextBuffer& out) {
    std::size_t files = 0;
    for (const UnixMessage& message : messages_) {
        files += message.rights.files().size();
    }
    out.text("scm_fds: ").decimal(files).character('\n');
}

// Linux unix_poll and unix_dgram_poll.
std::uint32_t UnixSocket::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    std::uint32_t events = error_ != 0 ? POLLERR : 0;
    if (no_more_reads_ && no_more_writes_) {
        events |= POLLHUP;
    }
    if (no_more_reads_) {
        events |= POLLRDHUP | kPollReadable;
    }
    if (!messages_.is_empty() || !pending_.is_empty()) {
        events |= kPollReadable;
    }
    if (urgent_ != nullptr) {
        events |= POLLPRI;
    }
    if (is_connection_based() && state_ == State::Closed) {
        events |= POLLHUP;
    }
    const bool is_peer_full = type() != SocketType::Stream && peer_ && peer_->peer_.get() != this &&
                              peer_->is_queue_full() && watch_for_room(*peer_);
    if (is_writable() && !is_peer_full) {
        events |= kRoomEvents;
    }
    return events;
}

bool UnixSocket::PeerWatch::wake(std::uint32_t events) {
    unlink();
    owner_.changed_.wake(events);
    return true;
}

// Linux net/unix/af_unix.c, unix_seq_show.
bool UnixSocket::append_unix_line(TextBuffer& out) const {
    constexpr unsigned kAccepts = 1U << 16;  // __SO_ACCEPTCON
    enum : unsigned { kUnconnected = 1, kConnecting = 2, kConnected = 3, kDisconnecting = 4 };
    const bool is_connected = state_ == State::Connected;
    unsigned state = is_connected ? kConnected : kUnconnected;
    if (inode_number == 0) {
        state = is_connected ? kConnecting : kDisconnecting;
    }
    out.hex(0, 16).text(": ").upper_hex(reference_count() + 1, 8).text(" 00000000 ");
    out.upper_hex(is_listening() ? kAccepts : 0, 8)
        .character(' ')
        .upper_hex(static_cast<unsigned>(type()), 4);
    out.character(' ').upper_hex(state, 2).character(' ').decimal(inode_number, 5);
    if (!name_.is_empty()) {
        out.character(' ');
        for (const char character : name_.view()) {
            out.character(character == '\0' ? '@' : character);
        }
    }
    out.character('\n');
    return true;
}

}  // namespace kernel
