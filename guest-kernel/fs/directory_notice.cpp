#include "fs/directory_notice.hpp"

#include <asm/siginfo.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/file.hpp"
#include "fs/file_owner.hpp"
#include "lib/settings.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct Watcher {
    const FileTable* owner = nullptr;
    File* file = nullptr;
    int fd = -1;
    unsigned events = 0;  // DN_*
};

// What a directory's watchers want of it, and the watchers, the newest first.
class DirectoryMark final : public NotifyMark {
  public:
    using NotifyMark::NotifyMark;
    void notify(const NotifyEvent& event) override;
    void inode_gone() override { delete this; }
    bool is_of_directory_notices() const override { return true; }

    Result<void> add(const Watcher& watcher);
    void remove(const FileTable& owner, const File& file);

  private:
    void settle();

    Vector<Watcher> watchers_;
};

// Linux convert_arg.
std::uint32_t wanted_by(unsigned events) {
    std::uint32_t mask = 0;
    mask |= (events & DN_DELETE) != 0 ? IN_DELETE | IN_MOVED_FROM : 0U;
    mask |= (events & DN_MODIFY) != 0 ? std::uint32_t{IN_MODIFY} : 0U;
    mask |= (events & DN_ACCESS) != 0 ? std::uint32_t{IN_ACCESS} : 0U;
    mask |= (events & DN_ATTRIB) != 0 ? std::uint32_t{IN_ATTRIB} : 0U;
    mask |= (events & DN_RENAME) != 0 ? kRenamedWithin : 0U;
    mask |= (events & DN_CREATE) != 0 ? IN_CREATE | IN_MOVED_TO : 0U;
    return mask;
}

DirectoryMark* mark_of(Inode& inode) {
    for (NotifyMark& mark : inode.marks) {
        if (mark.is_of_directory_notices()) {
            return static_cast<DirectoryMark*>(&mark);
        }
    }
    return nullptr;
}

Result<void> DirectoryMark::add(const Watcher& watcher) {
    for (Watcher& known : watchers_) {
        if (known.owner == watcher.owner && known.file == watcher.file) {
            known.fd = watcher.fd;
            known.events |= watcher.events;
            settle();
            return {};
        }
    }
    TRY(watchers_.insert(0, watcher));
    settle();
    return {};
}

void DirectoryMark::remove(const FileTable& owner, const File& file) {
    for (std::size_t i = 0; i < watchers_.size(); i++) {
        if (watchers_[i].owner == &owner && watchers_[i].file == &file) {
            watchers_.erase(i);
            settle();
            return;
        }
    }
}

// What all want together. Without watchers the mark goes.
void DirectoryMark::settle() {
    mask = 0;
    for (const Watcher& watcher : watchers_) {
        mask |= wanted_by(watcher.events);
    }
    if (watchers_.is_empty()) {
        delete this;
    }
}

void DirectoryMark::notify(const NotifyEvent& event) {
    for (std::size_t i = 0; i < watchers_.size();) {
        const Watcher& watcher = watchers_[i];
        if ((wanted_by(watcher.events) & event.mask) == 0) {
            i++;
            continue;
        }
        notify_owner(watcher.file->owner, watcher.fd, POLL_MSG);
        if ((watcher.events & DN_MULTISHOT) != 0) {
            i++;
        } else {
            watchers_.erase(i);
        }
    }
    settle();
}

}  // namespace

Result<void> watch_directory(const FileTable& owner, File& file, int fd, unsigned events) {
    if (settings().has_directory_notices == 0) {
        return Errno(EINVAL);
    }
    if ((events & ~unsigned{DN_MULTISHOT}) == 0) {
        stop_watching_directory(owner, file);
        return {};
    }
    if (!file.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    DirectoryMark* mark = mark_of(file.inode());
    if (mark == nullptr) {
        Own<DirectoryMark> made = TRY(make_own<DirectoryMark>(Ref<Inode>(&file.inode())));
        TRY(made->add({.owner = &owner, .file = &file, .fd = fd, .events = events}));
        made.leak();
    } else {
        TRY(mark->add({.owner = &owner, .file = &file, .fd = fd, .events = events}));
    }
    become_owner(file);
    return {};
}

void stop_watching_directory(const FileTable& owner, const File& file) {
    if (!file.inode().marks.is_empty()) {
        if (DirectoryMark* mark = mark_of(file.inode())) {
            mark->remove(owner, file);
        }
    }
}

}  // namespace kernel
