// POSIX message queues (man 7 mq_overview; Linux ipc/mqueue.c).
#pragma once

#include <asm/siginfo.h>
#include <linux/mqueue.h>

#include <cstdint>
#include <string_view>

#include "fs/file.hpp"
#include "lib/list.hpp"
#include "time/clock.hpp"

namespace kernel {

inline constexpr unsigned kMaximumPriority = 32768;  // MQ_PRIO_MAX

// What a queue holds, whatever name or descriptor leads to it.
class PosixQueue final : public RefCounted {
  public:
    struct Message : ListNode<> {
        unsigned priority = 0;
        Vector<std::byte> text;
    };

    PosixQueue(std::size_t its_maximum, std::size_t its_size)
        : maximum_messages(its_maximum), message_size(its_size) {}
    ~PosixQueue() override;

    bool is_empty() { return messages_.is_empty(); }
    bool is_full() const { return count_ >= maximum_messages; }
    std::size_t count() const { return count_; }
    std::size_t bytes() const { return bytes_; }

    // EAGAIN if it would have to wait and may not, ETIMEDOUT, ERESTARTSYS.
    Result<void> send(Own<Message> message, bool waits, Deadline deadline);
    // The first of the highest priority.
    Result<Own<Message>> receive(bool waits, Deadline deadline);

    // mq_notify: one process is told of the next message for an empty queue. EBUSY.
    Result<void> register_notice(const sigevent& event);
    // That of this process.
    void forget_notice(int process);
    int notice_process() const { return notice_process_; }
    const sigevent& notice() const { return notice_; }

    const std::size_t maximum_messages;
    const std::size_t message_size;
    WaitQueue changed;  // poll waits here

  private:
    // A task that sleeps with a message to be put, or for one. Who makes it possible does the transfer for
    // it, so that nobody who comes later gets in between.
    struct Sleeper : ListNode<> {
        Sleeper(Task& its_task, Own<Message> its_message) : task(its_task), message(std::move(its_message)) {}
        Task& task;
        Own<Message> message;
        bool is_done = false;
    };
    static Result<void> sleep(List<Sleeper>& sleepers, Sleeper& sleeper, Deadline deadline);
    void put(Own<Message> message);
    void notify();

    List<Message> messages_;
    List<Sleeper> senders_;
    List<Sleeper> receivers_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    sigevent notice_{};
    int notice_process_ = 0;  // 0: nobody is to be told
};

// mq_open and mq_unlink of a name that getname has read. `attributes` may be null.
Result<Ref<File>> open_posix_queue(Task& task, std::string_view name, unsigned flags, unsigned mode,
                                   const mq_attr* attributes);
Result<void> unlink_posix_queue(Task& task, std::string_view name);

// The queue that a file is. EBADF.
Result<PosixQueue*> posix_queue_of(File& file);

}  // namespace kernel
