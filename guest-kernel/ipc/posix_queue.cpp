#include "ipc/posix_queue.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "fs/file_system.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "fs/text_buffer.hpp"
#include "signal/signals.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kQueueMagic = 0x19800202;  // MQUEUE_MAGIC
constexpr std::int64_t kDefaultMessages = 10;      // DFLT_MSG, and the most without CAP_SYS_RESOURCE
constexpr std::int64_t kDefaultSize = 8192;
constexpr std::int64_t kMostMessages = 65536;  // HARD_MSGMAX
constexpr std::int64_t kMostSize = 16 << 20;   // HARD_MSGSIZEMAX
constexpr std::size_t kMostQueues = 256;       // DFLT_QUEUESMAX

// Made once, never destroyed.
Dentry* root = nullptr;

// What RLIMIT_MSGQUEUE counts of a queue, and for whom.
struct Charge {
    std::uint32_t user;
    std::uint64_t bytes;
};

class QueueInode final : public Inode, public ListNode<Charge> {
  public:
    QueueInode(Ref<FileSystem> file_system, unsigned mode, Ref<PosixQueue> its_queue, Charge its_charge)
        : Inode(std::move(file_system), S_IFREG | mode), queue(std::move(its_queue)), charge(its_charge) {}
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override;

    const Ref<PosixQueue> queue;
    const Charge charge;
};

List<QueueInode, Charge>& all_queues() {
    static List<QueueInode, Charge> queues;
    return queues;
}

class QueueFile final : public File {
  public:
    QueueFile(Path path, unsigned flags, Ref<PosixQueue> queue)
        : File(std::move(path), flags), queue_(std::move(queue)) {}

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    bool is_seekable() const override { return true; }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override {
        return seek_within(offset, whence, 0);
    }
    std::uint32_t poll(PollRegistrar* registrar) override;
    // The size is a number without a meaning, as any program may set it (Linux simple_setattr).
    Result<void> truncate(std::uint64_t size) override {
        TRY(check_size_limit(inode().attributes, size));
        inode().attributes.size = size;
        return {};
    }
    void descriptor_closed() override { queue_->forget_notice(Task::current().process_id()); }
    PosixQueue* as_posix_queue() override { return queue_.get(); }

  private:
    Ref<PosixQueue> queue_;
};

// Linux mqueue_read_file.
Result<std::size_t> QueueFile::read(IoBuffer& buffer, std::int64_t& place, TransferMode) {
    TextBuffer text;
    const auto field = [&](std::string_view name, std::uint64_t value, std::size_t width) {
        text.text(name);
        const std::size_t start = text.size();
        text.decimal(value);
        while (text.size() < start + width) {
            text.character(' ');
        }
    };
    const bool by_signal = queue_->notice_process() != 0 && queue_->notice().sigev_notify == SIGEV_SIGNAL;
    field("QSIZE:", queue_->bytes(), 10);
    field(" NOTIFY:",
          queue_->notice_process() != 0 ? static_cast<std::uint64_t>(queue_->notice().sigev_notify) : 0, 5);
    field(" SIGNO:", by_signal ? static_cast<std::uint64_t>(queue_->notice().sigev_signo) : 0, 5);
    field(" NOTIFY_PID:", static_cast<std::uint64_t>(queue_->notice_process()), 6);
    text.character('\n');
    TRY(text.finish());
    const std::string_view view = text.view();
    if (place < 0 || static_cast<std::size_t>(place) >= view.size()) {
        return std::size_t{0};
    }
    const std::string_view rest = view.substr(static_cast<std::size_t>(place));
    const std::size_t wanted = rest.size() < buffer.remaining() ? rest.size() : buffer.remaining();
    const std::size_t done = buffer.put(rest.data(), wanted);
    place += static_cast<std::int64_t>(done);
    return done == 0 && wanted != 0 ? Result<std::size_t>(Errno(EFAULT)) : Result<std::size_t>(done);
}

std::uint32_t QueueFile::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(queue_->changed);
    }
    return (queue_->is_empty() ? 0U : kPollReadable) | (queue_->is_full() ? 0U : kPollWritable);
}

Result<Ref<File>> QueueInode::open_regular(const Path& path, std::uint32_t flags) {
    return TRY(make_ref<QueueFile>(path, flags, queue));
}

Result<Dentry*> queue_root() {
    if (root == nullptr) {
        Ref<FileSystem> file_system = TRY(make_ref<FileSystem>("mqueue", kQueueMagic));
        Ref<Inode> inode = TRY(make_ref<Inode>(std::move(file_system), S_IFDIR | 01777U));
        root = TRY(Dentry::make_root(std::move(inode))).leak();
    }
    return root;
}

