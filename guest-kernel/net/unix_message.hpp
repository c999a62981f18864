// What one send puts into the queue of an AF_UNIX socket, and what travels with it (Linux's struct sk_buff
// with struct unix_skb_parms).
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/file.hpp"
#include "lib/list.hpp"
#include "lib/vector.hpp"
#include "net/socket.hpp"

namespace kernel {

class UnixSocket;

// Open files on their way. Those that are sockets are known to be so, which garbage collection needs.
class UnixRights {
  public:
    UnixRights() = default;
    UnixRights(UnixRights&& other) noexcept;
    UnixRights& operator=(UnixRights&& other) noexcept;
    ~UnixRights() { land(); }

    // Sends them off. ETOOMANYREFS: the user has too many on their way. ENOMEM.
    Result<void> depart(const Vector<Ref<File>>& files);
    // They have arrived, or are lost.
    Vector<Ref<File>> land();

    bool is_empty() const { return files_.is_empty(); }
    const Vector<Ref<File>>& files() const { return files_; }

  private:
    Vector<Ref<File>> files_;
    std::uint32_t user_ = 0;
};

// The credentials of a message (SCM_CREDENTIALS). Without any it shows process 0 and nobody's ids.
struct UnixCredentials {
    static constexpr std::uint32_t kNobody = 65534;  // overflowuid, overflowgid
    SocketIdentity identity = {.process = 0, .user = kNobody, .group = kNobody};
    bool is_known = false;

    static UnixCredentials of_current();
    bool operator==(const UnixCredentials& other) const {
        return is_known == other.is_known && identity.process == other.identity.process &&
               identity.user == other.identity.user && identity.group == other.identity.group;
    }
};

struct UnixMessage : ListNode<> {
    explicit UnixMessage(UnixSocket& sender);
    ~UnixMessage();

    std::size_t left() const { return bytes.size() - taken; }

    Vector<std::byte> bytes;
    std::size_t taken = 0;  // of a stream's message: bytes that were received already
    UnixRights rights;
    UnixCredentials credentials;
    Ref<UnixSocket> origin;    // shows its name, and has it in its send buffer
    std::size_t cost = 0;      // what it takes there
    std::int64_t arrived = 0;  // CLOCK_REALTIME in ns; 0: not noted
    bool was_peeked = false;
};

// What a receive gets besides the bytes.
struct UnixAncillary {
    Vector<Ref<File>> files;
    UnixCredentials credentials;
};

// What a message of `linear` bytes in one piece and others in pages takes of a send buffer (Linux's truesize
// on arm64).
std::size_t message_cost(std::size_t linear, std::size_t paged);

}  // namespace kernel
