// inotify(7): a queue of what happened to watched files (Linux fs/notify/inotify/).
#pragma once

#include "fs/anonymous.hpp"
#include "fs/notify.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Inotify;

class InotifyWatch final : public NotifyMark {
  public:
    InotifyWatch(Inotify& owner, Ref<Inode> inode, int number)
        : NotifyMark(std::move(inode)), owner_(owner), number_(number) {}
    int number() const { return number_; }
    void notify(const NotifyEvent& event) override;
    void inode_gone() override;

  private:
    Inotify& owner_;
    int number_;
};

class Inotify final : public AnonymousFile, public ListNode<Inotify> {
  public:
    // `user`: whose instances and watches are counted.
    Inotify(Path path, unsigned flags, std::uint32_t user);
    ~Inotify() override;

    // How many instances a user has.
    static unsigned instances_of(std::uint32_t user);

    // inotify_add_watch: the watch's number. EEXIST, ENOSPC, ENOMEM.
    Result<int> add_watch(Ref<Inode> inode, std::uint32_t mask);
    // EINVAL: there is none of the number.
    Result<void> remove_watch(int number);

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::int64_t> seek(std::int64_t offset, int whence) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe(TextBuffer& out) override;
    void describe_name(TextBuffer& out) const override;
    bool watch_async(AsyncNotice& notice) override;
    Inotify* as_inotify() override { return this; }

    // A watched thing has happened.
    void queue(const InotifyWatch& watch, const NotifyEvent& event);
    // The watch ends, and says so.
    void end_watch(InotifyWatch& watch);

  private:
    struct Event : ListNode<> {
        int watch = 0;
        std::uint32_t mask = 0;
        std::uint32_t cookie = 0;
        String name;
        // With its name, whose length is a multiple of the structure's.
        std::size_t size() const;
        bool is_same(const Event& other) const;
    };

    void append(Own<Event> event);
    std::size_t find(int number) const;  // in watches_; its size: not there
    bool put(const Event& event, IoBuffer& buffer) const;

    std::uint32_t user_;
    Vector<Own<InotifyWatch>> watches_;
    int last_number_ = 0;
    List<Event> events_;
    std::size_t event_count_ = 0;
    bool has_overflowed_ = false;  // the queue's last but one event says that it was full
    WaitQueue arrived_;
};

}  // namespace kernel