// What lookup_one_len refuses.
Result<void> check_name(std::string_view name) {
    constexpr std::size_t kMaximumName = 255;
    if (name.empty()) {
        return Errno(ENOENT);
    }
    if (name == "." || name == ".." || name.find('/') != std::string_view::npos) {
        return Errno(EACCES);
    }
    return name.size() > kMaximumName ? Result<void>(Errno(ENAMETOOLONG)) : Result<void>();
}

struct QueueLimits {
    std::size_t messages;
    std::size_t size;
};

// Linux mq_attr_ok.
Result<QueueLimits> limits_of(const Task& task, const mq_attr* attributes) {
    if (attributes == nullptr) {
        return QueueLimits{.messages = kDefaultMessages, .size = kDefaultSize};
    }
    const bool is_privileged = task.credentials.has(CAP_SYS_RESOURCE);
    const std::int64_t most_messages = is_privileged ? kMostMessages : kDefaultMessages;
    const std::int64_t most_size = is_privileged ? kMostSize : kDefaultSize;
    if (attributes->mq_maxmsg <= 0 || attributes->mq_msgsize <= 0 || attributes->mq_maxmsg > most_messages ||
        attributes->mq_msgsize > most_size) {
        return Errno(EINVAL);
    }
    return QueueLimits{.messages = static_cast<std::size_t>(attributes->mq_maxmsg),
                       .size = static_cast<std::size_t>(attributes->mq_msgsize)};
}

// Linux mqueue_create_attr and mqueue_get_inode.
Result<Ref<Dentry>> create_queue(Task& task, std::string_view name, unsigned mode,
                                 const mq_attr* attributes) {
    constexpr std::uint64_t kMessageOverhead = 48 + 48;  // struct msg_msg and posix_msg_tree_node
    std::size_t count = 0;
    std::uint64_t charged = 0;
    for (const QueueInode& other : all_queues()) {
        ++count;
        charged += other.charge.user == task.credentials.user ? other.charge.bytes : 0;
    }
    if (count >= kMostQueues && !task.credentials.has(CAP_SYS_RESOURCE)) {
        return Errno(ENOSPC);
    }
    const QueueLimits limits = TRY(limits_of(task, attributes));
    const Charge charge{.user = task.credentials.user,
                        .bytes = limits.messages * (limits.size + kMessageOverhead)};
    if (charged + charge.bytes > task.process->limit(RLIMIT_MSGQUEUE).rlim_cur) {
        return Errno(EMFILE);
    }
    Ref<PosixQueue> queue = TRY(make_ref<PosixQueue>(limits.messages, limits.size));
    const Ref<FileSystem> file_system(&root->inode().file_system());
    Ref<QueueInode> inode =
        TRY(make_ref<QueueInode>(file_system, mode & 07777 & ~task.fs->umask, std::move(queue), charge));
    inode->attributes.user = task.credentials.file_system_user;
    inode->attributes.group = task.credentials.file_system_group;
    inode->attributes.size = 80;  // FILENT_SIZE
    all_queues().push_back(*inode);
    return add_entry(*root, name, std::move(inode));
}

Result<void> check_open(const Task& task, const Inode& inode, unsigned flags) {
    const unsigned access = flags & O_ACCMODE;
    if (access == O_ACCMODE) {
        return Errno(EINVAL);
    }
    const unsigned wanted = access == O_RDONLY   ? kMayRead
                            : access == O_WRONLY ? kMayWrite
                                                 : kMayRead | kMayWrite;
    return check_permission(inode, wanted, task.credentials);
}

}  // namespace

PosixQueue::~PosixQueue() {
    while (Message* message = messages_.pop_front()) {
        delete message;
    }
}

// Behind those of the same or a higher priority.
void PosixQueue::put(Own<Message> message) {
    bytes_ += message->text.size();
    ++count_;
    Message& added = *message.leak();
    for (Message& other : messages_) {
        if (other.priority < added.priority) {
            List<Message>::insert_before(other, added);
            return;
        }
    }
    messages_.push_back(added);
}

