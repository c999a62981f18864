// Who is told by a signal that a file is ready (man 2 fcntl, F_SETOWN and O_ASYNC; Linux fs/fcntl.c).
#pragma once

#include <cstdint>

#include "fs/file.hpp"
#include "lib/list.hpp"
#include "lib/vector.hpp"

namespace kernel {

// Sends the owner of `file` its signal for one of siginfo's POLL_* reasons.
void notify_owner(const FileOwner& owner, int fd, int reason);

struct AsyncNoticeInList {};

// One file with O_ASYNC. `fd` is the descriptor by which it was asked for.
class AsyncNotice final : public ListNode<AsyncNoticeInList>, public PollRegistrar {
  public:
    AsyncNotice(File& file, int fd) : file_(file), fd_(fd) {}

    File& file() const { return file_; }
    void notify(int reason);
    // Makes this follow the wake-ups of pollers: for files whose signals come with them. ENOMEM.
    Result<void> follow_polls();
    void watch(WaitQueue& queue) override;

  private:
    class Watch final : public Waiter {
      public:
        explicit Watch(AsyncNotice& notice) : notice_(notice) {}
        bool wake(std::uint32_t events) override;

      private:
        AsyncNotice& notice_;
    };

    File& file_;
    int fd_;
    Vector<Own<Watch>> watches_;
    bool failed_ = false;
};

// The files that are told of one thing: Linux's fasync_list.
class AsyncNotices {
  public:
    void add(AsyncNotice& notice) { notices_.push_back(notice); }
    // The files that are open for reading: there may be something to read. And those for writing: there may
    // be room.
    void notify_readers();
    void notify_writers();

  private:
    List<AsyncNotice, AsyncNoticeInList> notices_;
};

}  // namespace kernel
