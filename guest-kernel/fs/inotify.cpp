#include "fs/inotify.hpp"

#include <asm/ioctls.h>
#include <linux/inotify.h>

#include "fs/file_owner.hpp"
#include "fs/file_system.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumEvents = 16384;  // /proc/sys/fs/inotify/max_queued_events
constexpr std::uint32_t kControlBits = IN_ONESHOT | IN_EXCL_UNLINK;

List<Inotify, Inotify>& all_instances() {
    static List<Inotify, Inotify> instances;
    return instances;
}

}  // namespace

void InotifyWatch::notify(const NotifyEvent& event) {
    if (event.is_unlinked && (mask & IN_EXCL_UNLINK) != 0 && !event.name.empty()) {
        return;
    }
    const bool is_last = (mask & IN_ONESHOT) != 0;
    owner_.queue(*this, event);
    if (is_last) {
        owner_.end_watch(*this);
    }
}

void InotifyWatch::inode_gone() {
    owner_.end_watch(*this);
}

Inotify::Inotify(Path path, unsigned flags, std::uint32_t user)
    : AnonymousFile(std::move(path), O_RDONLY | flags), user_(user) {
    all_instances().push_back(*this);
}

Inotify::~Inotify() {
    while (Event* event = events_.pop_front()) {
        delete event;
    }
}

unsigned Inotify::instances_of(std::uint32_t user) {
    unsigned count = 0;
    for (const Inotify& instance : all_instances()) {
        count += instance.user_ == user ? 1 : 0;
    }
    return count;
}

std::size_t Inotify::Event::size() const {
    constexpr std::size_t kUnit = sizeof(inotify_event);
    return kUnit + (name.is_empty() ? 0 : (name.size() + 1 + kUnit - 1) / kUnit * kUnit);
}

bool Inotify::Event::is_same(const Event& other) const {
    return watch == other.watch && mask == other.mask && name.view() == other.name.view() &&
           (mask & IN_IGNORED) == 0;
}

std::size_t Inotify::find(int number) const {
    std::size_t index = 0;
    while (index < watches_.size() && watches_[index]->number() != number) {
        ++index;
    }
    return index;
}

Result<int> Inotify::add_watch(Ref<Inode> inode, std::uint32_t mask) {
    const std::uint32_t wanted = (mask & (IN_ALL_EVENTS | kControlBits)) | IN_UNMOUNT;
    for (Own<InotifyWatch>& watch : watches_) {
        if (&watch->inode() != inode.get()) {
            continue;
        }
        if ((mask & IN_MASK_CREATE) != 0) {
            return Errno(EEXIST);
        }
        watch->mask = (mask & IN_MASK_ADD) != 0 ? watch->mask | wanted : wanted;
        return watch->number();
    }
    Own<InotifyWatch> watch = TRY(make_own<InotifyWatch>(*this, std::move(inode), last_number_ + 1));
    watch->mask = wanted;
    TRY(watches_.push_back(std::move(watch)));
    return ++last_number_;
}

Result<void> Inotify::remove_watch(int number) {
    const std::size_t index = find(number);
    if (index == watches_.size()) {
        return Errno(EINVAL);
    }
    end_watch(*watches_[index]);
    return {};
}

void Inotify::queue(const InotifyWatch& watch, const NotifyEvent& event) {
    Result<Own<Event>> made = make_own<Event>();
    if (made.is_error()) {
        return;
    }
    Own<Event> queued = made.release_value();
    queued->watch = watch.number();
    queued->mask = event.mask;
    queued->cookie = event.cookie;
    if (!queued->name.append(event.name).is_error()) {
        append(std::move(queued));
    }
}

// An event like the one before it is left out (Linux inotify_merge). When the queue is full, one event says
// so.
void Inotify::append(Own<Event> event) {
    if (event_count_ >= kMaximumEvents) {
        if (has_overflowed_) {
            return;
        }
        has_overflowed_ = true;
        event->watch = -1;
        event->mask = IN_Q_OVERFLOW;
        event->cookie = 0;
        event->name = String();
    } else if (!events_.is_empty() && events_.back().is_same(*event)) {
        return;
    }
    events_.push_back(*event.leak());
    ++event_count_;
    arrived_.wake_all(kPollReadable);
}

void Inotify::end_watch(InotifyWatch& watch) {
    queue(watch, {.mask = IN_IGNORED, .cookie = 0, .name = {}});
    const std::size_t index = find(watch.number());
    watches_.erase(index);
}

bool Inotify::put(const Event& event, IoBuffer& buffer) const {
    const std::size_t name_size = event.size() - sizeof(inotify_event);
    const inotify_event head{.wd = event.watch,
                             .mask = event.mask,
                             .cookie = event.cookie,
                             .len = static_cast<std::uint32_t>(name_size)};
    if (buffer.put(&head, sizeof(head)) < sizeof(head)) {
        return false;
    }
    const std::string_view name = event.name.view();
    if (buffer.put(name.data(), name.size()) < name.size()) {
        return false;
    }
    for (std::size_t i = name.size(); i < name_size; ++i) {
        const char zero = '\0';
        if (buffer.put(&zero, 1) < 1) {
            return false;
        }
    }
    return true;
}

// Linux inotify_read: as many events as fit, each whole.
Result<std::size_t> Inotify::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    std::size_t total = 0;
    for (;;) {
        Event* event = events_.first();
        if (event == nullptr) {
            if (total != 0) {
                return total;
            }
            if (mode.nonblocking) {
                return Errno(EAGAIN);
            }
            TRY(arrived_.wait([this] { return !events_.is_empty(); }));
            continue;
        }
        if (buffer.remaining() < event->size()) {
            return total != 0 ? Result<std::size_t>(total) : Result<std::size_t>(Errno(EINVAL));
        }
        const Own<Event> taken(events_.pop_front());
        --event_count_;
        if (taken->mask == IN_Q_OVERFLOW) {
            has_overflowed_ = false;
        }
        if (!put(*taken, buffer)) {
            return Errno(EFAULT);
        }
        total += taken->size();
    }
}

// Linux noop_llseek.
Result<std::int64_t> Inotify::seek(std::int64_t, int) {
    return position;
}

std::uint32_t Inotify::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(arrived_);
    }
    return events_.is_empty() ? 0 : kPollReadable;
}

Result<long> Inotify::ioctl(Task&, unsigned command, unsigned long argument) {
    if (command != FIONREAD) {
        return Errno(ENOTTY);
    }
    std::size_t bytes = 0;
    for (const Event& event : events_) {
        bytes += event.size();
    }
    TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(bytes)));
    return 0;
}

bool Inotify::watch_async(AsyncNotice& notice) {
    return !notice.follow_polls().is_error();
}

// Linux fs/notify/fdinfo.c, inotify_fdinfo, without the file handle.
void Inotify::describe(TextBuffer& out) {
    for (const Own<InotifyWatch>& watch : watches_) {
        Inode& inode = watch->inode();
        out.text("inotify wd:").hex(static_cast<unsigned>(watch->number()));
        out.text(" ino:").hex(inode.attributes.number);
        out.text(" sdev:").hex(inode.file_system().device().encode());
        out.text(" mask:").hex(watch->mask & ~std::uint32_t{IN_UNMOUNT}).text(" ignored_mask:0 \n");
    }
}

void Inotify::describe_name(TextBuffer& out) const {
    out.text("anon_inode:inotify");
}

}  // namespace kernel