// Linux wq_add and wq_sleep: who is nicer comes later, among equals who came first comes first.
Result<void> PosixQueue::sleep(List<Sleeper>& sleepers, Sleeper& sleeper, Deadline deadline) {
    Sleeper* later = nullptr;
    for (Sleeper& other : sleepers) {
        if (later == nullptr && other.task.nice > sleeper.task.nice) {
            later = &other;
        }
    }
    if (later != nullptr) {
        List<Sleeper>::insert_before(*later, sleeper);
    } else {
        sleepers.push_back(sleeper);
    }
    while (!sleeper.is_done) {
        const Result<void> slept = sleep_until(deadline);
        if (!sleeper.is_done && slept.is_error()) {
            return slept.error();
        }
    }
    return {};
}

// Linux do_mq_timedsend.
Result<void> PosixQueue::send(Own<Message> message, bool waits, Deadline deadline) {
    const Ref<PosixQueue> keep(this);
    if (is_full()) {
        if (!waits) {
            return Errno(EAGAIN);
        }
        Sleeper sleeper(Task::current(), std::move(message));
        return sleep(senders_, sleeper, deadline);
    }
    if (Sleeper* receiver = receivers_.pop_front()) {
        receiver->message = std::move(message);
        receiver->is_done = true;
        scheduler::make_runnable(receiver->task);
        return {};
    }
    put(std::move(message));
    if (count_ == 1) {
        notify();
    }
    changed.wake_all(kPollReadable);
    return {};
}

// Linux do_mq_timedreceive and pipelined_receive.
Result<Own<PosixQueue::Message>> PosixQueue::receive(bool waits, Deadline deadline) {
    const Ref<PosixQueue> keep(this);
    if (is_empty()) {
        if (!waits) {
            return Errno(EAGAIN);
        }
        Sleeper sleeper(Task::current(), nullptr);
        TRY(sleep(receivers_, sleeper, deadline));
        return std::move(sleeper.message);
    }
    Own<Message> message(messages_.pop_front());
    bytes_ -= message->text.size();
    --count_;
    if (Sleeper* sender = senders_.pop_front()) {
        put(std::move(sender->message));
        sender->is_done = true;
        scheduler::make_runnable(sender->task);
    } else {
        changed.wake_all(kPollWritable);
    }
    return message;
}

Result<void> PosixQueue::register_notice(const sigevent& event) {
    if (notice_process_ != 0) {
        return Errno(EBUSY);
    }
    notice_ = event;
    notice_process_ = Task::current().process_id();
    return {};
}

void PosixQueue::forget_notice(int process) {
    if (notice_process_ == process) {
        notice_process_ = 0;
    }
}

// Linux __do_notify: once.
void PosixQueue::notify() {
    const int process = std::exchange(notice_process_, 0);
    if (process == 0 || notice_.sigev_notify != SIGEV_SIGNAL || notice_.sigev_signo == 0) {
        return;
    }
    siginfo_t info = user_siginfo(notice_.sigev_signo, SI_MESGQ);
    info.si_value = notice_.sigev_value;
    const Result<Ref<Process>> target = find_process(process);
    if (!target.is_error()) {
        (void)send_signal(*target.value(), info);
    }
}

Result<Ref<File>> open_posix_queue(Task& task, std::string_view name, unsigned flags, unsigned mode,
                                   const mq_attr* attributes) {
    TRY(queue_root());
    TRY(check_name(name));
    Dentry* found = root->find_child(name);
    Ref<Dentry> entry(found);
    if (found == nullptr) {
        if ((flags & O_CREAT) == 0) {
            return Errno(ENOENT);
        }
        entry = TRY(create_queue(task, name, mode, attributes));
    } else {
        if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
            return Errno(EEXIST);
        }
        TRY(check_open(task, found->inode(), flags));
    }
    Ref<File> file = TRY(open_inode(Path(nullptr, std::move(entry)), flags));
    // All flags stay that dentry_open does not take off, known or not.
    file->set_flags(flags & ~static_cast<unsigned>(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC));
    return file;
}

Result<void> unlink_posix_queue(Task& task, std::string_view name) {
    TRY(queue_root());
    TRY(check_name(name));
    Dentry* entry = root->find_child(name);
    if (entry == nullptr) {
        return Errno(ENOENT);
    }
    // The directory is sticky.
    if (task.credentials.file_system_user != entry->inode().attributes.user &&
        !task.credentials.has(CAP_FOWNER)) {
        return Errno(EPERM);
    }
    const Ref<Dentry> keep(entry);
    entry->unlink();
    --entry->inode().attributes.link_count;
    return {};
}

Result<PosixQueue*> posix_queue_of(File& file) {
    PosixQueue* queue = file.as_posix_queue();
    return queue == nullptr ? Result<PosixQueue*>(Errno(EBADF)) : Result<PosixQueue*>(queue);
}

}  // namespace kernel
