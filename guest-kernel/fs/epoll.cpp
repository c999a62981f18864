#include "fs/epoll.hpp"

#include <array>

#include "fs/file_system.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {
constexpr unsigned kMaximumNesting = 4;  // Linux fs/eventpoll.c, EP_MAX_NESTS
}

// Linux ep_poll_callback: a wake-up for events that were not asked for is ignored. An exclusive item takes a
// wake-up only if a task waits for the set, and for what has happened.
bool EpollItem::Watch::wake(std::uint32_t events) {
    const bool is_wanted = events == WaitQueue::kAnyEvent || (events & item_.event_.events) != 0;
    if (item_.is_disabled() || !is_wanted) {
        return !item_.is_exclusive();
    }
    const std::uint32_t direction = events == WaitQueue::kAnyEvent ? 0 : events & (EPOLLIN | EPOLLOUT);
    const bool takes =
        direction == 0 || (direction != (EPOLLIN | EPOLLOUT) && (item_.event_.events & direction) != 0);
    const bool is_taken = item_.owner_.has_waiter() && takes;
    item_.owner_.make_ready(item_);
    item_.owner_.notify(events);
    return !item_.is_exclusive() || is_taken;
}

void EpollItem::watch(WaitQueue& queue) {
    watches_.add(queue, is_exclusive() ? Share::OneByOne : Share::WithAll, *this);
}

Result<void> EpollItem::start() {
    const std::uint32_t events = file_.poll(this) & event_.events;
    if (watches_.has_failed()) {
        return Errno(ENOMEM);
    }
    file_.add_close_listener(*this);
    if (events != 0) {
        owner_.make_ready(*this);
        owner_.notify(WaitQueue::kAnyEvent);
    }
    return {};
}

std::uint32_t EpollItem::ready_events() {
    if (is_disabled()) {
        return 0;
    }
    return file_.poll(nullptr) & event_.events & ~kPrivateBits;
}

void EpollItem::file_closed() {
    owner_.forget(*this);
}

Epoll::~Epoll() = default;

EpollItem* Epoll::find(const File& file, int fd) {
    for (Own<EpollItem>& item : items_) {
        if (&item->file() == &file && item->fd() == fd) {
            return item.get();
        }
    }
    return nullptr;
}

const File* Epoll::watched_file(int fd, std::size_t index) const {
    for (const Own<EpollItem>& item : items_) {
        if (item->fd() == fd && index-- == 0) {
            return &item->file();
        }
    }
    return nullptr;
}

unsigned Epoll::depth_below(const Epoll& forbidden, unsigned limit) const {
    if (this == &forbidden) {
        return kMaximumNesting + 1;
    }
    unsigned deepest = 0;
    for (const Own<EpollItem>& item : items_) {
        const Epoll* inner = item->file().as_epoll();
        if (inner != nullptr) {
            const unsigned depth = limit == 0 ? kMaximumNesting : inner->depth_below(forbidden, limit - 1);
            deepest = std::max(deepest, depth + 1);
        }
    }
    return deepest;
}

unsigned Epoll::depth_above(unsigned limit) {
    unsigned highest = 0;
    for (CloseListener& listener : close_listeners()) {
        const unsigned depth = limit == 0 ? kMaximumNesting : listener.watching_set()->depth_above(limit - 1);
        highest = std::max(highest, depth + 1);
    }
    return highest;
}

struct Epoll::PathCounts {
    std::array<unsigned, kMaximumNesting + 1> paths{};
};

// Linux reverse_path_check_proc and path_count_inc.
bool Epoll::has_too_many_paths(File& file, unsigned level, PathCounts& counts) {
    constexpr std::array<unsigned, kMaximumNesting + 1> kLimits = {1000, 500, 100, 50, 10};
    if (level > kMaximumNesting) {
        return true;
    }
    for (CloseListener& listener : file.close_listeners()) {
        Epoll& set = *listener.watching_set();
        if (!set.close_listeners().is_empty()) {
            if (has_too_many_paths(set, level + 1, counts)) {
                return true;
            }
        } else if (level > 0 && ++counts.paths[level] > kLimits[level]) {
            return true;
        }
    }
    return false;
}

bool Epoll::has_too_many_paths_below(unsigned limit) const {
    for (const Own<EpollItem>& item : items_) {
        const Epoll* inner = item->file().as_epoll();
        PathCounts counts;
        if (inner == nullptr ? has_too_many_paths(item->file(), 0, counts)
                             : limit > 0 && inner->has_too_many_paths_below(limit - 1)) {
            return true;
        }
    }
    return false;
}

