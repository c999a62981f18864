// epoll(7): a set of files that are watched together (Linux fs/eventpoll.c).
#pragma once

#include <linux/eventpoll.h>

#include "fs/anonymous.hpp"
#include "fs/poll_watches.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Epoll;

// One descriptor in a set: known by the pair of number and open file, as on Linux.
class EpollItem final : public ListNode<>, public File::CloseListener, public PollRegistrar {
  public:
    EpollItem(Epoll& owner, File& file, int fd, const epoll_event& event)
        : owner_(owner), file_(file), fd_(fd) {
        set_event(event);
    }

    File& file() const { return file_; }
    int fd() const { return fd_; }
    const epoll_event& event() const { return event_; }
    // EPOLLERR and EPOLLHUP are always asked for, also with no other bit (Linux do_epoll_ctl).
    void set_event(const epoll_event& event) {
        event_ = event;
        event_.events |= EPOLLERR | EPOLLHUP;
    }
    bool is_disabled() const { return (event_.events & ~kPrivateBits) == 0; }
    bool is_exclusive() const { return (event_.events & EPOLLEXCLUSIVE) != 0; }
    // After EPOLLONESHOT has delivered: nothing more until the next EPOLL_CTL_MOD.
    void disable() { event_.events &= kPrivateBits; }

    // Begins to watch the file; what is ready already makes the item ready. ENOMEM.
    Result<void> start();
    // The bits that hold now and are asked for.
    std::uint32_t ready_events();
    void file_closed() override;
    Epoll* watching_set() override { return &owner_; }
    void watch(WaitQueue& queue) override;

    bool is_ready = false;  // in the owner's ready list
    static constexpr std::uint32_t kPrivateBits = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;

  private:
    // In the file's queue, where it is told of changes.
    class Watch final : public Waiter {
      public:
        explicit Watch(EpollItem& item) : item_(item) {}
        bool wake(std::uint32_t events) override;

      private:
        EpollItem& item_;
    };

    Epoll& owner_;
    File& file_;
    int fd_;
    epoll_event event_;
    PollWatches<Watch> watches_;
};

class Epoll final : public AnonymousFile {
  public:
    explicit Epoll(Path path) : AnonymousFile(std::move(path), O_RDWR) {}
    ~Epoll() override;

    // EEXIST, ENOENT, ENOMEM; ELOOP: it would watch itself through other sets, or they are nested too deep;
    // EINVAL: the file would be watched through too many levels of sets.
    Result<void> add(File& file, int fd, const epoll_event& event);
    Result<void> modify(File& file, int fd, const epoll_event& event);
    Result<void> remove(File& file, int fd);
    void forget(EpollItem& item);

    // Hands out up to `maximum` events that hold now. How many; EFAULT if that kept it from handing out any.
    Result<int> collect(UserOut<epoll_event> events, int maximum);
    // Waits until collect may find something. ERESTARTSYS, ETIMEDOUT.
    Result<void> wait(Deadline deadline);

    // Answers 0 and moves nothing (Linux's noop_llseek).
    Result<std::int64_t> seek(std::int64_t, int) override { return std::int64_t{0}; }
    std::uint32_t poll(PollRegistrar* registrar) override;
    void describe(TextBuffer& out) override;
    bool has_transfers() const override { return false; }
    Epoll* as_epoll() override { return this; }

    // Puts it into the ready list if it is not there.
    void make_ready(EpollItem& item);
    // The file that is watched by this number, if several are by one number the `index`th; or null.
    const File* watched_file(int fd, std::size_t index) const;
    // Tells who waits here, and who polls this set.
    void notify(std::uint32_t events);
    bool has_waiter() { return !waiting_.is_empty(); }

  private:
    EpollItem* find(const File& file, int fd);
    // How many levels of sets there are below this one, or above it; more than the limit where `forbidden` is
    // among those below.
    unsigned depth_below(const Epoll& forbidden, unsigned limit) const;
    unsigned depth_above(unsigned limit);
    // How many ways there are from a file up to sets that nothing watches, by their numbers of levels.
    struct PathCounts;
    static bool has_too_many_paths(File& file, unsigned level, PathCounts& counts);
    bool has_too_many_paths_below(unsigned limit) const;

    Vector<Own<EpollItem>> items_;
    List<EpollItem> ready_;
    WaitQueue waiting_;  // tasks in epoll_wait
    WaitQueue polling_;  // who polls this set: tasks, and other sets
    friend class EpollItem;
};

}  // namespace kernel
