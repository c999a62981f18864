// Who is told by a signal that a file is ready (man 2 fcntl, F_SETOWN and O_ASYNC; Linux fs/fcntl.c).
#pragma once

#include <asm/siginfo.h>

#include <cstdint>

#include "fs/file.hpp"
#include "fs/poll_watches.hpp"
#include "lib/list.hpp"

namespace kernel {

// The current process becomes the owner, unless the file has one (Linux __f_setown without force).
void become_owner(File& file);
// Sends the owner of `file` its signal for one of siginfo's POLL_* reasons.
void notify_owner(const FileOwner& owner, int fd, int reason);
// Sends it SIGURG, whether or not it has O_ASYNC (Linux send_sigurg).
void notify_owner_of_urgent(const FileOwner& owner);

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
    PollWatches<Watch> watches_;
};

// The files that are told of one thing: Linux's fasync_list.
class AsyncNotices {
  public:
    void add(AsyncNotice& notice) { notices_.push_back(notice); }
    // The files that are open for reading: there may be something to read. And those for writing: there may
    // be room.
    void notify_readers();
    void notify_writers();
    // All of them, for one of siginfo's POLL_* reasons.
    void tell(int reason);
    // Of urgent data: those that have chosen a signal (Linux kill_fasync).
    void tell_of_urgent();

  private:
    List<AsyncNotice, AsyncNoticeInList> notices_;
};

}  // namespace kernel
