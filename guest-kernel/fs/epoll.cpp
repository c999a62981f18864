#include "fs/epoll.hpp"

#include "fs/file_system.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {
constexpr unsigned kMaximumNesting = 4;  // Linux fs/eventpoll.c, EP_MAX_NESTS
}

bool EpollItem::Watch::wake(std::uint32_t events) {
    // A wake-up for events that were not asked for is ignored (ep_poll_callback).
    if (events != WaitQueue::kAnyEvent && (events & (item_.event_.events | EPOLLERR | EPOLLHUP)) == 0) {
        return false;
    }
    if (!item_.is_disabled()) {
        item_.owner_.item_changed(item_);
    }
    return true;
}

void EpollItem::watch(WaitQueue& queue) {
    Result<Own<Watch>> made = make_own<Watch>(*this);
    if (made.is_error()) {
        failed_ = true;
        return;
    }
    Watch& watch = *made.value();
    if (watches_.push_back(made.release_value()).is_error()) {
        failed_ = true;
        return;
    }
    queue.add(watch);
}

Result<void> EpollItem::start() {
    const std::uint32_t events = file_.poll(this) & (event_.events | EPOLLERR | EPOLLHUP);
    if (failed_) {
        return Errno(ENOMEM);
    }
    file_.add_close_listener(*this);
    if (events != 0) {
        owner_.item_changed(*this);
    }
    return {};
}

std::uint32_t EpollItem::ready_events() {
    if (is_disabled()) {
        return 0;
    }
    return file_.poll(nullptr) & (event_.events | EPOLLERR | EPOLLHUP) & ~kPrivateBits;
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

unsigned Epoll::depth_below(const Epoll& forbidden, unsigned limit) const {
    if (this == &forbidden || limit == 0) {
        return kMaximumNesting + 1;
    }
    unsigned deepest = 0;
    for (const Own<EpollItem>& item : items_) {
        const Epoll* inner = item->file().as_epoll();
        if (inner != nullptr) {
            const unsigned depth = inner->depth_below(forbidden, limit - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

Result<void> Epoll::add(File& file, int fd, const epoll_event& event) {
    const Epoll* inner = file.as_epoll();
    if (inner != nullptr && inner->depth_below(*this, kMaximumNesting) > kMaximumNesting) {
        return Errno(ELOOP);
    }
    if (find(file, fd) != nullptr) {
        return Errno(EEXIST);
    }
    Own<EpollItem> item = TRY(make_own<EpollItem>(*this, file, fd, event));
    EpollItem& added = *item;
    TRY(items_.push_back(std::move(item)));
    Result<void> started = added.start();
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
    if ((item->event().events & EPOLLEXCLUSIVE) != 0) {
        return Errno(EINVAL);
    }
    item->set_event(event);
    if (item->ready_events() != 0) {
        item_changed(*item);
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

void Epoll::item_changed(EpollItem& item) {
    if (!item.is_ready) {
        item.is_ready = true;
        ready_.push_back(item);
    }
    waiting_.wake_all(kPollReadable);
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
    if (faulted && count == 0) {
        return Errno(EFAULT);
    }
    return count;
}

Result<void> Epoll::wait(Deadline deadline) {
    return waiting_.wait([this] { return !ready_.is_empty(); }, deadline);
}

std::uint32_t Epoll::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(waiting_);
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
