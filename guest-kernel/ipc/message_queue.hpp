// System V message queues (man 2 msgsnd; Linux ipc/msg.c).
#pragma once

#include <cstddef>
#include <cstdint>

#include "ipc/ipc_table.hpp"
#include "lib/list.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

inline constexpr std::size_t kMaximumMessageSize = 8192;  // MSGMAX
inline constexpr std::size_t kDefaultQueueBytes = 16384;  // MSGMNB

struct IpcMessage : ListNode<> {
    std::int64_t type = 0;
    Vector<std::byte> text;
};

// Which message a receiver takes.
struct MessageChoice {
    enum class Kind : std::uint8_t { Any, Equal, NotEqual, LeastUpTo, Index };
    Kind kind = Kind::Any;
    std::int64_t type = 0;  // Index: which one of all
};

class MessageQueue final : public IpcObject {
  public:
    MessageQueue(std::int32_t key, unsigned mode);
    ~MessageQueue() override;

    // Sleeps for room unless told otherwise. EAGAIN, EIDRM, ERESTARTNOHAND.
    Result<void> send(Task& task, Own<IpcMessage> message, bool waits);
    // ENOMSG; E2BIG: it is longer than `size` (unless `may_cut`), and stays. EIDRM, ERESTARTNOHAND.
    Result<Own<IpcMessage>> receive(Task& task, const MessageChoice& choice, std::size_t size, bool may_cut,
                                    bool waits);
    // MSG_COPY: a copy of a message that stays. ENOMSG, E2BIG.
    Result<Own<IpcMessage>> copy(const MessageChoice& choice, std::size_t size, bool may_cut);
    // It is gone, or its limits have changed: who sleeps looks again.
    void wake_all();

    std::size_t bytes() const { return bytes_; }
    std::size_t count() const { return count_; }
    std::size_t maximum_bytes = kDefaultQueueBytes;
    std::int64_t sent = 0;  // s since 1970
    std::int64_t received = 0;
    std::int64_t changed = 0;
    int last_sender = 0;
    int last_receiver = 0;

  private:
    IpcMessage* find(const MessageChoice& choice);
    bool has_room(std::size_t size) const {
        return size + bytes_ <= maximum_bytes && 1 + count_ <= maximum_bytes;
    }

    List<IpcMessage> messages_;
    std::size_t bytes_ = 0;
    std::size_t count_ = 0;
    WaitQueue room_;
    WaitQueue arrived_;
};

IpcTable<MessageQueue>& message_queues();

}  // namespace kernel