Result<void> Epoll::add(File& file, int fd, const epoll_event& event) {
    const Epoll* inner = file.as_epoll();
    if (inner != nullptr) {
        const unsigned below = inner->depth_below(*this, kMaximumNesting);
        if (below > kMaximumNesting || below + 1 + depth_above(kMaximumNesting) > kMaximumNesting) {
            return Errno(ELOOP);
        }
    }
    if (find(file, fd) != nullptr) {
        return Errno(EEXIST);
    }
    Own<EpollItem> item = TRY(make_own<EpollItem>(*this, file, fd, event));
    EpollItem& added = *item;
    TRY(items_.push_back(std::move(item)));
    Result<void> started = added.start();
    PathCounts counts;
    const bool is_nested = inner != nullptr || !close_listeners().is_empty();
    if (!started.is_error() && is_nested &&
        (inner == nullptr ? has_too_many_paths(file, 0, counts)
                          : inner->has_too_many_paths_below(kMaximumNesting))) {
        started = Errno(EINVAL);
    }
    if (started.is_error()) {
        forget(added);
    }
    return started;
}

Result<void> Epoll::modify(File& file, int fd, const epoll_event& event) {
    EpollItem* item = find(file, fd);
    if (item == nullptr) {
        return Errno(ENOENT);
    }
    if (item->is_exclusive()) {
        return Errno(EINVAL);
    }
    item->set_event(event);
    if (!item->is_ready && item->ready_events() != 0) {
        make_ready(*item);
        notify(WaitQueue::kAnyEvent);
    }
    return {};
}

Result<void> Epoll::remove(File& file, int fd) {
    EpollItem* item = find(file, fd);
    if (item == nullptr) {
        return Errno(ENOENT);
    }
    forget(*item);
    return {};
}

void Epoll::forget(EpollItem& item) {
    for (std::size_t i = 0; i < items_.size(); i++) {
        if (items_[i].get() == &item) {
            items_.erase(i);
            return;
        }
    }
}

void Epoll::make_ready(EpollItem& item) {
    if (!item.is_ready) {
        item.is_ready = true;
        ready_.push_back(item);
    }
}

void Epoll::notify(std::uint32_t events) {
    waiting_.wake();
    polling_.wake(events == WaitQueue::kAnyEvent ? events : events | EPOLLIN);
}

// Linux ep_send_events: what does not hold any more leaves the list; level-triggered items go back to its
// end.
Result<int> Epoll::collect(UserOut<epoll_event> events, int maximum) {
    List<EpollItem> again;
    int count = 0;
    bool faulted = false;
    while (count < maximum) {
        EpollItem* item = ready_.pop_front();
        if (item == nullptr) {
            break;
        }
        item->is_ready = false;
        epoll_event event = item->event();
        event.events = item->ready_events();
        if (event.events == 0) {
            continue;
        }
        faulted = events.write_at(static_cast<std::size_t>(count), event).is_error();
        if (faulted) {
            item->is_ready = true;
            ready_.push_front(*item);
            break;
        }
        count++;
        if ((item->event().events & EPOLLONESHOT) != 0) {
            item->disable();
        } else if ((item->event().events & EPOLLET) == 0) {
            again.push_back(*item);
        }
    }
    while (EpollItem* item = again.pop_front()) {
        item->is_ready = true;
        ready_.push_back(*item);
    }
    if (!ready_.is_empty()) {
        waiting_.wake();  // there is something left for the next who waits (ep_done_scan)
    }
    if (faulted && count == 0) {
        return Errno(EFAULT);
    }
    return count;
}

Result<void> Epoll::wait(Deadline deadline) {
    if (!ready_.is_empty()) {
        return {};
    }
    LeavingTaskWaiter waiter;
    waiting_.add_first_exclusive(waiter);
    const Result<void> slept = sleep_until(deadline);
    return ready_.is_empty() ? slept : Result<void>();
}

std::uint32_t Epoll::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(polling_);
    }
    // An item can be in the list although it is not ready any more: those leave it now (ep_poll).
    while (EpollItem* item = ready_.first()) {
        if (item->ready_events() != 0) {
            return kPollReadable;
        }
        ready_.pop_front();
        item->is_ready = false;
    }
    return 0;
}

// Linux ep_show_fdinfo.
void Epoll::describe(TextBuffer& out) {
    for (const Own<EpollItem>& item : items_) {
        out.text("tfd: ").decimal(static_cast<unsigned>(item->fd()), 8);
        out.text(" events: ")
            .hex(item->event().events, 8, ' ')
            .text(" data: ")
            .hex(item->event().data, 16, ' ');
        out.text("  pos:").signed_decimal(item->file().position);
        out.text(" ino:").hex(item->file().attributes().number);
        out.text(" sdev:").hex(item->file().inode().file_system().device().encode()).character('\n');
    }
}

}  // namespace kernel
